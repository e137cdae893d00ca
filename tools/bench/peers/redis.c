/* Redis, and Valkey: a room is a stream and a hash of unread counts; one script a message,
 * so that log and counters change together. The append-only file is flushed
 * before the answers of an event loop's turn leave (appendfsync always): what
 * the documentation calls the safest. Spared it: snapshots, rewriting of the
 * file, TCP (a unix socket), looking the members up (they are arguments). */
#include "fail.h"
#include "peer.h"
#include "redis_server.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 32
#define ARGS_MAX 512
#define VERIFY_AHEAD 100

/* KEYS: the room's log, its counters. ARGV: sender, body, all other members. */
static const char script[] = "redis.call('XADD', KEYS[1], '*', 'from', ARGV[1], 'body', ARGV[2])\n"
			     "for i = 3, #ARGV do\n"
			     "  redis.call('HINCRBY', KEYS[2], ARGV[i], 1)\n"
			     "end\n"
			     "for i = 1, %u do\n"
			     "  redis.call('PUBLISH', 'session:' .. i, ARGV[2])\n"
			     "end\n"
			     "return 1\n";

struct redis_peer {
	char socket[RIG_PATH_MAX];
	char sha[64];
	size_t len;
	redisContext **links; /* senders, then subscribers */
	uint64_t *answers;    /* by link */
	char (*members)[NAME_MAX_BYTES];
};

static void load_script(struct peer_site *s, struct redis_peer *r, redisContext *c)
{
	char text[sizeof script + 16];
	snprintf(text, sizeof text, script, s->sessions);
	redisReply *reply = redis_checked(c, redisCommand(c, "SCRIPT LOAD %s", text));
	snprintf(r->sha, sizeof r->sha, "%s", reply->str);
	freeReplyObject(reply);
}

static void subscribe(redisContext *c, uint32_t session)
{
	freeReplyObject(redis_checked(c, redisCommand(c, "SUBSCRIBE session:%u", session + 1)));
}

static void name_members(struct peer_site *s, struct redis_peer *r)
{
	uint32_t n = s->tally.members;
	check(n + 6 < ARGS_MAX, "too many members for one script: %u", n);
	r->members = mem_new(n * sizeof *r->members);
	for (uint32_t i = 0; i < n; i++)
		snprintf(r->members[i], sizeof r->members[i], "member-%u", i);
}

static void redis_open(struct peer_site *s)
{
	struct redis_peer *r = s->peer = mem_new(sizeof *r);
	s->server = redis_server_start(&s->rig, s->program, r->socket);
	name_members(s, r);
	r->len = s->senders + s->sessions;
	r->links = mem_new(r->len * sizeof *r->links);
	r->answers = mem_new(r->len * sizeof *r->answers);
	for (size_t i = 0; i < r->len; i++) {
		bool listens = i >= s->senders;
		r->links[i] = redis_server_connect(s->server, r->socket);
		if (listens)
			subscribe(r->links[i], (uint32_t)(i - s->senders));
		drive_add(s->drive, r->links[i]->fd, !listens, listens);
	}
	load_script(s, r, r->links[0]);
}

static void redis_post(void *ctx, size_t link, const struct drive_post *p)
{
	struct peer_site *s = ctx;
	struct redis_peer *r = s->peer;
	const char *argv[ARGS_MAX];
	size_t lens[ARGS_MAX];
	char log[NAME_MAX_BYTES], unread[NAME_MAX_BYTES];
	int n = 0;
	snprintf(log, sizeof log, "room:%u:log", p->room);
	snprintf(unread, sizeof unread, "room:%u:unread", p->room);
	const char *first[] = {"EVALSHA", r->sha, "2", log, unread, r->members[p->member]};
	for (; n < (int)(sizeof first / sizeof first[0]); n++) {
		argv[n] = first[n];
		lens[n] = strlen(first[n]);
	}
	argv[n] = p->body.data;
	lens[n++] = p->body.len;
	for (uint32_t i = 0; i < s->tally.members; i++) {
		if (i == p->member)
			continue;
		argv[n] = r->members[i];
		lens[n++] = strlen(r->members[i]);
	}
	check(redisAppendCommandArgv(r->links[link], n, argv, lens) == REDIS_OK, "out of memory");
}

static void redis_flush(void *ctx, size_t link)
{
	struct redis_peer *r = ((struct peer_site *)ctx)->peer;
	redis_server_send(r->links[link]);
}

static void take(struct peer_site *s, struct redis_peer *r, size_t link, redisReply *reply)
{
	if (link < s->senders) {
		check(reply->type == REDIS_REPLY_INTEGER, "redis: %s",
		      reply->str ? reply->str : "an answer of another kind");
		drive_acked(s->drive, link, ++r->answers[link]);
		return;
	}
	check(reply->type == REDIS_REPLY_ARRAY && reply->elements == 3,
	      "redis: a subscriber got something else than a message");
	drive_delivered(s->drive, link,
			(struct span){reply->element[2]->str, (size_t)reply->element[2]->len});
}

static void redis_read(void *ctx, size_t link)
{
	struct peer_site *s = ctx;
	struct redis_peer *r = s->peer;
	redisContext *c = r->links[link];
	void *reply;
	check(redisBufferRead(c) == REDIS_OK, "redis: %s", c->errstr);
	for (;;) {
		check(redisGetReplyFromReader(c, &reply) == REDIS_OK, "redis: %s", c->errstr);
		if (!reply)
			return;
		take(s, r, link, reply);
		freeReplyObject(reply);
	}
}

/* A member's count in a room's hash; 0 when there is none. */
static uint64_t count_of(const redisReply *hash, const char *member)
{
	for (size_t i = 0; i + 1 < hash->elements; i += 2)
		if (strcmp(hash->element[i]->str, member) == 0)
			return strtoull(hash->element[i + 1]->str, NULL, 10);
	return 0;
}

static void verify_room(struct peer_site *s, struct redis_peer *r, uint32_t room)
{
	redisContext *c = r->links[0];
	redisReply *reply;
	check(redisGetReply(c, (void **)&reply) == REDIS_OK, "redis: %s", c->errstr);
	check((uint64_t)redis_checked(c, reply)->integer == tally_room(&s->tally, room),
	      "redis: room %u holds %lld messages, posted were %" PRIu64, room, reply->integer,
	      tally_room(&s->tally, room));
	freeReplyObject(reply);
	check(redisGetReply(c, (void **)&reply) == REDIS_OK, "redis: %s", c->errstr);
	redis_checked(c, reply);
	for (uint32_t i = 0; i < s->tally.members; i++) {
		uint64_t unread = count_of(reply, r->members[i]);
		check(unread == tally_unread(&s->tally, room, i),
		      "redis: unread of member %u in room %u is %" PRIu64 ", should be %" PRIu64, i,
		      room, unread, tally_unread(&s->tally, room, i));
	}
	freeReplyObject(reply);
}

static void redis_verify(struct peer_site *s)
{
	struct redis_peer *r = s->peer;
	uint32_t asked = 0;
	for (uint32_t room = 0; room < s->tally.rooms; room++) {
		for (; asked < s->tally.rooms && asked < room + VERIFY_AHEAD; asked++) {
			redisAppendCommand(r->links[0], "XLEN room:%u:log", asked);
			redisAppendCommand(r->links[0], "HGETALL room:%u:unread", asked);
		}
		verify_room(s, r, room);
	}
}

static void redis_close(struct peer_site *s)
{
	struct redis_peer *r = s->peer;
	for (size_t i = 0; i < r->len; i++)
		redisFree(r->links[i]);
	free(r->links);
	free(r->answers);
	free(r->members);
	free(r);
}

/* One work for all that speak its protocol and know its scripts. */
#define ONE_SCRIPT(...)                                                                            \
	{                                                                                          \
		.does = "appendfsync always; one script: XADD, HINCRBY of the others, PUBLISH "    \
			"to each session",                                                         \
		.durable = true, .open = redis_open, .verify = redis_verify, .close = redis_close, \
		.hooks = {.post = redis_post, .flush = redis_flush, .read = redis_read},           \
		__VA_ARGS__                                                                        \
	}

const struct peer peer_redis = ONE_SCRIPT(.name = "redis", .program = "redis-server");
const struct peer peer_redis_8 =
	ONE_SCRIPT(.name = "redis-8", .program = "redis-8", .unstable = true);
const struct peer peer_valkey_9 =
	ONE_SCRIPT(.name = "valkey-9", .program = "valkey-9", .unstable = true);
