#include "play.h"

#include "base/clock.h"
#include "base/mem.h"
#include "interrupt.h"
#include "player.h"
#include "recording.h"
#include "rerun.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS 30000
#define DRAIN_US 5000000    /* for answers still out after an interrupt */
#define SILENCE_US 30000000 /* silence after which a delivery counts as missing */
#define PROGRESS_TTY_US 500000
#define PROGRESS_LOG_US 5000000
#define WAIT_MS_MAX 500

struct play {
	const struct play_options *options;
	struct corpus *corpus;
	struct corpus_room *held; /* read, and not yet opened */
	bool file_done;
	unsigned loop; /* from 1 */
	struct players players;
	struct player **open;
	size_t open_len;
	size_t open_bytes;
	size_t turn; /* the player that goes first next time */
	struct summary summary;
	struct delivery_check delivery_check;
	uint64_t start_us;
	uint64_t heard_us; /* when the last event came */
	uint64_t progress_us;
	uint64_t progress_posts;
};

static void on_event(void *arg, unsigned session, const Parlor__Event *event)
{
	struct play *p = arg;

	p->heard_us = clock_mono_us();
	if (event->kind_case == PARLOR__EVENT__KIND_POSTED)
		delivery_check_take(&p->delivery_check, session, event->room,
				    event->posted->client_id, event->posted->seq);
}

/* ---- progress ------------------------------------------------------------------ */

static void print_time_left(const struct play *p, uint64_t now_us)
{
	uint64_t done;
	uint64_t total;

	if (p->file_done || !corpus_progress(p->corpus, &done, &total) || done == 0)
		return;
	double seconds = (double)(now_us - p->start_us) / 1e6;
	fprintf(stderr, ", %.0f %% read, about %.0f s left", 100.0 * (double)done / (double)total,
		seconds * (double)(total - done) / (double)done);
}

static void print_progress(struct play *p, uint64_t now_us)
{
	bool tty = isatty(STDERR_FILENO) == 1;
	uint64_t posts = p->summary.texts + p->summary.notices;

	if (now_us - p->progress_us < (tty ? PROGRESS_TTY_US : PROGRESS_LOG_US))
		return;
	double rate = (double)(posts - p->progress_posts) * 1e6 / (double)(now_us - p->progress_us);
	fprintf(stderr, "%s%llu messages, %.0f/s, %zu rooms open", tty ? "\r" : "",
		(unsigned long long)posts, rate, p->open_len);
	print_time_left(p, now_us);
	if (p->options->attach)
		fprintf(stderr, ", %llu to be heard",
			(unsigned long long)delivery_check_outstanding(&p->delivery_check));
	if (sessions_away(p->players.sessions))
		fprintf(stderr, ", the broker is away");
	fprintf(stderr, tty ? "\033[K" : "\n");
	p->progress_us = now_us;
	p->progress_posts = posts;
}

/* ---- players ------------------------------------------------------------------------ */

static bool is_open(const struct play *p, const char *room)
{
	for (size_t i = 0; i < p->open_len; i++)
		if (strcmp(player_room(p->open[i])->id, room) == 0)
			return true;
	return false;
}

/* The file from its beginning: to be played in rooms of other names. */
static enum parlor_err open_again(struct play *p)
{
	corpus_close(p->corpus);
	p->loop++;
	enum parlor_err err = corpus_open(&p->corpus, p->options->file, p->options->room_bytes);
	corpus_choose(p->corpus, &p->options->choice);
	return err;
}

static void rename_room(struct corpus_room *room, unsigned loop)
{
	size_t size = strlen(room->id) + 16;
	char *id = mem_new(size);

	snprintf(id, size, "%s~%u", room->id, loop);
	free(room->id);
	room->id = id;
}

/* The next room into `held`, unless the file is at its end or bad. */
static void read_room(struct play *p)
{
	if (p->held != NULL || p->file_done)
		return;
	enum parlor_err err = corpus_read(p->corpus, &p->held);
	if (err == PARLOR_E_OK && p->held == NULL && p->loop < p->options->loops) {
		err = open_again(p);
		if (err == PARLOR_E_OK)
			err = corpus_read(p->corpus, &p->held);
	}
	if (p->held != NULL && p->loop > 1)
		rename_room(p->held, p->loop);
	if (err != PARLOR_E_OK)
		snprintf(p->summary.input_error, sizeof(p->summary.input_error), "%s",
			 corpus_error(p->corpus));
	p->file_done = p->held == NULL;
}

static void open_players(struct play *p, uint64_t now_us)
{
	while (p->open_len < p->options->rooms_open && p->open_bytes < PLAY_WINDOW_BYTES) {
		read_room(p);
		if (p->held == NULL || is_open(p, p->held->id))
			break;
		p->open_bytes += p->held->bytes;
		p->open[p->open_len++] = player_open(&p->players, p->held, now_us);
		p->held = NULL;
	}
	if (p->players.attendance != NULL)
		attendance_send(p->players.attendance);
}

static void close_player(struct play *p, size_t i)
{
	p->open_bytes -= player_room(p->open[i])->bytes;
	player_close(p->open[i]);
	p->open[i] = p->open[--p->open_len];
}

static void close_done_players(struct play *p)
{
	for (size_t i = p->open_len; i-- > 0;)
		if (player_done(p->open[i]))
			close_player(p, i);
}

/* One request of each player in turn, until none has any or enough are out. */
static void send_some(struct play *p, uint64_t now_us)
{
	size_t idle = 0;

	while (p->open_len > 0 && idle < p->open_len &&
	       p->players.in_flight < p->players.in_flight_max) {
		p->turn = (p->turn + 1) % p->open_len;
		if (player_send(p->open[p->turn], now_us))
			idle = 0;
		else
			idle++;
	}
}

static int wait_ms(const struct play *p, uint64_t now_us)
{
	uint64_t due_us = now_us + (uint64_t)WAIT_MS_MAX * 1000;

	if (p->players.in_flight >= p->players.in_flight_max)
		return WAIT_MS_MAX;
	for (size_t i = 0; i < p->open_len; i++) {
		uint64_t player_us = player_due_us(p->open[i], now_us);
		if (player_us < due_us)
			due_us = player_us;
	}
	return due_us <= now_us ? 1 : (int)((due_us - now_us + 999) / 1000);
}

static bool work(struct play *p, int timeout_ms)
{
	if (sessions_work(p->players.sessions, timeout_ms) == PARLOR_E_OK)
		return true;
	snprintf(p->summary.broker_error, sizeof(p->summary.broker_error), "%s",
		 sessions_error(p->players.sessions));
	return false;
}

/* ---- the phases of a play ------------------------------------------------------------ */

static bool play_rooms(struct play *p)
{
	for (;;) {
		uint64_t now_us = clock_mono_us();
		open_players(p, now_us);
		if (p->open_len == 0 || interrupted())
			return true;
		send_some(p, now_us);
		if (!work(p, wait_ms(p, now_us)))
			return false;
		close_done_players(p);
		print_progress(p, now_us);
	}
}

/* What was sent may still be answered. */
static bool drain(struct play *p)
{
	uint64_t until_us = clock_mono_us() + DRAIN_US;

	while (p->players.in_flight > 0 && clock_mono_us() < until_us)
		if (!work(p, 50))
			return false;
	return true;
}

static bool hear_all(struct play *p)
{
	p->heard_us = clock_mono_us();
	while (delivery_check_outstanding(&p->delivery_check) > 0 && !interrupted()) {
		uint64_t now_us = clock_mono_us();
		if (now_us - p->heard_us > SILENCE_US)
			return true;
		if (!work(p, WAIT_MS_MAX))
			return false;
		print_progress(p, now_us);
	}
	return true;
}

static void play(struct play *p)
{
	p->start_us = p->progress_us = p->players.start_us = clock_mono_us();
	bool connected = play_rooms(p);
	if (connected && interrupted())
		connected = drain(p);
	p->summary.seconds = (double)(clock_mono_us() - p->start_us) / 1e6;
	if (connected && p->options->verify)
		hear_all(p);
	p->summary.interrupted = interrupted();
	p->summary.reconnects = sessions_reconnects(p->players.sessions);
	p->summary.resets = sessions_resets(p->players.sessions);
	if (isatty(STDERR_FILENO) == 1)
		fprintf(stderr, "\r\033[K");
}

static enum parlor_err connect_sessions(struct play *p)
{
	const struct sessions_options options = {
		.broker = p->options->broker,
		.tenant = p->options->tenant,
		.keys = p->options->keys,
		.count = p->options->sessions,
		.pending_max = p->options->in_flight + 16,
		.on_event = p->options->attach ? on_event : NULL,
		.arg = p,
	};
	enum parlor_err err = sessions_open(&p->players.sessions, &options);

	if (err == PARLOR_E_OK)
		err = sessions_start(p->players.sessions, START_MS);
	if (err != PARLOR_E_OK)
		return err;
	const Parlor__Limits *limits = sessions_limits(p->players.sessions);
	p->players.session_in_flight_max = UINT32_MAX;
	if (p->options->stored && limits->session_waiting > 0)
		p->players.session_in_flight_max = limits->session_waiting;
	if (p->options->attach) {
		p->players.attendance = attendance_new(p->players.sessions, &p->summary);
		p->players.delivery_check = &p->delivery_check;
		p->summary.delivery_check = &p->delivery_check;
	}
	return err;
}

static struct play *play_new(const struct play_options *options)
{
	struct play *p = mem_new(sizeof(*p));

	p->options = options;
	p->loop = 1;
	p->open = mem_new(options->rooms_open * sizeof(struct player *));
	p->players.summary = &p->summary;
	p->players.pace = options->pace;
	p->players.read_every = options->read_every;
	p->players.stored = options->stored;
	p->players.in_flight_max = options->in_flight;
	p->summary.sessions = options->sessions;
	p->summary.verify = options->verify;
	return p;
}

/* Players and attach queues must outlive the sessions: what is unanswered is called back. */
static void play_end(struct play *p)
{
	sessions_close(p->players.sessions);
	p->players.sessions = NULL;
	while (p->open_len > 0)
		close_player(p, 0);
	attendance_free(p->players.attendance);
	players_fini(&p->players);
}

static int play_verdict(const struct play *p)
{
	if (p->options->json)
		summary_print_json(&p->summary, stdout);
	else
		summary_print_text(&p->summary, stdout);
	if (p->summary.input_error[0] != '\0')
		return PLAY_EXIT_INPUT;
	return summary_good(&p->summary) ? PLAY_EXIT_OK : PLAY_EXIT_BAD;
}

static void play_corpus(struct play *p)
{
	if (connect_sessions(p) == PARLOR_E_OK)
		play(p);
	else
		snprintf(p->summary.broker_error, sizeof(p->summary.broker_error), "%s",
			 sessions_error(p->players.sessions));
	play_end(p);
}

/* Which of the two the file is, is said by its first line. */
static bool is_recording(struct lines *lines, bool *is)
{
	json_t *first;
	enum parlor_err err = lines_next(lines, &first);

	*is = first != NULL && recording_is_header(first);
	if (first != NULL)
		lines_give_back(lines, first);
	return err == PARLOR_E_OK;
}

static const char *not_for_recordings(const struct play_options *o)
{
	if (o->attach)
		return "--attach and --verify-deliveries are not for recordings";
	return o->read_every > 0 ? "--read-every is not for recordings" : NULL;
}

static void play_lines(struct play *p, struct lines *lines)
{
	const struct play_options *o = p->options;
	struct summary *s = &p->summary;
	bool recording;

	if (!is_recording(lines, &recording)) {
		snprintf(s->input_error, sizeof(s->input_error), "%s", lines_error(lines));
		lines_close(lines);
	} else if (recording && not_for_recordings(o) != NULL) {
		snprintf(s->input_error, sizeof(s->input_error), "%s", not_for_recordings(o));
		lines_close(lines);
	} else if (recording) {
		rerun_play(o, lines, s);
	} else {
		p->corpus = corpus_new(lines, o->room_bytes);
		corpus_choose(p->corpus, &o->choice);
		play_corpus(p);
	}
}

int play_run(const struct play_options *options)
{
	struct lines *lines;

	interrupt_catch();
	if (lines_open(&lines, options->file, LINES_LINE_MAX) != PARLOR_E_OK) {
		fprintf(stderr, "parlor-replay: %s\n", lines_error(lines));
		lines_close(lines);
		return PLAY_EXIT_INPUT;
	}
	struct play *p = play_new(options);
	play_lines(p, lines);
	const char *trouble = p->summary.input_error[0] != '\0' ? p->summary.input_error
								: p->summary.broker_error;
	if (trouble[0] != '\0')
		fprintf(stderr, "parlor-replay: %s\n", trouble);
	int status = play_verdict(p);
	delivery_check_fini(&p->delivery_check);
	corpus_close(p->corpus);
	corpus_room_free(p->held);
	free(p->open);
	free(p);
	return status;
}
