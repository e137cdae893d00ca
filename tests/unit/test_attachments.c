/* Members attached to sessions, with rooms on a disk in memory: a refused attach leaves
 * nobody listening. Nothing is sent: there is neither store nor outbox. */
#include "../sim/disk.h"
#include "core/member.h"
#include "core/room.h"
#include "fanout/attachments.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOMS 3

struct house {
	struct disk disk;
	struct core_rows rows;
	struct core_call call;
	struct meter meter;
	struct fanout fanout;
	struct session *session;
	uint64_t member;
	int scanned, damaged; /* the row that cannot be read, of those of one scan */
	core_scan_fn *fn;
	void *arg;
};

/* ---- a disk with a damaged row --------------------------------------------------------- */

static enum parlor_err get(void *ctx, const struct row_key *key, struct span *value)
{
	struct house *h = ctx;
	return h->rows.get(h->rows.ctx, key, value);
}

static bool tell(void *ctx, const void *key, size_t key_len, struct span value)
{
	struct house *h = ctx;
	bool good = ++h->scanned != h->damaged;
	return h->fn(h->arg, key, key_len, good ? value : (struct span){NULL, 0});
}

static enum parlor_err scan(void *ctx, const struct row_key *from, size_t prefix_len,
			    core_scan_fn *fn, void *arg)
{
	struct house *h = ctx;
	h->scanned = 0;
	h->fn = fn;
	h->arg = arg;
	return h->rows.scan(h->rows.ctx, from, prefix_len, tell, h);
}

/* ---- a house -------------------------------------------------------------------------- */

static void no_sink(void *ctx, const struct record *r)
{
	(void)ctx;
	(void)r;
}

static void write_all(struct house *h)
{
	struct core *c = h->fanout.core;
	uint64_t covered;
	while (core_dirty(c)) {
		h->disk.begin(h->disk.ctx);
		(void)core_write_back(c, 1000, h->disk.put, h->disk.ctx, &covered);
		h->disk.commit(h->disk.ctx);
		core_landed(c);
	}
}

static int open_house(void **state)
{
	static const struct session_limits limits = {
		.sessions = 1, .tenant_sessions = 1, .members = 10};
	struct house *h = mem_new(sizeof *h);
	h->disk = disk_in_memory();
	h->rows = h->disk.rows(h->disk.ctx);
	h->call = (struct core_call){.tenant = SPAN_TEXT("acme"), .now_us = 1};
	h->fanout = (struct fanout){
		.core = core_new(&core_limits_default, (struct core_rows){h, get, scan},
				 (struct core_sink){.record = no_sink}),
		.meter = &h->meter,
		.sessions = session_table_new(&limits),
		.subscribers = subscribers_new(100),
		.intervals = intervals_new(10, 10),
	};
	struct session_hello hello = {.routing = {(const uint8_t *)"\0\0\0\0\1", 5},
				      .tenant = h->call.tenant};
	assert_int_equal(session_open(h->fanout.sessions, &hello, &h->session), PARLOR_E_OK);
	for (int i = 0; i < ROOMS; i++) {
		char id[16];
		const struct core_member_spec ann = {.id = SPAN_TEXT("ann"),
						     .type = MEMBER_TYPE_MEMBER};
		snprintf(id, sizeof id, "r%d", i);
		struct core_room_create q = {
			.id = SPAN_TEXT(id), .members = &ann, .members_len = 1};
		struct core_room_view view;
		assert_int_equal(core_room_create(h->fanout.core, &h->call, &q, &view),
				 PARLOR_E_OK);
	}
	write_all(h);
	assert_int_equal(core_member_find(h->fanout.core, &h->call, SPAN_TEXT("ann"), &h->member),
			 PARLOR_E_OK);
	*state = h;
	return 0;
}

static int close_house(void **state)
{
	struct house *h = *state;
	fanout_forget(&h->fanout, h->session);
	session_table_free(h->fanout.sessions);
	subscribers_free(h->fanout.subscribers);
	intervals_free(h->fanout.intervals);
	core_free(h->fanout.core);
	h->disk.close(h->disk.ctx);
	free(h);
	return 0;
}

/* ---- stories ---------------------------------------------------------------------------- */

static void an_attach_refused_by_a_damaged_row_leaves_nobody_listening(void **state)
{
	struct house *h = *state;
	bool added;
	for (h->damaged = 1; h->damaged <= ROOMS; h->damaged++) {
		assert_int_equal(attachments_add(&h->fanout, h->session, h->member, 0, &added),
				 PARLOR_E_STORE_CORRUPT);
		/* It is half way in, and whoever asked takes it back. */
		assert_true(added);
		assert_int_equal(attachments_remove(&h->fanout, h->session, h->member, &added),
				 PARLOR_E_OK);
		assert_int_equal(subscribers_entries(h->fanout.subscribers), 0);
		assert_int_equal(session_member_count(h->session), 0);
	}
	h->damaged = 0;
	assert_int_equal(attachments_add(&h->fanout, h->session, h->member, 0, &added),
			 PARLOR_E_OK);
	assert_int_equal(subscribers_entries(h->fanout.subscribers), ROOMS + 1);
	assert_int_equal(attachments_remove(&h->fanout, h->session, h->member, &added),
			 PARLOR_E_OK);
	assert_int_equal(subscribers_entries(h->fanout.subscribers), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_attach_refused_by_a_damaged_row_leaves_nobody_listening, open_house,
			close_house),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
