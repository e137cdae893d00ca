#include "desk/idle.h"

#include <utlist.h>

#define OFFERS_MAX 100 /* of a conversation: beyond it is left to be claimed */
#define BOOT_HOLD_US UINT64_C(3000000)
#define NEVER_US (UINT64_MAX - IDLE_LATE_US)
#define LLU(number) ((unsigned long long)(number))

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool idle_is_free(const struct visit *v)
{
	bool waits = v->row.state == CONVERSATION_WAITING ||
		     (v->row.state == CONVERSATION_ACTIVE && v->row.transfer_team);
	return waits && !v->row.offer && !v->row.reserved && v->row.offers < OFFERS_MAX;
}

uint64_t idle_excluded_us(const struct visit *v, uint64_t seat, uint64_t now_us)
{
	for (size_t i = 0; i < v->excluded_len; i++)
		if (v->excluded[i].seat == seat && v->excluded[i].until_us > now_us)
			return v->excluded[i].until_us;
	return 0;
}

/* ---- when to look ----------------------------------------------------------------- */

static bool before_in_due(const struct rank_node *a, const struct rank_node *b)
{
#define DUE(node)                                                                  \
	((const struct roster_open *)(const void *)((const char *)(node)-offsetof( \
		struct roster_open, in_due)))
	return DUE(a)->due_us < DUE(b)->due_us;
#undef DUE
}

static struct roster_team *team_due(struct rank_node *n)
{
	return (struct roster_team *)(void *)((char *)n -
					      offsetof(struct roster_team, open.in_due));
}

static void set_due(struct ledger *l, struct roster_team *team, uint64_t due_us)
{
	struct roster_open *o = &team->open;
	if (rank_contains(&o->in_due))
		rank_remove(&l->due, &o->in_due);
	o->due_us = due_us;
	o->in_due.id = team->no;
	l->due.before = before_in_due;
	if (due_us != UINT64_MAX)
		rank_insert(&l->due, &o->in_due);
}

/* Somebody or something new is there: in a while it must have led to something. */
static void look_soon(struct ledger *l, struct roster_team *team)
{
	uint64_t due_us = l->record_us + IDLE_LATE_US;
	if (!rank_contains(&team->open.in_due) || team->open.due_us > due_us)
		set_due(l, team, due_us);
}

/* ---- who waits -------------------------------------------------------------------- */

static struct visit **list_of(struct ledger *l, struct visit *v, struct roster_team **team)
{
	bool waits = v->row.state == CONVERSATION_WAITING;
	*team = roster_team(&l->roster, waits ? v->row.team : v->row.transfer_team);
	v->kept_for = v->kept_until_us = 0;
	if (idle_is_free(v))
		return *team ? &(*team)->open.free[v->row.level % DESK_LEVELS] : NULL;
	*team = roster_team(&l->roster, v->row.team);
	if (waits && v->row.reserved && !v->row.offer) {
		v->kept_for = v->row.reserved;
		v->kept_until_us = v->row.reserved_until_desk_us;
	} else if (v->row.state == CONVERSATION_ACTIVE && v->row.transfer_wait && !v->row.offer) {
		v->kept_for = v->row.transfer_seat;
		v->kept_until_us = v->row.transfer_until_desk_us;
	}
	v->kept_until_us = v->kept_until_us ? v->kept_until_us : UINT64_MAX;
	return v->kept_for && *team ? &(*team)->open.kept : NULL;
}

static struct roster_team *helper_of(struct ledger *l, const struct visit *v,
				     const struct roster_team *team)
{
	return team && v->row.overflows && idle_is_free(v) ? roster_overflow(&l->roster, team)
							   : NULL;
}

void idle_leave(struct visit *v)
{
	if (v->waits_in)
		DL_DELETE2(*v->waits_in, v, prev_waits, next_waits);
	if (v->helped_by)
		DL_DELETE2(*v->helped_by, v, prev_helped, next_helped);
	v->waits_in = v->helped_by = NULL;
}

void idle_place(struct ledger *l, struct visit *v)
{
	struct roster_team *team;
	uint64_t kept_for = v->kept_for;
	struct visit **list = list_of(l, v, &team);
	struct roster_team *helper = helper_of(l, v, team);
	struct visit **helped_by = helper ? &helper->open.helped : NULL;
	/* Who stays where it was has waited since it came there. */
	if (list == v->waits_in && helped_by == v->helped_by && kept_for == v->kept_for)
		return;
	idle_leave(v);
	v->since_us = l->record_us;
	v->idle_told = false;
	v->waits_in = list;
	v->helped_by = helped_by;
	if (list) {
		DL_APPEND2(*list, v, prev_waits, next_waits);
		look_soon(l, team);
	}
	if (helper) {
		DL_APPEND2(helper->open.helped, v, prev_helped, next_helped);
		look_soon(l, helper);
	}
}

void idle_team_set(struct ledger *l, uint64_t no)
{
	struct roster_team *team = roster_team(&l->roster, no);
	if (!team)
		return;
	team->open.set_us = l->record_us;
	look_soon(l, team);
}

void idle_boot(struct ledger *l)
{
	l->held_until_us = l->record_us + BOOT_HOLD_US;
}

/* ---- who could take one more ------------------------------------------------------ */

static bool before_in_resting(const struct rank_node *a, const struct rank_node *b)
{
#define RESTS_US(node)                                                              \
	(((const struct roster_post *)(const void *)((const char *)(node)-offsetof( \
		  struct roster_post, in_resting)))                                 \
		 ->rests_us)
	return RESTS_US(a) < RESTS_US(b);
#undef RESTS_US
}

static struct roster_post *resting(struct rank_node *n)
{
	return (struct roster_post *)(void *)((char *)n - offsetof(struct roster_post, in_resting));
}

static void set_can(struct ledger *l, struct roster_post *p, enum roster_can can, uint64_t rests_us)
{
	struct roster_open *o = &p->team->open;
	if (p->can == RESTS)
		rank_remove(&o->resting, &p->in_resting);
	if (p->can == READY)
		DL_DELETE2(o->ready, p, prev_ready, next_ready);
	if (p->can == CANNOT)
		p->since_us = l->record_us;
	p->can = can;
	p->rests_us = rests_us;
	p->in_resting.id = p->seat->no;
	o->resting.before = before_in_resting;
	if (can == RESTS)
		rank_insert(&o->resting, &p->in_resting);
	if (can == READY)
		DL_APPEND2(o->ready, p, prev_ready, next_ready);
}

static void look_at(struct ledger *l, struct roster_post *p)
{
	const struct roster_seat *s = p->seat;
	bool available = p->stands && !s->agent->robot && roster_available(&l->roster, s);
	bool able = available && roster_has_room(s, p);
	enum roster_can can = !able ? CANNOT : s->ready_us > l->record_us ? RESTS : READY;
	if (p->was_available != available) {
		p->was_available = available;
		p->team->open.levels_us = l->record_us;
		look_soon(l, p->team);
	}
	if (can == p->can && p->rests_us == s->ready_us)
		return;
	if (can != CANNOT)
		look_soon(l, p->team);
	set_can(l, p, can, s->ready_us);
}

static void look_at_changed(struct ledger *l)
{
	struct roster_post *p;
	while ((p = l->roster.changed) != NULL) {
		l->roster.changed = p->next_changed;
		p->changed = false;
		look_at(l, p);
	}
}

static void end_rests(struct ledger *l, struct roster_team *team)
{
	struct rank_node *n;
	while ((n = rank_first(&team->open.resting)) && resting(n)->rests_us <= l->record_us)
		set_can(l, resting(n), READY, resting(n)->rests_us);
}

/* ---- pairs ------------------------------------------------------------------------ */

struct look {
	struct ledger *ledger;
	struct roster_team *team;
	const struct roster_post *post;
	unsigned lowest;   /* level of the team where somebody is */
	uint64_t since_us; /* the post could take any */
	uint64_t next_us;  /* when something may have stood for too long that has not yet */
};

static void tell(struct look *look, struct visit *v, uint64_t since_us)
{
	const struct ledger *l = look->ledger;
	v->idle_told = true;
	ledger_fault(look->ledger, CHECK_IDLE,
		     "conversation %s waits, and seat %llu of %s could have had it for %llu ms in "
		     "team %s",
		     v->id, LLU(look->post->seat->no), look->post->seat->agent->id,
		     LLU((l->record_us - since_us) / 1000), look->team->id);
}

/* Whether it has been possible for too long; else it is looked at again when it would be. */
static bool is_late(struct look *look, uint64_t since_us)
{
	uint64_t due_us = since_us + (since_us < NEVER_US ? IDLE_LATE_US : 0);
	if (due_us <= look->ledger->record_us)
		return true;
	look->next_us = due_us < look->next_us ? due_us : look->next_us;
	return false;
}

static void look_at_pair(struct look *look, struct visit *v)
{
	uint64_t seat = look->post->seat->no, now = look->ledger->record_us, since_us = 0;
	if (v->idle_told || v->row.seat == seat)
		return;
	for (size_t i = 0; i < v->excluded_len; i++)
		if (v->excluded[i].seat == seat)
			since_us = later(since_us, v->excluded[i].until_us);
	since_us = later(later(v->since_us, look->since_us), since_us);
	if (is_late(look, since_us) && !idle_excluded_us(v, seat, now))
		tell(look, v, since_us);
}

static void look_at_list(struct look *look, struct visit *list, bool helped)
{
	/* Who came later has not waited for longer. */
	for (struct visit *v = list; v && is_late(look, v->since_us);
	     v = helped ? v->next_helped : v->next_waits)
		look_at_pair(look, v);
}

static void look_at_post(struct look *look, struct roster_post *p)
{
	const struct roster_open *o = &look->team->open;
	uint64_t any_us = later(later(p->since_us, p->rests_us),
				later(o->set_us, look->ledger->held_until_us));
	look->post = p;
	look->since_us = any_us;
	if (!is_late(look, any_us))
		return;
	look_at_list(look, o->helped, true);
	for (unsigned level = 0; level < DESK_LEVELS; level++) {
		bool fits = p->level <= level;
		if (!fits && (look->team->levels_wait || p->level > look->lowest))
			continue;
		look->since_us = fits ? any_us : later(any_us, o->levels_us);
		look_at_list(look, o->free[level], false);
	}
}

/* Those that wait for one seat: no longer than they may, and not while it could. */
static void look_at_kept(struct look *look, struct visit *v)
{
	struct ledger *l = look->ledger;
	struct roster_post *p = roster_post(&l->roster, look->team->no, v->kept_for);
	if (v->idle_told)
		return;
	if (is_late(look, later(v->kept_until_us, l->held_until_us))) {
		v->idle_told = true;
		ledger_fault(l, CHECK_IDLE,
			     "conversation %s is kept for seat %llu, and its time is over", v->id,
			     LLU(v->kept_for));
		return;
	}
	if (!p || p->can != READY)
		return;
	look->post = p;
	look->since_us = later(later(p->since_us, p->rests_us),
			       later(look->team->open.set_us, l->held_until_us));
	uint64_t since_us = later(v->since_us, look->since_us);
	if (is_late(look, since_us))
		tell(look, v, since_us);
}

static bool somebody_waits(const struct roster_open *o)
{
	bool any = o->helped || o->kept;
	for (unsigned level = 0; level < DESK_LEVELS; level++)
		any |= o->free[level] != NULL;
	return any;
}

static void look_at_team(struct ledger *l, struct roster_team *team)
{
	struct roster_open *o = &team->open;
	struct look look = {.ledger = l, .team = team, .next_us = UINT64_MAX};
	end_rests(l, team);
	if (!somebody_waits(o)) {
		set_due(l, team, UINT64_MAX);
		return;
	}
	for (struct visit *v = o->kept; v; v = v->next_waits)
		look_at_kept(&look, v);
	look.lowest = o->ready ? roster_lowest_level(&l->roster, team) : 0;
	bool pairs = !team->removed && roster_strategy(team) != STRATEGY_MANUAL;
	for (struct roster_post *p = pairs ? o->ready : NULL; p; p = p->next_ready)
		look_at_post(&look, p);
	struct rank_node *n = rank_first(&o->resting);
	if (n)
		(void)is_late(&look, resting(n)->rests_us);
	set_due(l, team, look.next_us);
}

void idle_turn(struct ledger *l)
{
	struct rank_node *n;
	look_at_changed(l);
	while (l->booted && (n = rank_first(&l->due)) && team_due(n)->open.due_us <= l->record_us)
		look_at_team(l, team_due(n));
}
