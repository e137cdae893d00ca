#include "core/prefetch.h"

#include "core/name.h"

#define LINE 64

/* What is known of a post on the way to what it touches. */
struct glance {
	unsigned room_hash, member_hash, pair_hash;
	struct id_probe room_id, member_id;
	struct room *room;
	struct member *member;
};

static void fetch(const void *at, size_t bytes)
{
	/* It may begin within a line. */
	const char *from = (const char *)at - (uintptr_t)at % LINE;
	for (; from < (const char *)at + bytes; from += LINE)
		__builtin_prefetch(from);
}

/* A chain is short: its first entry is most likely the one. */
#define BUCKET(head, handle, hash) \
	(&(head)->handle.tbl->buckets[(hash) & ((head)->handle.tbl->num_buckets - 1)])
#define FETCH_BUCKET(head, handle, hash)                      \
	do {                                                  \
		if (head)                                     \
			fetch(BUCKET(head, handle, hash), 1); \
	} while (0)
#define FETCH_FIRST(head, handle, hash, bytes)                                                \
	do {                                                                                  \
		UT_hash_handle *first_ = (head) ? BUCKET(head, handle, hash)->hh_head : NULL; \
		if (first_)                                                                   \
			fetch(ELMT_FROM_HH((head)->handle.tbl, first_), bytes);               \
	} while (0)

static void look_at_names(const struct core *c, uint32_t tenant, const struct core_prefetched *e,
			  struct glance *g)
{
	*g = (struct glance){0};
	if (e->room.len > ROW_ID_MAX || e->sender.len > ROW_ID_MAX)
		return;
	name_probe(&g->room_id, tenant, e->room);
	name_probe(&g->member_id, tenant, e->sender);
	HASH_VALUE(g->room_id.bytes, g->room_id.len, g->room_hash);
	HASH_VALUE(g->member_id.bytes, g->member_id.len, g->member_hash);
	FETCH_BUCKET(c->rooms_by_id, by_id, g->room_hash);
	FETCH_BUCKET(c->members_by_id, by_id, g->member_hash);
}

static void look_at_buckets(const struct core *c, const struct glance *g)
{
	if (!g->room_id.len)
		return;
	FETCH_FIRST(c->rooms_by_id, by_id, g->room_hash, sizeof(struct room));
	FETCH_FIRST(c->members_by_id, by_id, g->member_hash, sizeof(struct member));
}

static void look_at_pair(const struct core *c, struct glance *g)
{
	if (!g->room_id.len)
		return;
	HASH_FIND_BYHASHVALUE(by_id, c->rooms_by_id, g->room_id.bytes, g->room_id.len, g->room_hash,
			      g->room);
	HASH_FIND_BYHASHVALUE(by_id, c->members_by_id, g->member_id.bytes, g->member_id.len,
			      g->member_hash, g->member);
	if (!g->room || !g->member)
		return;
	struct row_at key = {g->room->no, g->member->no, KIND_MEMBERSHIP};
	HASH_VALUE(&key, sizeof key, g->pair_hash);
	FETCH_BUCKET(c->engine.rows, hh, g->pair_hash);
	if (g->room->tail)
		fetch(g->room->tail, sizeof *g->room->tail);
	if (g->room->recent.slots)
		fetch(g->room->recent.slots, LINE);
}

static void look_at_rest(const struct core *c, const struct glance *g)
{
	if (!g->room || !g->member)
		return;
	FETCH_FIRST(c->engine.rows, hh, g->pair_hash, sizeof(struct membership));
	if (g->room->tail && g->room->tail->bytes.data)
		fetch(g->room->tail->bytes.data + g->room->tail->bytes.len, LINE);
}

void core_prefetch(struct core *c, struct span tenant, const struct core_prefetched *posts,
		   size_t n)
{
	struct glance glances[CORE_PREFETCH_MAX];
	const struct tenant *t = c->last_tenant;
	if (!t || !span_equal(t->id, tenant) || n > CORE_PREFETCH_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		look_at_names(c, t->no, &posts[i], &glances[i]);
	for (size_t i = 0; i < n; i++)
		look_at_buckets(c, &glances[i]);
	for (size_t i = 0; i < n; i++)
		look_at_pair(c, &glances[i]);
	for (size_t i = 0; i < n; i++)
		look_at_rest(c, &glances[i]);
}

/* ---- of records ------------------------------------------------------------------ */

/* Of one record: its room, its member and the two together. */
enum { ROOM, MEMBER, PAIR, ROWS };

static void look_at_hashes(const struct core *c, const struct record *r, unsigned hashes[ROWS])
{
	const struct row_at at[ROWS] = {[ROOM] = {r->room, 0, KIND_ROOM},
					[MEMBER] = {r->member, 0, KIND_MEMBER},
					[PAIR] = {r->room, r->member, KIND_MEMBERSHIP}};
	for (int i = 0; i < ROWS; i++) {
		HASH_VALUE(&at[i], sizeof at[i], hashes[i]);
		FETCH_BUCKET(c->engine.rows, hh, hashes[i]);
	}
}

static void look_at_rows(const struct core *c, const unsigned hashes[ROWS])
{
	FETCH_FIRST(c->engine.rows, hh, hashes[ROOM], sizeof(struct room));
	FETCH_FIRST(c->engine.rows, hh, hashes[MEMBER], sizeof(struct row));
	FETCH_FIRST(c->engine.rows, hh, hashes[PAIR], sizeof(struct membership));
}

static void look_at_tail(const struct core *c, const struct record *r, unsigned hash)
{
	struct row_at at = {r->room, 0, KIND_ROOM};
	struct row *row;
	HASH_FIND_BYHASHVALUE(hh, c->engine.rows, &at, sizeof at, hash, row);
	const struct room *room = (const struct room *)row;
	if (room && room->tail)
		fetch(room->tail, sizeof *room->tail);
	if (room && room->recent.slots)
		fetch(room->recent.slots, LINE);
}

void core_prefetch_records(const struct core *c, const struct record *records, size_t n)
{
	unsigned hashes[CORE_PREFETCH_MAX][ROWS];
	if (n > CORE_PREFETCH_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		look_at_hashes(c, &records[i], hashes[i]);
	for (size_t i = 0; i < n; i++)
		look_at_rows(c, hashes[i]);
	for (size_t i = 0; i < n; i++)
		look_at_tail(c, &records[i], hashes[i][ROOM]);
}
