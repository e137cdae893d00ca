#include "adopt/startalk_plan.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

const char *const startalk_names[STARTALK_TABLES] = {
	[STARTALK_MAPPING] = "session_mapping",
	[STARTALK_SESSION] = "session",
	[STARTALK_BUSI_SUPPLIER] = "busi_supplier_mapping",
	[STARTALK_BUSI_SEAT] = "busi_seat_mapping",
	[STARTALK_SEAT] = "seat",
	[STARTALK_SUPPLIER] = "supplier",
};

#define STATE_ASSIGNED 4
#define STATUS_WAITS 1
#define STATUS_RELEASED 5
#define KEY_MAX 320

int64_t startalk_number(struct span cell, int64_t otherwise)
{
	char *end;
	if (!cell.data || !cell.len)
		return otherwise;
	long long n = strtoll(cell.data, &end, 10);
	return *end && *end != '.' ? otherwise : n;
}

struct span startalk_shop(struct span name)
{
	static const char prefix[] = "shop_";
	size_t len = sizeof prefix - 1;
	if (!name.data || name.len <= len || memcmp(name.data, prefix, len) != 0)
		return name;
	return (struct span){(const char *)name.data + len, name.len - len};
}

/* ---- who is named ------------------------------------------------------------------ */

static void put_key(char key[KEY_MAX], const char *what, struct span id)
{
	snprintf(key, KEY_MAX, "%s %.*s", what, (int)id.len, id.data ? (const char *)id.data : "");
}

struct startalk_use *startalk_use_find(struct startalk_plan *p, const char *what, struct span id)
{
	char key[KEY_MAX];
	struct startalk_use *use;
	put_key(key, what, id);
	HASH_FIND_STR(p->uses, key, use);
	return use;
}

/* Used at that time, or before. */
static struct startalk_use *use(struct startalk_plan *p, const char *what, struct span id,
				uint64_t time_us)
{
	char key[KEY_MAX];
	struct startalk_use *u = startalk_use_find(p, what, id);
	if (!u) {
		put_key(key, what, id);
		u = mem_new(sizeof *u + strlen(key) + 1);
		strcpy(u->key, key);
		u->first_us = UINT64_MAX;
		HASH_ADD_STR(p->uses, key, u);
	}
	if (time_us && time_us < u->first_us)
		u->first_us = time_us;
	return u;
}

static void use_team(struct startalk_use *shop, struct span id)
{
	struct startalk_team *t;
	char text[sizeof t->id];
	snprintf(text, sizeof text, "%.*s", (int)id.len, (const char *)id.data);
	LL_FOREACH (shop->teams, t)
		if (strcmp(t->id, text) == 0)
			return;
	t = mem_new(sizeof *t);
	strcpy(t->id, text);
	LL_APPEND(shop->teams, t);
}

/* ---- what happens ------------------------------------------------------------------- */

static void add(struct startalk_plan *p, enum happening_kind kind, enum startalk_table table,
		const struct dump_row *row, uint64_t time_us, bool bare)
{
	MEM_GROW(p->list, p->len, p->cap, 1024);
	p->list[p->len++] = (struct happening){.time_us = time_us,
					       .offset = row->offset,
					       .line = row->line,
					       .kind = (uint8_t)kind,
					       .table = (uint8_t)table,
					       .bare = bare};
}

/* Made and changed: what it was in between is not known. */
static void add_row(struct startalk_plan *p, enum startalk_table table, const struct dump_row *row,
		    uint64_t made_us, uint64_t changed_us, uint64_t used_us)
{
	uint64_t there_us = used_us < made_us ? used_us : made_us;
	if (changed_us > there_us)
		add(p, HAPPENS_ROW, table, row, there_us, true);
	add(p, HAPPENS_ROW, table, row, changed_us > there_us ? changed_us : there_us, false);
}

struct startalk_session *startalk_session_find(struct startalk_plan *p, struct span id)
{
	struct startalk_session *s;
	struct hash128 hash = hash128(id.data, id.len);
	HASH_FIND(hh, p->sessions, &hash, sizeof hash, s);
	return s;
}

static struct startalk_session *session_of(struct startalk_plan *p, struct span id)
{
	struct startalk_session *s = startalk_session_find(p, id);
	if (s)
		return s;
	s = mem_new(sizeof *s);
	s->id = hash128(id.data, id.len);
	HASH_ADD(hh, p->sessions, id, sizeof s->id, s);
	return s;
}

static void later(uint64_t *time_us, uint64_t than_us)
{
	if (*time_us < than_us)
		*time_us = than_us;
}

static void plan_mapping(struct startalk_plan *p, const struct dump_row *row)
{
	const struct span *c = row->cells;
	uint64_t opened_us = dump_time(c[M_INQUEUE]), ack_us = dump_time(c[M_LAST_ACK]);
	struct startalk_session *s = session_of(p, c[M_SESSION]);
	add(p, HAPPENS_OPENED, STARTALK_MAPPING, row, opened_us, false);
	if (s->mapped)
		return; /* the builder says that it stood before */
	s->mapped = true;
	s->opened_us = opened_us;
	s->offset = row->offset;
	s->line = row->line;
	s->table = STARTALK_MAPPING;
	s->closed = startalk_number(c[M_STATUS], 1) == STATUS_RELEASED;
	if (c[M_SEAT_NAME].len && startalk_number(c[M_STATUS], 1) != STATUS_WAITS) {
		s->assigned_us = dump_time(c[M_DISTRIBUTED]);
		later(&s->assigned_us, opened_us);
		use(p, "agent", c[M_SEAT_NAME], s->assigned_us);
	}
	later(&s->ended_us, opened_us);
	later(&s->ended_us, ack_us);
	later(&s->ended_us, s->assigned_us);
	if (ack_us > opened_us || startalk_number(c[M_ASKS], 1) > 1)
		add(p, HAPPENS_SPOKE, STARTALK_MAPPING, row,
		    ack_us > opened_us ? ack_us : opened_us, false);
	struct startalk_use *shop = use(p, "shop", c[M_SHOP], opened_us);
	if (startalk_number(c[M_GROUP], 0) > 0)
		use_team(shop, c[M_GROUP]);
}

static void plan_session(struct startalk_plan *p, const struct dump_row *row)
{
	const struct span *c = row->cells;
	uint64_t created_us = dump_time(c[S_CREATED]), updated_us = dump_time(c[S_UPDATED]);
	int64_t state = startalk_number(c[S_STATE], 0);
	struct startalk_session *s = session_of(p, c[S_SESSION]);
	later(&s->ended_us, created_us);
	later(&s->ended_us, updated_us);
	if (created_us >= s->last_created_us) {
		s->last_created_us = created_us;
		s->last_state = (uint8_t)(state < 0 ? 0 : state & 0xff);
	}
	if (!s->mapped && (!s->opened_us || created_us < s->opened_us)) {
		s->opened_us = created_us;
		s->offset = row->offset;
		s->line = row->line;
		s->table = STARTALK_SESSION;
	}
	if (!s->mapped)
		use(p, "shop", startalk_shop(c[S_SHOP_NAME]), created_us);
	if (updated_us > created_us)
		add(p, HAPPENS_SPOKE, STARTALK_SESSION, row, updated_us, false);
	if (!c[S_SEAT_NAME].len || (state > 0 && state < STATE_ASSIGNED))
		return;
	s->taken = true;
	add(p, HAPPENS_TAKEN, STARTALK_SESSION, row, created_us, false);
	use(p, "agent", c[S_SEAT_NAME], created_us)->robot |= startalk_number(c[S_ROBOT], 0) == 1;
}

static void plan_seat(struct startalk_plan *p, const struct dump_row *row)
{
	const struct span *c = row->cells;
	uint64_t made_us = dump_time(c[E_CREATED]);
	struct startalk_use *agent = use(p, "agent", c[E_NAME], 0);
	struct startalk_use *seat = use(p, "seat", c[E_ID], 0);
	uint64_t used_us = agent->first_us < seat->first_us ? agent->first_us : seat->first_us;
	add_row(p, STARTALK_SEAT, row, made_us, dump_time(c[E_UPDATED]), used_us);
	use(p, "shop", c[E_SUPPLIER], used_us < made_us ? used_us : made_us);
	if (seat->desk)
		return;
	seat->desk = mem_text(c[E_SUPPLIER].data ? c[E_SUPPLIER].data : "", c[E_SUPPLIER].len);
	seat->agent = mem_text(c[E_NAME].data ? c[E_NAME].data : "", c[E_NAME].len);
}

void startalk_plan_row(struct startalk_plan *p, enum startalk_table table,
		       const struct dump_row *row)
{
	const struct span *c = row->cells;
	if (row->bad) {
		add(p, HAPPENS_UNREADABLE, table, row, 0, false);
		return;
	}
	switch (table) {
	case STARTALK_MAPPING:
		plan_mapping(p, row);
		break;
	case STARTALK_SESSION:
		plan_session(p, row);
		break;
	case STARTALK_BUSI_SUPPLIER:
		add_row(p, table, row, dump_time(c[B_CREATED]), dump_time(c[B_UPDATED]),
			UINT64_MAX);
		use(p, "shop", c[B_SUPPLIER], dump_time(c[B_CREATED]));
		break;
	case STARTALK_BUSI_SEAT:
		add_row(p, table, row, dump_time(c[X_CREATED]), dump_time(c[X_UPDATED]),
			UINT64_MAX);
		use(p, "seat", c[X_SEAT], dump_time(c[X_CREATED]));
		break;
	case STARTALK_SEAT:
		plan_seat(p, row);
		break;
	case STARTALK_SUPPLIER:
		add_row(p, table, row, dump_time(c[D_CREATED]), dump_time(c[D_UPDATED]),
			use(p, "shop", c[D_ID], 0)->first_us);
		break;
	case STARTALK_TABLES:
		break;
	}
}

/* ---- the order -------------------------------------------------------------------- */

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int in_order(const void *left, const void *right)
{
	const struct happening *a = left, *b = right;
	int order = compare(a->time_us, b->time_us);
	if (!order)
		order = compare(a->kind, b->kind);
	if (!order)
		order = a->kind == HAPPENS_ROW ? compare(b->table, a->table)
					       : compare(a->table, b->table);
	/* What is changed at the time at which others are made comes behind them. */
	if (!order)
		order = compare(b->bare, a->bare);
	return order ? order : compare(a->offset, b->offset);
}

void startalk_plan_finish(struct startalk_plan *p)
{
	for (struct startalk_session *s = p->sessions; s; s = s->hh.next) {
		const struct dump_row at = {.offset = s->offset, .line = s->line};
		if (!s->mapped) {
			s->closed = s->last_state > STATE_ASSIGNED;
			add(p, HAPPENS_OPENED, STARTALK_SESSION, &at, s->opened_us, false);
		} else if (s->assigned_us && !s->taken)
			add(p, HAPPENS_TAKEN, STARTALK_MAPPING, &at, s->assigned_us, false);
		if (s->closed)
			add(p, HAPPENS_CLOSED, (enum startalk_table)s->table, &at, s->ended_us,
			    false);
	}
	if (p->len)
		qsort(p->list, p->len, sizeof *p->list, in_order);
}

void startalk_plan_fini(struct startalk_plan *p)
{
	struct startalk_use *u, *next;
	struct startalk_team *t, *next_team;
	HASH_ITER (hh, p->uses, u, next) {
		HASH_DEL(p->uses, u);
		LL_FOREACH_SAFE(u->teams, t, next_team)
		free(t);
		free(u->desk);
		free(u->agent);
		free(u);
	}
	MEM_FREE_TABLE(p->sessions);
	free(p->list);
}
