/* What a turn's commit takes upon itself, in a broker whose loop does not run. */
#include "house.h"

#include "core/message.h"
#include "core/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define RECORDS 10000
#define TRIMMED_MAX 2000 /* by one commit, and there is one of the turn and one of rows */

static const struct core_call call = {.tenant = {"acme", 4}, .now_us = 1000000};
static const struct span room = {"r", 1}, member = {"ann", 3};

static void post(struct broker *b, int no)
{
	char id[16];
	struct core_posted posted;
	struct core_post q = {.room = room, .sender = member, .type = MESSAGE_TYPE_MESSAGE};
	q.client_id = (struct span){id, (size_t)snprintf(id, sizeof id, "%d", no)};
	assert_int_equal(core_post(b->core, &call, &q, &posted), PARLOR_E_OK);
}

static void fill(struct broker *b)
{
	const struct core_member_spec ann = {.id = member, .type = MEMBER_TYPE_MANAGER};
	struct core_room_view view;
	assert_int_equal(core_room_create(b->core, &call,
					  &(struct core_room_create){
						  .id = room, .members = &ann, .members_len = 1},
					  &view),
			 PARLOR_E_OK);
	for (int i = 0; i < RECORDS; i++) {
		post(b, i);
		if (i % 1000 == 999)
			assert_int_equal(commit_turn(&b->commit), PARLOR_E_OK);
	}
	assert_int_equal(commit_all_rows(&b->commit), PARLOR_E_OK);
}

/* Much of the journal may go, and more rows are dirty than should be, for which there is no
 * room: the turn does not wait until all of it has gone. */
static void a_turn_without_room_for_rows_trims_no_more_than_another(void **state)
{
	struct house *h = house_open("100000");
	struct broker *b = &h->broker;
	(void)state;
	fill(b);
	b->commit.retention.limits =
		(struct retention_limits){.records = 100, .without_mysql = true};
	b->commit.limits.dirty_rows = 0;
	b->commit.rows_late = (struct late){.is = true, .next_us = UINT64_MAX};
	post(b, RECORDS);
	uint64_t before = store_first(b->store);
	assert_int_equal(commit_turn(&b->commit), PARLOR_E_OK);
	assert_in_range(store_first(b->store) - before, 1, 2 * TRIMMED_MAX);
	house_close(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_without_room_for_rows_trims_no_more_than_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
