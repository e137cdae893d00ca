/* The operations of the protocol, a handler each: texts of the request to the
 * core and its answer to a reply. Owned by dispatch.c's table, which checks
 * session, limits and space before a handler runs. A handler that refuses has
 * changed nothing. */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include "api/broker.h"

#include <parlor/parlor.pb-c.h>

/* A request being answered. */
struct ask {
	struct broker *broker;
	struct session *session; /* NULL before hello */
	struct span routing;
	const char *user;
	const struct front_frame *frame; /* NULL: it was held back */
	int fd;                          /* that it came over, when frame is NULL */
	const Parlor__Request *request;
	size_t bytes;        /* of the frame that are to be accounted to it */
	Parlor__Reply reply; /* the handler sets the result */
	bool full;           /* nothing can be written now */
	bool later;          /* the reply follows, through broker.waiting */
	bool done;           /* the handler has put the reply itself */
	bool ended;          /* the session is gone */

	/* what reply's result points to */
	Parlor__Welcome welcome;
	Parlor__AttachInfo attached;
	Parlor__Limits limits;
	Parlor__Done changed;
	Parlor__RoomInfo room;
	Parlor__MembersPage members;
	Parlor__UnreadInfo unread;
	Parlor__UnreadSum total;
	Parlor__ConversationPage list;
	Parlor__PresencePage presence;
	Parlor__SyncReport sync;
	Parlor__StatsReport stats;
};

typedef enum parlor_err op_fn(struct ask *);

op_fn op_hello, op_goodbye, op_ping, op_credit, op_attach, op_detach;
op_fn op_presence_set, op_presence_get, op_typing;
op_fn op_room_create, op_room_rename, op_room_close, op_room_reopen, op_room_dissolve, op_room_show;
op_fn op_members_add, op_members_remove, op_members_change, op_members_list;
op_fn op_post, op_recall, op_history;
op_fn op_read, op_unread_mark, op_unread_get, op_unread_total, op_list;
op_fn op_sync_status, op_sync_wait, op_sync_release, op_stats;

/* ---- for handlers ---------------------------------------------------------------- */

struct core_call ask_call(const struct ask *);
/* A NUL-ended copy in the reply's arena; NULL when the arena is full. */
char *ask_text(struct ask *, struct span);
void *ask_memory(struct ask *, size_t size);
/* The answer will come through sync: its number. BUSY at the session's limit. */
enum parlor_err ask_wait(struct ask *, struct waiting_request **) PARLOR_MUST_CHECK;
/* BUSY where ask_wait would be: at the session's limit or its tenant's share. */
enum parlor_err ask_may_wait(struct ask *) PARLOR_MUST_CHECK;
/* Result "done". */
void ask_done(struct ask *, uint64_t position);
uint64_t ask_limit(const struct ask *, uint32_t wanted); /* of a page */
/* Of a page's bodies: what it may have, or what room its session has left. */
size_t ask_page_bytes(const struct ask *);

/* The field of FromBroker that holds a reply. */
#define REPLY_FRAME_FIELD 1

/* Puts a reply for a session. */
void reply_put(struct broker *, struct session *, const Parlor__Reply *);
void reply_put_posted(struct broker *, struct session *, uint64_t id, uint64_t seq,
		      uint64_t position, uint64_t time_us);
/* A refusal; text is set from the code when it is NULL. */
void reply_refuse(struct broker *, struct session *, uint64_t id, int code, const char *text);
/* To whoever has no session; dropped when such replies are not read. */
void reply_refuse_stranger(struct broker *, struct span routing, uint64_t id, int code);

#endif
