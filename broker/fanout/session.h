/* Sessions: one connection of a backend service each, found by its routing id and
 * the key it came with, with the members it speaks for. Owns the table, each
 * session's attached members, the order of last words heard, and the list of those
 * catching up. Sends nothing, reads no clock, and never looks at who listens to what:
 * who calls keeps subscribers, intervals and outbox in step. */
#ifndef FANOUT_SESSION_H
#define FANOUT_SESSION_H

#include "base/buf.h"
#include "base/err.h"
#include "base/table.h"
#include "core/membership.h"
#include "fanout/intervals.h"
#include "fanout/subscribers.h"
#include "front/backlog.h"
#include "front/connections.h"
#include "front/front.h"
#include "front/outbox.h"
#include "sync/pending.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_CLIENT_MAX 64 /* bytes kept of a client's name */
#define SESSION_NAME_MAX 128  /* of session_name, NUL included */

struct session_table;

struct session_limits {
	uint64_t sessions;
	uint64_t tenant_sessions; /* of them, of one tenant */
	uint64_t members;         /* attached to one session */
};

/* A tenant that has a session, or something is left of one; shared by its sessions. */
struct session_tenant {
	UT_hash_handle hh;
	uint32_t sessions;
	struct pending_share pending; /* requests that wait for MySQL; sync's */
	uint64_t entries;             /* of its sessions; subscribers.c's, and */
	uint64_t entries_reserved;    /* those that there will be */
	uint64_t intervals;           /* the same; intervals.c's */
	struct drr_group drr;         /* its sessions', as far as what they sent waits */
	struct outbox_share *out;     /* of what is queued for its sessions; the outbox's */
	struct session_tenant *idle_prev, *idle_next; /* while it has no session */
	struct span id;                               /* of the bytes below, a NUL behind */
	char bytes[];
};

enum session_state {
	SESSION_LIVE,     /* events as they happen */
	SESSION_CATCH_UP, /* events from the journal, from the cursor on */
	SESSION_GONE,     /* closed, and still noted as a listener: see session_close */
};

/* One attached member of one session. */
struct session_member {
	UT_hash_handle hh; /* in session.members, key: no */
	uint64_t no;
};

/* A member on its way in or out, by pieces: so far the session listens for it to rooms
 * of these numbers. Zeroed: there is none. */
struct session_move {
	uint64_t member;
	struct core_rooms_range rooms;
};

/* How far a request came that goes on in another turn, where that is a number. Zeroed: it
 * begins. */
struct session_progress {
	uint64_t at;
	uint64_t as_of; /* position of the journal */
};

struct session {
	UT_hash_handle hh;
	uint8_t routing[FRONT_ROUTING_BYTES];
	char *user;                          /* its key; NULL without keys */
	char client[SESSION_CLIENT_MAX + 1]; /* for the log only */
	uint64_t number;                     /* 1, 2, ... in order of opening */
	struct session_tenant *tenant;
	struct session_member *members; /* uthash; read with session_member_* or hh.next */
	struct pending_list pending;    /* requests that wait for MySQL; the caller's */

	/* delivery */
	enum session_state state; /* set with session_set_state */
	uint64_t cursor;          /* next journal position to serve while catching up */
	uint64_t floor;           /* nothing at or below this position is for it */
	bool credit_limited;
	uint64_t credit;
	struct outbox_peer *out;            /* the caller opens and closes it */
	struct connection_ref connection;   /* the caller's */
	struct subscribers_topics topics;   /* subscribers.c's */
	struct intervals_session intervals; /* intervals.c's */
	struct session_move move;           /* attachments.c's */
	struct attach *attach;              /* what is asked of it goes on; the caller's */
	struct session_progress progress;   /* the same of what needs no more; the caller's */
	bool begins;                        /* by its hello: it gets nothing before */
	size_t want_bytes;                  /* of the event that did not fit, 0: none */
	uint64_t sweep;                     /* of catch_up.c, that serves it */
	struct backlog_queue backlog;       /* what it sent and is not carried out; the caller's */
	bool ending;                        /* session_end_soon */
	int end_code;

	uint64_t heard_us;                       /* session_heard's clock */
	struct session *heard_prev, *heard_next; /* longest silent first */
	struct session *catch_prev, *catch_next;
};

/* How many sessions the descriptors of this process allow, at most `wanted`.
 * Raises the soft limit up to the hard one first. An eighth and
 * SESSION_DESCRIPTORS_KEPT are kept back, for connections without a session and
 * all else. */
#define SESSION_DESCRIPTORS_KEPT 64
uint64_t session_descriptors(uint64_t wanted);

struct session_table *session_table_new(const struct session_limits *);
/* Frees what is left; peers and subscribers are the caller's and gone before. */
void session_table_free(struct session_table *);

/* NULL when that peer has said no hello. A session is its key's: who comes with
 * another one has none, whatever its routing id. */
struct session *session_find(struct session_table *, struct span routing, const char *user);

struct session_hello {
	struct span routing;
	const char *user; /* NULL without keys */
	struct span tenant;
	struct span client; /* cut to SESSION_CLIENT_MAX */
	uint32_t credit;    /* 0: no counting */
	uint64_t now_us;    /* of session_heard's clock */
};
/* A live session, cursor and floor 0. PARLOR_E_SESSION_EXISTS or SESSIONS_FULL. */
enum parlor_err session_open(struct session_table *, const struct session_hello *,
			     struct session **out) PARLOR_MUST_CHECK;
/* Every member has been detached (their presence is the caller's business), the peer
 * closed. Nothing finds the session any more; it is freed, or if subscribers or
 * intervals have not dropped it, gone: nothing but what it listened to is left of it. */
void session_close(struct session_table *, struct session *);
/* One that is gone, NULL: none; once both have dropped it, it is freed. */
struct session *session_gone(struct session_table *);
void session_free_gone(struct session_table *, struct session *);

/* Marks a session, also where lists of sessions are being walked: nothing more is
 * delivered to it, and the caller ends it soon, telling it why. */
void session_end_soon(struct session_table *, struct session *, int code);
/* Those that were marked and are not closed. */
uint64_t session_ending_count(const struct session_table *);
/* "#12 tenant/client", for the log. */
const char *session_name(const struct session *, char name[SESSION_NAME_MAX]);

/* ---- liveness ------------------------------------------------------------------ */

/* Something came from it. now_us is the caller's clock, which never goes back: one
 * that stands while nobody listens ends nobody for that. */
void session_heard(struct session_table *, struct session *, uint64_t now_us);
/* The longest silent session when it has been silent for timeout_us, else NULL. */
struct session *session_expired(struct session_table *, uint64_t now_us, uint64_t timeout_us);
/* The longest silent one and its followers (heard_next), NULL: no session. */
struct session *session_first(struct session_table *);
uint64_t session_count(const struct session_table *);
/* Tenants that have a session. */
uint64_t session_tenant_count(const struct session_table *);
/* Of those that have none, forgets who owes nothing and has nothing left: entries of sessions
 * that are gone, what is queued for them, or what workers still do for them. So many are looked at
 * in one call. A debt that went with a tenant's last session would never be paid. */
#define SESSION_TENANTS_LOOKS 4096
void session_forget_tenants(struct session_table *, const struct drr *);

/* ---- members ------------------------------------------------------------------- */

/* Attached already: OK, not added. PARLOR_E_TOO_MANY at the limit of a session:
 * nothing changed. */
enum parlor_err session_attach(struct session_table *, struct session *, uint64_t member,
			       bool *added) PARLOR_MUST_CHECK;
/* False when it was not attached. */
bool session_detach(struct session_table *, struct session *, uint64_t member);

struct session_member *session_member_find(const struct session *, uint64_t member);
/* Any member, to empty a session with; NULL: none left. */
struct session_member *session_member_first(const struct session *);
uint64_t session_member_count(const struct session *);
uint64_t session_attachments(const struct session_table *); /* of all sessions */

/* ---- delivery ------------------------------------------------------------------ */

/* Into the list of those catching up (at its end) or out of it. */
void session_set_state(struct session_table *, struct session *, enum session_state);
/* First of those catching up, on with ->catch_next; NULL: none. */
struct session *session_catching_up(struct session_table *);
uint64_t session_catching_up_count(const struct session_table *);
/* To the end of the list: it had its turn. */
void session_catch_up_later(struct session_table *, struct session *);

/* An event is about to be added: false when the window is used up. */
bool session_credit_take(struct session *);
/* Given by the client; adds up to at most `most`. */
void session_credit_add(struct session *, uint32_t events, uint32_t most);

#endif
