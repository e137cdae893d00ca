#include "core/desk/say.h"

#include "core/decide.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation_row.h"
#include "core/desk/queue.h"
#include "core/desk/words.h"
#include "core/message.h"
#include "core/room_row.h"

struct span say_name(const struct seat *s)
{
	if (s->row.nickname.len)
		return s->row.nickname;
	return s->row.web_name.len ? s->row.web_name : s->agent->row.name;
}

static const struct row_text *find_text(struct core *c, uint32_t tenant, uint64_t desk,
					uint64_t team, enum text_which which)
{
	struct config_key k;
	config_key_begin(&k, CONFIG_TEXT, tenant);
	config_key_number(&k, desk);
	config_key_number(&k, team);
	config_key_number(&k, which);
	struct config *text = config_find_key(c, &k);
	return text && !text->removed ? text->is : NULL;
}

/* The text that goes with a change, if there is one and it was not said before: the change
 * remembers that it is said now. */
const struct row_text *say_prepare(struct core *c, struct conversation_change *ch,
				   enum text_which which)
{
	struct row_conversation *row = &ch->row;
	uint8_t bit = (uint8_t)(1U << (which - 1));
	if (row->texts & bit)
		return NULL;
	const struct row_text *text = find_text(c, ch->tenant, row->desk, row->team, which);
	if (!text)
		text = find_text(c, ch->tenant, row->desk, 0, which);
	if (text)
		row->texts |= bit;
	return text;
}

void say_text(struct core *c, struct conversation *v, const struct row_text *text)
{
	struct room *room = text ? conversation_room(c, v) : NULL;
	struct buf body = {0};
	if (!room || room->row.state != ROOM_STATE_OPEN)
		return;
	const struct seat *s = seat_find_any(c, v->row.seat);
	uint64_t of;
	const struct words words = {.place = queue_place(v, &of),
				    .seat = s ? say_name(s) : NO_ONE,
				    .team = v->team->row.name.len ? v->team->row.name
								  : v->team->row.team};
	words_fill(&body, text->text, &words);
	struct core_notice notice = {.body = buf_span(&body), .sender = v->desk->row.voice};
	message_emit_notice(c, room, &notice);
	buf_fini(&body);
}
