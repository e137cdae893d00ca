/* Towns in which a partition changes hands while its first owner has work to do, or does
 * not know how its commit ended: what it finds is the other one's, and it must change
 * nothing (I7). What random towns meet once in some hundred is told here step
 * by step, under several seeds, which choose limits and little else. */
#include "town.h"
#include "want.h"

#include <stdio.h>

#define SEEDS 8
#define STEPS 400
#define STEP_US 1000

enum { FIRST, SECOND };

static struct town town;

/* A moment in which the broker and one worker have a turn. */
static void step(int worker)
{
	town.chance.step++;
	town.chance.now_us += STEP_US;
	town_clients_turn(&town);
	town_broker_turn(&town);
	town_worker_turn(town.town_workers[worker]);
	check_marks(&town, worker);
}

#define STEP_UNTIL(worker, condition)                                           \
	do {                                                                    \
		for (int steps_ = 0; !(condition); steps_++) {                  \
			WANT(&town.chance, steps_ < STEPS, "it does not come"); \
			step(worker);                                           \
		}                                                               \
	} while (0)

static bool owns_all(void)
{
	for (uint32_t partition = 0; partition < PARTITIONS; partition++)
		if (!town.marks[partition].epoch ||
		    town_worker_epoch(town.town_workers[FIRST], partition) !=
			    town.marks[partition].epoch)
			return false;
	return true;
}

/* The broker begins anew, and the first that it hears of is the second worker. The
 * first one has heard nothing of it yet: it has just sent something. */
static void take_over(uint32_t partition)
{
	uint64_t epoch = town.marks[partition].epoch;
	town_broker_dies(&town, "and its workers do not know");
	town_worker_dies(&town, SECOND);
	STEP_UNTIL(SECOND, town.marks[partition].epoch > epoch);
}

static bool has_work(void)
{
	uint32_t partition;
	bool in_doubt;
	return town_worker_job(town.town_workers[FIRST], &partition, &in_doubt);
}

static bool is_in_doubt(void)
{
	uint32_t partition;
	bool in_doubt = false;
	return town_worker_job(town.town_workers[FIRST], &partition, &in_doubt) && in_doubt;
}

static uint32_t partition_of_work(void)
{
	uint32_t partition = 0;
	bool in_doubt;
	WANT(&town.chance, town_worker_job(town.town_workers[FIRST], &partition, &in_doubt),
	     "it has no work");
	return partition;
}

/* The first worker goes on, until it is done with what it had begun. Who lost its
 * session instead would have forgotten it. */
static void go_on(uint32_t partition)
{
	uint32_t other;
	bool in_doubt;
	struct town_worker *worker = town.town_workers[FIRST];
	uint64_t epoch = town_worker_epoch(worker, partition);
	const struct job *job = town_worker_job(worker, &other, &in_doubt);
	for (int i = 0; town_worker_job(worker, &other, &in_doubt) == job; i++) {
		WANT(&town.chance, i < STEPS, "it does not go on");
		town.chance.now_us += STEP_US;
		town_worker_turn(worker);
		check_marks(&town, FIRST);
	}
	WANT_SAME(&town.chance, town_worker_epoch(worker, partition), epoch);
}

static void a_batch_is_not_written_when_another_has_the_partition(void)
{
	STEP_UNTIL(FIRST, owns_all() && has_work());
	uint32_t partition = partition_of_work();
	take_over(partition);
	go_on(partition);
	WANT_SAME(&town.chance, town.marks[partition].position, 0);
}

static void a_batch_of_unknown_outcome_is_not_written_under_anothers_epoch(void)
{
	STEP_UNTIL(FIRST, owns_all());
	town.database.lose_commit = true;
	STEP_UNTIL(FIRST, is_in_doubt());
	uint32_t partition = partition_of_work();
	take_over(partition);
	go_on(partition);
	WANT_SAME(&town.chance, town.marks[partition].position, 0);
}

/* In the first room, by one who is there. */
static void post_what_is_refused(void)
{
	struct client *c = &town.clients[0];
	const struct ledger *l = &town.ledger;
	struct as_of now;
	uint64_t member = 1;
	ledger_at(l, 1, l->len, &now);
	while (!now.members[member].in)
		member++;
	town.database.poison = POISON;
	*c = (struct client){.tenant = town_tenants[0], .no = ++town.posts};
	snprintf(c->room, sizeof c->room, "%s", l->rooms[0].id);
	snprintf(c->sender, sizeof c->sender, "%s", l->members[member - 1].id);
	snprintf(c->body, sizeof c->body, POISON);
}

static void count(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	*(uint64_t *)arg = db_cell_number(cells[0]);
}

static uint64_t quarantined(void)
{
	uint64_t rows = 0;
	database_ask(&town.database, "SELECT COUNT(*) FROM sync_quarantine", count, &rows);
	return rows;
}

static bool synced(void)
{
	return sync_synced(town.keep.commit.sync) == store_last(town.keep.store);
}

static void a_release_of_unknown_outcome_is_not_written_under_anothers_epoch(void)
{
	STEP_UNTIL(FIRST, owns_all() && synced());
	post_what_is_refused();
	STEP_UNTIL(FIRST, quarantined() && synced());
	town.database.poison = NULL;
	WANT(&town.chance, town_release(&town), "nothing is in quarantine");
	town.database.lose_commit = true;
	STEP_UNTIL(FIRST, is_in_doubt());
	uint32_t partition = partition_of_work();
	take_over(partition);
	go_on(partition);
	WANT_SAME(&town.chance, quarantined(), 1);
}

int main(void)
{
	static void (*const stories[])(void) = {
		a_batch_is_not_written_when_another_has_the_partition,
		a_batch_of_unknown_outcome_is_not_written_under_anothers_epoch,
		a_release_of_unknown_outcome_is_not_written_under_anothers_epoch,
	};
	town_open(&town);
	for (size_t i = 0; i < sizeof stories / sizeof *stories; i++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			town_begin_quiet(&town, seed);
			stories[i]();
			town_settle(&town);
			town_end(&town);
		}
	town_close(&town);
	return 0;
}
