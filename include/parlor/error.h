/* Every refusal and failure Parlor knows: one table of code, name, text and
 * whether trying again can help. The codes travel in replies and are stable:
 * a number is never given another meaning. Nothing here allocates. */
#ifndef PARLOR_ERROR_H
#define PARLOR_ERROR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, code, retryable, text) */
#define PARLOR_ERR_TABLE(X)                                                                     \
	X(OK, 0, false, "ok")                                                                   \
	/* the frame and its session */                                                         \
	X(FRAME, 1, false, "frame is not a valid message of the protocol")                      \
	X(VERSION, 2, false, "protocol version is not supported")                               \
	X(NO_SESSION, 3, true, "no session: say hello first")                                   \
	X(SESSION_EXISTS, 4, false, "this connection has said hello already")                   \
	X(OP, 5, false, "request names no operation that this side knows")                      \
	X(TENANT, 6, false, "this key does not open that tenant")                               \
	/* fields */                                                                            \
	X(TEXT, 10, false, "text is not UTF-8 or holds a NUL")                                  \
	X(EMPTY, 11, false, "a required field is empty")                                        \
	X(TOO_LONG, 12, false, "a field is longer than its limit")                              \
	X(TOO_MANY, 13, false, "more items than the limit allows")                              \
	X(VALUE, 14, false, "a field has a value outside its range")                            \
	X(REPEATED, 15, false, "the same member is named twice in one request")                 \
	/* rooms, members, messages */                                                          \
	X(ROOM_UNKNOWN, 20, false, "no such room")                                              \
	X(ROOM_CONFLICT, 21, false, "a room of that id exists with other content")              \
	X(ROOM_CLOSED, 22, false, "the room is closed")                                         \
	X(ROOM_DISSOLVED, 23, false, "the room is dissolved")                                   \
	X(ROOM_FULL, 24, false, "the room has as many members as it may")                       \
	X(MEMBER_UNKNOWN, 25, false, "no such member")                                          \
	X(NOT_MEMBER, 26, false, "not a member of that room")                                   \
	X(MEMBER_CONFLICT, 27, false, "already in the room with another profile")               \
	X(MESSAGE_UNKNOWN, 28, false, "no message of that seq in the room")                     \
	X(POST_CONFLICT, 29, false, "that client id was used for another message")              \
	X(NOT_ALLOWED, 30, false, "only its sender or a manager may do that")                   \
	X(NOT_ATTACHED, 31, false, "that member is not attached to this session")               \
	/* capacity: nothing was changed */                                                     \
	X(BUSY, 40, true, "too many requests are waiting")                                      \
	X(STORE_FULL, 41, true, "the broker's disk or map is full")                             \
	X(NO_WORKER, 42, true, "no worker is there to ask")                                     \
	X(WORKER, 43, true, "the worker could not answer")                                      \
	X(SESSIONS_FULL, 44, true, "the broker has as many sessions as it may")                 \
	X(TENANT_FULL, 45, false, "a table of the broker is full")                              \
	X(STOPPING, 46, true, "the broker is stopping")                                         \
	X(NOT_QUARANTINED, 47, false, "that room is not in quarantine")                         \
	/* inside a process */                                                                  \
	X(STORE, 60, false, "the data directory cannot be read or written")                     \
	X(STORE_CORRUPT, 61, false, "the data directory is damaged")                            \
	X(STORE_VERSION, 62, false, "the data directory is of another version")                 \
	X(STORE_LOCKED, 63, false, "another broker uses the data directory")                    \
	X(CONFIG, 64, false, "configuration is not valid")                                      \
	X(USAGE, 65, false, "usage")                                                            \
	X(NOT_FOUND, 66, false, "not found")                                                    \
	X(IO, 67, true, "input or output failed")                                               \
	X(ADDRESS, 68, false, "cannot bind or reach that address")                              \
	X(NO_MEMORY, 69, false, "out of memory")                                                \
	/* the client library */                                                                \
	X(TIMEOUT, 80, true, "no answer in time")                                               \
	X(DISCONNECTED, 81, true, "not connected to a broker")                                  \
	X(CLOSED, 82, false, "the client is closed")                                            \
	/* the worker and its database */                                                       \
	X(DB_AWAY, 90, true, "the database cannot be reached")                                  \
	X(DB_RETRY, 91, true, "the database asks to try the transaction again")                 \
	X(DB_UNKNOWN, 92, true, "the outcome of the transaction is unknown")                    \
	X(DB_FENCED, 93, false, "another worker owns the partition")                            \
	X(DB_TOO_LARGE, 94, true, "a statement is larger than the server takes")                \
	X(DB_DATA, 95, false, "the database refuses a row")                                     \
	X(DB_SCHEMA, 96, true, "the database's tables are not as needed")                       \
	X(DB_VERSION, 97, false, "the database has a newer schema than this build")             \
	X(DB, 98, true, "the database reports an error")                                        \
	X(DB_SESSION, 99, true, "the database keeps another character set or mode")             \
	X(DB_OWNER, 100, false, "the database is another broker's")                             \
	/* the desk */                                                                          \
	X(TEAM_UNKNOWN, 101, false, "no such team at that desk")                                \
	X(TYPE_UNKNOWN, 102, false, "no such type of conversations")                            \
	X(SEAT_UNKNOWN, 103, false, "that agent has no seat at the desk")                       \
	X(AGENT_UNKNOWN, 104, false, "that member is no agent")                                 \
	X(CONVERSATION_UNKNOWN, 105, false, "no such conversation")                             \
	X(VISITOR_BLOCKED, 106, false, "that visitor is blocked")                               \
	X(QUEUE_FULL, 107, true, "as many wait there as may")                                   \
	X(TEAM_CLOSED, 108, true, "the team is not on duty")                                    \
	X(DESK_CONFLICT, 109, false, "a conversation of that id exists with other content")     \
	X(ROOM_BUSY, 110, false, "another conversation is open in that room")                   \
	X(OFFER_GONE, 111, false, "that offer is not open any more")                            \
	X(NOT_WAITING, 112, false, "the conversation is not waiting")                           \
	X(SEAT_FULL, 113, true, "the agent has as many conversations as it may")                \
	X(SEAT_AWAY, 114, true, "the agent is away")                                            \
	X(NOT_SEATED, 115, false, "the agent has no seat in that team")                         \
	X(NOT_YOURS, 116, false, "only who serves the conversation, or a manager, may do that") \
	X(CONVERSATION_CLOSED, 117, false, "the conversation is closed")                        \
	X(CONVERSATION_OPEN, 118, false, "the member is needed in an open conversation")        \
	X(TRANSFER_OPEN, 119, false, "another transfer of the conversation is open")            \
	X(TRANSFER_GONE, 120, false, "that transfer is not open any more")                      \
	X(TEAM_BUSY, 121, false, "it is in use")                                                \
	X(NOT_RATABLE, 122, false, "the conversation cannot be rated, or not any more")         \
	X(RATED, 123, false, "it was rated already, with another score")                        \
	X(DESK_UNKNOWN, 124, false, "no such desk")

enum parlor_err {
#define PARLOR_ERR_ENUM(name, code, retryable, text) PARLOR_E_##name = code,
	PARLOR_ERR_TABLE(PARLOR_ERR_ENUM)
#undef PARLOR_ERR_ENUM
};

#define PARLOR_MUST_CHECK __attribute__((warn_unused_result))

/* All three answer for any int, also for codes of a newer peer. The strings
 * are static. name is the lower-case identifier without prefix ("room_unknown"
 * stands as "ROOM_UNKNOWN"). */
const char *parlor_err_name(int code);
const char *parlor_err_text(int code);
bool parlor_err_retryable(int code);

#ifdef __cplusplus
}
#endif
#endif
