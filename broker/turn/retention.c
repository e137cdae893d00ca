#include "turn/retention.h"

#include "core/kinds.h"
#include "store/snapshot_head.h"

#include "base/dir.h"
#include "base/log.h"

#define LOOK_US 1000000
/* Fewer would be written back over and over. */
#define BEHIND_MIN 1000

static struct retention_facts facts_of(const struct retention *r)
{
	return (struct retention_facts){.first = store_first(r->store),
					.last = store_last(r->store),
					.bytes = store_journal_bytes(r->store),
					.young = r->young,
					.synced = sync_trimmable(r->sync),
					.covered = store_covered(r->store),
					.snapshot = r->snapshot};
}

static enum parlor_err time_at(struct retention *r, uint64_t position, uint64_t *time_us)
{
	struct entry entry;
	struct record record;
	enum parlor_err err = store_read(r->store, position, &entry);
	if (!err)
		err = record_decode(&record, entry.head.data, entry.head.len);
	if (!err)
		*time_us = record.time_us;
	return err;
}

/* Times never go back from record to record. One that cannot be read is told by
 * the store, and kept with what is behind it. */
static void look_at_ages(struct retention *r, uint64_t wall_us)
{
	uint64_t age_us = r->limits.seconds * 1000000, time_us;
	uint64_t low = store_first(r->store), high = store_last(r->store) + 1;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (time_at(r, middle, &time_us))
			return;
		if (time_us + age_us < wall_us)
			low = middle + 1;
		else
			high = middle;
	}
	r->young = low;
}

/* What it was taken of is in this journal. Once that is trimmed it is the one by
 * which it was. */
static bool is_same(struct retention *r, const struct snapshot_head *head)
{
	struct entry entry;
	if (head->position < store_first(r->store))
		return true;
	return head->position <= store_last(r->store) &&
	       store_read(r->store, head->position, &entry) == PARLOR_E_OK &&
	       snapshot_digest(entry.head) == head->digest;
}

/* Why the snapshot is of no use, or NULL. */
static const char *no_use(struct retention *r, enum parlor_err err,
			  const struct snapshot_head *head)
{
	if (err == PARLOR_E_NOT_FOUND)
		return "there is none; parlor-replay snapshot makes one";
	if (err)
		return parlor_err_text(err);
	uint64_t shared = lineage_shared(store_lineage(r->store), head->journal_id);
	if (!shared)
		return "it is of another journal";
	if (head->position > shared)
		return "it is of a journal that went on elsewhere";
	return is_same(r, head) ? NULL : "it is of a journal that went on elsewhere";
}

static void look_at_snapshot(struct retention *r)
{
	struct snapshot_head head = {0};
	enum parlor_err err = snapshot_head_read(r->dir, &head);
	/* What it has may go only if it cannot be lost again: whoever made it may not have
	 * its name on disk. */
	if (!err && head.position != r->snapshot && dir_sync(r->dir) != 0)
		err = PARLOR_E_STORE;
	const char *why = no_use(r, err, &head);
	if (why && !r->told)
		log_warn("%s: nothing is trimmed for want of a snapshot: %s", r->dir, why);
	r->told = why;
	r->snapshot = why ? 0 : head.position;
}

/* ---- the arithmetic ---------------------------------------------------------------- */

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* As if all records were of the same size: who comes again with every commit
 * gets to the exact place step by step. */
static uint64_t by_bytes(const struct retention_limits *l, const struct retention_facts *f)
{
	uint64_t records = f->last + 1 - f->first;
	if (!l->bytes || f->bytes <= l->bytes)
		return f->first;
	double fraction = (double)(f->bytes - l->bytes) / (double)f->bytes;
	return earlier(f->first + (uint64_t)(fraction * (double)records) + 1, f->last + 1);
}

/* The first position that no limit says should go; `first` when none should. */
static uint64_t wanted(const struct retention_limits *l, const struct retention_facts *f)
{
	uint64_t first = later(f->first, by_bytes(l, f));
	if (l->records && f->last > l->records)
		first = later(first, f->last - l->records + 1);
	if (l->seconds)
		first = later(first, f->young);
	return first;
}

uint64_t retention_rule_first(const struct retention_limits *l, const struct retention_facts *f)
{
	/* The last one that rows cover stays: recovery shows by it that both fit. */
	uint64_t first = earlier(wanted(l, f), f->covered);
	if (!l->without_mysql)
		first = earlier(first, f->synced + 1);
	if (l->snapshots)
		first = earlier(first, f->snapshot + 1);
	return later(first, f->first);
}

uint64_t retention_rule_behind(const struct retention_limits *l, const struct retention_facts *f,
			       uint64_t max)
{
	uint64_t window = wanted(l, f), kept = window > f->first ? f->last + 1 - window : max;
	if (l->records)
		kept = earlier(kept, l->records);
	return earlier(later(kept, BEHIND_MIN), max);
}

/* ---- asked ------------------------------------------------------------------------- */

static bool is_limited(const struct retention_limits *l)
{
	return l->records || l->bytes || l->seconds;
}

void retention_look(struct retention *r, uint64_t now_us, uint64_t wall_us)
{
	if (!is_limited(&r->limits) || (r->looked_us && now_us - r->looked_us < LOOK_US))
		return;
	r->looked_us = now_us;
	if (r->limits.seconds)
		look_at_ages(r, wall_us);
	if (r->limits.snapshots)
		look_at_snapshot(r);
}

uint64_t retention_first(const struct retention *r)
{
	if (!is_limited(&r->limits))
		return store_first(r->store);
	struct retention_facts facts = facts_of(r);
	return retention_rule_first(&r->limits, &facts);
}

uint64_t retention_behind(const struct retention *r)
{
	if (!is_limited(&r->limits))
		return r->behind_records_max;
	struct retention_facts facts = facts_of(r);
	return retention_rule_behind(&r->limits, &facts, r->behind_records_max);
}
