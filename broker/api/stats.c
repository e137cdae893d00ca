#include "api/request.h"
#include "core/desk/desk.h"
#include "core/run.h"

#include "turn/presence.h"

#include "base/log.h"

#include <assert.h>

struct counters {
	struct request *request;
	Parlor__Counter **list;
	size_t len, cap;
};

static void counter(struct counters *c, const char *name, uint64_t value)
{
	Parlor__Counter *item = request_memory(c->request, sizeof *item);
	if (!item)
		return;
	assert(c->len < c->cap);
	parlor__counter__init(item);
	item->name = (char *)(uintptr_t)name;
	item->value = value;
	c->list[c->len++] = item;
}

static void count_broker(struct counters *c, const struct broker *b)
{
	const struct broker_counts *n = &b->counts;
	struct log_counts log;
	counter(c, "requests", n->requests);
	counter(c, "requests_refused", n->refused);
	counter(c, "frames_bad", n->frames_bad);
	counter(c, "frames_ignored", n->frames_ignored);
	counter(c, "frames_named", n->frames_named);
	counter(c, "posts", n->posts);
	counter(c, "events_live", b->fanout.counts.events_live);
	counter(c, "events_caught_up", b->fanout.counts.events_caught_up);
	counter(c, "steps_caught_up", b->fanout.counts.steps_caught_up);
	counter(c, "looks_caught_up", b->fanout.counts.looks_caught_up);
	counter(c, "sessions_fell_behind", b->fanout.counts.fell_behind);
	counter(c, "waits_refused", n->waits_refused);
	counter(c, "queries_refused", n->queries_refused);
	counter(c, "releases_refused", n->releases_refused);
	counter(c, "sessions_refused", n->sessions_refused);
	counter(c, "sessions_opened", n->sessions_opened);
	counter(c, "sessions_expired", n->sessions_expired);
	counter(c, "sessions_failed", n->sessions_failed);
	counter(c, "sessions_reset", n->sessions_reset);
	counter(c, "sessions_overrun", n->sessions_overrun);
	counter(c, "attaches_refused", n->attaches_refused);
	counter(c, "turns", n->turns);
	counter(c, "turn_us_max", n->turn_us_max);
	counter(c, "turns_full_of_requests", b->price.ended[PRICE_REQUESTS]);
	counter(c, "turns_full_of_bytes_in", b->price.ended[PRICE_BYTES_IN]);
	counter(c, "turns_full_of_records",
		b->price.ended[PRICE_RECORDS] + b->price.ended[PRICE_RECORD_BYTES]);
	counter(c, "turn_steps_max", n->turn_steps_max);
	counter(c, "turns_full_of_steps", b->price.ended[PRICE_STEPS]);
	counter(c, "turns_full_of_rows", b->price.ended[PRICE_ROWS]);
	counter(c, "turns_full_of_deliveries", b->price.ended[PRICE_DELIVERIES]);
	counter(c, "turns_full_of_commits", b->price.ended[PRICE_COMMITS]);
	counter(c, "turns_full_of_time", b->price.ended[PRICE_US]);
	counter(c, "turns_full_of_bytes_out", b->price.ended[PRICE_BYTES_OUT]);
	counter(c, "turns_ended_by_commit", b->price.ended[PRICE_LANDED]);
	counter(c, "commits", b->commit.counts.commits);
	counter(c, "commits_awaited", b->commit.counts.awaited);
	counter(c, "deliveries_put_off", b->commit.counts.put_off);
	counter(c, "records", b->commit.counts.records);
	counter(c, "position", core_position(b->core));
	counter(c, "run", core_run(b->core));
	log_counts(&log);
	counter(c, "log_lines_held", log.held);
	counter(c, "log_lines_lost", log.lost);
}

static void count_front(struct counters *c, const struct broker *b)
{
	struct outbox_counts out;
	struct front_counts in;
	struct auth_counts keys;
	struct connection_counts clients, workers;
	outbox_counts(b->outbox, &out);
	front_counts(b->front, &in);
	auth_counts(b->auth, &keys);
	connections_counts(front_connections(b->front), &clients);
	connections_counts(front_connections(b->worker_front), &workers);
	counter(c, "sessions", session_count(b->fanout.sessions));
	counter(c, "sessions_catching_up", session_catching_up_count(b->fanout.sessions));
	counter(c, "members_attached", session_attachments(b->fanout.sessions));
	counter(c, "presence_owed", presence_owed(&b->commit));
	counter(c, "subscriber_entries", subscribers_entries(b->fanout.subscribers));
	counter(c, "tenants_full_of_entries", subscribers_shares_full(b->fanout.subscribers));
	counter(c, "tenants_full_of_intervals", intervals_shares_full(b->fanout.intervals));
	counter(c, "frames_in", in.frames);
	counter(c, "frames_in_bytes", in.bytes);
	counter(c, "frames_in_not_single", in.bad);
	counter(c, "frames_out", out.frames);
	counter(c, "frames_out_bytes", out.frame_bytes);
	counter(c, "frames_out_shared", out.shared);
	counter(c, "frames_out_dropped", out.dropped);
	counter(c, "frames_out_queued_bytes", out.queued_bytes);
	counter(c, "tenants_full_of_queued", out.shares_full);
	counter(c, "peers_failed", out.failed);
	counter(c, "sessions_held_back", b->backlog.queues_len);
	counter(c, "frames_held_back", b->backlog.frames);
	counter(c, "frames_held_back_bytes", b->backlog.bytes);
	counter(c, "keys_accepted", keys.accepted);
	counter(c, "keys_refused", keys.refused);
	counter(c, "keys_put_off", keys.put_off);
	counter(c, "connections", clients.open + workers.open);
	counter(c, "connections_waiting", clients.waiting + workers.waiting);
	counter(c, "connections_silent", clients.silent + workers.silent);
	counter(c, "connections_pushed", clients.pushed + workers.pushed);
}

static void count_state(struct counters *c, const struct broker *b)
{
	struct core_counts core;
	struct store_counts store;
	core_counts(b->core, &core);
	store_counts(b->store, &store);
	counter(c, "tenants", core.tenants);
	counter(c, "rooms_refused", core.rooms_refused);
	counter(c, "members_refused", core.members_refused);
	counter(c, "rooms", core.rooms);
	counter(c, "members", core.members);
	counter(c, "rooms_resident", core.rooms_resident);
	counter(c, "memberships_resident", core.memberships_resident);
	counter(c, "members_resident", core.members_resident);
	counter(c, "blocks_resident", core.blocks_resident);
	counter(c, "resident_bytes", core.resident_bytes);
	counter(c, "rows_dirty", core.dirty_rows);
	counter(c, "rows_put_off", b->commit.rows_late.times);
	counter(c, "rows_evicted", core.evicted);
	counter(c, "deadlines", core.deadlines);
	counter(c, "deadlines_passed", core.expired);
	counter(c, "deadlines_late_us_max", b->commit.tick_late_us_max);
	counter(c, "store_map_bytes", store.map_bytes);
	counter(c, "store_used_bytes", store.used_bytes);
	counter(c, "store_file_bytes", store.file_bytes);
	counter(c, "store_full_refusals", store.full_refusals);
	counter(c, "journal_first", store_first(b->store));
	counter(c, "journal_covered", store_covered(b->store));
	counter(c, "journal_bytes", store_journal_bytes(b->store));
	counter(c, "journal_snapshot", b->commit.retention.snapshot);
}

static void count_sync(struct counters *c, const struct broker *b)
{
	struct sync_counts n;
	sync_counts(b->sync, &n);
	counter(c, "sync_synced", sync_synced(b->sync));
	counter(c, "sync_workers", n.workers);
	counter(c, "sync_workers_lost", n.workers_lost);
	counter(c, "sync_workers_refused", n.workers_refused);
	counter(c, "sync_batches", n.batches);
	counter(c, "sync_batch_records", n.batch_records);
	counter(c, "sync_batches_failed", n.batches_failed);
	counter(c, "sync_marks_back", n.marks_back);
	counter(c, "requests_waiting", n.pending);
	counter(c, "sync_waiting", n.waiting);
	counter(c, "sync_waits_refused", n.waiting_refused);
	counter(c, "sync_releases_refused", n.releases_refused);
	counter(c, "sync_answers_put_off", n.answers_put_off);
	counter(c, "sync_batches_put_off", n.batches_put_off);
	counter(c, "sync_quarantined", n.quarantined);
	counter(c, "sync_quarantined_unlisted", n.quarantined_unlisted);
	counter(c, "sync_frames_bad", n.frames_bad);
	counter(c, "archive_sent", n.archive_sent);
	counter(c, "archive_failed", n.archive_failed);
	counter(c, "archive_refused", n.archive_refused);
	counter(c, "journal_reads", n.reads);
	counter(c, "journal_reads_refused", n.reads_refused);
}

static void count_desk(struct counters *c, const struct broker *b)
{
	struct core_desk_counts n;
	core_desk_counts(b->core, &n);
	counter(c, "desk_open", n.open);
	counter(c, "desk_deferred", n.deferred);
	counter(c, "desk_waiting", n.waiting);
	counter(c, "desk_offered", n.offered);
	counter(c, "desk_robots", n.robots);
	counter(c, "desk_active", n.active);
	counter(c, "desk_held", n.held);
	counter(c, "desk_offers", n.offers);
	counter(c, "desk_accepted", n.accepted);
	counter(c, "desk_declined", n.declined);
	counter(c, "desk_expired", n.expired);
	counter(c, "desk_withdrawn", n.withdrawn);
	counter(c, "desk_late", n.late);
	counter(c, "desk_claims", n.claims);
	counter(c, "desk_races", n.races);
	counter(c, "desk_transfers", n.transfers);
	counter(c, "desk_abandoned", n.abandoned);
	counter(c, "desk_closed", n.closed);
	counter(c, "desk_storms", n.storms);
	counter(c, "desk_oldest_ms", n.oldest_us / 1000);
#define CORE_DESK_CAUSE(name, of, why) counter(c, "desk_" #name, n.name);
	CORE_DESK_CAUSES(CORE_DESK_CAUSE)
#undef CORE_DESK_CAUSE
	counter(c, "desk_matches", b->decisions.pairs);
	counter(c, "desk_match_us_max", b->decisions.us_max);
	counter(c, "desk_match_us_p50", decisions_us_at(&b->decisions, 50));
	counter(c, "desk_match_us_p99", decisions_us_at(&b->decisions, 99));
	counter(c, "desk_reports", n.reports);
	counter(c, "desk_reports_dropped", n.reports_dropped);
	counter(c, "desk_report_seats", n.tallies);
	counter(c, "desk_report_seats_refused", n.tallies_refused);
}

static enum parlor_err op_stats(struct request *a)
{
	enum { COUNTERS_MAX = 200 };
	struct counters c = {.request = a, .cap = COUNTERS_MAX};
	/* They count all tenants together. */
	if (!request_is_operator(a))
		return PARLOR_E_TENANT;
	c.list = request_memory(a, COUNTERS_MAX * sizeof *c.list);
	if (!c.list)
		return PARLOR_E_NO_MEMORY;
	count_broker(&c, a->broker);
	count_front(&c, a->broker);
	count_state(&c, a->broker);
	count_desk(&c, a->broker);
	count_sync(&c, a->broker);
	Parlor__StatsReport *report = request_result(a);
	report->counters = c.list;
	report->n_counters = c.len;
	return PARLOR_E_OK;
}

static const struct request_kind kinds[] = {
	REQUEST(STATS, NEEDS_SESSION, op_stats, STATS),
};
const struct request_noun stats_requests = REQUEST_NOUN(kinds);
