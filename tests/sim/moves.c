/* Choosing a move, and those that are about no single room. */
#include "moves.h"

#include "core/inbox.h"
#include "core/label.h"
#include "core/presence.h"
#include "core/run.h"
#include "oracle_parts.h"
#include "pick.h"

#include <stdarg.h>
#include <string.h>

static const struct move {
	unsigned weight;
	void (*make)(struct world *);
} moves[] = {
	{40, move_create}, {25, move_create_again}, {20, move_rename}, {12, move_close},
	{45, move_reopen}, {4, move_dissolve},      {20, move_show},   {80, move_add},
	{50, move_remove}, {35, move_change},       {330, move_post},  {60, move_post_again},
	{60, move_recall}, {30, move_history},      {120, move_read},  {60, move_mark_unread},
	{30, move_unread}, {30, move_total},        {50, move_list},   {40, move_intervals},
	{15, move_intern}, {50, move_presence},     {4, moves_boot},   {45, move_labels},
};
#define MOVES (sizeof moves / sizeof moves[0])

void moves_one(struct world *w)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < MOVES; i++)
		sum += moves[i].weight;
	uint64_t dice = world_below(w, sum);
	size_t at = 0;
	while (dice >= moves[at].weight)
		dice -= moves[at++].weight;

	/* The clock stands still, goes on, and now and then goes back. */
	uint64_t step = world_below(w, 20);
	w->clock_us =
		step == 0 && w->clock_us > 5000 ? w->clock_us - 5000 : w->clock_us + step * 100;
	w->call = (struct core_call){.tenant = pick_tenant(w),
				     .now_us = w->clock_us,
				     .random = {world_random(w), world_random(w)}};
	w->touched = -1;
	moves[at].make(w);
}

void move_told(struct world *w, enum parlor_err core, enum parlor_err oracle, const char *format,
	       ...)
{
	char words[TRANSCRIPT_WIDTH];
	va_list args;
	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	world_say(w, "%.*s %s: %s", WORDS(w->call.tenant), words, parlor_err_name((int)core));
	WANT(w, core == oracle, "%s, but the oracle says %s", parlor_err_name((int)core),
	     parlor_err_name((int)oracle));
}

void move_same_view(struct world *w, const struct core_room_view *core,
		    const struct core_room_view *oracle)
{
	WANT_SAME(w, core->no, oracle->no);
	WANT(w, span_equal(core->id, oracle->id), "another id");
	WANT(w, span_equal(core->name, oracle->name), "another name");
	WANT(w, span_equal(core->labels, oracle->labels), "other labels");
	WANT_SAME(w, core->state, oracle->state);
	WANT_SAME(w, core->open, oracle->open);
	WANT_SAME(w, core->members, oracle->members);
	WANT_SAME(w, core->last_seq, oracle->last_seq);
	WANT_SAME(w, core->counted, oracle->counted);
	WANT_SAME(w, core->created_us, oracle->created_us);
	WANT_SAME(w, core->active_us, oracle->active_us);
	WANT_SAME(w, core->position, oracle->position);
}

void moves_boot(struct world *w)
{
	oracle_boot(&w->now, w->clock_us);
	uint64_t run = core_boot(w->core, w->clock_us);
	world_say(w, "boot %llu", (unsigned long long)run);
	WANT_SAME(w, run, w->now.run);
}

void move_intern(struct world *w)
{
	uint64_t core_no = 0, oracle_no = 0, found = 0;
	struct span id = pick_member(w);
	enum parlor_err core = core_member_intern(w->core, &w->call, id, &core_no);
	enum parlor_err oracle = oracle_intern(&w->now, &w->call, id, &oracle_no);
	move_told(w, core, oracle, "intern %.*s", WORDS(id));
	WANT_SAME(w, core_no, oracle_no);
	if (core)
		return;
	WANT(w, !core_member_find(w->core, &w->call, id, &found), "cannot be found");
	WANT_SAME(w, found, oracle_no);
}

void move_presence(struct world *w)
{
	uint64_t member = world_below(w, (uint64_t)w->now.members_len + 1 + world_chance(w, 2));
	uint8_t presence =
		(uint8_t)(world_chance(w, 2) ? world_below(w, 2) * 4 : 1 + world_below(w, 3));
	enum parlor_err core = core_presence_set(w->core, &w->call, member, presence);
	enum parlor_err oracle = oracle_presence_set(&w->now, &w->call, member, presence);
	move_told(w, core, oracle, "presence %d of %d", presence, (int)member);

	struct span id = pick_member(w);
	uint64_t core_seen = 0, oracle_seen = 0;
	uint8_t core_presence = 0, oracle_presence = 0;
	core = core_presence_get(w->core, &w->call, id, &core_presence, &core_seen);
	oracle = oracle_presence_get(&w->now, &w->call, id, &oracle_presence, &oracle_seen);
	move_told(w, core, oracle, "presence of %.*s", WORDS(id));
	WANT_SAME(w, core_presence, oracle_presence);
	WANT_SAME(w, core_seen, oracle_seen);
}

/* ---- a member's rooms --------------------------------------------------------- */

#define PIECE_STEPS 200

/* So much at once from now on, which is little. */
static void allow_piece(struct world *w, struct meter *meter)
{
	meter->steps_end = meter->steps + world_below(w, PIECE_STEPS);
	core_charge(w->core, meter);
}

void move_total(struct world *w)
{
	int rooms[O_ROOMS];
	size_t n;
	uint64_t core_unread = 0, core_rooms = 0, unread;
	struct span member = pick_member(w);
	struct meter meter = {0};
	enum parlor_err core;
	do {
		allow_piece(w, &meter);
		core = core_unread_total(w->core, &w->call, member, &core_unread, &core_rooms);
		/* It is asked again at once, or some time later. */
	} while (core == PARLOR_E_BUSY && world_chance(w, 50));
	core_charge(w->core, NULL);
	if (core == PARLOR_E_BUSY)
		return;
	enum parlor_err oracle = oracle_list(&w->now, &w->call, member, rooms, &n, &unread);
	move_told(w, core, oracle, "total of %.*s", WORDS(member));
	WANT_SAME(w, core_unread, unread);
	WANT_SAME(w, core_rooms, n);
}

struct listing {
	struct world *w;
	int who;
	const int *rooms;
	size_t len, at;
};

static void told_inbox_room(void *ctx, const struct core_inbox_room *is)
{
	struct listing *l = ctx;
	struct world *w = l->w;
	WANT(w, l->at < l->len, "more rooms than %zu", l->len);
	int room = l->rooms[l->at++];
	const struct o_room *r = &w->now.rooms[room];
	WANT_SAME(w, is->room, room + 1);
	WANT(w, span_equal(is->id, o_span(&r->id)), "another id");
	WANT(w, span_equal(is->name, o_label_span(&r->name)), "another name");
	WANT(w, span_equal(is->labels, (struct span){r->labels_text, r->labels_text_len}),
	     "other labels");
	WANT_SAME(w, is->state, r->state);
	WANT_SAME(w, is->member_type, r->intervals[l->who].type);
	WANT_SAME(w, is->unread, oracle_count_unread(&w->now, room, l->who));
	WANT_SAME(w, is->mentioned, oracle_mentioned(&w->now, room, l->who));
	WANT_SAME(w, is->read_seq, r->intervals[l->who].read_seq);
	WANT_SAME(w, is->last_seq, r->last_seq);
	WANT_SAME(w, is->active_us, r->active_us);
	WANT_SAME(w, is->active_pos, r->active_pos);
	WANT_SAME(w, is->last_pos,
		  r->last_message < 0 ? 0 : w->now.messages[r->last_message].position);
}

/* Leaves the wanted ones of them. */
static void filter(struct world *w, const struct core_inbox_query *q, struct listing *l,
		   int rooms[O_ROOMS])
{
	size_t n = 0;
	for (size_t i = 0; i < l->len; i++) {
		const struct o_room *r = &w->now.rooms[rooms[i]];
		if ((!q->unread_only || oracle_count_unread(&w->now, rooms[i], l->who)) &&
		    (!q->label.len || o_labelled(r, q->label)))
			rooms[n++] = rooms[i];
	}
	l->len = n;
}

void move_list(struct world *w)
{
	int rooms[O_ROOMS];
	size_t n;
	uint64_t unread;
	bool all = false;
	struct core_inbox_query q = {.member = pick_member(w),
				     .limit = world_below(w, w->limits.page + 2),
				     .unread_only = world_chance(w, 30)};
	if (world_chance(w, 30))
		q.label = pick_label(w);
	size_t page = q.limit == 0 || q.limit > w->limits.page ? w->limits.page : q.limit;
	bool filtered = q.unread_only || q.label.len;
	enum parlor_err oracle = oracle_list(&w->now, &w->call, q.member, rooms, &n, &unread);
	struct listing l = {.w = w, .rooms = rooms, .len = n};
	struct meter meter = {0};
	if (!oracle) {
		l.who = oracle_member(&w->now, oracle_tenant(&w->now, w->call.tenant), q.member);
		filter(w, &q, &l, rooms);
	}
	if (q.label.len > LABEL_BYTES_MAX)
		oracle = PARLOR_E_TOO_LONG;
	do {
		size_t before = l.at, most = l.len - before < page ? l.len - before : page;
		uint64_t cursor = q.cursor;
		allow_piece(w, &meter);
		enum parlor_err core =
			core_inbox(w->core, &w->call, &q, told_inbox_room, &l, &q.cursor);
		core_charge(w->core, NULL);
		if (core == PARLOR_E_BUSY)
			continue;
		move_told(w, core, oracle, "list of %.*s%s%s, %zu of %zu", WORDS(q.member),
			  q.unread_only ? " unread" : "", q.label.len ? " labelled" : "", l.at,
			  l.len);
		if (core)
			return;
		/* One of few among many may end early, and goes on behind it. */
		WANT(w, l.at - before == most || (filtered && q.cursor && l.at - before < most),
		     "%zu of %zu", l.at - before, most);
		WANT(w, !q.cursor || !cursor || q.cursor < cursor, "the cursor does not move");
		WANT(w, q.cursor ? filtered || l.at < l.len : l.at == l.len, "cursor at %zu of %zu",
		     l.at, l.len);
		all = q.cursor == 0;
	} while (!all);
}

struct intervals {
	struct world *w;
	int who;
	uint64_t after;
	size_t rooms, past;
};

static void told_interval(void *ctx, struct topic topic, uint64_t joined_pos)
{
	uint64_t room = topic.number;
	struct intervals *s = ctx;
	struct world *w = s->w;
	WANT(w, room >= 1 && room <= (uint64_t)w->now.rooms_len, "a wrong interval");
	const struct o_interval *interval = &w->now.rooms[room - 1].intervals[s->who];
	WANT(w, interval->in, "not in room %d", (int)room);
	WANT_SAME(w, joined_pos, interval->joined_pos);
	s->rooms++;
}

static bool told_past(void *ctx, struct topic topic, uint64_t joined_pos, uint64_t left_pos)
{
	uint64_t room = topic.number;
	struct intervals *s = ctx;
	struct world *w = s->w;
	bool found = false;
	for (size_t i = 0; i < w->now.past_len && !found; i++) {
		const struct o_past *f = &w->now.past[i];
		found = f->member == s->who && (uint64_t)f->room + 1 == room &&
			f->joined_pos == joined_pos && f->left_pos == left_pos;
	}
	WANT(w, found && left_pos > s->after, "no such interval: room %d, %d to %d", (int)room,
	     (int)joined_pos, (int)left_pos);
	s->past++;
	return true;
}

void move_intervals(struct world *w)
{
	uint64_t member = 1 + world_below(w, (uint64_t)w->now.members_len + 1);
	bool known = member <= (uint64_t)w->now.members_len;
	struct intervals s = {.w = w,
			      .who = (int)member - 1,
			      .after = world_chance(w, 50) ? 0
							   : world_below(w, w->now.position + 1)};
	size_t rooms = 0, past = 0;
	for (int i = 0; known && i < w->now.rooms_len; i++)
		rooms += w->now.rooms[i].intervals[s.who].in;
	for (size_t i = 0; known && i < w->now.past_len; i++)
		past += w->now.past[i].member == s.who && w->now.past[i].left_pos > s.after;

	/* In pieces, which all begin where the one before has stopped. */
	struct meter meter = {0};
	struct core_rooms_range range = CORE_ROOMS_ALL;
	struct core_past_range past_range = CORE_PAST_BEHIND(s.after);
	uint64_t piece = 2 * METER_ROW_STEPS + world_below(w, 40);
	enum parlor_err err = PARLOR_E_OK;
	core_charge(w->core, &meter);
	do {
		meter.steps_end = meter.steps + piece;
		err = core_member_rooms(w->core, member, &range, told_interval, &s);
	} while (!err && range.from != range.to);
	move_told(w, err, known ? PARLOR_E_OK : PARLOR_E_MEMBER_UNKNOWN, "rooms of %d",
		  (int)member);
	do {
		meter.steps_end = meter.steps + piece;
		err = core_member_past(w->core, member, &past_range, told_past, &s);
	} while (!err && past_range.from != past_range.to);
	move_told(w, err, PARLOR_E_OK, "past rooms of %d behind %d", (int)member, (int)s.after);
	core_charge(w->core, NULL);
	WANT_SAME(w, s.rooms, rooms);
	WANT_SAME(w, s.past, past);
}
