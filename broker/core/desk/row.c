#include "core/desk/row.h"

#include <assert.h>

#define IS(member) FIELD(struct row_conversation, member)
static const struct field row_fields[] = {IS(id),
					  IS(room_id),
					  IS(visitor_id),
					  IS(product),
					  IS(desk),
					  IS(team),
					  IS(room),
					  IS(visitor),
					  IS(type),
					  IS(business),
					  IS(reopens),
					  FIELD_OF_HASH(struct row_conversation, content),
					  IS(state),
					  IS(priority),
					  IS(level),
					  IS(spoke),
					  IS(close_why),
					  IS(queue_why),
					  IS(score),
					  IS(robot),
					  IS(overflows),
					  IS(key),
					  IS(asked_desk_us),
					  IS(waits_desk_us),
					  IS(wanted),
					  IS(reserved),
					  IS(reserved_until_desk_us),
					  IS(offer),
					  IS(offer_team),
					  IS(offer_until_desk_us),
					  IS(accepted),
					  IS(offer_why),
					  IS(offered),
					  IS(excluded),
					  IS(offers),
					  IS(seat),
					  IS(serving_team),
					  IS(stints),
					  IS(stint),
					  IS(human_stint),
					  IS(human_seat),
					  IS(since_desk_us),
					  IS(transfer),
					  IS(transfer_seat),
					  IS(transfer_team),
					  IS(transfer_until_desk_us),
					  IS(transfer_wait),
					  IS(transfers),
					  IS(takeaways),
					  IS(asks),
					  IS(reminded_seq),
					  IS(reminded_sla),
					  IS(texts),
					  IS(first_seq),
					  IS(last_seq),
					  IS(opened_desk_us),
					  IS(visitor_spoke_desk_us),
					  IS(seat_spoke_desk_us),
					  IS(spoke_seq),
					  IS(opened_us),
					  IS(queued_us),
					  IS(assigned_us),
					  IS(first_response_us),
					  IS(last_message_us),
					  IS(closed_us),
					  IS(rating_until_us),
					  IS(told),
					  FIELDS_END};

#define STINT(member) FIELD(struct row_stint, member)
static const struct field stint_fields[] = {
	STINT(no),       STINT(seat),     STINT(agent),  STINT(started_us), STINT(last_us),
	STINT(ended_us), STINT(from_seq), STINT(to_seq), STINT(wait_ms),    STINT(how),
	STINT(end_why),  STINT(robot),    FIELDS_END};

uint64_t numbers_at(const struct number_list *n, size_t i)
{
	struct reader in;
	uint64_t number = 0;
	assert(i < n->len);
	reader_init(&in, n->bytes.data, n->bytes.len);
	for (size_t at = 0; at <= i; at++)
		number = reader_varint(&in);
	return number;
}

void conversation_clear_offer(struct row_conversation *row)
{
	row->offer = row->offer_team = row->offer_until_desk_us = 0;
	row->offer_why = 0;
	row->offered = (struct number_list){.len = 0};
}

void conversation_clear_transfer(struct row_conversation *row)
{
	row->transfer = row->transfer_seat = row->transfer_team = 0;
	row->transfer_until_desk_us = 0;
	row->transfer_wait = 0;
}

void conversation_put_row(struct buf *b, const struct row_conversation *row)
{
	fields_encode(b, row_fields, row);
}

bool conversation_get_row(struct span bytes, struct row_conversation *row)
{
	return fields_decode_whole(bytes, row_fields, row);
}

void stint_put_row(struct buf *b, const struct row_stint *row)
{
	fields_encode(b, stint_fields, row);
}

bool stint_get_row(struct span bytes, struct row_stint *row)
{
	return fields_decode_whole(bytes, stint_fields, row);
}
