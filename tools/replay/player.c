#include "player.h"

#include "base/clock.h"
#include "base/mem.h"
#include "player_request.h"
#include "script.h"

#include <stdlib.h>

#define RETRY_PAUSE_US 200000
#define RETRIES_MAX 100  /* of one request, in a row */
#define CROWD_DEFAULT 64 /* when the broker states no limit */

enum player_state { PLAYER_ATTACH, PLAYER_CREATE, PLAYER_FIND, PLAYER_PLAY, PLAYER_GIVEN_UP };

struct player {
	struct players *all;
	struct corpus_room *room;
	unsigned session;
	enum player_state state;
	uint64_t ticket;
	uint64_t start_us;

	uint64_t find_from; /* PLAYER_FIND: where the next page begins */
	bool resume;
	uint32_t resume_event;

	struct script script;
	size_t next; /* step */
	size_t in_flight;

	uint64_t retry_at_us;
	size_t rewind; /* SIZE_MAX: no */
	unsigned retries;

	uint64_t *seqs; /* by event; 0: not posted */

	struct delivery_check_room *delivery_check;
	bool *present;  /* by person, as of the last step sent */
	uint32_t *here; /* by session: how many of these */
};

/* An unanswered request. */
struct player_sent {
	struct player *player;
	size_t step;
	uint64_t sent_us;
	struct player_sent *next;
};

/* ---- what all players share ---------------------------------------------------- */

void players_fini(struct players *all)
{
	while (all->spare != NULL) {
		struct player_sent *sent = all->spare;
		all->spare = sent->next;
		free(sent);
	}
}

static struct player_sent *sent_get(struct player *player)
{
	struct players *all = player->all;
	struct player_sent *sent = all->spare;

	if (sent == NULL)
		sent = mem_new(sizeof(*sent));
	else
		all->spare = sent->next;
	*sent = (struct player_sent){
		.player = player, .step = player->next, .sent_us = clock_mono_us()};
	return sent;
}

static void sent_put(struct players *all, struct player_sent *sent)
{
	sent->next = all->spare;
	all->spare = sent;
}

/* ---- opening and closing ------------------------------------------------------ */

struct player *player_open(struct players *all, struct corpus_room *room, uint64_t now_us)
{
	struct player *player = mem_new(sizeof(*player));

	player->all = all;
	player->room = room;
	player->session = sessions_of(all->sessions, room->id);
	player->start_us = now_us;
	player->rewind = SIZE_MAX;
	player->seqs = mem_new(room->events_len * sizeof(*player->seqs));
	player->present = mem_new(room->people_len * sizeof(*player->present));
	player->here = mem_new(sessions_count(all->sessions) * sizeof(*player->here));
	all->summary->rooms++;
	all->summary->members += room->people_len;
	if (all->attendance == NULL) {
		player->state = PLAYER_CREATE;
		return player;
	}
	for (size_t i = 0; i < room->people_len; i++)
		attendance_name(all->attendance, room->people[i].id);
	player->ticket = attendance_ticket(all->attendance);
	player->delivery_check =
		delivery_check_open(all->delivery_check, room->id, room->events_len);
	return player;
}

static bool is_post(const struct player *player, size_t step)
{
	return player->script.steps[step].kind == STEP_POST;
}

/* Everything of the room was acknowledged: its seqs must rise. */
static void check_order(const struct player *player)
{
	uint64_t last = 0;

	for (size_t i = 0; i < player->room->events_len; i++) {
		if (player->seqs[i] == 0)
			continue;
		if (player->seqs[i] <= last)
			player->all->summary->misordered++;
		last = player->seqs[i];
	}
}

void player_close(struct player *player)
{
	struct summary *summary = player->all->summary;

	if (player->state == PLAYER_PLAY)
		summary->unsent += player->script.len - player->next;
	else
		summary->unsent += player->room->events_len;
	check_order(player);
	if (player->delivery_check != NULL)
		delivery_check_close(player->all->delivery_check, player->delivery_check);
	script_fini(&player->script);
	corpus_room_free(player->room);
	free(player->seqs);
	free(player->present);
	free(player->here);
	free(player);
}

bool player_done(const struct player *player)
{
	if (player->in_flight > 0 || player->rewind != SIZE_MAX)
		return false;
	return player->state == PLAYER_GIVEN_UP ||
	       (player->state == PLAYER_PLAY && player->next == player->script.len);
}

const struct corpus_room *player_room(const struct player *player)
{
	return player->room;
}

/* ---- answers ------------------------------------------------------------------- */

static void player_play(struct player *player)
{
	const Parlor__Limits *limits = sessions_limits(player->all->sessions);
	const struct script_options options = {
		.crowd_max = limits->request_members > 0 ? limits->request_members : CROWD_DEFAULT,
		.read_every = player->all->read_every,
		.resume = player->resume,
		.resume_event = player->resume_event,
	};

	script_make(&player->script, player->room, &options);
	player->state = PLAYER_PLAY;
}

static void take_created(struct player *player, const Parlor__Reply *reply)
{
	if (reply->result_case == PARLOR__REPLY__RESULT_ROOM && reply->room->last_seq > 0)
		player->state = PLAYER_FIND;
	else
		player_play(player);
}

/* The newest message of ours says how far an earlier play came. */
static void take_found(struct player *player, const Parlor__Reply *reply)
{
	const Parlor__HistoryPage *page =
		reply->result_case == PARLOR__REPLY__RESULT_HISTORY ? reply->history : NULL;

	for (size_t i = 0; page != NULL && i < page->n_messages; i++) {
		player->find_from = page->messages[i]->seq - 1;
		if (script_event(page->messages[i]->client_id, &player->resume_event)) {
			player->resume = true;
			break;
		}
	}
	if (player->resume || page == NULL || !page->more || player->find_from == 0)
		player_play(player);
}

static void take_posted(struct player *player, const struct step *step,
			const Parlor__Posted *posted, uint64_t sent_us)
{
	struct summary *summary = player->all->summary;

	histogram_add(&summary->ack_us, clock_mono_us() - sent_us);
	if (player->seqs[step->event] != 0)
		return;
	player->seqs[step->event] = posted->seq;
	if (player->room->events[step->event].type == CORPUS_TEXT)
		summary->texts++;
	else
		summary->notices++;
	if (player->resume && step->event <= player->resume_event)
		summary->already_there++;
}

static void take_done(struct player *player, const struct step *step, const Parlor__Reply *reply,
		      uint64_t sent_us)
{
	struct summary *summary = player->all->summary;

	if (step->kind == STEP_POST && reply->result_case == PARLOR__REPLY__RESULT_POSTED)
		take_posted(player, step, reply->posted, sent_us);
	else if (step->kind == STEP_ADD && !step->opening)
		summary->joins++;
	else if (step->kind == STEP_REMOVE)
		summary->leaves++;
	else if (step->kind == STEP_READ)
		summary->reads++;
}

/* True when it will be asked again. */
static bool take_retry(struct player *player, int code, size_t step)
{
	if (!parlor_err_retryable(code) || player->retries >= RETRIES_MAX)
		return false;
	player->all->summary->retried++;
	if (step < player->rewind)
		player->rewind = step;
	player->retry_at_us = clock_mono_us() + RETRY_PAUSE_US;
	return true;
}

static void take_refused(struct player *player, int code, size_t step)
{
	if (take_retry(player, code, step))
		return;
	summary_refuse(player->all->summary, code);
	if (player->state != PLAYER_PLAY)
		player->state = PLAYER_GIVEN_UP;
	else if (is_post(player, step) && player->delivery_check != NULL)
		delivery_check_cancel(player->all->delivery_check, player->delivery_check,
				      player->script.steps[step].event);
}

/* Who is not there need not be removed: the first answer was lost, or an earlier
 * play did it. */
static bool removed_before(const struct player *player, int code, size_t step)
{
	return (code == PARLOR_E_NOT_MEMBER || code == PARLOR_E_MEMBER_UNKNOWN) &&
	       player->state == PLAYER_PLAY && player->script.steps[step].kind == STEP_REMOVE;
}

static void take_reply(void *arg, int code, const Parlor__Reply *reply)
{
	struct player_sent sent = *(struct player_sent *)arg;
	struct player *player = sent.player;
	struct summary *summary = player->all->summary;

	sent_put(player->all, arg);
	player->in_flight--;
	player->all->in_flight--;
	player->all->session_in_flight[player->session]--;
	if (reply == NULL) {
		summary->unanswered++;
		return;
	}
	if (code != PARLOR_E_OK && !removed_before(player, code, sent.step)) {
		take_refused(player, code, sent.step);
		return;
	}
	summary->acknowledged++;
	player->retries = 0;
	if (code != PARLOR_E_OK)
		return;
	if (player->state == PLAYER_CREATE)
		take_created(player, reply);
	else if (player->state == PLAYER_FIND)
		take_found(player, reply);
	else
		take_done(player, &player->script.steps[sent.step], reply, sent.sent_us);
}

/* ---- requests ------------------------------------------------------------------ */

static enum parlor_err request_send(struct operation *d, Parlor__Request *request)
{
	struct player *player = d->owner;
	struct player_sent *sent = sent_get(player);
	enum parlor_err err =
		sessions_send(player->all->sessions, player->session, request, take_reply, sent);

	if (err == PARLOR_E_BUSY) {
		sent_put(player->all, sent);
		return err;
	}
	player->in_flight++;
	player->all->in_flight++;
	player->all->session_in_flight[player->session]++;
	if (err != PARLOR_E_OK) {
		Parlor__Reply none = PARLOR__REPLY__INIT;
		take_reply(sent, err, &none);
	}
	return PARLOR_E_OK;
}

static struct player_request request_of(struct player *player)
{
	return (struct player_request){.room = player->room,
				       .script = &player->script,
				       .seqs = player->seqs,
				       .stored = player->all->stored,
				       .send = request_send,
				       .player = player};
}

/* ---- who hears what -------------------------------------------------------------- */

static void mark_present(struct player *player, uint32_t who, bool present)
{
	unsigned session = sessions_of(player->all->sessions, player->room->people[who].id);

	if (player->present[who] == present)
		return;
	player->present[who] = present;
	if (present)
		player->here[session]++;
	else
		player->here[session]--;
}

static void expect_post(struct player *player, uint32_t event)
{
	uint64_t sessions = 0;

	if (player->resume && event <= player->resume_event)
		return;
	for (unsigned i = 0; i < sessions_count(player->all->sessions); i++)
		if (player->here[i] > 0)
			sessions |= UINT64_C(1) << i;
	delivery_check_expect(player->all->delivery_check, player->delivery_check, event, sessions);
}

static void note_delivery_check(struct player *player, const struct step *step)
{
	if (player->delivery_check == NULL)
		return;
	if (step->kind == STEP_POST)
		expect_post(player, step->event);
	else if (step->kind == STEP_REMOVE)
		mark_present(player, step->who, false);
	for (uint32_t i = 0; i < step->crowd_len; i++)
		mark_present(player, player->script.crowd[step->crowd + i], true);
}

/* ---- turns ------------------------------------------------------------------------ */

static uint64_t step_due_us(const struct player *player)
{
	if (player->next == player->script.len)
		return UINT64_MAX;
	const struct players *all = player->all;
	uint64_t due_us = player->start_us + pace_due_us(&all->pace, player->room,
							 player->script.steps[player->next].event);
	uint64_t post_us = all->start_us + pace_post_us(&all->pace, all->posts);
	return is_post(player, player->next) && post_us > due_us ? post_us : due_us;
}

static bool play_send(struct player *player, uint64_t now_us)
{
	uint64_t due_us = step_due_us(player);
	if (due_us > now_us)
		return false;
	const struct step *step = &player->script.steps[player->next];
	if (player->in_flight > 0 &&
	    !script_together(player->script.steps[player->next - 1].kind, step->kind))
		return false;
	if (player->delivery_check != NULL && step->kind == STEP_POST &&
	    delivery_check_outstanding(player->all->delivery_check) >=
		    DELIVERY_CHECK_OUTSTANDING_MAX)
		return false;
	note_delivery_check(player, step);
	const struct player_request request = request_of(player);
	if (!player_request_step(&request, step))
		return false;
	if (pace_is_timed(&player->all->pace))
		histogram_add(&player->all->summary->late_us, clock_mono_us() - due_us);
	player->all->posts += step->kind == STEP_POST;
	player->next++;
	return true;
}

static bool rewound(struct player *player, uint64_t now_us)
{
	if (player->rewind == SIZE_MAX)
		return true;
	if (player->in_flight > 0 || player->retry_at_us > now_us)
		return false;
	player->next = player->rewind;
	player->rewind = SIZE_MAX;
	player->retries++;
	return true;
}

bool player_send(struct player *player, uint64_t now_us)
{
	const struct players *all = player->all;

	if (!rewound(player, now_us) ||
	    all->session_in_flight[player->session] >= all->session_in_flight_max)
		return false;
	const struct player_request request = request_of(player);
	switch (player->state) {
	case PLAYER_ATTACH:
		if (!attendance_ready(all->attendance, player->ticket))
			return false;
		player->state = PLAYER_CREATE;
		return player_request_create(&request);
	case PLAYER_CREATE:
		return player->in_flight == 0 && player_request_create(&request);
	case PLAYER_FIND:
		return player->in_flight == 0 &&
		       player_request_history(&request, player->find_from);
	case PLAYER_PLAY:
		return play_send(player, now_us);
	case PLAYER_GIVEN_UP:
		break;
	}
	return false;
}

uint64_t player_due_us(const struct player *player, uint64_t now_us)
{
	bool waits = player->in_flight > 0 || player->state == PLAYER_ATTACH;
	uint64_t due_us = now_us;

	if (player->rewind != SIZE_MAX)
		due_us = player->retry_at_us;
	else if (player->state == PLAYER_PLAY)
		due_us = step_due_us(player);
	return waits && due_us <= now_us ? UINT64_MAX : due_us;
}
