#include "turn/retention.h"

#include "broker.h"
#include "store/snapshot.h"
#include "turn/trim.h"

#include "base/log.h"

#define LOOK_US 1000000

static struct trim_limits limits_of(const struct broker *b)
{
	const struct settings *s = &b->settings;
	return (struct trim_limits){.records = s->hot_records,
				    .bytes = s->hot_bytes,
				    .seconds = s->hot_seconds,
				    .without_mysql = s->without_mysql,
				    .snapshots = s->snapshots};
}

static struct trim_facts facts_of(const struct broker *b)
{
	return (struct trim_facts){.first = store_first(b->store),
				   .last = store_last(b->store),
				   .bytes = store_journal_bytes(b->store),
				   .young = b->window.young,
				   .synced = sync_floor(b->sync),
				   .covered = store_covered(b->store),
				   .snapshot = b->window.snapshot};
}

static enum parlor_err time_at(struct broker *b, uint64_t position, uint64_t *time_us)
{
	struct entry entry;
	struct record r;
	enum parlor_err err = store_read(b->store, position, &entry);
	if (!err)
		err = record_decode(&r, entry.head.data, entry.head.len);
	if (!err)
		*time_us = r.time_us;
	return err;
}

/* Times never go back from record to record. One that cannot be read is told by
 * the store, and kept with what is behind it. */
static void look_at_ages(struct broker *b)
{
	uint64_t age_us = b->settings.hot_seconds * 1000000, time_us;
	uint64_t low = store_first(b->store), high = store_last(b->store) + 1;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (time_at(b, middle, &time_us))
			return;
		if (time_us + age_us < b->wall_us)
			low = middle + 1;
		else
			high = middle;
	}
	b->window.young = low;
}

/* What it was taken of is in this journal. Once that is trimmed it is the one by
 * which it was. */
static bool is_same(struct broker *b, const struct snapshot_head *head)
{
	struct entry entry;
	if (head->position < store_first(b->store))
		return true;
	return head->position <= store_last(b->store) &&
	       store_read(b->store, head->position, &entry) == PARLOR_E_OK &&
	       snapshot_digest(entry.head) == head->digest;
}

/* Why the snapshot is of no use, or NULL. */
static const char *no_use(struct broker *b, enum parlor_err err, const struct snapshot_head *head)
{
	if (err == PARLOR_E_NOT_FOUND)
		return "there is none; parlor-replay snapshot makes one";
	if (err)
		return parlor_err_text(err);
	if (head->journal_id != store_journal_id(b->store))
		return "it is of another journal";
	return is_same(b, head) ? NULL : "it is of a journal that went on elsewhere";
}

static void look_at_snapshot(struct broker *b)
{
	struct snapshot_head head = {0};
	enum parlor_err err = snapshot_read_head(b->settings.data, &head);
	/* What it has may go only if it cannot be lost again. */
	if (!err && head.position != b->window.snapshot)
		err = snapshot_settle(b->settings.data);
	const char *why = no_use(b, err, &head);
	if (why && !b->window.told)
		log_warn("%s: nothing is trimmed for want of a snapshot: %s", b->settings.data,
			 why);
	b->window.told = why;
	b->window.snapshot = why ? 0 : head.position;
}

static bool is_limited(const struct settings *s)
{
	return s->hot_records || s->hot_bytes || s->hot_seconds;
}

void window_look(struct broker *b)
{
	const struct settings *s = &b->settings;
	if (!is_limited(s) || (b->window.looked_us && b->now_us - b->window.looked_us < LOOK_US))
		return;
	b->window.looked_us = b->now_us;
	if (s->hot_seconds)
		look_at_ages(b);
	if (s->snapshots)
		look_at_snapshot(b);
}

uint64_t window_first(const struct broker *b)
{
	if (!is_limited(&b->settings))
		return store_first(b->store);
	struct trim_limits limits = limits_of(b);
	struct trim_facts facts = facts_of(b);
	return trim_first(&limits, &facts);
}

uint64_t window_behind(const struct broker *b)
{
	if (!is_limited(&b->settings))
		return b->settings.behind_records_max;
	struct trim_limits limits = limits_of(b);
	struct trim_facts facts = facts_of(b);
	return trim_behind(&limits, &facts, b->settings.behind_records_max);
}
