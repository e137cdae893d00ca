/* What must be true of a world in a broker: asked of it over one connection, and
 * compared with what the world counted itself. */
#include "world.h"

#include "fail.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ROOM_FIELD = 1, MEMBER_FIELD = 2 };
enum { INFO_LAST_SEQ = 6, INFO_COUNTED = 7 };
enum { UNREAD_UNREAD = 1, UNREAD_LAST_SEQ = 3, SUM_UNREAD = 1, SUM_ROOMS = 2 };

#define TOTALS_CHECKED 100

static enum frame_op put_unread_get(void *ctx, size_t i, struct buf *body)
{
	const struct world *w = ctx;
	uint32_t members = world_room_members(w);
	uint32_t room = (uint32_t)(i / members);
	char id[WORLD_ID_MAX];
	world_room_id(id, room);
	put_text(body, ROOM_FIELD, id);
	world_member_id(w, id, room, (uint32_t)(i % members));
	put_text(body, MEMBER_FIELD, id);
	return OP_UNREAD_GET;
}

static void compare_unread(void *ctx, size_t i, struct span result)
{
	const struct world *w = ctx;
	uint32_t members = world_room_members(w);
	uint32_t room = (uint32_t)(i / members), member = (uint32_t)(i % members);
	uint64_t expected = world_unread(w, room, member);
	uint64_t unread = frame_number(result, UNREAD_UNREAD);
	check(unread == expected &&
		      frame_number(result, UNREAD_LAST_SEQ) == world_room_posts(w, room),
	      "room %u, member %u: unread %" PRIu64 ", must be %" PRIu64, room, member, unread,
	      expected);
}

static enum frame_op put_room_show(void *ctx, size_t i, struct buf *body)
{
	char id[WORLD_ID_MAX];
	(void)ctx;
	world_room_id(id, (uint32_t)i);
	put_text(body, ROOM_FIELD, id);
	return OP_ROOM_SHOW;
}

static void compare_room(void *ctx, size_t i, struct span result)
{
	const struct world *w = ctx;
	uint64_t posts = world_room_posts(w, (uint32_t)i);
	uint64_t last = frame_number(result, INFO_LAST_SEQ);
	check(last == posts && frame_number(result, INFO_COUNTED) == last,
	      "room %zu: %" PRIu64 " messages, must be %" PRIu64, i, last, posts);
}

struct totals {
	uint32_t agents;
	uint64_t *unread, *rooms;
};

static enum frame_op put_total(void *ctx, size_t i, struct buf *body)
{
	char id[WORLD_ID_MAX];
	(void)ctx;
	world_agent_id(id, (uint32_t)i);
	put_text(body, 1, id);
	return OP_UNREAD_TOTAL;
}

static void compare_total(void *ctx, size_t i, struct span result)
{
	const struct totals *t = ctx;
	uint64_t unread = frame_number(result, SUM_UNREAD), rooms = frame_number(result, SUM_ROOMS);
	check(unread == t->unread[i] && rooms == t->rooms[i],
	      "agent %zu: %" PRIu64 " unread in %" PRIu64 " rooms, must be %" PRIu64 " in %" PRIu64,
	      i, unread, rooms, t->unread[i], t->rooms[i]);
}

static void check_totals(struct world *w, struct dealer *d)
{
	const struct world_shape *shape = world_shape(w);
	struct totals t = {.agents = TOTALS_CHECKED};
	if (!shape->agents)
		return;
	if (t.agents > shape->pool)
		t.agents = shape->pool;
	t.unread = mem_new(t.agents * sizeof *t.unread);
	t.rooms = mem_new(t.agents * sizeof *t.rooms);
	for (uint32_t room = 0; room < shape->rooms; room++) {
		for (uint32_t m = 0; m < shape->agents; m++) {
			uint32_t agent = world_agent_of(w, room, m);
			if (agent >= t.agents)
				continue;
			t.unread[agent] += world_unread(w, room, m);
			t.rooms[agent]++;
		}
	}
	dealer_bulk(d, &(struct bulk){
			       .n = t.agents, .ctx = &t, .put = put_total, .reply = compare_total});
	free(t.unread);
	free(t.rooms);
}

void world_check(struct world *w, struct dealer *d)
{
	uint32_t rooms = world_shape(w)->rooms, members = world_room_members(w);
	dealer_bulk(d, &(struct bulk){
			       .n = rooms, .ctx = w, .put = put_room_show, .reply = compare_room});
	dealer_bulk(d, &(struct bulk){.n = (size_t)rooms * members,
				      .frame_requests = 500,
				      .ctx = w,
				      .put = put_unread_get,
				      .reply = compare_unread});
	check_totals(w, d);
}
