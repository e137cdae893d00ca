#include "lane.h"

#include "base/clock.h"
#include "base/mem.h"
#include "script.h"

#include <stdlib.h>

#define RETRY_PAUSE_US 200000
#define RETRIES_MAX 100 /* of one request, in a row */
#define FIND_PAGE 32
#define CROWD_DEFAULT 64 /* when the broker states no limit */

enum lane_state { LANE_ATTACH, LANE_CREATE, LANE_FIND, LANE_PLAY, LANE_GIVEN_UP };

struct lane {
	struct lanes *all;
	struct corpus_room *room;
	unsigned session;
	enum lane_state state;
	uint64_t ticket;
	uint64_t start_us;

	uint64_t find_from; /* LANE_FIND: where the next page begins */
	bool resume;
	uint32_t resume_event;

	struct script script;
	size_t next; /* step */
	size_t in_flight;

	uint64_t retry_at_us;
	size_t rewind; /* SIZE_MAX: no */
	unsigned retries;

	uint64_t *seqs; /* by event; 0: not posted */

	struct hearing_room *hearing;
	bool *present;  /* by person, as of the last step sent */
	uint32_t *here; /* by session: how many of these */
};

/* An unanswered request. */
struct ask {
	struct lane *lane;
	size_t step;
	uint64_t sent_us;
	struct ask *next;
};

/* ---- what all lanes share ---------------------------------------------------- */

void lanes_fini(struct lanes *all)
{
	while (all->spare != NULL) {
		struct ask *ask = all->spare;
		all->spare = ask->next;
		free(ask);
	}
}

static struct ask *ask_get(struct lane *lane)
{
	struct lanes *all = lane->all;
	struct ask *ask = all->spare;

	if (ask == NULL)
		ask = mem_new(sizeof(*ask));
	else
		all->spare = ask->next;
	*ask = (struct ask){.lane = lane, .step = lane->next, .sent_us = clock_mono_us()};
	return ask;
}

static void ask_put(struct lanes *all, struct ask *ask)
{
	ask->next = all->spare;
	all->spare = ask;
}

/* ---- opening and closing ------------------------------------------------------ */

struct lane *lane_open(struct lanes *all, struct corpus_room *room, uint64_t now_us)
{
	struct lane *lane = mem_new(sizeof(*lane));

	lane->all = all;
	lane->room = room;
	lane->session = sessions_of(all->sessions, room->id);
	lane->start_us = now_us;
	lane->rewind = SIZE_MAX;
	lane->seqs = mem_new(room->events_len * sizeof(*lane->seqs));
	lane->present = mem_new(room->people_len * sizeof(*lane->present));
	lane->here = mem_new(sessions_count(all->sessions) * sizeof(*lane->here));
	all->summary->rooms++;
	all->summary->members += room->people_len;
	if (all->attendance == NULL) {
		lane->state = LANE_CREATE;
		return lane;
	}
	for (size_t i = 0; i < room->people_len; i++)
		attendance_name(all->attendance, room->people[i].id);
	lane->ticket = attendance_ticket(all->attendance);
	lane->hearing = hearing_open(all->hearing, room->id, room->events_len);
	return lane;
}

static bool is_post(const struct lane *lane, size_t step)
{
	return lane->script.steps[step].kind == STEP_POST;
}

/* Everything of the room was acknowledged: its seqs must rise. */
static void check_order(const struct lane *lane)
{
	uint64_t last = 0;

	for (size_t i = 0; i < lane->room->events_len; i++) {
		if (lane->seqs[i] == 0)
			continue;
		if (lane->seqs[i] <= last)
			lane->all->summary->misordered++;
		last = lane->seqs[i];
	}
}

void lane_close(struct lane *lane)
{
	struct summary *summary = lane->all->summary;

	if (lane->state == LANE_PLAY)
		summary->unsent += lane->script.len - lane->next;
	else
		summary->unsent += lane->room->events_len;
	check_order(lane);
	if (lane->hearing != NULL)
		hearing_close(lane->all->hearing, lane->hearing);
	script_fini(&lane->script);
	corpus_room_free(lane->room);
	free(lane->seqs);
	free(lane->present);
	free(lane->here);
	free(lane);
}

bool lane_done(const struct lane *lane)
{
	if (lane->in_flight > 0 || lane->rewind != SIZE_MAX)
		return false;
	return lane->state == LANE_GIVEN_UP ||
	       (lane->state == LANE_PLAY && lane->next == lane->script.len);
}

const struct corpus_room *lane_room(const struct lane *lane)
{
	return lane->room;
}

/* ---- answers ------------------------------------------------------------------- */

static void lane_play(struct lane *lane)
{
	const Parlor__Limits *limits = sessions_limits(lane->all->sessions);
	const struct script_options options = {
		.crowd_max = limits->request_members > 0 ? limits->request_members : CROWD_DEFAULT,
		.read_every = lane->all->read_every,
		.resume = lane->resume,
		.resume_event = lane->resume_event,
	};

	script_make(&lane->script, lane->room, &options);
	lane->state = LANE_PLAY;
}

static void take_created(struct lane *lane, const Parlor__Reply *reply)
{
	if (reply->result_case == PARLOR__REPLY__RESULT_ROOM && reply->room->last_seq > 0)
		lane->state = LANE_FIND;
	else
		lane_play(lane);
}

/* The newest message of ours says how far an earlier play came. */
static void take_found(struct lane *lane, const Parlor__Reply *reply)
{
	const Parlor__HistoryPage *page =
		reply->result_case == PARLOR__REPLY__RESULT_HISTORY ? reply->history : NULL;

	for (size_t i = 0; page != NULL && i < page->n_messages; i++) {
		lane->find_from = page->messages[i]->seq - 1;
		if (script_event(page->messages[i]->client_id, &lane->resume_event)) {
			lane->resume = true;
			break;
		}
	}
	if (lane->resume || page == NULL || !page->more || lane->find_from == 0)
		lane_play(lane);
}

static void take_posted(struct lane *lane, const struct step *step, const Parlor__Posted *posted,
			uint64_t sent_us)
{
	struct summary *summary = lane->all->summary;

	histogram_add(&summary->ack_us, clock_mono_us() - sent_us);
	if (lane->seqs[step->event] != 0)
		return;
	lane->seqs[step->event] = posted->seq;
	if (lane->room->events[step->event].type == CORPUS_TEXT)
		summary->texts++;
	else
		summary->notices++;
	if (lane->resume && step->event <= lane->resume_event)
		summary->already_there++;
}

static void take_done(struct lane *lane, const struct step *step, const Parlor__Reply *reply,
		      uint64_t sent_us)
{
	struct summary *summary = lane->all->summary;

	if (step->kind == STEP_POST && reply->result_case == PARLOR__REPLY__RESULT_POSTED)
		take_posted(lane, step, reply->posted, sent_us);
	else if (step->kind == STEP_ADD && !step->opening)
		summary->joins++;
	else if (step->kind == STEP_REMOVE)
		summary->leaves++;
	else if (step->kind == STEP_READ)
		summary->reads++;
}

/* True when it will be asked again. */
static bool take_retry(struct lane *lane, int code, size_t step)
{
	if (!parlor_err_retryable(code) || lane->retries >= RETRIES_MAX)
		return false;
	lane->all->summary->retried++;
	if (step < lane->rewind)
		lane->rewind = step;
	lane->retry_at_us = clock_mono_us() + RETRY_PAUSE_US;
	return true;
}

static void take_refused(struct lane *lane, int code, size_t step)
{
	if (take_retry(lane, code, step))
		return;
	summary_refuse(lane->all->summary, code);
	if (lane->state != LANE_PLAY)
		lane->state = LANE_GIVEN_UP;
	else if (is_post(lane, step) && lane->hearing != NULL)
		hearing_cancel(lane->all->hearing, lane->hearing, lane->script.steps[step].event);
}

/* Who is not there need not be removed: the first answer was lost, or an earlier
 * play did it. */
static bool removed_before(const struct lane *lane, int code, size_t step)
{
	return (code == PARLOR_E_NOT_MEMBER || code == PARLOR_E_MEMBER_UNKNOWN) &&
	       lane->state == LANE_PLAY && lane->script.steps[step].kind == STEP_REMOVE;
}

static void take_reply(void *arg, int code, const Parlor__Reply *reply)
{
	struct ask ask = *(struct ask *)arg;
	struct lane *lane = ask.lane;
	struct summary *summary = lane->all->summary;

	ask_put(lane->all, arg);
	lane->in_flight--;
	lane->all->in_flight--;
	lane->all->session_in_flight[lane->session]--;
	if (reply == NULL) {
		summary->unanswered++;
		return;
	}
	if (code != PARLOR_E_OK && !removed_before(lane, code, ask.step)) {
		take_refused(lane, code, ask.step);
		return;
	}
	summary->acknowledged++;
	lane->retries = 0;
	if (code != PARLOR_E_OK)
		return;
	if (lane->state == LANE_CREATE)
		take_created(lane, reply);
	else if (lane->state == LANE_FIND)
		take_found(lane, reply);
	else
		take_done(lane, &lane->script.steps[ask.step], reply, ask.sent_us);
}

/* ---- requests ------------------------------------------------------------------ */

static bool request_send(struct lane *lane, Parlor__Request *request)
{
	struct ask *ask = ask_get(lane);
	enum parlor_err err =
		sessions_send(lane->all->sessions, lane->session, request, take_reply, ask);

	if (err == PARLOR_E_BUSY) {
		ask_put(lane->all, ask);
		return false;
	}
	lane->in_flight++;
	lane->all->in_flight++;
	lane->all->session_in_flight[lane->session]++;
	if (err != PARLOR_E_OK) {
		Parlor__Reply none = PARLOR__REPLY__INIT;
		take_reply(ask, err, &none);
	}
	return true;
}

static bool send_create(struct lane *lane)
{
	Parlor__RoomCreate create = PARLOR__ROOM_CREATE__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	create.room = lane->room->id;
	create.name = lane->room->id;
	create.history_open = true;
	request.op_case = PARLOR__REQUEST__OP_ROOM_CREATE;
	request.room_create = &create;
	return request_send(lane, &request);
}

static bool send_find(struct lane *lane)
{
	Parlor__History history = PARLOR__HISTORY__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	history.room = lane->room->id;
	history.from = lane->find_from;
	history.backwards = true;
	history.limit = FIND_PAGE;
	request.op_case = PARLOR__REQUEST__OP_HISTORY;
	request.history = &history;
	return request_send(lane, &request);
}

static bool send_add(struct lane *lane, const struct step *step)
{
	Parlor__MembersAdd add = PARLOR__MEMBERS_ADD__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	Parlor__MemberSpec *specs = mem_new(step->crowd_len * sizeof(*specs));

	add.room = lane->room->id;
	add.n_members = step->crowd_len;
	add.members = mem_new(step->crowd_len * sizeof(*add.members));
	for (uint32_t i = 0; i < step->crowd_len; i++) {
		uint32_t who = lane->script.crowd[step->crowd + i];
		parlor__member_spec__init(&specs[i]);
		specs[i].member = lane->room->people[who].id;
		specs[i].name = lane->room->people[who].id;
		specs[i].type = who == lane->script.manager ? PARLOR__MEMBER_TYPE__MEMBER_MANAGER
							    : PARLOR__MEMBER_TYPE__MEMBER_MEMBER;
		add.members[i] = &specs[i];
	}
	request.op_case = PARLOR__REQUEST__OP_MEMBERS_ADD;
	request.members_add = &add;
	bool sent = request_send(lane, &request);
	free(add.members);
	free(specs);
	return sent;
}

static bool send_remove(struct lane *lane, const struct step *step)
{
	Parlor__MembersRemove remove = PARLOR__MEMBERS_REMOVE__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	remove.room = lane->room->id;
	remove.n_members = 1;
	remove.members = &lane->room->people[step->who].id;
	request.op_case = PARLOR__REQUEST__OP_MEMBERS_REMOVE;
	request.members_remove = &remove;
	return request_send(lane, &request);
}

static bool send_post(struct lane *lane, const struct step *step)
{
	const struct corpus_event *event = &lane->room->events[step->event];
	Parlor__Post post = PARLOR__POST__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	char client_id[SCRIPT_ID_MAX];

	script_client_id(step->event, client_id);
	post.room = lane->room->id;
	post.sender = lane->room->people[step->who].id;
	post.client_id = client_id;
	post.type = event->type == CORPUS_TEXT ? PARLOR__MESSAGE_TYPE__MESSAGE_MESSAGE
					       : PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE;
	post.body = event->body;
	post.level = lane->all->stored ? PARLOR__LEVEL__LEVEL_STORED : PARLOR__LEVEL__LEVEL_JOURNAL;
	request.op_case = PARLOR__REQUEST__OP_POST;
	request.post = &post;
	return request_send(lane, &request);
}

static bool send_read(struct lane *lane, const struct step *step)
{
	Parlor__Read read = PARLOR__READ__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	if (lane->seqs[step->event] == 0)
		return true; /* that message was refused: nothing to read */
	read.room = lane->room->id;
	read.member = lane->room->people[step->who].id;
	read.seq = lane->seqs[step->event];
	request.op_case = PARLOR__REQUEST__OP_READ;
	request.read = &read;
	return request_send(lane, &request);
}

static bool send_step(struct lane *lane, const struct step *step)
{
	switch (step->kind) {
	case STEP_ADD:
		return send_add(lane, step);
	case STEP_REMOVE:
		return send_remove(lane, step);
	case STEP_POST:
		return send_post(lane, step);
	case STEP_READ:
		return send_read(lane, step);
	}
	return false;
}

/* ---- who hears what -------------------------------------------------------------- */

static void mark_present(struct lane *lane, uint32_t who, bool present)
{
	unsigned session = sessions_of(lane->all->sessions, lane->room->people[who].id);

	if (lane->present[who] == present)
		return;
	lane->present[who] = present;
	if (present)
		lane->here[session]++;
	else
		lane->here[session]--;
}

static void expect_post(struct lane *lane, uint32_t event)
{
	uint64_t sessions = 0;

	if (lane->resume && event <= lane->resume_event)
		return;
	for (unsigned i = 0; i < sessions_count(lane->all->sessions); i++)
		if (lane->here[i] > 0)
			sessions |= UINT64_C(1) << i;
	hearing_expect(lane->all->hearing, lane->hearing, event, sessions);
}

static void note_hearing(struct lane *lane, const struct step *step)
{
	if (lane->hearing == NULL)
		return;
	if (step->kind == STEP_POST)
		expect_post(lane, step->event);
	else if (step->kind == STEP_REMOVE)
		mark_present(lane, step->who, false);
	for (uint32_t i = 0; i < step->crowd_len; i++)
		mark_present(lane, lane->script.crowd[step->crowd + i], true);
}

/* ---- turns ------------------------------------------------------------------------ */

static uint64_t step_due_us(const struct lane *lane)
{
	if (lane->next == lane->script.len)
		return UINT64_MAX;
	const struct lanes *all = lane->all;
	uint64_t due_us = lane->start_us +
			  pace_due_us(&all->pace, lane->room, lane->script.steps[lane->next].event);
	uint64_t post_us = all->start_us + pace_post_us(&all->pace, all->posts);
	return is_post(lane, lane->next) && post_us > due_us ? post_us : due_us;
}

static bool play_send(struct lane *lane, uint64_t now_us)
{
	uint64_t due_us = step_due_us(lane);
	if (due_us > now_us)
		return false;
	const struct step *step = &lane->script.steps[lane->next];
	if (lane->in_flight > 0 &&
	    !script_together(lane->script.steps[lane->next - 1].kind, step->kind))
		return false;
	if (lane->hearing != NULL && step->kind == STEP_POST &&
	    hearing_outstanding(lane->all->hearing) >= HEARING_OUTSTANDING_MAX)
		return false;
	note_hearing(lane, step);
	if (!send_step(lane, step))
		return false;
	if (pace_is_timed(&lane->all->pace))
		histogram_add(&lane->all->summary->late_us, clock_mono_us() - due_us);
	lane->all->posts += step->kind == STEP_POST;
	lane->next++;
	return true;
}

static bool rewound(struct lane *lane, uint64_t now_us)
{
	if (lane->rewind == SIZE_MAX)
		return true;
	if (lane->in_flight > 0 || lane->retry_at_us > now_us)
		return false;
	lane->next = lane->rewind;
	lane->rewind = SIZE_MAX;
	lane->retries++;
	return true;
}

bool lane_send(struct lane *lane, uint64_t now_us)
{
	const struct lanes *all = lane->all;

	if (!rewound(lane, now_us) ||
	    all->session_in_flight[lane->session] >= all->session_in_flight_max)
		return false;
	switch (lane->state) {
	case LANE_ATTACH:
		if (!attendance_ready(all->attendance, lane->ticket))
			return false;
		lane->state = LANE_CREATE;
		return send_create(lane);
	case LANE_CREATE:
		return lane->in_flight == 0 && send_create(lane);
	case LANE_FIND:
		return lane->in_flight == 0 && send_find(lane);
	case LANE_PLAY:
		return play_send(lane, now_us);
	case LANE_GIVEN_UP:
		break;
	}
	return false;
}

uint64_t lane_due_us(const struct lane *lane, uint64_t now_us)
{
	bool waits = lane->in_flight > 0 || lane->state == LANE_ATTACH;
	uint64_t due_us = now_us;

	if (lane->rewind != SIZE_MAX)
		due_us = lane->retry_at_us;
	else if (lane->state == LANE_PLAY)
		due_us = step_due_us(lane);
	return waits && due_us <= now_us ? UINT64_MAX : due_us;
}
