#include "desk_side.h"

#include "core/desk/desk.h"
#include "core/presence.h"
#include "sim/desk_world.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdlib.h>

/* As a request of the desk takes. */
#define ASK_BYTES 30000
#define SET_UP_BYTES 300000
/* More rooms than the ledger counts are not asked for. */
#define ROOMS_ASKED 40

struct desk_side {
	struct world world; /* of which only core, call and desk are used */
	struct keep *keep;
	uint64_t served_us; /* of the loop's clock, as the core was told it last */
	bool told_time;     /* in this run */
	bool all_came;
	struct desk_side_counts counts;
};

/* ---- what the sim's desks ask of their world --------------------------------------- */

static struct chance *chance_behind(struct world *w)
{
	return ((struct desk_side *)w)->keep->chance;
}

uint64_t world_random(struct world *w)
{
	return chance_random(chance_behind(w));
}

uint64_t world_below(struct world *w, uint64_t n)
{
	return chance_below(chance_behind(w), n);
}

bool world_chance(struct world *w, unsigned percent)
{
	return chance_of(chance_behind(w), 10 * percent);
}

uint64_t world_one_of(struct world *w, const uint64_t *choices, size_t n)
{
	return choices[world_below(w, n)];
}

static void words(char to[SAID_WIDTH], const char *format, va_list args)
{
	vsnprintf(to, SAID_WIDTH, format, args);
}

void world_say(struct world *w, const char *format, ...)
{
	char line[SAID_WIDTH];
	va_list args;
	va_start(args, format);
	words(line, format, args);
	va_end(args);
	say(chance_behind(w), "desk: %s", line);
}

void world_fail(struct world *w, const char *file, int line, const char *format, ...)
{
	char why[SAID_WIDTH];
	va_list args;
	va_start(args, format);
	words(why, format, args);
	va_end(args);
	fail(chance_behind(w), file, line, "%s", why);
}

/* ---- the model goes along ------------------------------------------------------------ */

struct desk_side *desk_side_new(struct keep *keep)
{
	struct desk_side *s = mem_new(sizeof *s);
	s->keep = keep;
	s->world.desk = mem_new(sizeof *s->world.desk);
	return s;
}

void desk_side_free(struct desk_side *s)
{
	if (s)
		free(s->world.desk);
	free(s);
}

void desk_side_heard(struct desk_side *s, const struct record *r)
{
	struct world *w = &s->world;
	if (r->kind != RECORD_DESK_CLOCK)
		w->desk->quiet = false;
	s->counts.opened += r->kind == RECORD_OPENED;
	s->counts.offered += r->kind == RECORD_OFFERED;
	s->counts.assigned += r->kind == RECORD_ASSIGNED;
	s->counts.transferred += r->kind == RECORD_TRANSFER;
	model_record(w, &w->desk->now, r);
}

void desk_side_committed(struct desk_side *s)
{
	struct desk_world *d = s->world.desk;
	if (s->keep->commit.turn.len || d->flown.position == d->now.position)
		return;
	/* One commit flies at a time: the one before has landed. */
	model_copy(&d->durable, &d->flown);
	model_copy(&d->flown, &d->now);
}

void desk_side_killed(struct desk_side *s)
{
	struct desk_world *d = s->world.desk;
	uint64_t last = store_last(s->keep->store);
	const struct desk_model *left = d->flown.position == last ? &d->flown : &d->durable;
	if (d->now.position != last) {
		WANT_SAME(&s->world, left->position, last);
		model_copy(&d->now, left);
	}
	d->now.now_us = d->now.record_us;
	d->desk_us = model_now(&d->now);
	s->told_time = s->all_came = false;
	model_copy(&d->flown, &d->now);
	model_copy(&d->durable, &d->now);
}

/* ---- a turn -------------------------------------------------------------------------- */

static struct world *world_now(struct desk_side *s)
{
	struct world *w = &s->world;
	w->core = s->keep->commit.core;
	return w;
}

void desk_side_started(struct desk_side *s)
{
	(void)world_now(s);
	desk_side_committed(s);
}

/* The core has been told the loop's clock. */
static void see_time(struct desk_side *s)
{
	uint64_t served_us = s->keep->commit.served_us;
	if (s->told_time)
		s->world.desk->desk_us += served_us - s->served_us;
	s->served_us = served_us;
	s->told_time = true;
}

void desk_side_tick(struct desk_side *s)
{
	struct world *w = world_now(s);
	struct core *core = w->core;
	if (keep_tick(s->keep)) {
		see_time(s);
		desk_check_clock(w);
	}
	if (core_due(core) > s->keep->commit.wall_us && !core_desk_woken(core))
		desk_check(w);
	w->desk->quiet = true;
}

/* Whoever has a session comes back with the broker, or most of them. */
static void all_come(struct desk_side *s)
{
	struct world *w = &s->world;
	for (uint64_t i = 1; i < (uint64_t)w->desk->now.members_len; i++)
		if (world_chance(w, 80))
			desk_told(w, core_presence_set(w->core, &w->call, i, PRESENCE_IS_ONLINE),
				  "%d comes", (int)i);
}

void desk_side_ask(struct desk_side *s)
{
	struct world *w = world_now(s);
	struct keep *k = s->keep;
	bool first = !w->desk->now.desks_len;
	if (w->desk->now.rooms_len >= ROOMS_ASKED)
		return;
	w->call = keep_call(k, "t0");
	if (commit_reserve(&k->commit, first ? SET_UP_BYTES : ASK_BYTES))
		return;
	if (!s->told_time) {
		core_desk_settle(w->core, &w->call);
		see_time(s);
	}
	if (first)
		desk_set_up(w);
	else if (!s->all_came)
		all_come(s);
	else
		desk_move(w);
	s->all_came = !first;
	if (core_desk_woken(w->core))
		core_desk_settle(w->core, &w->call);
	if (first)
		w->desk->desk_us = model_now(&w->desk->now);
	w->desk->quiet = true;
}

void desk_side_count(const struct desk_side *s, struct desk_side_counts *counts)
{
	counts->desks++;
	counts->opened += s->counts.opened;
	counts->offered += s->counts.offered;
	counts->assigned += s->counts.assigned;
	counts->transferred += s->counts.transferred;
}
