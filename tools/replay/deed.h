/* One request that a recording comes to, made of a line, or of a change and
 * the notice that went with it. Owns the lines it was made of until it is
 * answered; knows how to ask for it, not when. */
#ifndef DEED_H
#define DEED_H

#include "recording.h"

#include <parlor/client.h>

enum deed_kind {
	DEED_CREATE,
	DEED_RENAME,
	DEED_STATE,
	DEED_ADD,
	DEED_REMOVE,
	DEED_PROFILE,
	DEED_POST,
	DEED_READ,
	DEED_MARK, /* unread from there */
	DEED_RECALL,
	DEED_ATTACH,
	DEED_DETACH,
	DEED_PRESENCE,
};

struct place;
struct tenant;

struct deed {
	struct deed *prev, *next;
	void *owner; /* whoever sends it */
	enum deed_kind kind;
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
	struct deed_join {
		json_t *line;
		struct recording_event event;
	} * joins;
	size_t joins_len, joins_cap;
	uint64_t due_us;
	uint64_t sent_us;
};

/* Each takes a reference to its line. */
struct deed *deed_new(enum deed_kind, json_t *line, const struct recording_event *);
void deed_free(struct deed *);
/* Another join, or the notice, that goes with it. */
void deed_add_join(struct deed *, json_t *line, const struct recording_event *);
void deed_set_notice(struct deed *, json_t *line, const struct recording_event *);

/* Whether there is something to ask for: the recording may speak of messages
 * that it does not hold. */
bool deed_has_sense(const struct deed *);
typedef enum parlor_err deed_send_fn(struct deed *, Parlor__Request *);
/* Makes the request and hands it to fn, once; returns what fn does. */
enum parlor_err deed_send(struct deed *, bool stored, deed_send_fn *fn) PARLOR_MUST_CHECK;

#endif
