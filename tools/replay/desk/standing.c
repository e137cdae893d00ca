#include "desk/standing.h"

#include "desk/rules.h"

#include "core/desk/view.h"

#include "base/mem.h"

#include <stdlib.h>

#define LLU(number) ((unsigned long long)(number))

/* In the queue of its own team; 0: it stands in none, or in that of another one. */
static uint64_t place(const struct ledger *l, const struct visit *v, uint64_t *of)
{
	struct roster_team *team = roster_team(&l->roster, v->row.team);
	*of = team ? team->stand : 0;
	return team && v->queue == &team->queue ? rank_of(v->queue, &v->in_queue) + 1 : 0;
}

void standing_before(struct ledger *l, const struct step *s)
{
	const struct span told = s->record->conversation.decision;
	struct decision decision = {0};
	uint64_t of, is = place(l, s->before, &of);
	if (!l->booted || !told.len || !fields_decode_whole(told, decision_fields, &decision))
		return;
	if (decision.place != is)
		ledger_fault(l, CHECK_PLACE, "conversation %s had place %llu of %llu, not %llu",
			     s->before->id, LLU(is), LLU(of), LLU(decision.place));
}

void standing_moved(struct ledger *l, struct roster_team *team, int by)
{
	team->stand += (size_t)(ptrdiff_t)by;
	if (!team->moves++ && l->place) {
		team->next_moved = l->moved;
		l->moved = team;
	}
}

/* False: it is not asked for any more, as one answer was wrong. */
static bool compare(struct ledger *l, const struct visit *v, uint64_t is, uint64_t of)
{
	uint64_t said_of, said = l->place(l->place_ctx, v, &said_of);
	l->places++;
	if (said == is && (said_of == of || !is))
		return true;
	ledger_fault(l, CHECK_PLACE, "conversation %s has place %llu of %llu, not %llu of %llu",
		     v->id, LLU(is), LLU(of), LLU(said), LLU(said_of));
	return false;
}

void standing_behind(struct ledger *l, const struct visit *v)
{
	uint64_t of, is = l->place ? place(l, v, &of) : 0;
	if (l->place)
		(void)compare(l, v, is, of);
}

/* ---- all of a queue ---------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	const struct visit *x = *(struct visit *const *)a, *y = *(struct visit *const *)b;
	if (x->row.key != y->row.key)
		return x->row.key < y->row.key ? -1 : 1;
	return x->no < y->no ? -1 : x->no > y->no;
}

static void count_through(struct ledger *l, struct roster_team *team)
{
	size_t len = 0;
	struct visit **all = mem_new((team->stand + 1) * sizeof *all);
	for (struct rank_node *n = rank_first(&team->queue); n && len < team->stand;
	     n = rank_next(&team->queue, n))
		all[len++] = VISIT(n, in_queue);
	qsort(all, len, sizeof *all, by_key);
	for (size_t i = 0; i < len; i++)
		if (all[i]->row.team == team->no && !compare(l, all[i], i + 1, team->stand))
			break;
	free(all);
}

void standing_turn(struct ledger *l, bool end)
{
	struct roster_team **at = &l->moved, *team;
	while ((team = *at) != NULL) {
		if (!end && team->moves < team->stand) {
			at = &team->next_moved;
			continue;
		}
		*at = team->next_moved;
		team->moves = 0;
		count_through(l, team);
	}
}
