/* Messages: posting, recalling, and where history lies. */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "core/call.h"
#include "core/row.h"

/* A type 2 message that goes with a change; body empty: none. */
struct core_notice {
	struct span body;
	struct span sender; /* empty: the system */
};

#define CONTENT_TYPE_MAX 3

struct core_post {
	struct span room, sender, client_id, body;
	uint8_t type;
	uint8_t content_type;
	const struct span *mentions;
	size_t mentions_len;
	enum parlor_err refusal; /* of a new one, such as STORE_FULL; OK: it is posted */
};
struct core_posted {
	uint64_t room, seq, position, time_us;
};
/* The same client id again gives the same answer and emits nothing. */
enum parlor_err core_post(struct core *, const struct core_call *, const struct core_post *,
			  struct core_posted *) PARLOR_MUST_CHECK;
/* Refused as core_recall would be. *msg: the message; the body that must go is in
 * the record at its position. */
enum parlor_err core_recall_check(struct core *, const struct core_call *, struct span room,
				  uint64_t seq, struct span by,
				  struct row_message *msg) PARLOR_MUST_CHECK;
/* posted->position: of the recall, 0 when it was recalled before. */
enum parlor_err core_recall(struct core *, const struct core_call *, struct span room, uint64_t seq,
			    struct span by, struct core_posted *) PARLOR_MUST_CHECK;

/* A page of history: the messages' places, bodies are in the journal. */
struct core_history {
	uint64_t room;      /* number */
	uint64_t from;      /* as asked, clamped */
	uint64_t first_seq; /* that the member may see */
	uint64_t last_seq;
};
enum parlor_err core_history(struct core *, const struct core_call *, struct span room,
			     struct span member, uint64_t from, bool backwards,
			     struct core_history *) PARLOR_MUST_CHECK;
enum parlor_err core_message(struct core *, uint64_t room, uint64_t seq,
			     struct row_message *) PARLOR_MUST_CHECK;

/* ---- for the core's other nouns -------------------------------------------------- */

struct room;
struct membership;

/* What a post is known by when it is repeated, and what it must hold then. A
 * content of 0 is not known: a repeat of any is taken as the same. */
struct hash128 message_dedup(struct core *, uint64_t sender, struct span client_id);
uint64_t message_content(struct core *, const struct core_post *);

struct message_draft {
	struct room *room;
	struct membership *sender; /* NULL: the system, or not in the room */
	struct span sender_id;
	uint64_t sender_no;
	uint8_t type, content_type;
	struct span body, client_id;
	struct hash128 dedup;
	uint64_t content;
	const struct span *mention_ids;
	const uint64_t *mentions;
	size_t mentions_len;
	bool imported; /* the sender as it was when it spoke: */
	struct span sender_name, sender_avatar;
};
void message_emit(struct core *, const struct message_draft *, struct core_posted *);
/* by: 0 for the system, whose id is empty. Returns the record's position. */
uint64_t message_emit_recall(struct core *, const struct room *, uint64_t seq, uint64_t by,
			     struct span by_id);

/* TOO_LONG. */
enum parlor_err message_check_notice(const struct core *,
				     const struct core_notice *) PARLOR_MUST_CHECK;
/* The message of a notice that was checked; none when its body is empty. */
void message_emit_notice(struct core *, struct room *, const struct core_notice *);

#endif
