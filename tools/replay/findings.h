/* What was found wrong in foreign tables, and what became of it: how often, and
 * the first examples. Owns the words; decides nothing. */
#ifndef FINDINGS_H
#define FINDINGS_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* X(name, what it is and what was made of it) */
#define FINDINGS_TABLE(X)                                                                      \
	X(empty_room, "rows without a room id: left out")                                      \
	X(empty_member, "rows without a member id: left out")                                  \
	X(long_id, "ids of more than 64 bytes: shortened, with a hash at the end")             \
	X(invalid_id, "ids that are not UTF-8 or hold a NUL: renamed, with a hash at the end") \
	X(invalid_text, "texts that are not UTF-8 or hold a NUL: U+FFFD stands there")         \
	X(long_body, "messages longer than the limit: cut")                                    \
	X(long_name, "names longer than the limit: cut")                                       \
	X(long_avatar, "avatars longer than the limit: left out")                              \
	X(duplicate_group, "memberships that stand in chat_group again: one, with the "        \
			   "largest unread")                                                   \
	X(duplicate_member, "memberships that stand in group_member again: one")               \
	X(only_in_chat_group, "memberships that group_member lacks: without a name")           \
	X(only_in_group_member, "memberships that chat_group lacks: nothing unread")           \
	X(alike_ids, "members of a room whose ids differ in case or trailing blanks only: "    \
		     "two members")                                                            \
	X(names_differ, "rooms with several names: the newest")                                \
	X(types_differ, "members of different type in the two tables: as in chat_group")       \
	X(member_type, "members of no known type: ordinary members")                           \
	X(orphan_room, "rooms with messages and no members: without members")                  \
	X(sender_not_member, "messages of somebody who is not in the room: kept")              \
	X(empty_sender, "messages without a sender: of the system")                            \
	X(message_type, "messages of no known type: ordinary messages")                        \
	X(content_type, "messages of no known content type: text")                             \
	X(no_time, "messages without a time: first in their room")                             \
	X(future_time, "rows of the future: of now")                                           \
	X(no_order, "messages of a room at the same time with nothing to order them: as "      \
		    "they came")                                                               \
	X(alike_messages, "messages of equal room, sender, time and content: all kept")        \
	X(spoke_before_joining, "members who spoke before they joined: joined then")           \
	X(negative_unread, "unread counts below zero: nothing unread")                         \
	X(unread_too_high, "unread counts above what there is to read: all of that unread")    \
	X(long_text, "texts of a desk longer than the limit: cut")                             \
	X(bad_number, "numbers out of their range: the largest that can be")                   \
	X(refused_row, "rows that a broker refuses: left out")                                 \
	X(twice, "rows whose key stood before: left out")                                      \
	X(untimed_row, "rows without a time: as old as what they are of, or the oldest")       \
	X(unknown_visitor, "conversations of a visitor who is not known: of one named by the " \
			   "number")                                                           \
	X(unknown_agent, "conversations of an agent who is not known or has no seat: of "      \
			 "nobody")                                                             \
	X(unknown_type, "conversations of a type that is not known: of none")                  \
	X(unknown_sender, "messages of somebody who is not known: of the system")              \
	X(unknown_conversation, "rows of a conversation that is not known: left out")          \
	X(followed, "conversations that another of the same visitor followed before they had " \
		    "ended: ended then")                                                       \
	X(message_behind_end, "messages of a conversation that had ended: in the room behind " \
			      "it")                                                            \
	X(message_before, "messages older than their conversation: at its beginning")          \
	X(status, "conversations whose status is none, or is not what their agent says: as "   \
		  "the agent says")                                                            \
	X(unreadable_row, "lines of a file that are no row: left out")                         \
	X(unknown_team, "conversations of a team that is not known: of the desk's own")        \
	X(unknown_group, "visitors of a group that is not known: of none")                     \
	X(stray_message, "messages outside of any conversation: in one of their own")          \
	X(stray_stint, "times of an agent outside of any conversation: left out")              \
	X(lost_transfer, "transfers after which nobody took anything: left out")               \
	X(read_behind_unread, "messages read behind unread ones: unread")

enum finding {
#define FINDING_ENUM(name, what) FINDING_##name,
	FINDINGS_TABLE(FINDING_ENUM)
#undef FINDING_ENUM
		FINDINGS_LEN
};

#define FINDINGS_EXAMPLES_MAX 5

/* Zeroed is empty. */
struct findings {
	struct {
		uint64_t count;
		char *examples[FINDINGS_EXAMPLES_MAX];
	} of[FINDINGS_LEN];
};

void findings_fini(struct findings *);
/* The example is made only while there is room for it. */
void findings_add(struct findings *, enum finding, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Lines of what there is. */
void findings_print(const struct findings *, FILE *);
/* A new reference: a list of {name, count, what, examples}. */
json_t *findings_json(const struct findings *);

#endif
