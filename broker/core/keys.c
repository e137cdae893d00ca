#include "core/keys.h"

#include "core/room_row.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 63
/* Two pages of places at most; ranges that are more share them. */
#define PLACE_BITS_MAX 10

static bool covers(const struct key_range *k, uint64_t hash)
{
	return k->depth == 0 || (hash ^ k->start) >> (64 - k->depth) == 0;
}

/* ---- as rows ------------------------------------------------------------------- */

static void put_range(struct buf *b, const struct row *row)
{
	const struct key_range *k = (const struct key_range *)row;
	buf_put_u8(b, k->depth);
	for (size_t i = 0; i < k->len; i++) {
		buf_put_u64(b, k->entries[i].hash);
		buf_put_varint(b, k->entries[i].seq);
	}
}

static void append(struct key_range *k, struct key_entry entry)
{
	MEM_GROW(k->entries, k->len, k->cap, 16);
	k->entries[k->len++] = entry;
}

static bool get_range(struct row *row, struct span value)
{
	struct key_range *k = (struct key_range *)row;
	struct reader in;
	reader_init(&in, value.data, value.len);
	k->depth = reader_u8(&in);
	while (!in.bad && reader_left(&in)) {
		uint64_t hash = reader_u64(&in), seq = reader_varint(&in);
		append(k, (struct key_entry){hash, seq});
	}
	return !in.bad && k->depth <= DEPTH_MAX;
}

/* ---- where they are ------------------------------------------------------------- */

static struct key_range **place_of(const struct key_places *p, uint64_t hash)
{
	return &p->ranges[p->bits ? hash >> (64 - p->bits) : 0];
}

/* How many places its hashes have, from that of its start on. */
static size_t places_of(const struct key_places *p, const struct key_range *k)
{
	return k->depth < p->bits ? (size_t)1 << (p->bits - k->depth) : 1;
}

static void set_places(struct key_places *p, struct key_range *k)
{
	struct key_range **first = place_of(p, k->start);
	for (size_t i = 0, n = places_of(p, k); i < n; i++)
		first[i] = k;
}

static void clear_places(struct key_places *p, const struct key_range *k)
{
	struct key_range **first = place_of(p, k->start);
	for (size_t i = 0, n = places_of(p, k); i < n; i++)
		if (first[i] == k)
			first[i] = NULL;
}

static void grow_places(struct key_places *p, uint8_t bits)
{
	struct key_places before = *p;
	p->ranges = mem_new(sizeof *p->ranges << bits);
	p->bits = bits;
	for (size_t i = 0; before.ranges && i < (size_t)1 << before.bits; i++)
		if (before.ranges[i] && (i == 0 || before.ranges[i] != before.ranges[i - 1]))
			set_places(p, before.ranges[i]);
	free(before.ranges);
}

static void drop_range(void *core, struct row *row)
{
	struct key_range *k = (struct key_range *)row;
	(void)core;
	if (k->placed)
		clear_places(&((struct room *)row->head)->key_places, k);
	free(k->entries);
}

const struct row_kind keys_kind = {.name = "range of keys",
				   .no = KIND_KEYS,
				   .table = ROW_ROOMS,
				   .sub = ROW_KEYS,
				   .paired = true,
				   .size = sizeof(struct key_range),
				   .put = put_range,
				   .get = get_range,
				   .drop = drop_range};

static void resize(struct core *c, struct key_range *k)
{
	row_resize(&c->engine, &k->base, k->cap * sizeof *k->entries);
}

static void link_range(struct core *c, struct room *r, struct key_range *k)
{
	struct key_places *p = &r->key_places;
	uint8_t bits = k->depth < PLACE_BITS_MAX ? k->depth : PLACE_BITS_MAX;
	k->start = ~k->base.at.tail;
	k->placed = true;
	if (p->depth < k->depth)
		p->depth = k->depth;
	if (!p->ranges || p->bits < bits) {
		grow_places(p, bits);
		room_resize(c, r);
	}
	set_places(p, k);
	resize(c, k);
}

static struct key_range *add_range(struct core *c, struct room *r, uint64_t start, uint8_t depth)
{
	struct key_range *k =
		(struct key_range *)row_add(&c->engine, &keys_kind, r->no, ~start, &r->base);
	k->depth = depth;
	link_range(c, r, k);
	return k;
}

/* ---- finding -------------------------------------------------------------------- */

/* Looked for by the start that it has at each depth. */
static struct key_range *search(struct core *c, const struct room *r, uint64_t hash)
{
	uint64_t before = 0;
	bool looked = false;
	for (int depth = r->key_places.depth; depth >= 0; depth--) {
		uint64_t start = depth ? hash & (UINT64_MAX << (64 - depth)) : 0;
		if (looked && start == before)
			continue;
		struct key_range *k =
			(struct key_range *)row_find(&c->engine, &keys_kind, r->no, ~start);
		meter_walk(c->engine.meter, 1);
		if (k && covers(k, hash))
			return k;
		before = start;
		looked = true;
	}
	return NULL;
}

/* What is dirty is resident: what is not found here is on disk as it is. */
static struct key_range *resident(struct core *c, struct room *r, uint64_t hash)
{
	struct key_places *p = &r->key_places;
	if (!p->ranges)
		return NULL;
	struct key_range **place = place_of(p, hash), *k = *place;
	if (k && covers(k, hash)) {
		k->base.used = true;
		return k;
	}
	/* Ranges that are deeper share places. */
	if (p->depth <= p->bits)
		return NULL;
	k = search(c, r, hash);
	if (k)
		*place = k;
	return k;
}

static bool take_first(void *tail, const void *key, size_t key_len, struct span value)
{
	(void)value;
	*(uint64_t *)tail = row_key_tail(key, key_len);
	return false;
}

/* The range of the hash; NULL when the room has none at all. */
static enum parlor_err load(struct core *c, struct room *r, uint64_t hash, struct key_range **out)
{
	struct row_key from;
	struct row *row;
	bool read;
	uint64_t none = UINT64_MAX - hash - 1, tail = none;
	*out = resident(c, r, hash);
	if (*out)
		return PARLOR_E_OK;
	row_key_pair(&from, ROW_ROOMS, r->no, ROW_KEYS, ~hash);
	enum parlor_err err = row_engine_scan(&c->engine, &from, ROW_PREFIX, take_first, &tail);
	if (err || tail == none)
		return err;
	err = row_load(&c->engine, &keys_kind, r->no, tail, &r->base, &row, &read);
	if (err || !row)
		return err ? err : PARLOR_E_STORE_CORRUPT;
	*out = (struct key_range *)row;
	if (read)
		link_range(c, r, *out);
	return covers(*out, hash) ? PARLOR_E_OK : PARLOR_E_STORE_CORRUPT;
}

static size_t guess(const struct key_range *k, uint64_t hash)
{
	return (size_t)(((hash - k->start) << k->depth >> 32) * k->len >> 32);
}

static bool is_before(const struct key_entry *e, uint64_t hash, uint64_t seq)
{
	return e->hash < hash || (e->hash == hash && e->seq < seq);
}

/* Where the first entry of at least that hash and seq is, or would be. Hashes are
 * spread evenly: it is near where their mean distance puts it. */
static size_t entry_at(const struct key_range *k, uint64_t hash, uint64_t seq)
{
	size_t at = guess(k, hash);
	while (at > 0 && !is_before(&k->entries[at - 1], hash, seq))
		at--;
	while (at < k->len && is_before(&k->entries[at], hash, seq))
		at++;
	return at;
}

enum parlor_err keys_find(struct core *c, struct room *r, struct hash128 key,
			  const struct key_entry **entries, size_t *n)
{
	struct key_range *k;
	*n = 0;
	enum parlor_err err = load(c, r, key.low, &k);
	if (err || !k)
		return err;
	size_t at = entry_at(k, key.low, 0);
	*entries = k->entries + at;
	while (at + *n < k->len && k->entries[at + *n].hash == key.low)
		++*n;
	return PARLOR_E_OK;
}

void keys_prefetch(const struct room *r, struct hash128 key, unsigned step)
{
	const struct key_places *p = &r->key_places;
	const struct key_range *k = p->ranges ? *place_of(p, key.low) : NULL;
	if (k && step == 0)
		__builtin_prefetch(&k->base.used);
	else if (k && covers(k, key.low))
		__builtin_prefetch(k->entries + guess(k, key.low));
}

/* ---- adding ------------------------------------------------------------------------ */

/* Halves it until no half is too large. */
static void split(struct core *c, struct room *r, struct key_range *k)
{
	if (k->len <= c->limits.keys_in_range || k->depth == DEPTH_MAX)
		return;
	uint64_t middle = k->start | (uint64_t)1 << (63 - k->depth);
	size_t at = entry_at(k, middle, 0);
	struct key_range *upper = add_range(c, r, middle, ++k->depth);
	for (size_t i = at; i < k->len; i++)
		append(upper, k->entries[i]);
	k->len = at;
	resize(c, upper);
	row_touch_with(&c->engine, &upper->base, &k->base);
	split(c, r, k);
	split(c, r, upper);
}

enum parlor_err keys_add(struct core *c, struct room *r, struct hash128 key, uint64_t seq)
{
	struct key_range *k;
	struct key_entry entry = {key.low, seq};
	enum parlor_err err = load(c, r, key.low, &k);
	if (err)
		return err;
	if (!k)
		k = add_range(c, r, 0, 0);
	size_t at = entry_at(k, key.low, seq);
	if (at < k->len && k->entries[at].hash == key.low && k->entries[at].seq == seq)
		return PARLOR_E_OK;
	append(k, entry);
	memmove(k->entries + at + 1, k->entries + at, (k->len - 1 - at) * sizeof entry);
	k->entries[at] = entry;
	resize(c, k);
	row_touch(&c->engine, &k->base);
	split(c, r, k);
	return PARLOR_E_OK;
}
