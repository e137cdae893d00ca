/* Frames of the protocol put together and taken apart by hand: cheaper than
 * protobuf's structs by what a load generator must not cost. Owns the field
 * numbers that it needs; keeps nothing. */
#ifndef BENCH_FRAMES_H
#define BENCH_FRAMES_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Request.op by field number. */
enum frame_op {
	OP_HELLO = 2,
	OP_GOODBYE = 3,
	OP_PING = 4,
	OP_CREDIT = 5,
	OP_ROOM_CREATE = 20,
	OP_ROOM_SHOW = 25,
	OP_MEMBERS_ADD = 26,
	OP_MEMBERS_REMOVE = 27,
	OP_MEMBERS_LIST = 29,
	OP_POST = 40,
	OP_HISTORY = 42,
	OP_READ = 50,
	OP_UNREAD_MARK = 51,
	OP_UNREAD_GET = 52,
	OP_UNREAD_TOTAL = 53,
	OP_LIST = 54,
	OP_SYNC_STATUS = 60,
	OP_SYNC_WAIT = 61,
	OP_STATS = 63,
	OP_DESK_SET = 70,
	OP_DESK_OPEN = 72,
	OP_DESK_PLACE = 74,
	OP_DESK_CLOSE = 87,
	OP_DESK_WATCH = 91,
};

/* Appends a request to a frame. */
void frame_put(struct buf *frame, uint64_t id, enum frame_op, struct span body);

/* A reply or an event, borrowed from its frame. */
struct frame_item {
	bool event;
	/* reply */
	uint64_t id;
	uint32_t code;
	struct span text;
	uint32_t result; /* field number of Reply.result, 0: none */
	/* event */
	uint64_t position;
	uint32_t kind; /* field number of Event.kind */
	/* either: the result or the kind */
	struct span body;
};
enum {
	EVENT_POSTED = 10,
	EVENT_LEFT = 14,
	EVENT_END = 19,
	EVENT_CONVERSATION = 21,
	RESULT_WELCOME = 10,
	RESULT_POSTED = 11
};

/* The next item of a frame; false at its end. in->bad when it is malformed. */
bool frame_next(struct reader *in, struct frame_item *);

/* Only the first varint field of that number, 0 when absent. */
uint64_t frame_number(struct span message, uint32_t field);
/* The first length-delimited field of that number, empty when absent. */
struct span frame_bytes(struct span message, uint32_t field);

/* Fields of a request's body. */
void put_text(struct buf *, uint32_t field, const char *text);
void put_number(struct buf *, uint32_t field, uint64_t value);
void put_message(struct buf *, uint32_t field, const struct buf *message);

#endif
