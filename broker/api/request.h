/* Kinds of request as data, and what their handlers use: texts of the request go to
 * the core, its answer to a reply. Each noun's file ends in the table of its kinds;
 * dispatch checks what a kind needs before its handler runs. A handler that refuses
 * has changed nothing. */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include "api/broker.h"

#include <parlor/parlor.pb-c.h>

/* A request being answered. */
struct request {
	struct broker *broker;
	struct session *session; /* NULL before hello */
	struct core_call call;   /* its tenant and the time, with a session */
	struct span routing;
	const char *user;
	const struct front_frame *frame; /* NULL: it was held back */
	int fd;                          /* that it came over, when frame is NULL */
	bool stranger;                   /* it had no session before what is at hand */
	bool named;                      /* its peer names a routing id: all is refused */
	const Parlor__Request *request;
	size_t bytes;        /* of the frame that are to be accounted to it */
	Parlor__Reply reply; /* its result: request_result */
	const struct request_kind *kind;
	void *result;    /* memory for it */
	bool full;       /* nothing can be written now */
	bool later;      /* the reply follows, through sync */
	bool done;       /* the handler has put the reply itself */
	bool unfinished; /* it goes on in another turn, before what is behind it */
	bool unheard;    /* no session, and it does not read: the frame ends here */
	/* What an ended session sent behind its goodbye: for whoever comes next. */
	struct backlog_frames behind;
};

enum request_needs {
	NEEDS_SESSION = 1,
	NEEDS_SPACE = 2,  /* writes: refused while disk or map is full */
	TRIES_SPACE = 4,  /* the same, but the handler decides what is refused */
	NAMES_MANY = 8,   /* each member it names becomes several records */
	SHOWS_STATE = 16, /* the reply says as of which position it is */
	GOES_ON = 32,     /* BUSY: it came further, and goes on in another turn */
	SETTLES = 64,     /* writes, and pairs conversations with seats behind that */
};

/* What one that goes on may take at once, about: some milliseconds. */
#define REQUEST_STEPS 20000

struct request_kind {
	Parlor__Request__OpCase no;
	unsigned needs;
	enum parlor_err (*handle)(struct request *);
	Parlor__Reply__ResultCase reply; /* when it is accepted */
};
#define REQUEST(CASE, needs, handle, REPLY)                                                   \
	{                                                                                     \
		PARLOR__REQUEST__OP_##CASE, (needs), (handle), PARLOR__REPLY__RESULT_##REPLY, \
	}

/* The kinds of one noun. */
struct request_noun {
	const struct request_kind *kinds;
	size_t len;
};
#define REQUEST_NOUN(table)                               \
	{                                                 \
		(table), sizeof(table) / sizeof(table)[0] \
	}

/* ---- for handlers ---------------------------------------------------------------- */

/* Space for a conversation that is opened, closed or passed on, and what follows from that. */
enum parlor_err request_reserve_settling(struct broker *) PARLOR_MUST_CHECK;
/* What it has woken at desks is done with it: a crash before the next commit would leave that
 * undone for ever. Where there is no space the next tick does it. */
void request_settle(struct broker *);
/* Bytes that its records take, at most about. */
size_t request_cost(const struct request *);
/* Its key opens all tenants. */
bool request_is_operator(const struct request *);
/* The reply and its memory are empty again. */
void request_begin(struct request *);
/* The reply's result, of the type that the kind answers with, empty. */
void *request_result(struct request *);
/* A NUL-ended copy in the reply's arena; NULL when the arena is full. */
char *request_text(struct request *, struct span);
void *request_memory(struct request *, size_t size);
/* What a request lists, as the core takes it; TOO_MANY above max. */
enum parlor_err request_spans(struct request *, char *const *texts, size_t n, size_t max,
			      struct span **out) PARLOR_MUST_CHECK;
/* The list of texts that stand one behind the other, each with its NUL; they are not
 * copied. NULL when the arena is full. */
char **request_texts(struct request *, struct span texts, size_t *n);
/* The answer is to come through sync: BUSY at the session's limit or its tenant's share. */
enum parlor_err request_may_wait(struct request *) PARLOR_MUST_CHECK;
/* As whom it asks sync. */
struct pending_asker request_asker(const struct request *);
/* Nothing that the session asked is to be answered any more. */
void request_forget(struct broker *, struct session *);
/* Result "done". */
void request_done(struct request *, uint64_t position);
uint64_t request_limit(const struct request *, uint32_t wanted); /* of a page */
/* Of a page's bodies: what it may have, or what space its session has left. */
size_t request_page_bytes(const struct request *);

/* Puts a reply for a session. */
void reply_put(struct broker *, struct session *, const Parlor__Reply *);
void reply_put_posted(struct broker *, struct session *, uint64_t id, uint64_t seq,
		      uint64_t position, uint64_t time_us);
/* With a result that is put together by hand, by its field in Reply. as_of: 0 when a worker
 * read the page, who says nothing of the journal. */
void reply_put_page(struct broker *, struct session *, uint64_t id, uint64_t as_of, uint32_t result,
		    struct span page);
/* Answers who waited for a page of old history (message.c). */
void reply_put_archive(struct broker *, const struct pending_asker *, const Parlor__ArchivePage *);
/* A refusal; text is set from the code when it is NULL. */
void reply_refuse(struct broker *, struct session *, uint64_t id, int code, const char *text);
/* To whoever has no session; false: dropped, for such replies are not read. */
bool reply_refuse_stranger(struct broker *, struct span routing, uint64_t id, int code,
			   const char *text);

#endif
