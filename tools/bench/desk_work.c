#include "desk_work.h"

#include "fail.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)
#define PATIENCE_NS (30 * NS_PER_S)
#define FIRST 1024

enum state { NEW, WAITS, SERVED, ENDED };

struct conversation {
	enum state state;
	uint32_t team, person, seat;
};

struct link {
	bool busy;
	struct desk_ask ask;
	uint64_t since_ns;
};

enum phase { WARMUP, MEASURE, DRAIN };

struct desk_work {
	struct desk_shape shape;
	struct desk_hooks hooks;
	struct desk_book *book;
	char *body;
	uint64_t seed;
	struct conversation *all; /* by number */
	size_t len, cap;
	/* Who is served and had nothing done for it yet: a ring of all that are open. */
	uint32_t *ready;
	size_t ready_first, ready_len;
	uint32_t *idle_people;
	size_t idle_len;
	struct link *links;
	size_t busy, waiting;
	/* of the run */
	const struct load_plan *plan;
	struct desk_result *result;
	enum phase phase;
	uint64_t now_ns, began_ns, measured_ns, progress_ns;
};

struct desk_work *desk_work_new(const struct desk_shape *shape, const struct desk_hooks *hooks)
{
	struct desk_work *w = mem_new(sizeof *w);
	w->shape = *shape;
	w->hooks = *hooks;
	w->book = desk_book_new(shape);
	w->body = mem_new(shape->body);
	memset(w->body, 'x', shape->body);
	w->seed = 1;
	w->ready = mem_new(shape->people * sizeof *w->ready);
	w->idle_people = mem_new(shape->people * sizeof *w->idle_people);
	for (uint32_t i = shape->people; i-- > 0;)
		w->idle_people[w->idle_len++] = i;
	w->links = mem_new(hooks->links * sizeof *w->links);
	w->all = mem_new(sizeof *w->all);
	w->len = w->cap = 1; /* numbers begin at 1 */
	return w;
}

void desk_work_free(struct desk_work *w)
{
	if (!w)
		return;
	desk_book_free(w->book);
	free(w->body);
	free(w->all);
	free(w->ready);
	free(w->idle_people);
	free(w->links);
	free(w);
}

struct desk_book *desk_work_book(struct desk_work *w)
{
	return w->book;
}

uint64_t desk_work_opened(const struct desk_work *w)
{
	return w->len - 1;
}

/* ---- what is asked ---------------------------------------------------------------------- */

static void ask(struct desk_work *w, size_t link, struct desk_ask a)
{
	struct link *l = &w->links[link];
	a.body = (struct span){w->body, w->shape.body};
	*l = (struct link){.busy = true, .ask = a, .since_ns = w->now_ns};
	w->busy++;
	w->hooks.ask(w->hooks.ctx, link, &l->ask);
}

static struct desk_ask of(const struct desk_work *w, enum desk_step step, uint32_t conversation)
{
	return (struct desk_ask){.step = step,
				 .conversation = conversation,
				 .person = w->all[conversation].person,
				 .team = w->all[conversation].team,
				 .seat = w->all[conversation].seat};
}

static void open_one(struct desk_work *w, size_t link)
{
	uint32_t person = w->idle_people[--w->idle_len];
	uint32_t team = (uint32_t)((load_random(&w->seed) >> 16) % w->shape.teams);
	check(w->len < UINT32_MAX, "more conversations than have a number");
	MEM_GROW(w->all, w->len, w->cap, FIRST);
	w->all[w->len] = (struct conversation){.team = team, .person = person};
	ask(w, link, of(w, DESK_OPEN, (uint32_t)w->len++));
}

static void serve_one(struct desk_work *w, size_t link)
{
	uint32_t conversation = w->ready[w->ready_first];
	w->ready_first = (w->ready_first + 1) % w->shape.people;
	w->ready_len--;
	ask(w, link, of(w, w->shape.posts ? DESK_POST : DESK_CLOSE, conversation));
}

/* Whoever has nothing to do opens a conversation that is due, or serves one. */
static void ask_more(struct desk_work *w)
{
	for (size_t i = 0; i < w->hooks.links; i++) {
		if (w->links[i].busy)
			continue;
		if (w->phase != DRAIN && w->idle_len > 0)
			open_one(w, i);
		else if (w->ready_len > 0)
			serve_one(w, i);
		else
			break;
	}
}

/* ---- what comes --------------------------------------------------------------------------- */

static void count(struct desk_work *w, const struct link *l)
{
	struct desk_result *r = w->result;
	uint64_t took = w->now_ns > l->since_ns ? w->now_ns - l->since_ns : 0;
	if (w->phase != MEASURE)
		return;
	r->closed += l->ask.step == DESK_CLOSE;
	r->posted += l->ask.step == DESK_POST;
	histogram_add(l->ask.step == DESK_OPEN   ? &r->opens
		      : l->ask.step == DESK_POST ? &r->posts
						 : &r->closes,
		      took);
}

static void opened(struct desk_work *w, const struct desk_ask *a, uint64_t order)
{
	struct conversation *c = &w->all[a->conversation];
	if (order)
		desk_book_opened(w->book, order, a->conversation, a->team);
	if (c->state != NEW)
		return; /* it was served before its answer came */
	c->state = WAITS;
	w->waiting++;
}

static void closed(struct desk_work *w, const struct desk_ask *a, uint64_t order)
{
	w->all[a->conversation].state = ENDED;
	w->idle_people[w->idle_len++] = a->person;
	w->result->all++;
	if (order)
		desk_book_closed(w->book, order, a->conversation);
}

void desk_done(struct desk_work *w, size_t link, uint64_t order)
{
	struct link *l = &w->links[link];
	struct desk_ask a = l->ask;
	check(l->busy, "an answer that nobody waits for");
	l->busy = false;
	w->busy--;
	w->progress_ns = w->now_ns = load_now_ns();
	if (a.step != DESK_MATCH)
		count(w, l);
	if (a.step == DESK_OPEN) {
		opened(w, &a, order);
	} else if (a.step == DESK_CLOSE) {
		closed(w, &a, order);
	} else if (a.step == DESK_POST) {
		a.post++;
		a.step = a.post < w->shape.posts ? DESK_POST : DESK_CLOSE;
		ask(w, link, a);
	}
}

void desk_given(struct desk_work *w, uint32_t conversation, uint32_t seat, uint64_t order)
{
	check(conversation && conversation < w->len, "a conversation that nobody opened");
	struct conversation *c = &w->all[conversation];
	check(c->state == NEW || c->state == WAITS, "conversation %" PRIu32 " was given twice",
	      conversation);
	check((seat - 1) / w->shape.seats == c->team,
	      "conversation %" PRIu32 " was given to a seat of another team", conversation);
	w->waiting -= c->state == WAITS;
	c->state = SERVED;
	c->seat = seat;
	w->ready[(w->ready_first + w->ready_len++) % w->shape.people] = conversation;
	w->progress_ns = w->now_ns;
	if (order)
		desk_book_given(w->book, order, conversation, seat);
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void enter(struct desk_work *w, enum phase phase)
{
	if (phase == MEASURE)
		w->measured_ns = w->now_ns;
	else
		w->result->seconds = (double)(w->now_ns - w->measured_ns) / (double)NS_PER_S;
	w->phase = phase;
	if (w->plan->mark)
		w->plan->mark(w->plan->ctx, phase == MEASURE);
}

static void look_at_phase(struct desk_work *w)
{
	const struct load_plan *p = w->plan;
	if (w->phase == WARMUP && w->now_ns - w->began_ns >= p->warmup_ns)
		enter(w, MEASURE);
	else if (w->phase == MEASURE && w->now_ns - w->measured_ns >= p->measure_ns)
		enter(w, DRAIN);
}

static void turn(struct desk_work *w)
{
	w->hooks.wait(w->hooks.ctx);
	fail_if_interrupted();
	w->now_ns = load_now_ns();
	check(w->now_ns - w->progress_ns < PATIENCE_NS,
	      "nothing came for %d s: %zu conversations, %zu wait for a seat",
	      (int)(PATIENCE_NS / NS_PER_S), w->len - 1, w->waiting);
}

/* All are done and some still wait, though every seat is free: a sweep over the
 * teams finds them. */
static void look_for_forgotten(struct desk_work *w)
{
	if (w->busy || w->ready_len || !w->waiting)
		return;
	check(w->hooks.forgets, "%zu wait for a seat, and all are free", w->waiting);
	w->result->forgotten += w->waiting;
	for (uint32_t team = 0; team < w->shape.teams; team++) {
		ask(w, 0, (struct desk_ask){.step = DESK_MATCH, .team = team});
		while (w->busy)
			turn(w);
	}
}

void desk_work_run(struct desk_work *w, const struct load_plan *plan, struct desk_result *result)
{
	*result = (struct desk_result){0};
	w->plan = plan;
	w->result = result;
	w->phase = WARMUP;
	w->now_ns = w->began_ns = w->measured_ns = w->progress_ns = load_now_ns();
	while (w->phase != DRAIN || w->busy || w->ready_len || w->waiting) {
		ask_more(w);
		turn(w);
		look_at_phase(w);
		if (w->phase == DRAIN)
			look_for_forgotten(w);
	}
}

void desk_work_figures(const struct desk_result *r, struct row *row)
{
	row_set(row, "conversations_per_s", (double)r->closed / r->seconds);
	row_set(row, "posts_per_s", (double)r->posted / r->seconds);
	row_set(row, "conversations", (double)r->all);
	row_set(row, "left_waiting", (double)r->forgotten);
	row_times(row, "open_", &r->opens);
	row_times(row, "post_", &r->posts);
	row_times(row, "close_", &r->closes);
}
