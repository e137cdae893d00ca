/* Messages that a run of records posts or recalls, and their rows in group_message. */
#ifndef WORKER_MESSAGE_H
#define WORKER_MESSAGE_H

#include "noun.h"

struct fold_message {
	const struct fold_room *room;
	const Parlor__Message *message;
	uint64_t position;
	uint64_t time_us;
	bool recalled; /* its body goes nowhere */
};

/* Of a message that was posted before these records. */
struct fold_recall {
	const struct fold_room *room;
	uint64_t seq;
};

struct fold_messages {
	struct fold_message *messages;
	size_t messages_len, messages_cap;
	struct fold_recall *recalls;
	size_t recalls_len, recalls_cap;
};

extern const struct noun message_noun;

#endif
