/* A desk on Redis: a team is a sorted set of who waits, by when it asked, and
 * one of the seats that have room, by when they were given somebody. One script
 * a step, so that limits and order hold: a script is alone. The append-only
 * file is flushed before answers leave. Spared it: telling
 * anybody, looking who may post where. */
#include "desk_peer.h"
#include "fail.h"
#include "redis_server.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 64

/* Both end by giving the oldest of the team to the seat whose turn it is. */
#define MATCH_LUA                                                                         \
	"local given, to = redis.call('ZRANGE', 'waiting:' .. team, 0, 0)[1], nil\n"      \
	"if given then to = redis.call('ZRANGE', 'ready:' .. team, 0, 0)[1] end\n"        \
	"if not to then return {order, 0, 0} end\n"                                       \
	"redis.call('ZREM', 'waiting:' .. team, given)\n"                                 \
	"redis.call('HSET', 'turns', to, order)\n"                                        \
	"if redis.call('HINCRBY', 'load', to, 1) < max then\n"                            \
	"  redis.call('ZADD', 'ready:' .. team, order, to)\n"                             \
	"else\n"                                                                          \
	"  redis.call('ZREM', 'ready:' .. team, to)\n"                                    \
	"end\n"                                                                           \
	"redis.call('HSET', 'conversation:' .. given, 'status', 'pending', 'seat', to)\n" \
	"return {order, tonumber(given), tonumber(to)}\n"

/* ARGV: team, conversation, visitor, max */
static const char open_lua[] =
	"local team, max = ARGV[1], tonumber(ARGV[4])\n"
	"local order = redis.call('INCR', 'order')\n"
	"redis.call('HSET', 'conversation:' .. ARGV[2], 'team', team, 'visitor', ARGV[3],\n"
	"           'status', 'open')\n"
	"redis.call('ZADD', 'waiting:' .. team, order, ARGV[2])\n" MATCH_LUA;
static const char close_lua[] =
	"local team, max = ARGV[1], tonumber(ARGV[4])\n"
	"local order = redis.call('INCR', 'order')\n"
	"local seat = redis.call('HGET', 'conversation:' .. ARGV[2], 'seat')\n"
	"redis.call('HSET', 'conversation:' .. ARGV[2], 'status', 'closed')\n"
	"redis.call('HINCRBY', 'load', seat, -1)\n"
	"redis.call('ZADD', 'ready:' .. team, redis.call('HGET', 'turns', seat), seat)\n" MATCH_LUA;

/* ARGV: conversation, who writes, who has one more unread, body */
static const char post_lua[] =
	"redis.call('XADD', 'log:' .. ARGV[1], '*', 'from', ARGV[2], 'body', ARGV[4])\n"
	"redis.call('HINCRBY', 'unread:' .. ARGV[1], ARGV[3], 1)\n"
	"return 1\n";

struct desk_redis_peer {
	char socket[RIG_PATH_MAX];
	char open_sha[TEXT_MAX], close_sha[TEXT_MAX], post_sha[TEXT_MAX];
	redisContext **links;
	enum desk_step *asked; /* by link */
};

static redisReply *ask_one(redisContext *c, const char *command)
{
	return redis_checked(c, redisCommand(c, command));
}

/* Seats that nobody was given yet come in order of their numbers. */
static void make_seats(struct desk_site *s, redisContext *c)
{
	char command[128];
	for (uint32_t seat = 1; seat <= s->shape.teams * s->shape.seats; seat++) {
		int turn = (int)seat - (1 << 30);
		snprintf(command, sizeof command, "ZADD ready:%" PRIu32 " %d %" PRIu32,
			 (seat - 1) / s->shape.seats, turn, seat);
		freeReplyObject(ask_one(c, command));
		snprintf(command, sizeof command, "HSET turns %" PRIu32 " %d", seat, turn);
		freeReplyObject(ask_one(c, command));
	}
}

static void load_script(redisContext *c, const char *text, char sha[TEXT_MAX])
{
	redisReply *reply = redis_checked(c, redisCommand(c, "SCRIPT LOAD %s", text));
	snprintf(sha, TEXT_MAX, "%s", reply->str);
	freeReplyObject(reply);
}

static void redis_open(struct desk_site *s)
{
	struct desk_redis_peer *r = s->peer = mem_new(sizeof *r);
	s->server = redis_server_start(&s->rig, "redis-server", r->socket);
	r->links = mem_new(s->links * sizeof *r->links);
	r->asked = mem_new(s->links * sizeof *r->asked);
	for (size_t i = 0; i < s->links; i++) {
		r->links[i] = redis_server_connect(s->server, r->socket);
		s->fds[i] = (struct pollfd){.fd = r->links[i]->fd, .events = POLLIN};
	}
	load_script(r->links[0], open_lua, r->open_sha);
	load_script(r->links[0], close_lua, r->close_sha);
	load_script(r->links[0], post_lua, r->post_sha);
	make_seats(s, r->links[0]);
}

static void redis_ask(void *site, size_t link, const struct desk_ask *a)
{
	static const char *const sides[] = {"visitor", "seat"};
	struct desk_site *s = site;
	struct desk_redis_peer *r = s->peer;
	redisContext *c = r->links[link];
	const char *sha = a->step == DESK_OPEN ? r->open_sha : r->close_sha;
	int done;
	r->asked[link] = a->step;
	if (a->step == DESK_POST)
		done = redisAppendCommand(c, "EVALSHA %s 0 %u %s %s %b", r->post_sha,
					  a->conversation, sides[a->post % 2],
					  sides[(a->post + 1) % 2], a->body.data, a->body.len);
	else
		done = redisAppendCommand(c, "EVALSHA %s 0 %u %u visitor-%u %u", sha, a->team,
					  a->conversation, a->person, s->shape.max);
	check(done == REDIS_OK, "out of memory");
}

static void redis_flush(struct desk_site *s, size_t link)
{
	redis_server_send(((struct desk_redis_peer *)s->peer)->links[link]);
}

/* A step and what it gave are two things that were decided, one behind the other. */
static void take(struct desk_site *s, size_t link, const redisReply *reply)
{
	struct desk_redis_peer *r = s->peer;
	if (r->asked[link] == DESK_POST) {
		check(reply->type == REDIS_REPLY_INTEGER, "redis: an answer of another kind");
		desk_done(s->work, link, 0);
		return;
	}
	check(reply->type == REDIS_REPLY_ARRAY && reply->elements == 3,
	      "redis: an answer of another kind");
	uint64_t order = 2 * (uint64_t)reply->element[0]->integer;
	uint32_t given = (uint32_t)reply->element[1]->integer;
	desk_done(s->work, link, order);
	if (given)
		desk_given(s->work, given, (uint32_t)reply->element[2]->integer, order + 1);
}

static void redis_read(struct desk_site *s, size_t link)
{
	redisContext *c = ((struct desk_redis_peer *)s->peer)->links[link];
	void *reply;
	check(redisBufferRead(c) == REDIS_OK, "redis: %s", c->errstr);
	for (;;) {
		check(redisGetReplyFromReader(c, &reply) == REDIS_OK, "redis: %s", c->errstr);
		if (!reply)
			return;
		take(s, link, redis_checked(c, reply));
		freeReplyObject(reply);
	}
}

static uint64_t number_of(redisContext *c, const char *command, uint64_t n)
{
	redisReply *reply = redis_checked(c, redisCommand(c, command, (unsigned)n));
	uint64_t value = reply->type == REDIS_REPLY_STRING ? strtoull(reply->str, NULL, 10)
							   : (uint64_t)reply->integer;
	freeReplyObject(reply);
	return value;
}

/* Order and limits are the book's; here: nobody is left, every message is there
 * and counted. */
static void redis_verify(struct desk_site *s)
{
	redisContext *c = ((struct desk_redis_peer *)s->peer)->links[0];
	redisReply *loads = ask_one(c, "HVALS load");
	for (size_t i = 0; i < loads->elements; i++)
		check(strcmp(loads->element[i]->str, "0") == 0, "redis: a seat is busy in the end");
	freeReplyObject(loads);
	for (uint64_t n = 1; n <= desk_work_opened(s->work); n++) {
		uint64_t messages = number_of(c, "XLEN log:%u", n);
		uint64_t unread = number_of(c, "HGET unread:%u seat", n);
		check(messages == s->shape.posts && unread == (s->shape.posts + 1) / 2,
		      "redis: conversation %" PRIu64 " holds %" PRIu64 " messages, %" PRIu64
		      " unread",
		      n, messages, unread);
	}
}

static void redis_close(struct desk_site *s)
{
	struct desk_redis_peer *r = s->peer;
	for (size_t i = 0; i < s->links; i++)
		redisFree(r->links[i]);
	free(r->links);
	free(r->asked);
	free(r);
}

const struct desk_peer desk_redis = {
	.name = "redis",
	.program = "redis-server",
	.does = "appendfsync always; a script to open and one to close, over sorted sets of who "
		"waits and of seats with room; XADD and HINCRBY of the other's unread for a "
		"message; "
		"nobody is told",
	.open = redis_open,
	.ask = redis_ask,
	.flush = redis_flush,
	.read = redis_read,
	.verify = redis_verify,
	.close = redis_close,
};
