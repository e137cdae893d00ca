#include "world.h"

#include "fail.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parlor/error.h>

enum {
	CREATE_ROOM = 1,
	CREATE_MEMBERS = 4,
	ADD_MEMBERS = 2,
	SPEC_MEMBER = 1,
	SPEC_TYPE = 2,
	SPEC_NAME = 3
};
enum { MANAGER = 1, MEMBER = 2 };
enum { ROOM_FIELD = 1 };
enum { POSTED_POSITION = 2, MESSAGE_BODY = 7 };
enum { BODY_FIELD = 6, CLIENT_ID_FIELD = 3 };

#define TIME_DIGITS 16
#define ID_BYTES 12          /* "room-0000001", "agent-000001", "guest-000001" */
#define REQUEST_MEMBERS 1000 /* as many as a request may name */

struct world {
	struct world_shape shape;
	uint32_t members; /* of a room */
	uint32_t *posted; /* by room and member */
	uint64_t *counted;
	uint64_t posts;
	uint64_t seed;
	struct buf template; /* a whole request */
	size_t id_at, room_at, sender_at, client_at, body_at;
};

/* ---- who is where ---- */

static void put_digits(char *out, uint32_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--, value /= 10)
		out[i] = (char)('0' + value % 10);
}

static void name_of(char out[WORLD_ID_MAX], const char *word, uint32_t number)
{
	size_t n = strlen(word);
	memcpy(out, word, n);
	put_digits(out + n, number, (int)(ID_BYTES - n));
	out[ID_BYTES] = 0;
}

void world_agent_id(char out[WORLD_ID_MAX], uint32_t agent)
{
	name_of(out, "agent-", agent);
}

void world_room_id(char out[WORLD_ID_MAX], uint32_t room)
{
	name_of(out, "room-", room);
}

static uint64_t mixed(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

static uint32_t session_of_agent(const struct world *w, uint32_t room, uint32_t j)
{
	return (uint32_t)((mixed(room + 1) >> 32) + j) % w->shape.sessions;
}

/* Agent j of a room comes from the part of one session, the next from the next; within it at
 * a random place and with a random stride, so that nobody stands twice. */
uint32_t world_agent_of(const struct world *w, uint32_t room, uint32_t j)
{
	uint32_t sessions = w->shape.sessions;
	uint32_t part = w->shape.pool / sessions;
	uint32_t drawn = (w->shape.agents + sessions - 1) / sessions;
	uint32_t session = session_of_agent(w, room, j), k = j / sessions;
	uint64_t random = mixed((uint64_t)room * sessions + session + 1);
	uint32_t strides = part / drawn;
	uint32_t stride = strides > 1 ? 1 + (uint32_t)(random >> 40) % strides : 1;
	return session + sessions * (((uint32_t)random % part + k * stride) % part);
}

uint32_t world_session_of(const struct world *w, uint32_t room, uint32_t member)
{
	return member < w->shape.agents ? session_of_agent(w, room, member)
					: room % w->shape.sessions;
}

void world_member_id(const struct world *w, char out[WORLD_ID_MAX], uint32_t room, uint32_t member)
{
	if (member < w->shape.agents)
		world_agent_id(out, world_agent_of(w, room, member));
	else
		name_of(out, "guest-", room);
}

/* ---- making ---- */

/* A post's request with all ids in place: later ones are written over it. */
static void make_template(struct world *w)
{
	struct buf post = {0};
	char text[32];
	memset(text, 'x', sizeof text);
	text[ID_BYTES] = 0;
	put_text(&post, 1, text);
	put_text(&post, 2, text);
	memset(text, 'x', sizeof text);
	text[TIME_DIGITS] = 0;
	put_text(&post, CLIENT_ID_FIELD, text);
	char *body = mem_new(w->shape.body + 1);
	for (uint32_t i = 0; i < w->shape.body; i++)
		body[i] = (char)('a' + i % 26);
	put_text(&post, BODY_FIELD, body);
	free(body);
	frame_put(&w->template, LOAD_ID_FIRST, OP_POST, buf_span(&post));
	size_t post_at = w->template.len - post.len;
	w->room_at = post_at + 2;
	w->sender_at = w->room_at + ID_BYTES + 2;
	w->client_at = w->sender_at + ID_BYTES + 2;
	w->body_at = w->template.len - w->shape.body;
	uint8_t varint[] = {0x80, 0x80, 0x80, 0x80, 0x01};
	uint8_t *id = memmem(w->template.data, w->template.len, varint, sizeof varint);
	check(id, "the template of a post has no id");
	w->id_at = (size_t)(id - w->template.data);
	buf_fini(&post);
}

struct world *world_new(const struct world_shape *shape)
{
	struct world *w = mem_new(sizeof *w);
	uint32_t drawn = (shape->agents + shape->sessions - 1) / shape->sessions;
	w->shape = *shape;
	w->members = shape->agents + !shape->no_guests;
	check(shape->pool % shape->sessions == 0, "--agents must be a multiple of --sessions (%u)",
	      shape->sessions);
	check(shape->pool / shape->sessions >= drawn, "--agents: too few for %u in each room",
	      shape->agents);
	check(shape->body >= TIME_DIGITS && shape->body <= 60000, "--body: 16 to 60000");
	check(shape->rooms > 0 && shape->rooms < 1000000, "--rooms: 1 to 999999");
	w->posted = mem_new((size_t)shape->rooms * w->members * sizeof *w->posted);
	w->counted = mem_new(shape->rooms * sizeof *w->counted);
	w->seed = UINT64_C(0x9e3779b97f4a7c15);
	make_template(w);
	return w;
}

void world_free(struct world *w)
{
	if (!w)
		return;
	free(w->posted);
	free(w->counted);
	buf_fini(&w->template);
	free(w);
}

const struct world_shape *world_shape(const struct world *w)
{
	return &w->shape;
}

uint32_t world_room_members(const struct world *w)
{
	return w->members;
}

uint64_t world_posts(const struct world *w)
{
	return w->posts;
}

uint64_t world_room_posts(const struct world *w, uint32_t room)
{
	return w->counted[room];
}

uint64_t world_unread(const struct world *w, uint32_t room, uint32_t member)
{
	return w->counted[room] - w->posted[(size_t)room * w->members + member];
}

static void put_member(struct buf *body, uint32_t field, const char *id, uint32_t type)
{
	struct buf spec = {0};
	put_text(&spec, SPEC_MEMBER, id);
	put_number(&spec, SPEC_TYPE, type);
	put_text(&spec, SPEC_NAME, id);
	put_message(body, field, &spec);
	buf_fini(&spec);
}

static enum frame_op put_create(void *ctx, size_t i, struct buf *body)
{
	const struct world *w = ctx;
	char id[WORLD_ID_MAX];
	world_room_id(id, (uint32_t)i);
	put_text(body, CREATE_ROOM, id);
	for (uint32_t m = 0; m < w->members && m < REQUEST_MEMBERS; m++) {
		world_member_id(w, id, (uint32_t)i, m);
		put_member(body, CREATE_MEMBERS, id, m == 0 ? MANAGER : MEMBER);
	}
	return OP_ROOM_CREATE;
}

/* What one request does not hold: the members of a large room from then on. */
static enum frame_op put_add(void *ctx, size_t i, struct buf *body)
{
	const struct world *w = ctx;
	uint32_t each = (w->members - 1) / REQUEST_MEMBERS;
	uint32_t room = (uint32_t)i / each;
	uint32_t m = ((uint32_t)i % each + 1) * REQUEST_MEMBERS;
	char id[WORLD_ID_MAX];
	world_room_id(id, room);
	put_text(body, ROOM_FIELD, id);
	for (uint32_t end = m + REQUEST_MEMBERS; m < end && m < w->members; m++) {
		world_member_id(w, id, room, m);
		put_member(body, ADD_MEMBERS, id, MEMBER);
	}
	return OP_MEMBERS_ADD;
}

void world_create(struct world *w, struct dealer *d)
{
	struct bulk all = {.n = w->shape.rooms, .ctx = w, .put = put_create};
	if (w->members > 100)
		all.frame_requests = 1 + 20000 / w->members;
	dealer_bulk(d, &all);
	if (w->members <= REQUEST_MEMBERS)
		return;
	all.put = put_add;
	all.n = (size_t)w->shape.rooms * ((w->members - 1) / REQUEST_MEMBERS);
	dealer_bulk(d, &all);
}

void world_hello(const struct world *w, uint32_t session, struct buf *body)
{
	const struct world_shape *s = &w->shape;
	char id[WORLD_ID_MAX];
	hello_put(body, &(struct hello){0});
	for (uint32_t i = session; s->agents && i < s->pool; i += s->sessions) {
		world_agent_id(id, i);
		put_text(body, 4, id);
	}
	bool guests = !s->no_guests && !s->guests_away;
	for (uint32_t i = session; guests && i < s->rooms; i += s->sessions) {
		name_of(id, "guest-", i);
		put_text(body, 4, id);
	}
}

/* ---- posting ---- */

static void put_hex(uint8_t *out, uint64_t value)
{
	for (int i = TIME_DIGITS - 1; i >= 0; i--, value >>= 4)
		out[i] = (uint8_t) "0123456789abcdef"[value & 15];
}

uint64_t world_body_time(struct span body)
{
	const uint8_t *at = body.data;
	uint64_t value = 0;
	if (body.len < TIME_DIGITS)
		return 0;
	for (int i = 0; i < TIME_DIGITS; i++) {
		int digit = at[i] >= 'a' ? at[i] - 'a' + 10 : at[i] - '0';
		if (digit < 0 || digit > 15)
			return 0;
		value = value << 4 | (uint64_t)digit;
	}
	return value;
}

/* Writes the next post into the template. */
static uint32_t choose_post(struct world *w, uint64_t id, uint64_t now_ns)
{
	uint64_t random = load_random(&w->seed);
	uint32_t posters = w->shape.posters ? w->shape.posters : w->members;
	uint32_t room = (uint32_t)((random >> 32) % w->shape.rooms);
	uint32_t member = (uint32_t)(random & 0xffffffff) % posters;
	char name[WORLD_ID_MAX];
	uint8_t *t = w->template.data;
	for (unsigned i = 0; i < 5; i++, id >>= 7)
		t[w->id_at + i] = (uint8_t)((id & 0x7f) | (i < 4 ? 0x80 : 0));
	world_room_id(name, room);
	memcpy(t + w->room_at, name, ID_BYTES);
	world_member_id(w, name, room, member);
	memcpy(t + w->sender_at, name, ID_BYTES);
	put_hex(t + w->client_at, w->posts);
	if (w->shape.timed)
		put_hex(t + w->body_at, now_ns);
	w->posted[(size_t)room * w->members + member]++;
	w->counted[room]++;
	w->posts++;
	return room;
}

uint32_t world_put_post(struct world *w, struct buf *frame, uint64_t id, uint64_t now_ns)
{
	uint32_t room = choose_post(w, id, now_ns);
	buf_put(frame, w->template.data, w->template.len);
	return room;
}

uint32_t world_put_post_body(struct world *w, struct buf *body)
{
	uint32_t room = choose_post(w, LOAD_ID_FIRST, load_now_ns());
	size_t at = w->room_at - 2;
	buf_put(body, w->template.data + at, w->template.len - at);
	return room;
}

/* ---- the codec ---- */

static void codec_put_post(void *ctx, struct buf *frame, uint64_t id, uint64_t now_ns)
{
	(void)world_put_post(ctx, frame, id, now_ns);
}

static void codec_put_ping(struct buf *frame, uint64_t id)
{
	frame_put(frame, id, OP_PING, (struct span){"", 0});
}

static void codec_reply(struct load *l, struct load_link *link, const struct frame_item *item)
{
	check(item->code == 0, "refused: %s: %.*s", parlor_err_name((int)item->code),
	      (int)item->text.len, (const char *)item->text.data);
	if (item->id < LOAD_ID_FIRST)
		return;
	check(item->result == RESULT_POSTED, "a post was answered with field %u", item->result);
	load_acked(l, link, item->id, frame_number(item->body, POSTED_POSITION));
}

static void codec_read(void *ctx, struct load *l, struct load_link *link, struct span frame)
{
	const struct world *w = ctx;
	struct reader in;
	struct frame_item item;
	reader_init(&in, frame.data, frame.len);
	while (frame_next(&in, &item)) {
		if (!item.event) {
			codec_reply(l, link, &item);
			continue;
		}
		check(item.kind == EVENT_POSTED, "an event of kind %u", item.kind);
		uint64_t sent_ns = 0;
		if (w->shape.timed)
			sent_ns = world_body_time(frame_bytes(item.body, MESSAGE_BODY));
		load_delivered(l, link, item.position, sent_ns);
	}
	check(!in.bad, "the broker sent a malformed frame");
}

struct load_codec world_codec(struct world *w)
{
	return (struct load_codec){.put_post = codec_put_post,
				   .read = codec_read,
				   .put_ping = codec_put_ping,
				   .ctx = w};
}
