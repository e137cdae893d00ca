/* The tenants of a recording, each with a session of its own, opened when it is
 * first met: what one session sends is carried out in order. Knows nothing of
 * rooms. */
#ifndef TENANTS_H
#define TENANTS_H

#include "sessions.h"

#define TENANTS_MAX 64 /* each has a connection */

struct tenant {
	struct tenant *next;
	char *id;
	uint32_t no; /* from 0 */
	struct sessions *sessions;
};

struct tenants {
	const char *broker;
	const struct keys *keys;
	uint32_t pending_max;
	struct tenant *first;
	uint32_t len;
	char error[512];
};

/* Unanswered requests are called back with CLOSED. */
void tenants_close(struct tenants *);

/* NULL: tenants->error says why. Waits for its session. */
struct tenant *tenants_get(struct tenants *, const char *id);
/* Works all sessions, waiting up to timeout_ms when there is nothing to do. An
 * error is for good: tenants->error. */
enum parlor_err tenants_work(struct tenants *, int timeout_ms) PARLOR_MUST_CHECK;
uint64_t tenants_reconnects(const struct tenants *);

#endif
