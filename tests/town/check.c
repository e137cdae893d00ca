#include "core/reading.h"
#include "core/room.h"
#include "town.h"
#include "want.h"

#include <stdio.h>
#include <string.h>

/* ---- the broker ---------------------------------------------------------------------- */

static void check_member(struct town *t, uint64_t room, uint64_t member, const struct as_of *a)
{
	const struct ledger *l = &t->ledger;
	struct core_unread_view is;
	struct core_call call = {.tenant = SPAN_TEXT(l->tenants[l->rooms[room - 1].tenant - 1])};
	enum parlor_err err =
		core_unread(t->keep.commit.core, &call, SPAN_TEXT(l->rooms[room - 1].id),
			    SPAN_TEXT(l->members[member - 1].id), &is);
	if (a->state == ROOM_STATE_DISSOLVED) {
		WANT_SAME(&t->chance, err, PARLOR_E_ROOM_DISSOLVED);
		return;
	}
	WANT_SAME(&t->chance, err, a->members[member].in ? PARLOR_E_OK : PARLOR_E_NOT_MEMBER);
	if (err)
		return;
	WANT_SAME(&t->chance, is.read_seq, a->members[member].read_seq);
	WANT_SAME(&t->chance, is.unread, ledger_unread(l, room, l->len, member, a));
}

void check_keep(struct town *t)
{
	const struct ledger *l = &t->ledger;
	WANT_SAME(&t->chance, core_position(t->keep.commit.core), l->len);
	for (uint64_t room = 1; room <= l->rooms_len; room++) {
		struct as_of a;
		struct core_room_view is;
		ledger_at(l, room, l->len, &a);
		WANT_SAME(&t->chance, core_room_names(t->keep.commit.core, room, &is), PARLOR_E_OK);
		WANT_SAME(&t->chance, is.last_seq, a.last_seq);
		WANT_SAME(&t->chance, is.counted, a.counted);
		WANT_SAME(&t->chance, is.state, a.state);
		for (uint64_t member = 1; member <= l->members_len; member++)
			if (l->members[member - 1].tenant == l->rooms[room - 1].tenant)
				check_member(t, room, member, &a);
	}
}

void check_acknowledged(struct town *t)
{
	for (size_t i = 0; i < t->acknowledged_len; i++) {
		const struct acknowledged *a = &t->acknowledged[i];
		WANT(&t->chance, a->posted.position <= t->ledger.len,
		     "an acknowledged message is lost: %s", a->body);
		const struct ledger_entry *f = &t->ledger.entries[a->posted.position - 1];
		WANT_SAME(&t->chance, f->kind, RECORD_POSTED);
		WANT_SAME(&t->chance, f->seq, a->posted.seq);
		WANT_SAME(&t->chance, f->room, a->posted.room);
		WANT(&t->chance, !*f->body || !strcmp(f->body, a->body), "%s stands for %s",
		     f->body, a->body);
	}
	for (size_t i = 0; i < t->assigned_len; i++) {
		const struct core_posted *a = &t->assigned[i];
		WANT(&t->chance, a->position <= t->ledger.len, "an assignment is lost");
		const struct ledger_entry *f = &t->ledger.entries[a->position - 1];
		WANT_SAME(&t->chance, f->kind, RECORD_ASSIGNED);
		WANT_SAME(&t->chance, f->seq, a->seq);
		WANT_SAME(&t->chance, f->room, a->room);
	}
}

/* ---- the database ---------------------------------------------------------------------- */

static void take_mark(void *arg, const struct span *cells, unsigned n)
{
	struct mark_row *marks = arg;
	(void)n;
	marks[db_cell_number(cells[0])] =
		(struct mark_row){db_cell_number(cells[1]), db_cell_number(cells[2]),
				  db_cell_number(cells[3]), db_cell_number(cells[4])};
}

void check_marks(struct town *t, int town_worker)
{
	struct mark_row marks[PARTITIONS] = {0};
	if (t->changes == t->database.changes)
		return;
	t->changes = t->database.changes;
	database_ask(&t->database, "SELECT part, epoch, position, digest, projected FROM sync_mark",
		     take_mark, marks);
	for (uint32_t partition = 0; town_worker >= 0 && partition < PARTITIONS; partition++) {
		const struct mark_row *was = &t->marks[partition], *is = &marks[partition];
		WANT(&t->chance, is->epoch >= was->epoch, "an epoch goes back");
		if (was->position == is->position && was->projected == is->projected)
			continue;
		WANT(&t->chance, was->epoch == is->epoch || was->position == is->position,
		     "claimed and moved at once");
		say(&t->chance, "worker %d: partition %u from %d to %d, unread up to %d",
		    town_worker, partition, (int)was->position, (int)is->position,
		    (int)is->projected);
		WANT_SAME(&t->chance, town_worker_epoch(t->town_workers[town_worker], partition),
			  is->epoch);
	}
	memcpy(t->marks, marks, sizeof marks);
}

struct rows {
	struct town *town;
	uint64_t room, mark;
	const struct as_of *as_of;
	const struct ledger_entry *message; /* before the row that comes */
	bool members[LEDGER_MEMBERS + 1];
	bool projected;
};

static bool is_text(struct span cell, const char *text)
{
	return cell.data && strlen(text) == cell.len && memcmp(cell.data, text, cell.len) == 0;
}

/* seq, content, recalled, position, sender */
static void check_message(void *arg, const struct span *cells, unsigned n)
{
	struct rows *r = arg;
	struct town *t = r->town;
	const struct ledger_entry *f = ledger_message(&t->ledger, r->room, r->mark, r->message);
	(void)n;
	WANT(&t->chance, f, "room %d has a message %s beyond the mark %d", (int)r->room,
	     (const char *)cells[0].data, (int)r->mark);
	r->message = f;
	WANT_SAME(&t->chance, db_cell_number(cells[0]), f->seq);
	WANT_SAME(&t->chance, db_cell_number(cells[3]), f->position);
	bool recalled = db_cell_number(cells[2]), known = f->recalled && f->recalled <= r->mark;
	WANT(&t->chance, recalled ? f->recalled != 0 : !known, "recalled %d of %d", recalled,
	     (int)f->seq);
	/* An early recall is no wrong: the body had left the journal before. */
	WANT(&t->chance, is_text(cells[1], recalled ? "" : f->body) || (!*f->body && !recalled),
	     "message %d of room %d says %s", (int)f->seq, (int)r->room,
	     (const char *)cells[1].data);
	WANT(&t->chance, is_text(cells[4], t->ledger.members[f->member - 1].id), "another sender");
}

static uint64_t member_of(struct town *t, uint64_t room, struct span id)
{
	const struct ledger *l = &t->ledger;
	for (uint64_t i = 0; i < l->members_len; i++)
		if (l->members[i].tenant == l->rooms[room - 1].tenant &&
		    is_text(id, l->members[i].id))
			return i + 1;
	fail(&t->chance, __FILE__, __LINE__, "no such member: %s", (const char *)id.data);
}

/* member_id, seen, read_seq, unread, type, name of the room */
static void check_seat(void *arg, const struct span *cells, unsigned n)
{
	struct rows *r = arg;
	struct town *t = r->town;
	uint64_t member = member_of(t, r->room, cells[0]);
	const struct ledger_member *is = &r->as_of->members[member];
	(void)n;
	WANT(&t->chance, is->in, "member %d is not in room %d", (int)member, (int)r->room);
	r->members[member] = true;
	uint64_t unread = ledger_unread(&t->ledger, r->room, r->mark, member, r->as_of);
	WANT_SAME(&t->chance, db_cell_number(cells[1]), r->as_of->counted - unread);
	WANT_SAME(&t->chance, db_cell_number(cells[2]), is->read_seq);
	WANT_SAME(&t->chance, db_cell_number(cells[4]), is->type);
	if (!r->projected)
		return;
	WANT_SAME(&t->chance, db_cell_number(cells[3]), unread);
	WANT(&t->chance, is_text(cells[5], r->as_of->name), "room %d is called %s, not %s",
	     (int)r->room, (const char *)cells[5].data, r->as_of->name);
}

/* The rows of a room, which `column` names. */
static void ask(struct town *t, const char *select, const char *column, const char *order,
		uint64_t room, db_row_fn *fn, struct rows *r)
{
	char text[256];
	const struct ledger *l = &t->ledger;
	snprintf(text, sizeof text, "%s WHERE ent_id = '%s' AND %s = '%s' ORDER BY %s", select,
		 l->tenants[l->rooms[room - 1].tenant - 1], column, l->rooms[room - 1].id, order);
	database_ask(&t->database, text, fn, r);
}

static void found(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	*(uint64_t *)arg = db_cell_number(cells[0]);
}

/* From where on the room is in quarantine, or 0. */
static uint64_t refused_from(struct town *t, uint64_t room)
{
	char text[256];
	uint64_t position = 0;
	const struct ledger *l = &t->ledger;
	snprintf(text, sizeof text,
		 "SELECT position FROM sync_quarantine WHERE ent_id = '%s' AND group_id = '%s'",
		 l->tenants[l->rooms[room - 1].tenant - 1], l->rooms[room - 1].id);
	database_ask(&t->database, text, found, &position);
	return position;
}

/* Up to where the database has the room. */
static uint64_t mark_of(struct town *t, uint64_t room)
{
	uint64_t refused = refused_from(t, room);
	uint64_t mark = t->marks[partition_of(topic_room(room), PARTITIONS)].position;
	return refused && refused <= mark ? refused - 1 : mark;
}

static void check_room(struct town *t, uint64_t room, bool projected)
{
	struct as_of a;
	uint64_t mark = mark_of(t, room);
	ledger_at(&t->ledger, room, mark, &a);
	struct rows r = {
		.town = t, .room = room, .mark = mark, .as_of = &a, .projected = projected};
	ask(t, "SELECT seq, message_content, recalled, position, sender FROM group_message",
	    "group_id", "seq", room, check_message, &r);
	WANT(&t->chance, !ledger_message(&t->ledger, room, mark, r.message),
	     "room %d lacks messages up to the mark %d", (int)room, (int)mark);
	ask(t, "SELECT member_id, seen, read_seq, unread, member_type, group_name FROM chat_group",
	    "uuid", "member_id", room, check_seat, &r);
	for (uint64_t m = 1; m <= t->ledger.members_len; m++)
		WANT(&t->chance, r.members[m] == a.members[m].in, "member %d is missing in room %d",
		     (int)m, (int)room);
}

static void check_rooms(struct town *t, bool projected)
{
	uint64_t marks[LEDGER_ROOMS + 1] = {0};
	for (uint64_t room = 1; room <= t->ledger.rooms_len; room++) {
		check_room(t, room, projected);
		marks[room] = mark_of(t, room);
	}
	if (t->desk)
		check_desk_rows(t, marks);
}

void check_database(struct town *t)
{
	check_rooms(t, false);
}

void check_projected(struct town *t)
{
	check_rooms(t, true);
}

bool check_stored(struct town *t, uint64_t position)
{
	char text[80];
	uint64_t there = 0;
	snprintf(text, sizeof text, "SELECT COUNT(*) FROM group_message WHERE position = %llu",
		 (unsigned long long)position);
	database_ask(&t->database, text, found, &there);
	return there == 1;
}
