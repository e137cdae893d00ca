/* Sessions: the table and its limits, silence, members, catching up and credit. */
#include "fanout/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct session_limits limits = {.sessions = 3, .tenant_sessions = 3, .members = 2};

static int setup(void **state)
{
	*state = session_table_new(&limits);
	return 0;
}

static int teardown(void **state)
{
	session_table_free(*state);
	return 0;
}

/* A routing id as ROUTER makes them. */
static struct span routing(uint8_t n)
{
	static uint8_t bytes[256][FRONT_ROUTING_BYTES];
	bytes[n][4] = n;
	return (struct span){bytes[n], FRONT_ROUTING_BYTES};
}

static struct session *open_session(struct session_table *t, uint8_t n, const char *tenant)
{
	struct session *s = NULL;
	struct session_hello hello = {.routing = routing(n),
				      .tenant = SPAN_TEXT(tenant),
				      .client = SPAN_TEXT("gateway"),
				      .now_us = n};
	assert_int_equal(session_open(t, &hello, &s), PARLOR_E_OK);
	return s;
}

static void test_a_session_is_found_by_its_routing_id(void **state)
{
	struct session_table *t = *state;
	struct session *one = open_session(t, 1, "acme");
	struct session *two = open_session(t, 2, "acme");
	char name[SESSION_NAME_MAX];
	assert_ptr_equal(session_find(t, routing(1), NULL), one);
	assert_ptr_equal(session_find(t, routing(2), NULL), two);
	assert_null(session_find(t, routing(3), NULL));
	assert_null(session_find(t, (struct span){"\0\0\0\1", 4}, NULL));
	assert_ptr_equal(one->tenant, two->tenant);
	assert_string_equal(session_name(two, name), "#2 acme/gateway");
	assert_memory_equal(two->routing, routing(2).data, sizeof two->routing);

	session_close(t, one);
	assert_null(session_find(t, routing(1), NULL));
	assert_int_equal(session_count(t), 1);
	assert_int_equal(session_tenant_count(t), 1);
	session_close(t, two);
	assert_int_equal(session_tenant_count(t), 0);
}

static void test_a_session_is_its_keys_alone(void **state)
{
	struct session_table *t = *state;
	struct session *s, *other = NULL;
	char key[] = "a", same[] = "a";
	struct session_hello hello = {
		.routing = routing(1), .user = key, .tenant = SPAN_TEXT("acme")};
	assert_int_equal(session_open(t, &hello, &s), PARLOR_E_OK);
	assert_ptr_equal(session_find(t, routing(1), same), s);
	assert_null(session_find(t, routing(1), "b"));
	assert_null(session_find(t, routing(1), NULL));
	hello.user = "b";
	assert_int_equal(session_open(t, &hello, &other), PARLOR_E_SESSION_EXISTS);
	assert_null(other);
	assert_ptr_equal(session_find(t, routing(1), key), s);
	assert_null(session_find(t, routing(1), "b"));
}

static void test_a_tenant_has_its_share_of_the_sessions(void **state)
{
	struct session_limits shared = {.sessions = 3, .tenant_sessions = 2, .members = 1};
	struct session_table *t = session_table_new(&shared);
	struct session *s;
	struct session_hello hello = {.routing = routing(3), .tenant = SPAN_TEXT("acme")};
	(void)state;
	struct session *first = open_session(t, 1, "acme");
	(void)open_session(t, 2, "acme");
	assert_int_equal(session_open(t, &hello, &s), PARLOR_E_SESSIONS_FULL);
	(void)open_session(t, 4, "other");
	session_close(t, first);
	assert_int_equal(session_open(t, &hello, &s), PARLOR_E_OK);
	session_table_free(t);
}

static void test_what_a_tenant_owes_outlives_its_last_session(void **state)
{
	struct session_table *t = *state;
	struct drr drr = {.quantum = 1000};
	struct session *s = open_session(t, 1, "acme");
	drr_charge(&drr, &s->backlog.flow, 3000);
	session_close(t, s);
	assert_int_equal(session_tenant_count(t), 0);
	for (int turn = 0; turn < 3; turn++) {
		session_forget_tenants(t, &drr);
		s = open_session(t, 1, "acme");
		assert_int_equal(session_tenant_count(t), 1);
		assert_false(drr_may(&drr, &s->backlog.flow));
		session_close(t, s);
		drr_turn(&drr);
	}
	session_forget_tenants(t, &drr);
	s = open_session(t, 1, "acme");
	assert_true(drr_may(&drr, &s->backlog.flow));
	assert_int_equal(s->tenant->drr.turns, 0); /* another one of that name */
}

/* Or who comes back would have its share of them again. */
static void test_a_tenant_is_kept_while_workers_do_something_for_it(void **state)
{
	struct session_table *t = *state;
	struct drr drr = {.quantum = 1};
	struct session *s = open_session(t, 1, "acme");
	s->tenant->pending.len[PENDING_ARCHIVE]++;
	session_close(t, s);
	session_forget_tenants(t, &drr);
	s = open_session(t, 1, "acme");
	assert_int_equal(pending_shared(&s->tenant->pending), 1);
	s->tenant->pending.len[PENDING_ARCHIVE]--;
	session_close(t, s);
	session_forget_tenants(t, &drr);
	s = open_session(t, 1, "acme");
	assert_int_equal(pending_shared(&s->tenant->pending), 0);
}

static void test_what_cannot_be_a_session_is_refused(void **state)
{
	struct session_table *t = *state;
	struct session *s;
	struct session_hello hello = {.tenant = SPAN_TEXT("acme"), .client = {NULL, 0}};
	for (uint8_t n = 1; n <= limits.sessions; n++)
		(void)open_session(t, n, "acme");
	hello.routing = routing(2);
	assert_int_equal(session_open(t, &hello, &s), PARLOR_E_SESSION_EXISTS);
	hello.routing = routing(9);
	assert_int_equal(session_open(t, &hello, &s), PARLOR_E_SESSIONS_FULL);
	assert_int_equal(session_count(t), limits.sessions);

	session_close(t, session_find(t, routing(1), NULL));
	assert_int_equal(session_open(t, &hello, &s), PARLOR_E_OK);
}

static void test_a_long_client_name_is_cut_between_characters(void **state)
{
	struct session *s;
	char name[SESSION_CLIENT_MAX + 3];
	memset(name, 'x', sizeof name);
	memcpy(name + SESSION_CLIENT_MAX - 1, "\xc3\xa9", 2);
	struct session_hello hello = {
		.routing = routing(1), .tenant = SPAN_TEXT("acme"), .client = {name, sizeof name}};
	assert_int_equal(session_open(*state, &hello, &s), PARLOR_E_OK);
	assert_int_equal(strlen(s->client), SESSION_CLIENT_MAX - 1);
}

static void test_the_longest_silent_session_expires_first(void **state)
{
	struct session_table *t = *state;
	struct session *one = open_session(t, 1, "acme");
	struct session *two = open_session(t, 2, "acme");
	struct session *three = open_session(t, 3, "acme");
	session_heard(t, one, 10);
	session_heard(t, three, 11);
	session_heard(t, three, 12);
	assert_null(session_expired(t, 101, 100));
	assert_ptr_equal(session_expired(t, 102, 100), two);
	session_close(t, two);
	assert_null(session_expired(t, 109, 100));
	assert_ptr_equal(session_expired(t, 110, 100), one);
	session_close(t, one);
	assert_ptr_equal(session_first(t), three);
	assert_ptr_equal(session_expired(t, 112, 100), three);
	session_close(t, three);
	assert_null(session_expired(t, UINT64_MAX, 100));
}

static void attach(struct session_table *t, struct session *s, uint64_t member, bool is_new)
{
	bool added;
	assert_int_equal(session_attach(t, s, member, &added), PARLOR_E_OK);
	assert_int_equal(added, is_new);
	assert_non_null(session_member_find(s, member));
}

static void test_a_session_speaks_for_so_many_members(void **state)
{
	struct session_table *t = *state;
	struct session *s = open_session(t, 1, "acme");
	bool added;
	attach(t, s, 1, true);
	attach(t, s, 2, true);
	assert_int_equal(session_attach(t, s, 3, &added), PARLOR_E_TOO_MANY);
	assert_false(added);
	attach(t, s, 2, false);
	assert_int_equal(session_member_count(s), 2);
	assert_int_equal(session_attachments(t), 2);
	assert_null(session_member_find(s, 3));

	while (session_member_first(s))
		assert_true(session_detach(t, s, session_member_first(s)->no));
	assert_false(session_detach(t, s, 1));
	assert_int_equal(session_attachments(t), 0);
	session_close(t, s);
}

static void test_those_catching_up_take_turns(void **state)
{
	struct session_table *t = *state;
	struct session *one = open_session(t, 1, "acme");
	struct session *two = open_session(t, 2, "acme");
	session_set_state(t, one, SESSION_CATCH_UP);
	session_set_state(t, one, SESSION_CATCH_UP);
	session_set_state(t, two, SESSION_CATCH_UP);
	assert_int_equal(session_catching_up_count(t), 2);
	assert_ptr_equal(session_catching_up(t), one);
	session_catch_up_later(t, one);
	assert_ptr_equal(session_catching_up(t), two);
	session_close(t, two);
	assert_ptr_equal(session_catching_up(t), one);
	session_set_state(t, one, SESSION_LIVE);
	assert_null(session_catching_up(t));
	assert_int_equal(session_catching_up_count(t), 0);
}

static void test_credit_is_counted_only_when_asked_for(void **state)
{
	struct session_table *t = *state;
	struct session *free_one = open_session(t, 1, "acme");
	assert_true(session_credit_take(free_one));

	struct session *s;
	struct session_hello hello = {
		.routing = routing(2), .tenant = SPAN_TEXT("acme"), .credit = 2};
	assert_int_equal(session_open(t, &hello, &s), PARLOR_E_OK);
	assert_true(session_credit_take(s));
	assert_true(session_credit_take(s));
	assert_false(session_credit_take(s));
	session_credit_add(s, 1, 100);
	assert_true(session_credit_take(s));
	session_credit_add(s, UINT32_MAX, UINT32_MAX);
	session_credit_add(s, UINT32_MAX, UINT32_MAX);
	assert_int_equal(s->credit, UINT32_MAX);
	session_credit_add(s, 1, 100);
	assert_int_equal(s->credit, 100);
}

static void test_descriptors_bound_the_sessions(void **state)
{
	(void)state;
	assert_int_equal(session_descriptors(10), 10);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct rlimit few = {.rlim_cur = 100, .rlim_max = 164};
		bool good = !setrlimit(RLIMIT_NOFILE, &few);
		uint64_t got = session_descriptors(8192);
		good = good && got >= 80 && got + got / 8 + 64 <= 164 &&
		       session_descriptors(5) == 5;
		_exit(good ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define IN_A_TABLE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_TABLE(test_a_session_is_found_by_its_routing_id),
		IN_A_TABLE(test_a_session_is_its_keys_alone),
		IN_A_TABLE(test_a_tenant_has_its_share_of_the_sessions),
		IN_A_TABLE(test_what_a_tenant_owes_outlives_its_last_session),
		IN_A_TABLE(test_a_tenant_is_kept_while_workers_do_something_for_it),
		IN_A_TABLE(test_what_cannot_be_a_session_is_refused),
		IN_A_TABLE(test_a_long_client_name_is_cut_between_characters),
		IN_A_TABLE(test_the_longest_silent_session_expires_first),
		IN_A_TABLE(test_a_session_speaks_for_so_many_members),
		IN_A_TABLE(test_those_catching_up_take_turns),
		IN_A_TABLE(test_credit_is_counted_only_when_asked_for),
		cmocka_unit_test(test_descriptors_bound_the_sessions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
