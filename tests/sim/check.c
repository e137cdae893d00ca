#include "check.h"

#include "core/block.h"
#include "core/desk/tables.h"
#include "core/keys.h"
#include "core/membership_row.h"
#include "core/presence.h"
#include "core/run.h"

#include <string.h>

static void check_show(struct world *w, int room)
{
	struct core_room_view is, want;
	struct core_call call = w->call;
	const struct o_room *r = &w->now.rooms[room];
	call.tenant = o_span(&w->now.tenants[r->tenant]);
	WANT(w, !core_room_show(w->core, &call, o_span(&r->id), &is), "room %d", room);
	WANT(w, !oracle_show(&w->now, &call, o_span(&r->id), &want), "room %d", room);
	WANT_SAME(w, is.no, want.no);
	WANT_SAME(w, is.state, want.state);
	WANT_SAME(w, is.members, want.members);
	WANT_SAME(w, is.last_seq, want.last_seq);
	WANT_SAME(w, is.counted, want.counted);
	WANT_SAME(w, is.created_us, want.created_us);
	WANT_SAME(w, is.active_us, want.active_us);
	WANT(w, span_equal(is.name, want.name), "room %d", room);
	WANT(w, span_equal(is.labels, want.labels), "room %d", room);
}

/* ---- members: as a list, or one by one ------------------------------------------ */

struct page {
	struct world *w;
	const struct o_room *room;
	int room_index;
	struct span after;
	char after_at[ROW_ID_MAX];
	size_t told;
};

static void told_member(void *ctx, const struct core_member_view *is)
{
	struct page *p = ctx;
	struct world *w = p->w;
	int who = oracle_member(&w->now, p->room->tenant, is->id);
	WANT(w, who >= 0 && p->room->intervals[who].in, "not in the room");
	const struct o_interval *interval = &p->room->intervals[who];
	WANT_SAME(w, is->type, interval->type);
	WANT_SAME(w, is->read_seq, interval->read_seq);
	WANT_SAME(w, is->joined_seq, interval->joined_seq);
	WANT_SAME(w, is->joined_us, interval->joined_us);
	WANT_SAME(w, is->unread, oracle_count_unread(&w->now, p->room_index, who));
	WANT(w, span_equal(is->name, o_label_span(&interval->name)), "another name");
	WANT(w, span_equal(is->avatar, o_label_span(&interval->avatar)), "another avatar");

	size_t common = is->id.len < p->after.len ? is->id.len : p->after.len;
	int order = common ? memcmp(is->id.data, p->after.data, common) : 0;
	WANT(w, order > 0 || (order == 0 && is->id.len > p->after.len), "not in order");
	memcpy(p->after_at, is->id.data, is->id.len);
	p->after = (struct span){p->after_at, is->id.len};
	p->told++;
}

static void check_list(struct world *w, int room)
{
	struct page p = {.w = w, .room = &w->now.rooms[room], .room_index = room};
	struct core_call call = w->call;
	call.tenant = o_span(&w->now.tenants[p.room->tenant]);
	size_t members = oracle_members(&w->now, room);
	struct core_members_page page = {
		.room = o_span(&p.room->id), .limit = 1 + world_below(w, 8), .more = true};
	/* Spent from the beginning, or never. */
	struct meter meter = {.steps_end = world_chance(w, 50)};
	core_charge(w->core, &meter);
	while (page.more) {
		size_t before = p.told;
		enum parlor_err err = core_members_list(w->core, &call, &page, told_member, &p);
		bool full = !page.more || p.told == before + page.limit;
		WANT(w, !err || (err == PARLOR_E_BUSY && p.told == before && meter.steps_end),
		     "room %d", room);
		WANT(w, meter.steps_end || (full && page.more == (p.told < members)),
		     "a short page");
	}
	core_charge(w->core, NULL);
	WANT_SAME(w, p.told, members);
}

static void check_unread(struct world *w, int room, int who)
{
	struct core_unread_view is;
	const struct o_room *r = &w->now.rooms[room];
	struct core_call call = {.tenant = o_span(&w->now.tenants[r->tenant])};
	enum parlor_err err =
		core_unread(w->core, &call, o_span(&r->id), o_span(&w->now.members[who].id), &is);
	if (r->state == ROOM_STATE_DISSOLVED) {
		WANT_SAME(w, err, PARLOR_E_ROOM_DISSOLVED);
	} else if (!r->intervals[who].in) {
		WANT_SAME(w, err, PARLOR_E_NOT_MEMBER);
	} else {
		WANT_SAME(w, err, PARLOR_E_OK);
		WANT_SAME(w, is.unread, oracle_count_unread(&w->now, room, who));
		WANT_SAME(w, is.mentioned, oracle_mentioned(&w->now, room, who));
		WANT_SAME(w, is.read_seq, r->intervals[who].read_seq);
	}
}

static void check_members(struct world *w, int room)
{
	int tenant = w->now.rooms[room].tenant;
	if (world_chance(w, 50)) {
		check_list(w, room);
		return;
	}
	for (int i = 0; i < w->now.members_len; i++)
		if (w->now.members[i].tenant == tenant)
			check_unread(w, room, i);
}

/* ---- messages --------------------------------------------------------------------- */

static void check_message(struct world *w, const struct o_message *want)
{
	struct row_message is;
	uint64_t no = (uint64_t)want->room + 1;
	WANT(w, !core_message(w->core, no, want->seq, &is), "message %d of room %d is gone",
	     (int)want->seq, (int)no);
	WANT_SAME(w, is.position, want->position);
	WANT_SAME(w, is.time_us, want->time_us);
	WANT_SAME(w, is.sender, want->sender + 1);
	WANT_SAME(w, is.counts, want->type == MESSAGE_TYPE_MESSAGE);
	WANT_SAME(w, is.recalled, want->recalled);
}

static void check_messages(struct world *w, int room, bool all)
{
	const struct o_room *r = &w->now.rooms[room];
	struct row_message beyond;
	uint64_t seq = r->last_seq;
	for (int i = r->last_message; i >= 0; i = all ? w->now.messages[i].before : -1) {
		WANT_SAME(w, w->now.messages[i].seq, seq);
		seq--;
		check_message(w, &w->now.messages[i]);
	}
	WANT(w, !all || seq == 0, "a gap in the oracle");
	WANT_SAME(w, core_message(w->core, (uint64_t)room + 1, r->last_seq + 1, &beyond),
		  PARLOR_E_MESSAGE_UNKNOWN);
}

void check_room(struct world *w, int room)
{
	check_show(w, room);
	check_members(w, room);
	check_messages(w, room, false);
}

void check_repeat(struct world *w)
{
	if (!w->now.messages_len)
		return;
	const struct o_message *m = &w->now.messages[world_below(w, w->now.messages_len)];
	struct span mentions[O_MENTIONS];
	struct core_posted is = {.seq = 0};
	if (!m->has_client_id)
		return;
	const struct o_room *r = &w->now.rooms[m->room];
	struct core_call call = {.tenant = o_span(&w->now.tenants[r->tenant])};
	struct core_post q = {.room = o_span(&r->id),
			      .sender = o_span(&w->now.members[m->sender].id),
			      .client_id = o_label_span(&m->client_id),
			      .body = o_label_span(&m->body),
			      .type = m->type,
			      .content_type = m->content_type,
			      .mentions = mentions,
			      .mentions_len = m->mentions_len};
	for (size_t i = 0; i < m->mentions_len; i++)
		mentions[i] = o_span(&w->now.members[m->mentions[i]].id);
	WANT_SAME(w, core_post(w->core, &call, &q, &is), PARLOR_E_OK);
	WANT_SAME(w, is.seq, m->seq);
	WANT_SAME(w, is.position, m->position);
	WANT_SAME(w, is.time_us, m->time_us);
	q.content_type = (uint8_t)((q.content_type + 1) % 4);
	WANT_SAME(w, core_post(w->core, &call, &q, &is), PARLOR_E_POST_CONFLICT);
	WANT_SAME(w, core_position(w->core), w->now.position);
}

void check_all(struct world *w)
{
	WANT_SAME(w, core_position(w->core), w->now.position);
	WANT_SAME(w, core_run(w->core), w->now.run);
	for (int i = 0; i < w->now.rooms_len; i++) {
		check_show(w, i);
		check_members(w, i);
		check_messages(w, i, true);
	}
	for (int i = 0; i < w->now.members_len; i++) {
		const struct o_member *m = &w->now.members[i];
		struct core_call call = {.tenant = o_span(&w->now.tenants[m->tenant])};
		uint8_t presence;
		uint64_t seen;
		WANT(w, !core_presence_get(w->core, &call, o_span(&m->id), &presence, &seen),
		     "member %d", i);
		WANT_SAME(w, presence, m->presence);
		WANT_SAME(w, seen, m->last_seen_us);
	}
}

/* ---- from inside ------------------------------------------------------------------ */

static void check_resident_room(struct world *w, struct room *r)
{
	const struct membership *ms;
	struct block *b;
	size_t refs = 0, unlisted = 0;
	DL_FOREACH2(r->memberships, ms, room_next)
	{
		WANT(w, ms->room == r && ms->member, "a membership of another room");
		refs++;
		unlisted += ms->unlisted && !ms->base.gone;
	}
	for (ms = membership_unlisted_behind(r, (struct span){"", 0}); ms; unlisted--)
		ms = membership_unlisted_behind(r, ms->member->row.id);
	WANT_SAME(w, unlisted, (size_t)0);
	DL_FOREACH (r->blocks, b) {
		unsigned messages;
		WANT(w, b->room == r, "a block of another room");
		WANT(w, b->base.dirty || b->base.in_flight || r->tail == b,
		     "a clean block that is not the last");
		WANT(w, block_count((struct span){b->bytes.data, b->bytes.len}, &messages),
		     "a damaged block");
		WANT_SAME(w, messages, b->len);
		refs++;
	}
	WANT(w, r->base.refs >= refs, "rows of room %d that do not hold it", (int)r->no);
}

/* What else is in memory that holds a member, by its number. */
struct held {
	size_t refs, unlisted;
};

static void count_held(const struct world *w, struct held held[O_MEMBERS + 1])
{
	const struct inbox_holds *holds = &w->core->inboxes;
	for (const struct row *row = w->core->engine.rows; row; row = row->hh.next) {
		if (row->head != row && row->head->kind == &member_kind)
			held[((const struct member *)row->head)->no].refs++;
		if (row->kind != &membership_kind || !row->other)
			continue;
		struct held *h = &held[((const struct member *)row->other)->no];
		h->refs++;
		h->unlisted += ((const struct membership *)row)->unlisted;
	}
	for (size_t i = 0; i < INBOX_HOLDS; i++)
		if (holds->members[i])
			held[holds->members[i]->no].refs++;
}

static void check_resident_member(struct world *w, struct member *m, const struct held *held)
{
	size_t listed = 0;
	WANT_SAME(w, m->base.refs, held->refs);
	for (const struct membership *ms = membership_unlisted(m, 0); ms;
	     ms = membership_unlisted(m, ms->room->no + 1))
		listed++;
	WANT_SAME(w, listed, held->unlisted);
}

/* A head lists what is dirty of its cluster, and is found when a pass looks. */
static void check_dirty(struct world *w, const struct row *head)
{
	const struct bits *bits = &w->core->engine.dirty[head->kind->table];
	const struct row *row;
	size_t n = 0;
	DL_FOREACH2(head->dirty_rows, row, dirty_next)
	{
		WANT(w, row->dirty && row->head == head, "a row in the wrong list");
		n++;
	}
	WANT_SAME(w, head->dirty_len, n);
	WANT_SAME(w, bits_next(bits, head->at.number) == head->at.number, n > 0);
}

static bool stays(const struct row *row)
{
	return row->kind == &tenant_kind || row->kind == &config_row_kind ||
	       (row->kind == &conversation_row_kind && ((const struct conversation *)row)->pinned);
}

static void check_resident(struct world *w, size_t *rows, uint64_t *bytes)
{
	struct row *row, *next;
	struct held held[O_MEMBERS + 1] = {{0}};
	size_t refs = 0, refer = 0;
	count_held(w, held);
	HASH_ITER (hh, w->core->engine.rows, row, next) {
		*rows += row->dirty;
		refs += row->refs;
		refer += (size_t)(row->head != row) + (row->other != NULL);
		refer += stays(row);
		*bytes += row->bytes;
		WANT(w, !row->gone || row->dirty || row->in_flight, "a clean tombstone");
		if (row->head == row)
			check_dirty(w, row);
		if (row->kind == &room_kind)
			check_resident_room(w, (struct room *)row);
		if (row->kind == &member_kind)
			check_resident_member(w, (struct member *)row,
					      &held[((struct member *)row)->no]);
	}
	for (size_t i = 0; i < INBOX_HOLDS; i++)
		refer += w->core->inboxes.members[i] != NULL;
	WANT_SAME(w, refs, refer);
}

void check_tables(struct world *w)
{
	struct core *c = w->core;
	size_t rows = core_dirty_first(c);
	uint64_t bytes = 0;
	check_resident(w, &rows, &bytes);
	WANT_SAME(w, core_dirty(c), rows);
	WANT_SAME(w, c->engine.bytes, bytes);
}

/* ---- rows on disk ------------------------------------------------------------------- */

static bool count_one(void *arg, const void *key, size_t key_len, struct span value)
{
	(void)key;
	(void)key_len;
	(void)value;
	++*(size_t *)arg;
	return true;
}

static size_t count(struct world *w, const struct row_key *from, size_t prefix_len)
{
	size_t n = 0;
	struct core_rows rows = w->disk.rows(w->disk.ctx);
	WANT(w, !rows.scan(rows.ctx, from, prefix_len, count_one, &n), "scan");
	return n;
}

struct ranges {
	struct world *w;
	uint64_t end; /* where the next range begins, inverted; 0: at the end */
	size_t len, keys;
};

/* Ranges come from the last one to the first, each where the one behind it begins. */
static bool check_range(void *arg, const void *key, size_t key_len, struct span value)
{
	struct ranges *r = arg;
	struct reader in;
	uint64_t start = ~row_key_tail(key, key_len), before = start;
	reader_init(&in, value.data, value.len);
	unsigned depth = reader_u8(&in);
	WANT_SAME(r->w, depth ? start + ((uint64_t)1 << (64 - depth)) : 0, r->end);
	while (reader_left(&in)) {
		uint64_t hash = reader_u64(&in);
		WANT(r->w, hash >= before && hash - start <= r->end - 1 - start, "not in order");
		WANT(r->w, reader_varint(&in) > 0 && !in.bad, "a damaged range");
		before = hash;
		r->keys++;
	}
	r->end = start;
	r->len++;
	return true;
}

static size_t check_ranges(struct world *w, uint64_t room, size_t keys)
{
	struct row_key from;
	struct ranges r = {.w = w};
	struct core_rows rows = w->disk.rows(w->disk.ctx);
	row_key_pair(&from, ROW_ROOMS, room, ROW_KEYS, 0);
	WANT(w, !rows.scan(rows.ctx, &from, ROW_PREFIX, check_range, &r), "scan");
	WANT_SAME(w, r.end, 0);
	WANT_SAME(w, r.keys, keys);
	return r.len;
}

static void check_rows_of_room(struct world *w, int room)
{
	struct row_key key;
	struct row_message m;
	uint64_t no = (uint64_t)room + 1, last = w->now.rooms[room].last_seq;
	uint64_t full = last / BLOCK_MESSAGES, recent = w->limits.keys_recent_blocks;
	size_t messages = 0, own = 0, keys = 0;
	for (uint64_t seq = 1; seq <= last; seq++) {
		WANT(w, !core_message(w->core, no, seq, &m), "message %d", (int)seq);
		own += m.counts && m.own && m.own % w->limits.own_row_every == 0;
		keys += m.keyed && full > recent && seq <= (full - recent) * BLOCK_MESSAGES;
		messages++;
	}
	size_t ranges = check_ranges(w, no, keys);
	size_t blocks = (messages + BLOCK_MESSAGES - 1) / BLOCK_MESSAGES;
	row_key_room(&key, no);
	WANT_SAME(w, count(w, &key, ROW_PREFIX), 1);
	WANT_SAME(w, count(w, &key, ROW_PREFIX - 1),
		  1 + 2 * oracle_members(&w->now, room) + blocks + ranges + own);
	row_key_membership(&key, no, 0);
	WANT_SAME(w, count(w, &key, ROW_PREFIX), oracle_members(&w->now, room));
	row_key_block(&key, no, 0);
	WANT_SAME(w, count(w, &key, ROW_PREFIX), blocks);
}

void check_rows(struct world *w)
{
	struct row_key key;
	const struct oracle *o = &w->now;
	for (int i = 0; i < o->rooms_len; i++)
		check_rows_of_room(w, i);
	for (int i = 0; i < o->members_len; i++) {
		size_t rooms = 0, past = 0;
		for (int k = 0; k < o->rooms_len; k++)
			rooms += o->rooms[k].intervals[i].in;
		for (size_t k = 0; k < o->past_len; k++)
			past += o->past[k].member == i;
		row_key_in_room(&key, (uint64_t)i + 1, 0);
		WANT_SAME(w, count(w, &key, ROW_PREFIX), rooms);
		row_key_member(&key, (uint64_t)i + 1);
		WANT_SAME(w, count(w, &key, ROW_PREFIX - 1), 1 + rooms + past);
	}
	struct span none = {NULL, 0};
	row_key_name(&key, 'T', 0, none);
	WANT_SAME(w, count(w, &key, 1), o->tenants_len);
	row_key_name(&key, 'R', 0, none);
	WANT_SAME(w, count(w, &key, 1), o->rooms_len);
	row_key_name(&key, 'M', 0, none);
	WANT_SAME(w, count(w, &key, 1), o->members_len);
}
