/* One request that a recording comes to, made of a line, or of a change and
 * the notice that went with it. Owns the lines it was made of until it is
 * answered; knows how to ask for it, not when. */
#ifndef OPERATION_H
#define OPERATION_H

#include "recording.h"

#include <parlor/client.h>

enum operation_kind {
	OPERATION_CREATE,
	OPERATION_RENAME,
	OPERATION_STATE,
	OPERATION_ADD,
	OPERATION_REMOVE,
	OPERATION_PROFILE,
	OPERATION_POST,
	OPERATION_READ,
	OPERATION_MARK, /* unread from there */
	OPERATION_RECALL,
	OPERATION_ATTACH,
	OPERATION_DETACH,
	OPERATION_PRESENCE,
	OPERATION_LABELS,
};

struct place;
struct tenant;

struct operation {
	struct operation *prev, *next;
	void *owner; /* whoever sends it */
	enum operation_kind kind;
	bool guessed; /* nobody recorded it: what is so already is well */
	bool again;   /* was refused for a while */
	unsigned tries;
	struct tenant *tenant;
	struct place *place; /* NULL: of no room */
	json_t *line;
	json_t *notice; /* NULL: none goes with it */
	struct recording_event event;
	struct recording_event notice_event;
	const char *member; /* who it is about: the event's from, or a mention */
	/* CREATE, ADD: joins that go with it. */
	struct operation_join {
		json_t *line;
		struct recording_event event;
	} * joins;
	size_t joins_len, joins_cap;
	uint64_t due_us;
	uint64_t sent_us;
};

/* Each takes a reference to its line. */
struct operation *operation_new(enum operation_kind, json_t *line, const struct recording_event *);
void operation_free(struct operation *);
/* Another join, or the notice, that goes with it. */
void operation_add_join(struct operation *, json_t *line, const struct recording_event *);
void operation_set_notice(struct operation *, json_t *line, const struct recording_event *);

/* Whether there is something to ask for: the recording may speak of messages
 * that it does not hold. */
bool operation_has_sense(const struct operation *);
typedef enum parlor_err operation_send_fn(struct operation *, Parlor__Request *);
/* Makes the request and hands it to fn, once; returns what fn does. */
enum parlor_err operation_send(struct operation *, bool stored,
			       operation_send_fn *fn) PARLOR_MUST_CHECK;

#endif
