#include "window.h"

#include "broker.h"
#include "store/snapshot.h"
#include "trim.h"

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
	if (low < b->window.young)
		low = b->window.young;
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

/* One of another journal, or of one that went on elsewhere, is of no use. */
static void look_at_snapshot(struct broker *b)
{
	struct snapshot_head head = {0};
	enum parlor_err err = snapshot_read_head(b->settings.data, &head);
	bool usable = !err && head.journal_id == store_journal_id(b->store) &&
		      head.position <= store_last(b->store);
	bool useless = !usable && err != PARLOR_E_NOT_FOUND;
	if (useless && !b->window.told)
		log_warn("%s: the snapshot is of no use: %s", b->settings.data,
			 err ? parlor_err_text(err) : "it is of another journal");
	b->window.told = useless;
	b->window.snapshot = usable ? head.position : 0;
}

void window_look(struct broker *b)
{
	const struct settings *s = &b->settings;
	bool limited = s->hot_records || s->hot_bytes || s->hot_seconds;
	if (!limited || (b->window.looked_us && b->now_us - b->window.looked_us < LOOK_US))
		return;
	b->window.looked_us = b->now_us;
	if (s->hot_seconds)
		look_at_ages(b);
	if (s->snapshots)
		look_at_snapshot(b);
}

uint64_t window_first(const struct broker *b)
{
	struct trim_limits limits = limits_of(b);
	struct trim_facts facts = facts_of(b);
	return trim_first(&limits, &facts);
}

uint64_t window_behind(const struct broker *b)
{
	struct trim_limits limits = limits_of(b);
	struct trim_facts facts = facts_of(b);
	return trim_behind(&limits, &facts, b->settings.behind_records_max);
}
