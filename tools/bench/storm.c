/* storm: 2,000 sessions of 10 members each lose their connection, 100,000
 * messages are posted meanwhile, and all come back at once. Measured until the
 * last has what it missed; nothing may be missing or doubled. A room has one
 * agent and one visitor, so that each message is missed by one or two sessions. With
 * --past so many members leave a room meanwhile: past memberships to catch up with. */
#include "bench.h"
#include "crowd.h"
#include "fail.h"
#include "stage.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

#define SESSIONS_DEFAULT 2000
#define MESSAGES_DEFAULT 100000
#define MEMBERS 10 /* of a session: half agents, half visitors */

enum { POSTED_POSITION = 2, ROOM_POSITION = 10 };
enum { ROOM = 1, REMOVE_MEMBERS = 2, CREATE_MEMBERS = 4, SPEC_MEMBER = 1, SPEC_TYPE = 2 };

struct missed {
	struct world *world;
	struct crowd *crowd;
	uint32_t *rooms; /* of each post */
	uint64_t events;
};

static enum frame_op put_post(void *ctx, size_t i, struct buf *body)
{
	struct missed *m = ctx;
	m->rooms[i] = world_put_post_body(m->world, body);
	return OP_POST;
}

static void due(struct missed *m, uint32_t session, uint64_t position)
{
	m->crowd->sessions[session].events_due++;
	m->crowd->sessions[session].sum_due += position;
	m->events++;
}

static void take_posted(void *ctx, size_t i, struct span result)
{
	struct missed *m = ctx;
	uint64_t position = frame_number(result, POSTED_POSITION);
	uint32_t agent = world_session_of(m->world, m->rooms[i], 0);
	uint32_t guest = world_session_of(m->world, m->rooms[i], 1);
	due(m, agent, position);
	if (guest != agent)
		due(m, guest, position);
}

/* A room beside the world's, of the agent of that room of the world. */
static void past_names(struct missed *m, size_t i, char room[WORLD_ID_MAX],
		       char member[WORLD_ID_MAX])
{
	(void)snprintf(room, WORLD_ID_MAX, "past-%u", (unsigned)i);
	world_member_id(m->world, member, (uint32_t)i, 0);
}

static enum frame_op put_past_room(void *ctx, size_t i, struct buf *body)
{
	char room[WORLD_ID_MAX], member[WORLD_ID_MAX];
	struct buf spec = {0};
	past_names(ctx, i, room, member);
	put_text(&spec, SPEC_MEMBER, member);
	put_number(&spec, SPEC_TYPE, 2);
	put_text(body, ROOM, room);
	put_message(body, CREATE_MEMBERS, &spec);
	buf_fini(&spec);
	return OP_ROOM_CREATE;
}

static enum frame_op put_leaving(void *ctx, size_t i, struct buf *body)
{
	char room[WORLD_ID_MAX], member[WORLD_ID_MAX];
	past_names(ctx, i, room, member);
	put_text(body, ROOM, room);
	put_text(body, REMOVE_MEMBERS, member);
	return OP_MEMBERS_REMOVE;
}

static void take_left(void *ctx, size_t i, struct span result)
{
	struct missed *m = ctx;
	due(m, world_session_of(m->world, (uint32_t)i, 0), frame_number(result, ROOM_POSITION));
}

static void check_crowd(const struct crowd *c)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct crowd_session *s = &c->sessions[i];
		check(s->events == s->events_due && s->position_sum == s->sum_due,
		      "session %zu got %" PRIu64 " events of %" PRIu64 ", or others", i, s->events,
		      s->events_due);
	}
}

/* All come, and go without a word. */
static void first_visit(struct stage *s, struct crowd *crowd, struct row *row)
{
	uint64_t began = load_now_ns();
	crowd_connect(crowd, s->rig.client, false);
	crowd_await(crowd, 0);
	row_set(row, "first_hello_s", (double)(load_now_ns() - began) / 1e9);
	crowd_drop(crowd);
}

static void post_meanwhile(struct stage *s, struct missed *m, uint64_t messages, uint64_t past)
{
	m->rooms = mem_new(messages * sizeof *m->rooms);
	dealer_bulk(&s->control,
		    &(struct bulk){.n = past, .ctx = m, .put = put_leaving, .reply = take_left});
	dealer_bulk(&s->control,
		    &(struct bulk){.n = messages, .ctx = m, .put = put_post, .reply = take_posted});
}

/* All come back, until the last has what it missed. */
static void come_back(struct stage *s, struct missed *m, struct row *row)
{
	struct crowd *crowd = m->crowd;
	struct usage before = usage_of(s->rig.broker->pid);
	uint64_t own = usage_own_ns(), began = load_now_ns();
	crowd_connect(crowd, s->rig.client, true);
	while (crowd->welcomes < crowd->len)
		crowd_serve(crowd);
	uint64_t welcomed = load_now_ns();
	crowd_await(crowd, m->events);
	uint64_t ended = load_now_ns();
	struct usage used = usage_since(before, usage_of(s->rig.broker->pid));
	row_set(row, "events", (double)m->events);
	row_set(row, "welcomed_s", (double)(welcomed - began) / 1e9);
	row_set(row, "caught_up_s", (double)(ended - began) / 1e9);
	row_set(row, "broker_cpu_s", (double)used.cpu_ns / 1e9);
	row_set(row, "broker_main_cpu_s", (double)used.main_ns / 1e9);
	row_set(row, "bench_cpu_s", (double)(usage_own_ns() - own) / 1e9);
}

static void run(const struct options *o, struct report *report)
{
	uint32_t sessions = (uint32_t)option_or(o->sessions, SESSIONS_DEFAULT);
	uint64_t messages = option_or(o->messages, MESSAGES_DEFAULT);
	struct stage_plan plan = {.world = {.rooms = sessions * MEMBERS / 2,
					    .agents = 1,
					    .pool = sessions * MEMBERS / 2,
					    .sessions = sessions,
					    .body = (uint32_t)option_or(o->body, BODY_DEFAULT)},
				  .nobody = true};
	struct stage s;
	struct crowd crowd;
	struct row row = {0};
	check(o->past <= plan.world.rooms, "--past: there are %u rooms", plan.world.rooms);
	stage_open(&s, o, &plan);
	crowd_init(&crowd, s.world, s.zmq);
	struct missed m = {.world = s.world, .crowd = &crowd};
	dealer_bulk(&s.control, &(struct bulk){.n = o->past, .ctx = &m, .put = put_past_room});
	first_visit(&s, &crowd, &row);
	post_meanwhile(&s, &m, messages, o->past);
	row_set(&row, "sessions", sessions);
	row_set(&row, "messages", (double)messages);
	row_set(&row, "past", (double)o->past);
	come_back(&s, &m, &row);
	stage_memory(&s, &row);
	/* Whatever is doubled would come before the answer to a ping. */
	crowd_ping(&crowd);
	for (int i = 0; i < 3; i++)
		crowd_serve(&crowd);
	check_crowd(&crowd);
	world_check(s.world, &s.control);
	report_run(report, &row);
	free(m.rooms);
	crowd_fini(&crowd);
	stage_close(&s);
}

void scenario_storm(const struct options *o)
{
	stage_runs(o, "storm", run);
}
