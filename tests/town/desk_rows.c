/* The desk's tables against the journal, recounted the naive way up to the mark of each
 * partition: what stands of a conversation, who served it, whom it was offered to. */
#include "town.h"
#include "want.h"

#include "core/desk/form.h"
#include "core/desk/row.h"
#include "core/desk/service.h"
#include "desk_columns.h"

#include <stdio.h>
#include <string.h>

#define CONVERSATIONS 80
#define PARTS 1000 /* stints, offers and transfers */

enum part_kind { STINT, OFFER, TRANSFER };

struct is_conversation {
	uint64_t no, position, visitor_read_seq, agent_read_seq;
	struct row_conversation row;
	uint64_t agent; /* who serves, or 0 */
	uint32_t asks;
	uint8_t spoke;
	bool responded, rated, seen;
	uint64_t rated_agent;
	uint32_t rated_stint;
};
/* What has a conversation and a number: `other` is a seat or a team. */
struct is_part {
	enum part_kind kind;
	struct is_conversation *of;
	uint64_t n, other, agent, from_seq, to_seq;
	uint8_t how, end_why;
	bool robot, ended, seen;
};
struct is {
	struct town *town;
	struct is_conversation conversations[CONVERSATIONS];
	struct is_part parts[PARTS];
	size_t conversations_len, parts_len;
	uint64_t last_seq[LEDGER_ROOMS + 1];
	uint64_t marks[LEDGER_ROOMS + 1]; /* of rooms; of 0: of what is in none */
	size_t rows;                      /* of the kind that is looked at */
};

/* ---- the journal ----------------------------------------------------------------------- */

static struct is_part *add_part(struct is *is, enum part_kind kind, struct is_conversation *of,
				uint64_t n, uint64_t other)
{
	WANT(&is->town->chance, is->parts_len < PARTS, "too many for the test");
	struct is_part *p = &is->parts[is->parts_len++];
	*p = (struct is_part){.kind = kind, .of = of, .n = n, .other = other};
	return p;
}

/* other: 0 for any. */
static struct is_part *part_of(struct is *is, enum part_kind kind, const struct is_conversation *of,
			       uint64_t n, uint64_t other)
{
	for (size_t i = is->parts_len; i-- > 0;) {
		struct is_part *p = &is->parts[i];
		if (p->kind == kind && p->of == of && p->n == n && (!other || p->other == other))
			return p;
	}
	return NULL;
}

static struct is_conversation *conversation_of(struct is *is, uint64_t no)
{
	for (size_t i = 0; i < is->conversations_len; i++)
		if (is->conversations[i].no == no)
			return &is->conversations[i];
	WANT(&is->town->chance, is->conversations_len < CONVERSATIONS, "too many for the test");
	struct is_conversation *c = &is->conversations[is->conversations_len++];
	*c = (struct is_conversation){.no = no};
	return c;
}

static uint64_t agent_of_seat(struct is *is, uint64_t seat)
{
	const struct ledger *l = &is->town->ledger;
	for (uint64_t i = 0; i < l->len; i++) {
		struct record r;
		struct row_seat row;
		if (l->entries[i].kind != RECORD_SEAT_SET ||
		    record_decode(&r, l->entries[i].head.data, l->entries[i].head.len) ||
		    r.config.no != seat)
			continue;
		memset(&row, 0, sizeof row);
		if (fields_decode_whole(r.config.fields, config_form(CONFIG_SEAT)->fields, &row))
			return row.party_no;
	}
	fail(&is->town->chance, __FILE__, __LINE__, "seat %d was never set", (int)seat);
}

/* What a stint may read begins behind its agent's last one in this conversation. */
static uint64_t from_seq(const struct is *is, const struct is_conversation *c, uint64_t agent)
{
	uint64_t seq = c->row.first_seq - 1;
	for (size_t i = 0; i < is->parts_len; i++)
		if (is->parts[i].kind == STINT && is->parts[i].of == c &&
		    is->parts[i].agent == agent && is->parts[i].ended)
			seq = is->parts[i].to_seq;
	return seq;
}

static void take_assigned(struct is *is, struct is_conversation *c, const struct record *r,
			  const struct row_conversation *row)
{
	uint64_t seat = r->conversation.seat, agent = agent_of_seat(is, seat);
	if (c->row.offer) {
		struct is_part *offer = part_of(is, OFFER, c, c->row.offer, seat);
		WANT(&is->town->chance, offer && !offer->ended, "no such offer was made");
		offer->how = OFFER_ACCEPTED;
		offer->ended = true;
	}
	WANT_SAME(&is->town->chance, row->stints, c->row.stints + 1);
	struct is_part *stint = add_part(is, STINT, c, row->stints, seat);
	stint->agent = agent;
	stint->from_seq = from_seq(is, c, agent);
	stint->how = r->conversation.how;
	stint->robot = row->robot;
	c->agent = agent;
}

static void take_released(struct is *is, struct is_conversation *c, const struct record *r,
			  const struct row_conversation *row)
{
	struct is_part *stint = part_of(is, STINT, c, r->conversation.stint_n, 0);
	WANT(&is->town->chance, stint && !stint->ended, "nobody serves");
	WANT_SAME(&is->town->chance, stint->other, r->conversation.seat);
	stint->ended = true;
	stint->end_why = r->conversation.how;
	stint->to_seq = is->last_seq[row->room];
	if (!row->seat)
		c->agent = 0;
}

static void take_transfer(struct is *is, struct is_conversation *c, const struct record *r)
{
	bool begins = !c->row.transfer;
	struct is_part *t = begins ? add_part(is, TRANSFER, c, r->conversation.given, 0)
				   : part_of(is, TRANSFER, c, c->row.transfer, 0);
	WANT(&is->town->chance, t, "it was not asked for");
	t->how = r->conversation.how;
	t->ended = t->how != TRANSFER_ASKED;
}

static void take_rated(struct is *is, struct is_conversation *c)
{
	c->rated = true;
	for (size_t i = 0; i < is->parts_len; i++) {
		const struct is_part *p = &is->parts[i];
		if (p->kind != STINT || p->of != c || p->robot)
			continue;
		c->rated_agent = p->agent;
		c->rated_stint = (uint32_t)p->n;
	}
}

static void take_conversation(struct is *is, const struct record *r)
{
	struct row_conversation row;
	WANT(&is->town->chance, conversation_get_row(r->conversation.row, &row), "a damaged row");
	struct is_conversation *c = conversation_of(is, r->conversation.no);
	if (r->kind == RECORD_OPENED) {
		c->row.first_seq = row.first_seq;
		c->asks = row.asks; /* 0: its first message counts itself */
	}
	if (r->kind == RECORD_OFFERED)
		add_part(is, OFFER, c, row.offer, r->conversation.seat)->from_seq = row.offer_team;
	if (r->kind == RECORD_OFFER_ENDED) {
		struct is_part *offer = part_of(is, OFFER, c, c->row.offer, r->conversation.seat);
		WANT(&is->town->chance, offer && !offer->ended, "no such offer was made");
		offer->how = r->conversation.how;
		offer->ended = true;
	}
	if (r->kind == RECORD_ASSIGNED)
		take_assigned(is, c, r, &row);
	if (r->kind == RECORD_RELEASED)
		take_released(is, c, r, &row);
	if (r->kind == RECORD_TRANSFER)
		take_transfer(is, c, r);
	if (r->kind == RECORD_RATED)
		take_rated(is, c);
	c->row = row;
	c->position = r->position;
}

/* The last conversation of a room. */
static struct is_conversation *of_room(struct is *is, uint64_t room)
{
	struct is_conversation *last = NULL;
	for (size_t i = 0; i < is->conversations_len; i++)
		if (is->conversations[i].row.room == room)
			last = &is->conversations[i];
	return last;
}

static void take_posted(struct is *is, const struct ledger_entry *f)
{
	struct is_conversation *c = of_room(is, f->room);
	is->last_seq[f->room] = f->seq;
	if (!c || c->row.state == CONVERSATION_CLOSED || f->type != MESSAGE_TYPE_MESSAGE ||
	    !f->member)
		return;
	c->position = f->position;
	if (f->member == c->row.visitor) {
		c->spoke = SPOKE_VISITOR;
		c->asks += !c->agent;
	} else if (f->member == c->agent) {
		c->spoke = SPOKE_SEAT;
		c->responded |= !c->row.robot;
	}
}

static void take_read(struct is *is, const struct ledger_entry *f)
{
	struct is_conversation *c = of_room(is, f->room);
	uint64_t *seq = !c                            ? NULL
			: f->member == c->row.visitor ? &c->visitor_read_seq
			: f->member == c->agent       ? &c->agent_read_seq
						      : NULL;
	if (!seq || *seq >= f->read_seq)
		return;
	*seq = f->read_seq;
	c->position = f->position;
}

static void recount(struct is *is)
{
	const struct ledger *l = &is->town->ledger;
	for (uint64_t i = 0; i < l->len; i++) {
		const struct ledger_entry *f = &l->entries[i];
		struct record r;
		if (!f->room || f->position > is->marks[f->room])
			continue;
		if (f->kind == RECORD_POSTED)
			take_posted(is, f);
		else if (f->kind == RECORD_READ)
			take_read(is, f);
		else if (f->kind >= RECORD_OPENED && f->kind <= RECORD_RATED) {
			WANT_SAME(&is->town->chance, record_decode(&r, f->head.data, f->head.len),
				  PARLOR_E_OK);
			take_conversation(is, &r);
		}
	}
}

/* ---- the tables -------------------------------------------------------------------------- */

static bool is_span(struct span cell, struct span text)
{
	return span_equal((struct span){cell.data ? cell.data : (const uint8_t *)"", cell.len},
			  text);
}

static struct is_conversation *by_id(struct is *is, struct span id)
{
	for (size_t i = 0; i < is->conversations_len; i++)
		if (is_span(id, is->conversations[i].row.id))
			return &is->conversations[i];
	fail(&is->town->chance, __FILE__, __LINE__, "conversation %s is beyond the mark",
	     (const char *)id.data);
}

static struct span status_of(uint8_t state)
{
	return state == CONVERSATION_CLOSED    ? SPAN_TEXT("closed")
	       : state <= CONVERSATION_OFFERED ? SPAN_TEXT("open")
					       : SPAN_TEXT("pending");
}

#define SAME(n, value)                                                         \
	WANT(&is->town->chance, db_cell_number(cells[n]) == (uint64_t)(value), \
	     #value ": %d of %s, not %d", (int)db_cell_number(cells[n]),       \
	     (const char *)cells[0].data, (int)(value))

static const char conversations[] =
	"SELECT conversation_id, no, room, visitor_id, agent_no, kind, state, status, seat_no, "
	"desk_no, team_no, priority, level, stints, first_seq, last_seq, close_why, asks, spoke, "
	"visitor_read_seq, agent_read_seq, first_response_at IS NOT NULL, position "
	"FROM desk_conversation";

static void conversation_row(void *arg, const struct span *cells, unsigned n)
{
	struct is *is = arg;
	struct is_conversation *c = by_id(is, cells[0]);
	(void)n;
	WANT(&is->town->chance, !c->seen, "twice");
	c->seen = true;
	is->rows++;
	SAME(1, c->no);
	WANT(&is->town->chance, is_span(cells[2], c->row.room_id), "another room");
	WANT(&is->town->chance, is_span(cells[3], c->row.visitor_id), "another visitor");
	SAME(4, c->agent);
	SAME(5, c->row.robot ? 2 : 1);
	SAME(6, c->row.state);
	WANT(&is->town->chance, is_span(cells[7], status_of(c->row.state)), "another status");
	SAME(8, c->row.seat);
	SAME(9, c->row.desk);
	SAME(10, c->row.team);
	SAME(11, c->row.priority);
	SAME(12, c->row.level);
	SAME(13, c->row.stints);
	SAME(14, c->row.first_seq);
	SAME(15, c->row.state == CONVERSATION_CLOSED ? c->row.last_seq : 0);
	SAME(16, c->row.close_why);
	SAME(17, c->asks);
	SAME(18, c->spoke);
	SAME(19, c->visitor_read_seq);
	SAME(20, c->agent_read_seq);
	SAME(21, c->responded);
	SAME(22, c->position);
}

static struct is_part *row_part(struct is *is, enum part_kind kind, const struct span *cells,
				uint64_t other)
{
	struct is_part *p = part_of(is, kind, by_id(is, cells[0]), db_cell_number(cells[1]), other);
	WANT(&is->town->chance, p && !p->seen, "%s of %s: a row that the journal has not",
	     (const char *)cells[1].data, (const char *)cells[0].data);
	p->seen = true;
	is->rows++;
	return p;
}

static const char stints[] = "SELECT conversation_id, n, seat_no, agent_no, kind, how, from_seq, "
			     "to_seq, ended_at IS NOT NULL, end_why FROM desk_stint";

static void stint_row(void *arg, const struct span *cells, unsigned n)
{
	struct is *is = arg;
	const struct is_part *p = row_part(is, STINT, cells, db_cell_number(cells[2]));
	(void)n;
	SAME(3, p->agent);
	SAME(4, p->robot ? 2 : 1);
	SAME(5, p->how);
	SAME(6, p->from_seq);
	SAME(7, p->to_seq);
	SAME(8, p->ended);
	SAME(9, p->end_why);
}

static const char offers[] = "SELECT conversation_id, offer, seat_no, how, ended_at IS NOT NULL, "
			     "offered_at IS NOT NULL, team_no FROM desk_offer";

static void offer_row(void *arg, const struct span *cells, unsigned n)
{
	struct is *is = arg;
	const struct is_part *p = row_part(is, OFFER, cells, db_cell_number(cells[2]));
	(void)n;
	SAME(3, p->how);
	SAME(4, p->ended);
	SAME(5, 1);
	SAME(6, p->from_seq);
}

static const char transfers[] =
	"SELECT conversation_id, no, how, ended_at IS NOT NULL FROM desk_transfer";

static void transfer_row(void *arg, const struct span *cells, unsigned n)
{
	struct is *is = arg;
	const struct is_part *p = row_part(is, TRANSFER, cells, 0);
	(void)n;
	SAME(2, p->how);
	SAME(3, p->ended);
}

static const char ratings[] = "SELECT conversation_id, score, stint, agent_no FROM desk_rating";

static void rating_row(void *arg, const struct span *cells, unsigned n)
{
	struct is *is = arg;
	struct is_conversation *c = by_id(is, cells[0]);
	(void)n;
	WANT(&is->town->chance, c->rated, "%s was not rated", (const char *)cells[0].data);
	is->rows++;
	SAME(1, c->row.score);
	SAME(2, c->rated_stint);
	SAME(3, c->rated_agent);
}

/* All rows are those of the journal, and there are as many. */
static void ask(struct is *is, const char *text, db_row_fn *fn, size_t want)
{
	is->rows = 0;
	database_ask(&is->town->database, text, fn, is);
	WANT(&is->town->chance, is->rows == want, "%zu rows, not %zu: %s", is->rows, want, text);
}

static void check_conversations(struct is *is)
{
	size_t n[3] = {0}, rated = 0;
	for (size_t i = 0; i < is->parts_len; i++)
		n[is->parts[i].kind]++;
	for (size_t i = 0; i < is->conversations_len; i++)
		rated += is->conversations[i].rated;
	ask(is, conversations, conversation_row, is->conversations_len);
	ask(is, stints, stint_row, n[STINT]);
	ask(is, offers, offer_row, n[OFFER]);
	ask(is, transfers, transfer_row, n[TRANSFER]);
	ask(is, ratings, rating_row, rated);
}

/* ---- the configuration ------------------------------------------------------------------- */

struct config_row {
	struct town *town;
	const struct record *r;
	bool found;
};

/* no, removed, and the fields in the order of the form. */
static void config_row(void *arg, const struct span *cells, unsigned n)
{
	struct config_row *c = arg;
	struct chance *chance = &c->town->chance;
	const struct config_form *form = config_form((enum config_no)c->r->config.kind);
	union row_any is;
	memset(&is, 0, sizeof is);
	WANT(chance, fields_decode_whole(c->r->config.fields, form->fields, &is), "damaged");
	c->found = true;
	WANT_SAME(chance, n, form->fields_len + 1);
	WANT_SAME(chance, db_cell_number(cells[0]), c->r->config.removed);
	for (size_t i = 0; i < form->fields_len; i++) {
		const void *at = (const char *)&is + form->fields[i].at;
		struct span cell = cells[i + 1];
		bool same = form->fields[i].type == FIELD_TEXT
				    ? is_span(cell, *(const struct span *)at)
			    : form->fields[i].type == FIELD_VARINT
				    ? db_cell_number(cell) == *(const uint64_t *)at
				    : db_cell_number(cell) == *(const uint8_t *)at;
		WANT(chance, same, "%s %d: field %d is %s", form->name, (int)c->r->config.no,
		     (int)i, (const char *)cell.data);
	}
}

static void check_config(struct town *t, const struct record *r)
{
	struct config_row c = {.town = t, .r = r};
	const ProtobufCMessageDescriptor *columns = desk_config_form(r->config.kind);
	char text[2000];
	int len = snprintf(text, sizeof text, "SELECT removed");
	for (unsigned i = 0; i < columns->n_fields; i++)
		len += snprintf(text + len, sizeof text - (size_t)len, ", `%s`",
				columns->fields[i].name);
	snprintf(text + len, sizeof text - (size_t)len, " FROM %s WHERE no = %llu",
		 desk_config_table(r->config.kind)->name, (unsigned long long)r->config.no);
	database_ask(&t->database, text, config_row, &c);
	WANT(&t->chance, c.found, "%s %d is missing", config_form(r->config.kind)->name,
	     (int)r->config.no);
}

static bool sets(enum record_kind_no kind)
{
	return (kind >= RECORD_DESK_SET && kind <= RECORD_HOURS_SET) || kind == RECORD_BUSINESS_SET;
}

/* Of each row the last record up to the mark. */
static void check_configs(struct town *t)
{
	const struct ledger *l = &t->ledger;
	uint64_t seen[200];
	size_t seen_len = 0, k;
	for (uint64_t i = t->marks[0].position; i-- > 0;) {
		const struct ledger_entry *f = &l->entries[i];
		struct record r;
		if (!sets(f->kind))
			continue;
		WANT_SAME(&t->chance, record_decode(&r, f->head.data, f->head.len), PARLOR_E_OK);
		for (k = 0; k < seen_len && seen[k] != r.config.no; k++)
			;
		if (k < seen_len)
			continue;
		WANT(&t->chance, seen_len < sizeof seen / sizeof *seen, "too many for the test");
		seen[seen_len++] = r.config.no;
		check_config(t, &r);
	}
}

void check_desk_rows(struct town *t, const uint64_t *marks)
{
	static struct is is;
	is = (struct is){.town = t};
	memcpy(is.marks, marks, sizeof is.marks);
	recount(&is);
	check_conversations(&is);
	check_configs(t);
}
