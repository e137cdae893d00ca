/* Write-back keeps step with what comes, whatever comes: rooms and members are made
 * without end, whose names are written before all other rows. */
#include "town.h"
#include "want.h"

#include "core/room_members.h"

#include <stdio.h>

#define TURNS 300
#define ROOMS_A_TURN 10
#define BEHIND_MAX 1000 /* records */

static struct town town;

/* Two members whom nobody knew, in a room that was not there. */
static void make_room(const struct core_call *call, unsigned no)
{
	char names[3][NAME_BYTES];
	struct core_member_spec members[2];
	struct core_room_view view;
	for (unsigned i = 0; i < 3; i++)
		snprintf(names[i], NAME_BYTES, "new%u", 3 * no + i);
	for (unsigned i = 0; i < 2; i++)
		members[i] = (struct core_member_spec){.id = SPAN_TEXT(names[i]),
						       .type = MEMBER_TYPE_MEMBER};
	struct core_room_create q = {
		.id = SPAN_TEXT(names[2]), .members = members, .members_len = 2};
	WANT_SAME(&town.chance, core_room_create(town.keep.commit.core, call, &q, &view),
		  PARLOR_E_OK);
}

static void a_pass_comes_to_its_end_where_names_are_made_without_end(void)
{
	struct keep *k = &town.keep;
	for (unsigned turn = 0; turn < TURNS; turn++) {
		struct core_call call = keep_call(k, town_tenants[0]);
		keep_begin(k);
		for (unsigned i = 0; i < ROOMS_A_TURN; i++)
			make_room(&call, turn * ROOMS_A_TURN + i);
		WANT(&town.chance, keep_commit(k), "a commit failed");
		keep_answer(k);
		uint64_t behind = store_last(k->store) - store_covered(k->store);
		WANT(&town.chance, behind <= BEHIND_MAX, "%d records are not covered by rows",
		     (int)behind);
	}
}

int main(void)
{
	town_open(&town);
	town_begin_quiet(&town, 1);
	town.keep.commit.limits = (struct commit_limits){
		.dirty_rows = 1000000, .write_back_rows = 2000, .turn_deliveries = 1000};
	town.keep.commit.retention.behind_records_max = BEHIND_MAX;
	a_pass_comes_to_its_end_where_names_are_made_without_end();
	town_end(&town);
	town_close(&town);
	return 0;
}
