/* What a worker skips: topics of any kind, by tenant, kind and id. */
#include "quarantine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Of a kind that no broker has. */
#define KIND_OF_THIS_TEST 77

static Parlor__SyncRecord record(uint32_t kind, const char *id)
{
	Parlor__SyncRecord r = PARLOR__SYNC_RECORD__INIT;
	r.tenant = (char *)(uintptr_t) "acme";
	r.topic_kind = (Parlor__TopicKind)kind;
	r.topic = (char *)(uintptr_t)id;
	return r;
}

static void a_topic_is_skipped_and_no_other_of_its_name(void **state)
{
	(void)state;
	struct quarantine q = {0};
	const Parlor__SyncRecord team = record(KIND_OF_THIS_TEST, "one");
	const Parlor__SyncRecord room = record(PARLOR__TOPIC_KIND__TOPIC_ROOM, "one");
	const Parlor__SyncRecord second = record(KIND_OF_THIS_TEST, "two");
	quarantine_add(&q, topic_of(&team), 10, "1406");
	assert_null(quarantine_find(&q, topic_of(&room)));
	assert_null(quarantine_find(&q, topic_of(&second)));
	struct quarantine_topic *found = quarantine_find(&q, topic_of(&team));
	assert_non_null(found);
	assert_true(topic_equal(found->topic, topic_of(&team)));
	assert_int_equal(found->position, 10);
	assert_string_equal(found->error, "1406");

	struct topic elsewhere = topic_of(&team);
	elsewhere.tenant = "other";
	assert_null(quarantine_find(&q, elsewhere));
	quarantine_add(&q, topic_of(&room), 20, "1406");
	assert_int_equal(quarantine_count(&q), 2);
	quarantine_remove(&q, found);
	assert_null(quarantine_find(&q, topic_of(&team)));
	assert_int_equal(quarantine_find(&q, topic_of(&room))->position, 20);
	quarantine_fini(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_topic_is_skipped_and_no_other_of_its_name),
	};
	return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
