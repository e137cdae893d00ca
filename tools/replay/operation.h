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

enum operation_rules {
	/* It waits until nothing of its room is unanswered, and is waited for: after a
	 * reconnect what is unanswered is sent again, though it may have been carried out,
	 * and a second time, behind what followed it, it would do harm or be refused. */
	OPERATION_ALONE = 1,
	OPERATION_AMONG_ITSELF = 2, /* even so, not for others of its kind */
	OPERATION_TAKES_JOINS = 4,  /* that stand behind its line */
	OPERATION_TAKES_NOTICE = 8, /* so, behind those */
	OPERATION_TAKES_TEXT = 16,  /* of a visitor, as its notice */
	/* Where there is a desk, nothing else is unanswered meanwhile: who is there to serve
	 * is known to the broker before the next request is. */
	OPERATION_APART = 32,
};

/* All that there is to know of a kind of request; rows stand in the nouns' files. */
struct operation_kind {
	/* Makes the request and hands it to fn, once; returns what fn does. */
	enum parlor_err (*send)(struct operation *, operation_send_fn *fn);
	unsigned rules;
	/* Whether there is something to ask for: the recording may speak of messages
	 * that it does not hold. NULL: there is. */
	bool (*has_sense)(const struct operation *);
	/* The same event asks for this too, and is counted with it. */
	const struct operation_kind *then;
	size_t counted; /* where in struct summary, when done; 0: nowhere */
	void (*done)(const struct operation *, const Parlor__Reply *, struct summary *);
	/* Whether it was so already: an answer was lost, or nobody recorded how it came.
	 * NULL: it was not. */
	bool (*refused)(const struct operation *, int code);
};
#define OPERATION_COUNTED(counter) offsetof(struct summary, counter)

/* Those that also stand for what a file lacks, or says in another way. */
extern const struct operation_kind operation_create, operation_state, operation_add,
	operation_remove, operation_post, operation_read, operation_attach, operation_detach,
	operation_presence;

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
	uint64_t sent_us;
};

/* Each takes a reference to its line. */
struct operation *operation_new(const struct operation_kind *, json_t *line,
				const struct recording_event *);
void operation_free(struct operation *);
/* Another join, or the notice, that goes with it. */
void operation_add_join(struct operation *, json_t *line, const struct recording_event *);
void operation_set_notice(struct operation *, json_t *line, const struct recording_event *);

/* ---- for the senders of kinds --------------------------------------------------- */

/* protobuf-c has no const. */
static inline char *operation_text(const char *t)
{
	return (char *)(uintptr_t)t;
}

/* Hands fn a request of that type, with the fields that follow. */
#define OPERATION_SEND(d, fn, NAME, name, Type, ...)                                              \
	(fn)((d),                                                                                 \
	     &(Parlor__Request){.base = PROTOBUF_C_MESSAGE_INIT(&parlor__request__descriptor),    \
				.op_case = PARLOR__REQUEST__OP_##NAME,                            \
				.name = &(Parlor__##Type){.base = PROTOBUF_C_MESSAGE_INIT(        \
								  &parlor__##name##__descriptor), \
							  __VA_ARGS__}})

/* The notice that goes with it, or NULL. */
Parlor__Notice *operation_notice(const struct operation *, Parlor__Notice *);
Parlor__MemberSpec operation_member(const struct recording_event *);
/* Who joins: `first` (NULL: nobody), then those that go with it; free() it. */
Parlor__MemberSpec **operation_members(const struct operation *, const Parlor__MemberSpec *first,
				       size_t *len);
/* A list of texts, borrowed; free() it. */
char **operation_texts(const json_t *list, size_t *len);

#endif
