/* What a client was told, in order, and how long the log of the disk was then:
 * a cut behind that place may take none of it. One line for each:
 *
 *   LOG-LENGTH post ROOM MEMBER CLIENT-ID SEQ POSITION TIME-US BODY
 *   LOG-LENGTH posted ...            the same, of a message that is recalled later
 *   LOG-LENGTH recall ROOM MEMBER - SEQ POSITION 0 -
 *   LOG-LENGTH read ROOM MEMBER - SEQ POSITION 0 -
 *   LOG-LENGTH join ROOM MEMBER - 0 POSITION 0 -
 *   LOG-LENGTH desk CONVERSATION - - 0 POSITION 0 -
 */
#ifndef CRASH_ACKS_H
#define CRASH_ACKS_H

#include "base/buf.h"

#include <stdbool.h>

enum ack_kind { ACK_POST, ACK_POSTED, ACK_RECALL, ACK_READ, ACK_JOIN, ACK_DESK };

struct ack {
	enum ack_kind kind;
	uint64_t at; /* length of the log */
	uint64_t seq, position, time_us;
	uint64_t highest; /* position of this and all before it */
	struct span room, member, client_id, body;
};

struct acks {
	struct ack *all;
	size_t len;
	char *text; /* of the file; acks borrow */
};

void acks_read(struct acks *, const char *path);
void acks_fini(struct acks *);
/* How many had been received when the log was so long. */
size_t acks_before(const struct acks *, uint64_t length);

#endif
