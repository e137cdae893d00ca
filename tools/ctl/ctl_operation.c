/* parlor sync ..., parlor stats */
#include "ctl.h"
#include "show.h"
#include "table.h"

#include <inttypes.h>

#define SYNC_WAIT_MS 60000

static enum ctl_exit sync_wait(struct ctl *ctl, const struct args *args)
{
	if (ctl->timeout_ms < 0)
		ctl->timeout_ms = SYNC_WAIT_MS;
	return ctl_plain(ctl, args);
}

/* ---- shown ---- */

static void show_done(const Parlor__Reply *r)
{
	if (r->done->position)
		printf("done  position %" PRIu64 "\n", r->done->position);
	else
		printf("nothing had to change\n");
}

static void show_sync(const Parlor__Reply *r)
{
	const Parlor__SyncReport *s = r->sync;
	struct table t;

	printf("journal at %" PRIu64 ", MySQL has everything up to %" PRIu64 ", %u worker%s\n",
	       s->position, s->synced, s->workers, s->workers == 1 ? "" : "s");
	if (s->n_partitions) {
		table_heads(&t, HEADS("PARTITION", "MESSAGES", "UNREAD", "WORKER", "TROUBLE"));
		for (size_t i = 0; i < s->n_partitions; i++) {
			table_number(&t, s->partitions[i]->partition);
			table_number(&t, s->partitions[i]->position);
			table_number(&t, s->partitions[i]->unread_position);
			table_text(&t, *s->partitions[i]->worker ? s->partitions[i]->worker : "-");
			table_text(&t, s->partitions[i]->error);
		}
		table_print(&t, stdout);
	}
	for (size_t i = 0; i < s->n_quarantined; i++) {
		fputs("in quarantine: ", stdout);
		show_text(stdout, s->quarantined[i]);
		putchar('\n');
	}
}

static void show_stats(const Parlor__Reply *r)
{
	struct table t;

	table_init(&t, 2);
	for (size_t i = 0; i < r->stats->n_counters; i++)
		table_line_number(&t, r->stats->counters[i]->name, r->stats->counters[i]->value);
	table_print(&t, stdout);
}

/* ---- the table ---- */

static const struct command commands[] = {
	{"sync status", "", 0, 0, NULL, "How far MySQL is behind, and why.",
	 .op = PARLOR__REQUEST__OP_SYNC_STATUS},
	{"sync wait", "", 0, 0, NULL,
	 "Waits until MySQL has everything, 60 seconds unless --timeout says otherwise.",
	 .run = sync_wait, .op = PARLOR__REQUEST__OP_SYNC_WAIT},
	{"sync release", "ROOM", 1, 1, NULL, "Takes a room out of quarantine.",
	 .op = PARLOR__REQUEST__OP_SYNC_RELEASE, .fields = {"room"}},
	{"stats", "", 0, 0, NULL, "The broker's counters.", .op = PARLOR__REQUEST__OP_STATS},
	{0},
};
static const struct show_result results[] = {
	{PARLOR__REPLY__RESULT_DONE, show_done, false},
	{PARLOR__REPLY__RESULT_SYNC, show_sync, false},
	{PARLOR__REPLY__RESULT_STATS, show_stats, true},
	{0},
};
const struct noun operation_noun = {.commands = commands, .results = results};
