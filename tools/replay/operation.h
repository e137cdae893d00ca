/* One request that a recording comes to, made of a line, or of a change and
 * the notice that went with it. Owns the lines it was made of until it is
 * answered; its kind knows how to ask for it. Never knows when to. */
#ifndef OPERATION_H
#define OPERATION_H

#include "recording.h"
#include "summary.h"

#include <parlor/parlor.pb-c.h>

struct operation;
struct place;
struct tenant;

typedef enum parlor_err operation_send_fn(struct operation *, Parlor__Request *);

/* How a kind goes with others of its room that are unanswered. After a reconnect all
 * that is unanswered is sent again, though it may have been carried out. */
enum operation_order {
	ORDER_FREE,         /* a second time, behind what followed it, it changes nothing */
	ORDER_ALONE,        /* it would do harm, or be refused */
	ORDER_AMONG_ITSELF, /* so it would, but not behind others of its kind */
};

/* All that there is to know of a kind of request; rows stand in the nouns' files. */
struct operation_kind {
	/* Makes the request and hands it to fn, once; returns what fn does. */
	enum parlor_err (*send)(struct operation *, operation_send_fn *fn);
	/* Whether there is something to ask for: the recording may speak of messages
	 * that it does not hold. NULL: there is. */
	bool (*has_sense)(const struct operation *);
	enum operation_order order;
	bool takes_joins, takes_notice; /* that stand behind its line */
	/* The same event asks for this too, and is counted with it. */
	const struct operation_kind *then;
	size_t counted; /* where in struct summary, when done; 0: nowhere */
	void (*done)(const struct operation *, const Parlor__Reply *, struct summary *);
	/* Whether it was so already: an answer was lost, or nobody recorded how it came.
	 * NULL: it was not. */
	bool (*refused)(const struct operation *, int code);
};
#define OPERATION_COUNTED(counter) offsetof(struct summary, counter)

/* Those that stand for what the recording lacks, or says in another way. */
extern const struct operation_kind operation_create, operation_state, operation_add, operation_post,
	operation_attach, operation_detach, operation_presence;

struct operation {
	struct operation *prev, *next;
	void *owner; /* whoever sends it */
	const struct operation_kind *kind;
	bool guessed; /* nobody recorded it: what is so already is well */
	bool stored;  /* a post is acknowledged when MySQL has it */
	bool again;   /* was refused for a while */
	unsigned tries;
	struct tenant *tenant;
	struct place *place; /* NULL: of no room */
	json_t *line;
	json_t *notice; /* NULL: none goes with it */
	struct recording_event event;
	struct recording_event notice_event;
	const char *member; /* who it is about: the event's from, or a mention */
	/* Joins that go with it. */
	struct operation_join {
		json_t *line;
		struct recording_event event;
	} * joins;
	size_t joins_len, joins_cap;
	uint64_t due_us;
	uint64_t sent_us;
};

/* Each takes a reference to its line. */
struct operation *operation_new(const struct operation_kind *, json_t *line,
				const struct recording_event *);
void operation_free(struct operation *);
/* Another join, or the notice, that goes with it. */
void operation_add_join(struct operation *, json_t *line, const struct recording_event *);
void operation_set_notice(struct operation *, json_t *line, const struct recording_event *);

bool operation_has_sense(const struct operation *);

/* ---- for the senders of kinds --------------------------------------------------- */

/* protobuf-c has no const. */
static inline char *operation_text(const char *t)
{
	return (char *)(uintptr_t)t;
}

/* `body` becomes the request's member of that name, and it is handed to fn. */
#define OPERATION_SEND(d, fn, NAME, member, body)                                              \
	(fn)((d),                                                                              \
	     &(Parlor__Request){.base = PROTOBUF_C_MESSAGE_INIT(&parlor__request__descriptor), \
				.op_case = PARLOR__REQUEST__OP_##NAME,                         \
				.member = (body)})

/* The notice that goes with it, or NULL. */
Parlor__Notice *operation_notice(const struct operation *, Parlor__Notice *);
Parlor__MemberSpec operation_member(const struct recording_event *);
/* Who joins: `first` (NULL: nobody), then those that go with it; free() it. */
Parlor__MemberSpec **operation_members(const struct operation *, const Parlor__MemberSpec *first,
				       size_t *len);
/* A list of texts, borrowed; free() it. */
char **operation_texts(const json_t *list, size_t *len);

#endif
