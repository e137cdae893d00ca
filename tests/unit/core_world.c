#include "core_world.h"

#include "core/kinds.h"
#include "core/reading.h"
#include "core/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const struct core_notice quiet = {.body = {NULL, 0}};

/* ---- a disk that counts --------------------------------------------------------------- */

static enum parlor_err count_get(void *ctx, const struct row_key *key, struct span *value)
{
	struct world *w = ctx;
	w->reads++;
	return w->fault ? w->fault : w->rows.get(w->rows.ctx, key, value);
}

static bool count_row(void *ctx, const void *key, size_t key_len, struct span value)
{
	struct world *w = ctx;
	w->reads++;
	return w->fn(w->arg, key, key_len, value);
}

static enum parlor_err count_scan(void *ctx, const struct row_key *from, size_t prefix_len,
				  core_scan_fn *fn, void *arg)
{
	struct world *w = ctx;
	w->fn = fn;
	w->arg = arg;
	return w->rows.scan(w->rows.ctx, from, prefix_len, count_row, w);
}

/* ---- commits and starts ------------------------------------------------------------------ */

static void take(void *ctx, const struct record *r)
{
	struct world *w = ctx;
	record_encode(&w->pending, r);
	assert_true(w->records < PENDING_MAX);
	w->ends[w->records++] = w->pending.len;
}

static void start(struct world *w)
{
	struct core_rows rows = {.ctx = w, .get = count_get, .scan = count_scan};
	w->core = core_new(&w->limits, rows, (struct core_sink){.ctx = w, .record = take});
	assert_int_equal(core_load(w->core), PARLOR_E_OK);
	for (uint64_t at = w->disk.covered(w->disk.ctx) + 1; at <= w->disk.last(w->disk.ctx);
	     at++) {
		struct record r;
		struct span head = w->disk.read(w->disk.ctx, at);
		assert_int_equal(record_decode(&r, head.data, head.len), PARLOR_E_OK);
		assert_int_equal(core_apply(w->core, &r), PARLOR_E_OK);
	}
	w->call.now_us += 1000;
	core_boot(w->core, w->call.now_us);
}

void commit(struct world *w, size_t rows)
{
	uint64_t position = core_position(w->core) - w->records, covered;
	size_t from = 0;
	w->disk.begin(w->disk.ctx);
	for (size_t i = 0; i < w->records; i++) {
		struct span head = {w->pending.data + from, w->ends[i] - from};
		w->disk.append(w->disk.ctx, ++position, head);
		from = w->ends[i];
	}
	if (rows) {
		(void)core_write_back(w->core, rows, w->disk.put, w->disk.ctx, &covered);
		w->disk.covered_set(w->disk.ctx, covered);
	}
	w->disk.commit(w->disk.ctx);
	core_landed(w->core);
	buf_clear(&w->pending);
	w->records = 0;
}

void write_all(struct world *w)
{
	do
		commit(w, 1000);
	while (core_dirty(w->core) || core_writing(w->core));
}

void restart(struct world *w)
{
	core_free(w->core);
	buf_clear(&w->pending);
	w->records = 0;
	w->disk.restart(w->disk.ctx);
	start(w);
}

int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	w->limits = core_limits_default;
	w->disk = disk_in_memory();
	w->rows = w->disk.rows(w->disk.ctx);
	w->call = (struct core_call){.tenant = text("acme"), .now_us = 1000000};
	start(w);
	*state = w;
	return 0;
}

int teardown(void **state)
{
	struct world *w = *state;
	core_free(w->core);
	w->disk.close(w->disk.ctx);
	buf_fini(&w->pending);
	free(w);
	return 0;
}

/* ---- short ways to ask ------------------------------------------------------------ */

struct span text(const char *s)
{
	return (struct span){s, strlen(s)};
}

struct core_member_spec spec(const char *id, uint8_t type)
{
	return (struct core_member_spec){.id = text(id), .type = type, .name = text(id)};
}

enum parlor_err create(struct world *w, const char *room, bool open)
{
	struct core_member_spec members[] = {spec("ann", MEMBER_TYPE_MANAGER),
					     spec("bob", MEMBER_TYPE_MEMBER)};
	struct core_room_create q = {.id = text(room),
				     .name = text("客服"),
				     .open = open,
				     .members = members,
				     .members_len = 2};
	struct core_room_view view;
	return core_room_create(w->core, &w->call, &q, &view);
}

enum parlor_err join(struct world *w, const char *room, const char *member)
{
	struct core_member_spec member_spec = spec(member, MEMBER_TYPE_MEMBER);
	struct core_room_view view;
	return core_members_add(w->core, &w->call, text(room), &member_spec, 1, &quiet, &view);
}

enum parlor_err leave(struct world *w, const char *room, const char *member)
{
	struct span id = text(member);
	struct core_room_view view;
	return core_members_remove(w->core, &w->call, text(room), &id, 1, &quiet, &view);
}

enum parlor_err say(struct world *w, const char *room, const char *sender, const char *client_id,
		    struct core_posted *posted)
{
	struct core_post q = {.room = text(room),
			      .sender = text(sender),
			      .client_id = text(client_id),
			      .body = text("hello"),
			      .type = MESSAGE_TYPE_MESSAGE};
	return core_post(w->core, &w->call, &q, posted);
}

void said(struct world *w, const char *room, const char *sender, const char *client_id)
{
	struct core_posted posted;
	assert_int_equal(say(w, room, sender, client_id, &posted), PARLOR_E_OK);
}

uint64_t unread(struct world *w, const char *room, const char *member)
{
	struct core_unread_view view;
	assert_int_equal(core_unread(w->core, &w->call, text(room), text(member), &view),
			 PARLOR_E_OK);
	return view.unread;
}
