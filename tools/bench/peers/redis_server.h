/* A private Redis or Valkey of a rig, flushed at every turn of its loop before the answers
 * leave: started, connected to over a unix socket. Knows nothing of what is
 * kept in it. */
#ifndef BENCH_REDIS_SERVER_H
#define BENCH_REDIS_SERVER_H

#include "rig.h"

#include <hiredis.h>

struct process *redis_server_start(struct rig *, const char *program, char socket[RIG_PATH_MAX]);
/* Waits until it answers. */
redisContext *redis_server_connect(const struct process *, const char *socket);
/* Fails where the reply is an error. */
redisReply *redis_checked(redisContext *, redisReply *);
/* All that was appended leaves, waiting for room in the socket. */
void redis_server_send(redisContext *);

#endif
