#include "core/desk/queue.h"

#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation_row.h"
#include "core/desk/seats.h"
#include "core/desk/setting.h"

#include <utlist.h>

/* Of the time between departures, an eighth is the last one's. */
#define DEPARTURES_KNOWN 8
/* Of teams, when the one that waits longest is asked for: of so many at most. */
#define QUEUES_LOOKS 10000

struct team *queue_overflow(struct core *c, const struct team *t)
{
	return t->row.overflow_team.len ? team_find(c, t->desk, t->row.overflow_team) : NULL;
}

static void stand(struct rank_tree **in, struct rank_tree *tree, struct rank_node *node,
		  uint64_t no)
{
	node->id = no;
	rank_insert(tree, node);
	*in = tree;
}

/* Somebody waits there now, or nobody any more. */
static void enter_queue(struct desk_state *d, struct conversation *v, struct team *t)
{
	stand(&v->all, &t->all, &v->in_all, v->no);
	if (rank_count(&t->all) == 1)
		DL_APPEND2(d->queues, t, queue_prev, queue_next);
}

static void leave_queue(struct desk_state *d, struct conversation *v)
{
	struct team *t = CONTAINER(v->all, struct team, all);
	rank_remove(v->all, &v->in_all);
	if (v->all != &v->team->deferred && !rank_count(&t->all))
		DL_DELETE2(d->queues, t, queue_prev, queue_next);
}

/* Who waits there has another place, perhaps: it is told by and by. */
static void note_moved(struct desk_state *d, struct team *t)
{
	if (!d->live || t->moves)
		return;
	t->moves = true;
	t->moves_next = d->moving;
	d->moving = t;
}

static void enter_team(struct core *c, struct conversation *v, struct team *team)
{
	note_moved(c->desk, team);
	enter_queue(c->desk, v, team);
	/* Beyond so many offers it is left to whoever claims it. */
	if (v->row.offer || v->row.offers >= SETTING_OFFERS_MAX)
		return;
	stand(&v->free, &team->free[v->row.level], &v->in_free, v->no);
	prospect_mark(c, &team->prospect);
	struct team *over = v->row.overflows ? queue_overflow(c, team) : NULL;
	if (over) {
		stand(&v->over, &over->over[v->row.level], &v->in_overflow, v->no);
		prospect_mark(c, &over->prospect);
	}
}

static void reserve(struct core *c, struct conversation *v, struct seat *seat)
{
	stand(&v->free, &seat->reserved, &v->in_free, v->no);
	prospect_mark(c, &seat->prospect);
}

void queue_enter(struct core *c, struct conversation *v)
{
	const struct row_conversation *row = &v->row;
	bool waits = row->state == CONVERSATION_WAITING || row->state == CONVERSATION_OFFERED;
	struct seat *reserved = row->reserved ? seat_find_no(c, row->reserved) : NULL;
	if (waits && reserved && !row->offer) {
		enter_queue(c->desk, v, v->team);
		reserve(c, v, reserved);
	} else if (waits) {
		enter_team(c, v, v->team);
	} else if (row->state == CONVERSATION_DEFERRED) {
		stand(&v->all, &v->team->deferred, &v->in_all, v->no);
	} else if (row->transfer && row->transfer_team) {
		struct team *to = team_find_no(c, row->transfer_team);
		if (to)
			enter_team(c, v, to);
	} else if (row->transfer && row->transfer_wait && !row->offer) {
		struct seat *to = seat_find_no(c, row->transfer_seat);
		if (to)
			reserve(c, v, to);
	}
}

void queue_leave(struct core *c, struct conversation *v)
{
	if (v->all == &v->team->all)
		note_moved(c->desk, v->team);
	if (v->all)
		leave_queue(c->desk, v);
	if (v->free)
		rank_remove(v->free, &v->in_free);
	if (v->over)
		rank_remove(v->over, &v->in_overflow);
	v->all = v->free = v->over = NULL;
}

void queue_check_overflow(struct core *c, struct team *t)
{
	const struct team *over = queue_overflow(c, t);
	struct rank_node *next;
	for (struct rank_node *n = rank_first(&t->all); n; n = next) {
		struct conversation *v = CONTAINER(n, struct conversation, in_all);
		bool moved = v->free && v->row.overflows && !v->row.reserved &&
			     v->over != (over ? &over->over[v->row.level] : NULL);
		next = rank_next(&t->all, n);
		if (!moved)
			continue;
		queue_leave(c, v);
		queue_enter(c, v);
	}
}

void queue_departed(struct core *c, struct team *t)
{
	uint64_t now = desk_now(c);
	uint64_t took = now - t->left_us;
	bool known = t->departures && rank_count(&t->all);
	t->left_us = now;
	if (known)
		t->between_us =
			t->departures == 1 ? took : t->between_us - t->between_us / 8 + took / 8;
	if (known || !t->departures)
		t->departures++;
}

uint64_t queue_oldest_us(const struct core *c)
{
	uint64_t oldest_us = 0;
	size_t looks = 0;
	for (const struct team *t = c->desk->queues; t && looks < QUEUES_LOOKS; t = t->queue_next) {
		const struct conversation *v =
			CONTAINER(rank_first(&t->all), const struct conversation, in_all);
		uint64_t us = desk_now(c) - v->row.waits_desk_us;
		oldest_us = us > oldest_us ? us : oldest_us;
		looks++;
	}
	return oldest_us;
}

uint64_t queue_place(const struct conversation *v, uint64_t *of)
{
	*of = rank_count(&v->team->all);
	return v->all == &v->team->all ? rank_of(v->all, &v->in_all) + 1 : 0;
}

uint64_t queue_estimate_ms(const struct team *t, uint64_t place)
{
	return t->departures > DEPARTURES_KNOWN ? place * t->between_us / 1000 : 0;
}

bool queue_excludes(const struct conversation *v, uint64_t seat, uint64_t now_us)
{
	const struct number_list *n = &v->row.excluded;
	struct reader in;
	reader_init(&in, n->bytes.data, n->bytes.len);
	for (size_t i = 0; i + 2 < n->len; i += 3) {
		uint64_t who = reader_varint(&in);
		(void)reader_varint(&in);
		uint64_t until = reader_varint(&in);
		if (who == seat && until > now_us)
			return true;
	}
	return false;
}
