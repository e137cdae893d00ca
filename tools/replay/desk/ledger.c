#include "desk/ledger.h"

#include "desk/idle.h"
#include "desk/rules.h"
#include "desk/standing.h"
#include "desk/stays.h"

#include "base/mem.h"

#include <parlor/parlor.pb-c.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list, at) ((at) < sizeof(list) / sizeof(list)[0] ? (list)[at]++ : (void)0)

void ledger_init(struct ledger *l, ledger_fault_fn *fault, void *ctx)
{
	*l = (struct ledger){.fault = fault, .fault_ctx = ctx};
}

static void free_visit(struct visit *v)
{
	free(v->messages);
	free(v->ended);
	free(v);
}

void ledger_fini(struct ledger *l)
{
	struct visit *v, *next;
	stays_fini(l);
	HASH_CLEAR(hh_guest, l->by_guest);
	HASH_CLEAR(hh_room, l->by_room);
	HASH_ITER (hh, l->visits, v, next) {
		HASH_DEL(l->visits, v);
		free_visit(v);
	}
	roster_fini(&l->roster);
}

/* ---- queues ----------------------------------------------------------------------- */

static bool before_in_queue(const struct rank_node *a, const struct rank_node *b)
{
	return VISIT(a, in_queue)->row.key < VISIT(b, in_queue)->row.key;
}

static bool before_in_overflow(const struct rank_node *a, const struct rank_node *b)
{
	return VISIT(a, in_overflow)->row.key < VISIT(b, in_overflow)->row.key;
}

static bool waits(const struct row_conversation *row)
{
	return row->state == CONVERSATION_WAITING || row->state == CONVERSATION_OFFERED;
}

static void stand(struct rank_tree **in, struct rank_tree *tree, rank_before_fn *before,
		  struct rank_node *node, uint64_t no)
{
	tree->before = before;
	node->id = no;
	rank_insert(tree, node);
	*in = tree;
}

static void enter_queue(struct ledger *l, struct visit *v)
{
	uint64_t no = waits(&v->row)                        ? v->row.team
		      : v->row.state == CONVERSATION_ACTIVE ? v->row.transfer_team
							    : 0;
	struct roster_team *team = roster_team(&l->roster, no);
	if (!team)
		return;
	stand(&v->queue, &team->queue, before_in_queue, &v->in_queue, v->no);
	standing_moved(l, team, 1);
	struct roster_team *over = v->row.overflows ? roster_overflow(&l->roster, team) : NULL;
	if (over)
		stand(&v->overflow, &over->overflowed, before_in_overflow, &v->in_overflow, v->no);
}

static void leave_queue(struct ledger *l, struct visit *v)
{
	if (v->queue) {
		rank_remove(v->queue, &v->in_queue);
		standing_moved(l,
			       (struct roster_team *)(void *)((char *)v->queue -
							      offsetof(struct roster_team, queue)),
			       -1);
	}
	if (v->overflow)
		rank_remove(v->overflow, &v->in_overflow);
	v->queue = v->overflow = NULL;
}

/* ---- loads ------------------------------------------------------------------------ */

static void add_unit(struct ledger *l, struct visit *v, uint64_t team, uint64_t seat)
{
	struct roster_post *p = roster_post(&l->roster, team, seat);
	if (!p || v->units_len == sizeof v->units / sizeof v->units[0])
		return;
	v->units[v->units_len++] = p;
	p->load++;
	p->seat->load++;
	p->seat->agent->load++;
	roster_changed(&l->roster, p->seat);
}

static void give_back(struct ledger *l, struct visit *v)
{
	for (size_t i = 0; i < v->units_len; i++) {
		struct roster_post *p = v->units[i];
		p->load--;
		p->seat->load--;
		p->seat->agent->load--;
		roster_changed(&l->roster, p->seat);
	}
	v->units_len = 0;
}

static void take_units(struct ledger *l, struct visit *v)
{
	const struct roster_team *team = roster_team(&l->roster, v->row.team);
	bool freed = v->row.state == CONVERSATION_HELD && team && team->hold_frees;
	if (v->row.seat && !freed)
		add_unit(l, v, v->row.serving_team, v->row.seat);
	for (size_t i = 0; i < v->offered_len; i++)
		add_unit(l, v, v->row.offer_team, v->offered[i]);
}

/* A team says anew whether what is held takes a place, and who helps it. */
static void set_team(struct ledger *l, uint64_t no)
{
	for (struct visit *v = l->visits; v; v = v->hh.next) {
		if (v->row.state == CONVERSATION_HELD) {
			give_back(l, v);
			take_units(l, v);
		}
		if (!v->row.overflows)
			continue;
		leave_queue(l, v);
		enter_queue(l, v);
		idle_place(l, v);
	}
	idle_team_set(l, no);
}

/* ---- what is counted ---------------------------------------------------------------- */

static void count_offer(struct ledger *l, const struct step *s)
{
	const struct record_conversation *in = &s->record->conversation;
	bool offered = s->record->kind == RECORD_OFFERED;
	uint64_t team = offered ? s->row->offer_team : s->before->row.offer_team;
	struct roster_post *p = roster_post(&l->roster, team, in->seat);
	if (!p)
		return;
	if (offered) {
		p->offers++;
		p->team->figures.offers++;
		return;
	}
	unsigned end =
		s->record->kind == RECORD_ASSIGNED ? PARLOR__OFFER_END__OFFER_ACCEPTED : in->how;
	COUNT(p->offer_ends, end);
	COUNT(p->team->figures.offer_ends, end);
}

/* It counts for the team that hands it over, though another has it when it is taken. */
static void count_transfer(struct ledger *l, const struct step *s, struct visit *v)
{
	unsigned how = s->record->conversation.how;
	if (!s->before->row.transfer) {
		v->handed_from = roster_team(&l->roster, s->before->row.team);
		if (v->handed_from)
			v->handed_from->figures.transfers++;
	}
	if (v->handed_from && how != PARLOR__TRANSFER_END__TRANSFER_ASKED)
		COUNT(v->handed_from->figures.transfer_ends, how);
}

static void count_release(struct ledger *l, const struct step *s)
{
	struct roster_team *team = roster_team(&l->roster, s->before->row.team);
	if (!team)
		return;
	switch (s->record->conversation.how) {
	case PARLOR__RELEASE_WHY__RELEASE_RETURNED:
		team->figures.returned++;
		break;
	case PARLOR__RELEASE_WHY__RELEASE_GONE:
		team->figures.gone++;
		break;
	case PARLOR__RELEASE_WHY__RELEASE_UNANSWERED:
		team->figures.unanswered++;
		break;
	default:
		break;
	}
}

static void count_served(struct visit *v)
{
	struct roster_figures *f = v->home ? &v->home->figures : NULL;
	v->had_human = true;
	if (!f)
		return;
	f->served++;
	MEM_GROW(f->waits, f->waits_len, f->waits_cap, 64);
	f->waits[f->waits_len++] = v->waited_us;
}

static void count_assigned(struct ledger *l, const struct step *s, struct visit *v)
{
	struct roster_post *p =
		roster_post(&l->roster, s->row->serving_team, s->record->conversation.seat);
	if (p)
		p->conversations++;
	if (s->before->offered_len)
		count_offer(l, s);
	if (s->row->robot)
		v->had_robot = true;
	else if (!v->had_human)
		count_served(v);
}

static void count_closed(const struct visit *v)
{
	if (v->home && !v->had_human) {
		v->home->figures.by_robot += v->had_robot;
		v->home->figures.left += !v->had_robot;
	}
}

static void count(struct ledger *l, const struct step *s, struct visit *v)
{
	switch (s->record->kind) {
	case RECORD_OFFERED:
	case RECORD_OFFER_ENDED:
		count_offer(l, s);
		break;
	case RECORD_ASSIGNED:
		count_assigned(l, s, v);
		break;
	case RECORD_RELEASED:
		count_release(l, s);
		break;
	case RECORD_TRANSFER:
		count_transfer(l, s, v);
		break;
	case RECORD_CLOSED:
		count_closed(v);
		break;
	default:
		break;
	}
}

static void count_rating(struct ledger *l, const struct row_conversation *row)
{
	struct roster_team *team = roster_team(&l->roster, row->team);
	if (!team)
		return;
	team->figures.ratings++;
	team->figures.score_sum += row->score;
}

/* ---- conversations -------------------------------------------------------------------- */

static struct visit *open_visit(struct ledger *l, const struct step *s)
{
	struct visit *v = mem_new(sizeof *v);
	const struct span id = s->row->id;
	v->no = s->record->conversation.no;
	v->tenant = s->record->tenant;
	v->retold = !l->booted;
	memcpy(v->id, id.data, id.len < ROSTER_ID ? id.len : ROSTER_ID - 1);
	v->guest[0] = s->row->desk;
	v->guest[1] = s->row->visitor;
	v->home = roster_team(&l->roster, s->row->team);
	if (v->home)
		v->home->figures.opened++;
	HASH_ADD(hh, l->visits, no, sizeof v->no, v);
	v->row.room = s->row->room;
	HASH_ADD(hh_guest, l->by_guest, guest, sizeof v->guest, v);
	HASH_ADD(hh_room, l->by_room, row.room, sizeof v->row.room, v);
	return v;
}

static void close_visit(struct ledger *l, struct visit *v)
{
	HASH_DELETE(hh_room, l->by_room, v);
	HASH_DELETE(hh_guest, l->by_guest, v);
	HASH_DEL(l->visits, v);
	free_visit(v);
}

static void take_row(struct visit *v, const struct row_conversation *row)
{
	uint64_t room = v->row.room; /* of its table */
	v->row = *row;
	v->row.room = room;
	v->row.id = v->row.room_id = v->row.visitor_id = v->row.product = (struct span){NULL, 0};
	v->row.offered = v->row.excluded = (struct number_list){.len = 0};
	v->offered_len = v->excluded_len = 0;
	for (size_t i = 0; i < row->offered.len && i < DESK_ASKED_MAX; i++)
		v->offered[v->offered_len++] = numbers_at(&row->offered, i);
	for (size_t i = 0; i + 2 < row->excluded.len && v->excluded_len < DESK_ASKED_MAX; i += 3)
		v->excluded[v->excluded_len++] = (struct visit_exclusion){
			numbers_at(&row->excluded, i), numbers_at(&row->excluded, i + 2)};
}

static void note_wait(struct ledger *l, struct visit *v, bool waited)
{
	uint64_t now = l->roster.now_us;
	if (waited && !v->had_human)
		v->waited_us += now - v->waits_since_us;
	v->waits_since_us = now;
}

static void note_server(struct ledger *l, struct visit *v)
{
	struct roster_post *by =
		v->row.seat ? roster_post(&l->roster, v->row.serving_team, v->row.seat) : NULL;
	if (by == v->served_by)
		return;
	if (v->served_by)
		roster_serves(&l->roster, v->served_by, -1);
	if (by)
		roster_serves(&l->roster, by, 1);
	v->served_by = by;
}

static void take_in(struct ledger *l, const struct step *s, struct visit *v)
{
	struct roster_seat *seat = roster_seat(&l->roster, s->record->conversation.seat);
	leave_queue(l, v);
	give_back(l, v);
	take_row(v, s->row);
	enter_queue(l, v);
	take_units(l, v);
	note_server(l, v);
	idle_place(l, v);
	if (seat) {
		seat->ready_us = s->record->conversation.ready_us;
		roster_changed(&l->roster, seat);
	}
	if (s->row->offer > l->offers)
		l->offers = s->row->offer;
}

static bool take_conversation(struct ledger *l, const struct record *r)
{
	struct row_conversation row;
	if (!conversation_get_row(r->conversation.row, &row))
		return false;
	struct step s = {.record = r, .before = ledger_visit(l, r->conversation.no), .row = &row};
	l->records++;
	if (r->kind == RECORD_RATED && !s.before) {
		count_rating(l, &row);
		return true;
	}
	rules_before(l, &s);
	if (!s.before && r->kind != RECORD_OPENED)
		return true; /* told; nothing is known of it */
	if (s.before && r->kind == RECORD_OPENED)
		return true;
	struct visit *v = s.before ? s.before : open_visit(l, &s);
	note_wait(l, v, s.before && waits(&v->row));
	if (s.before)
		count(l, &s, v);
	take_in(l, &s, v);
	stays_behind(l, &s, v);
	rules_behind(l, &s);
	if (r->kind != RECORD_CLOSED) {
		standing_behind(l, v);
	} else {
		idle_leave(v);
		leave_queue(l, v);
		give_back(l, v);
		close_visit(l, v);
	}
	return true;
}

/* Before its first record the desk's clock shows any time, and it goes on from there. Time in
 * which the broker was down stands between its last record and a boot. */
static void pass_time(struct ledger *l, const struct record *r)
{
	uint64_t before = l->record_us;
	if (r->kind == RECORD_DESK_CLOCK)
		l->offset_us = r->desk_clock.offset_us;
	if (r->kind == RECORD_BOOT)
		return;
	l->record_us = r->time_us + l->offset_us;
	if (before && l->record_us > before)
		l->roster.now_us += l->record_us - before;
}

static void end_turn(struct ledger *l)
{
	idle_turn(l);
	stays_turn(l);
	standing_turn(l, false);
}

void ledger_come(struct ledger *l, const struct record *r)
{
	if (l->position && r->time_us != l->time_us)
		end_turn(l);
	l->time_us = r->time_us;
}

bool ledger_take(struct ledger *l, const struct record *r)
{
	ledger_come(l, r);
	l->position = r->position;
	pass_time(l, r);
	if (r->kind >= RECORD_OPENED && r->kind <= RECORD_RATED)
		return take_conversation(l, r);
	if (!roster_take(&l->roster, r))
		return false;
	if (r->kind == RECORD_TEAM_SET)
		set_team(l, r->config.no);
	if (r->kind == RECORD_BOOT) {
		l->booted = true;
		idle_boot(l);
	}
	stays_take(l, r);
	return true;
}

void ledger_end(struct ledger *l)
{
	end_turn(l);
	standing_turn(l, true);
	if (l->owes == OWES_RELEASE)
		ledger_fault(l, CHECK_ONCE, "conversation %llu ends with two who serve it",
			     (unsigned long long)l->owes_no);
	if (l->owes == OWES_PLACE)
		ledger_fault(l, CHECK_LOST, "conversation %llu ends with nobody, in no queue",
			     (unsigned long long)l->owes_no);
	roster_settle(&l->roster);
}
