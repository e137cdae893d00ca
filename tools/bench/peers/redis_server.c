#include "redis_server.h"

#include "fail.h"

#include "base/clock.h"

#include <stddef.h>
#include <time.h>

#define START_US 30000000

struct process *redis_server_start(struct rig *rig, const char *program, char socket[RIG_PATH_MAX])
{
	char log[RIG_PATH_MAX];
	rig_path(rig, socket, "redis.sock");
	rig_path(rig, log, "redis.out");
	const char *argv[] = {program, "--port",        "0",      "--unixsocket",
			      socket,  "--dir",         rig->dir, "--logfile",
			      log,     "--daemonize",   "no",     "--appendonly",
			      "yes",   "--appendfsync", "always", "--auto-aof-rewrite-percentage",
			      "0",     "--save",        "",       NULL};
	return rig_start(rig, "redis-server", argv, true, NULL, NULL);
}

redisContext *redis_server_connect(const struct process *server, const char *socket)
{
	uint64_t until = clock_mono_us() + START_US;
	for (;;) {
		redisContext *c = redisConnectUnix(socket);
		check(c, "out of memory");
		if (!c->err)
			return c;
		redisFree(c);
		fail_if_interrupted();
		rig_check(server);
		check(clock_mono_us() < until, "redis-server does not answer");
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
}

redisReply *redis_checked(redisContext *c, redisReply *reply)
{
	check(reply, "redis: %s", c->errstr);
	check(reply->type != REDIS_REPLY_ERROR, "redis: %s", reply->str);
	return reply;
}

void redis_server_send(redisContext *c)
{
	int done = 0;
	while (!done)
		check(redisBufferWrite(c, &done) == REDIS_OK, "redis: %s", c->errstr);
}
