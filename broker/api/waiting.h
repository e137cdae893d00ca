/* Requests whose answer comes later than their turn: posts and waits for MySQL,
 * pages from a worker, releases. Owns what the reply needs meanwhile, by a
 * number that goes to sync as the cookie's request. Bounded by sync's limits
 * and the session's count of waiting requests. */
#ifndef API_WAITING_H
#define API_WAITING_H

#include "base/table.h"
#include "sync/owner.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct waiting;
struct session;

struct waiting_request {
	UT_hash_handle hh;
	struct owned owned; /* by its session */
	uint64_t number;
	uint64_t request_id; /* the client's */
	struct session *session;
	/* of a post */
	uint64_t seq, position, time_us;
	/* of a history page: whether it is one (the tenant counts them), messages asked
	 * for, and whether more follow them */
	bool query;
	size_t expected;
	bool more;
};

struct waiting *waiting_new(void);
void waiting_free(struct waiting *);
/* A new one; its number is set. The session counts it. */
struct waiting_request *waiting_add(struct waiting *, struct session *, uint64_t request_id);
struct waiting_request *waiting_find(struct waiting *, uint64_t number);
void waiting_remove(struct waiting *, struct waiting_request *);
void waiting_remove_session(struct waiting *, struct session *);
size_t waiting_len(const struct waiting *);

#endif
