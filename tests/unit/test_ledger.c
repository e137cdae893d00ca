/* What parlor-replay counts of a desk's journal: figures worked out by hand, and each check
 * made to fail by one record that is changed or left out. */
#include "twisted.h"

#include "core/kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND_US 1000000

/* ---- figures ---------------------------------------------------------------------- */

/* lin has c1 from 2 s on, for 6 s, and c2 from 3 s to 4 s, which chen declines first. */
static void two_visitors(struct world *w)
{
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 2);
	agent_add(w, "chen", 2);
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	online(w, "lin");
	pass_ms(w, 2000);
	accepts(w, "c1", "lin");
	pass_ms(w, 1000);
	accepts(w, "c2", "lin");
	online(w, "chen");
	assert_int_equal(to_agent(w, "c2", "lin", "chen"), PARLOR_E_OK);
	pass_ms(w, 1000);
	assert_int_equal(decline_offer(w, "c2", shown(w, "c2").offer, "chen"), PARLOR_E_OK);
	assert_int_equal(to_team(w, "c2", "lin", "*", false), PARLOR_E_OK);
	assert_int_equal(claim(w, "c2", "chen"), PARLOR_E_OK);
	pass_ms(w, 4000);
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK);
	pass_ms(w, 2000);
	opened(w, "c3", "v3");
	assert_int_equal(closed(w, "c3", ""), PARLOR_E_OK);
}

static struct roster_post *post_of(struct ledger *l, const char *agent)
{
	for (struct roster_post *p = l->roster.posts; p; p = p->hh.next)
		if (strcmp(p->seat->agent->id, agent) == 0)
			return p;
	fail();
	return NULL;
}

static void what_came_of_them_is_counted(void **state)
{
	struct world *w = *state;
	struct ledger l;
	two_visitors(w);
	count_sound(w, &l);
	const struct roster_figures *f = &post_of(&l, "lin")->team->figures;
	assert_int_equal(f->opened, 3);
	assert_int_equal(f->served, 2);
	assert_int_equal(f->left, 1);
	assert_int_equal(f->waits[0], 2 * SECOND_US);
	assert_int_equal(f->waits[1], 3 * SECOND_US);
	assert_int_equal(f->offers, 4);
	assert_int_equal(f->offer_ends[1], 2);
	assert_int_equal(f->offer_ends[2], 1);
	assert_int_equal(f->offer_ends[4], 1);
	assert_int_equal(f->transfers, 2);
	assert_int_equal(f->transfer_ends[1], 1);
	assert_int_equal(f->transfer_ends[2], 1);
	assert_int_equal(HASH_COUNT(l.visits), 1); /* c2 is open */
	ledger_fini(&l);
}

static void time_with_conversations_and_without_is_counted(void **state)
{
	struct world *w = *state;
	struct ledger l;
	two_visitors(w);
	count(w, &l, NULL);
	const struct roster_post *lin = post_of(&l, "lin"), *chen = post_of(&l, "chen");
	assert_int_equal(lin->conversations, 2);
	assert_int_equal(lin->busy_us, 6 * SECOND_US);
	assert_int_equal(lin->available_us, 10 * SECOND_US);
	assert_int_equal(chen->conversations, 1);
	assert_int_equal(chen->busy_us, 6 * SECOND_US);
	assert_int_equal(chen->available_us, 7 * SECOND_US);
	ledger_fini(&l);
}

static void time_without_the_broker_counts_for_nobody(void **state)
{
	struct world *w = *state;
	struct ledger l;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	opened(w, "c1", "v1");
	commit(w, 0);
	restart_after_ms(w, 3600000);
	pass_ms(w, 4000);
	online(w, "lin");
	assert_has(w, "c1", ACTIVE, "lin");
	count_sound(w, &l);
	const struct roster_figures *f = &post_of(&l, "lin")->team->figures;
	assert_int_equal(f->waits[0], 4 * SECOND_US);
	ledger_fini(&l);
}

/* ---- served once ------------------------------------------------------------------- */

static bool without_release(struct record *r, struct row_conversation *row)
{
	(void)row;
	return r->kind != RECORD_RELEASED;
}

static void two_who_serve_one_are_found(void **state)
{
	struct world *w = *state;
	two_visitors(w);
	assert_caught(w, without_release, CHECK_ONCE, "two serve it");
}

static bool accepted_twice(struct record *r, struct row_conversation *row)
{
	/* The offer to lin had ended. */
	if (r->kind == RECORD_ASSIGNED && is(row, "c1"))
		r->conversation.seat++;
	return true;
}

static void an_offer_that_another_accepts_is_found(void **state)
{
	struct world *w = *state;
	two_visitors(w);
	assert_caught(w, accepted_twice, CHECK_ONCE, "assigned");
}

static bool without_end_of_offer(struct record *r, struct row_conversation *row)
{
	(void)row;
	return r->kind != RECORD_OFFER_ENDED;
}

static void an_offer_that_does_not_end_is_found(void **state)
{
	struct world *w = *state;
	two_visitors(w);
	assert_caught(w, without_end_of_offer, CHECK_ONCE, "offer");
}

/* ---- in order ------------------------------------------------------------------------ */

static bool without_c1(struct record *r, struct row_conversation *row)
{
	return r->kind <= RECORD_OPENED || r->kind > RECORD_RATED || !is(row, "c1");
}

static void who_is_passed_over_is_found(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 2);
	opened(w, "c1", "v1");
	pass_ms(w, 1);
	opened(w, "c2", "v2");
	online(w, "lin");
	assert_caught(w, without_c1, CHECK_ORDER, "it while conversation c1 waits before it");
}

static bool c2_pushes_in(struct record *r, struct row_conversation *row)
{
	if (r->kind >= RECORD_OPENED && r->kind <= RECORD_RATED && is(row, "c2"))
		row->key -= 5000;
	return true;
}

static bool c2_asked_before(struct record *r, struct row_conversation *row)
{
	if (r->kind >= RECORD_OPENED && r->kind <= RECORD_RATED && is(row, "c2"))
		row->asked_desk_us -= 5000;
	return true;
}

static void a_place_that_was_not_asked_for_is_found(void **state)
{
	struct world *w = *state;
	two_visitors(w);
	assert_caught(w, c2_pushes_in, CHECK_ORDER, "behind its place");
	assert_caught(w, c2_asked_before, CHECK_ORDER, "later than it did");
}

static void who_cannot_have_the_seat_is_no_fault(void **state)
{
	struct world *w = *state;
	struct ledger l;
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	assert_int_equal(decline_offer(w, "c1", shown(w, "c1").offer, "lin"), PARLOR_E_OK);
	pass_ms(w, 1);
	opened(w, "c2", "v2");
	assert_has(w, "c2", OFFERED, "");
	count_sound(w, &l);
	assert_int_equal(post_of(&l, "lin")->team->figures.overtaken, 1);
	ledger_fini(&l);
}

/* ---- limits ---------------------------------------------------------------------------- */

static void limit(struct record *r, void *is_, uint64_t *max)
{
	static struct buf fields;
	const struct config_form *form = config_form(r->config.kind);
	assert_true(fields_decode_whole(r->config.fields, form->fields, is_));
	*max = 1;
	buf_clear(&fields);
	fields_encode(&fields, form->fields, is_);
	r->config.fields = buf_span(&fields);
}

static bool seats_of_one(struct record *r, struct row_conversation *row)
{
	struct row_seat is_;
	(void)row;
	if (r->kind == RECORD_SEAT_SET)
		limit(r, &is_, &is_.max);
	return true;
}

static bool agents_of_one(struct record *r, struct row_conversation *row)
{
	struct row_agent is_;
	(void)row;
	if (r->kind == RECORD_AGENT_SET)
		limit(r, &is_, &is_.max);
	return true;
}

static bool team_seats_of_one(struct record *r, struct row_conversation *row)
{
	struct row_team_seat is_;
	(void)row;
	if (r->kind == RECORD_TEAM_SEAT_SET)
		limit(r, &is_, &is_.max);
	return true;
}

static void more_than_a_limit_is_found(void **state)
{
	struct world *w = *state;
	two_visitors(w);
	assert_caught(w, seats_of_one, CHECK_LIMITS, "has 2 of 1");
	assert_caught(w, agents_of_one, CHECK_LIMITS, "agent lin has 2 of 1");
	assert_caught(w, team_seats_of_one, CHECK_LIMITS, "in team *");
}

/* ---- nobody lost -------------------------------------------------------------------------- */

static bool without_queued(struct record *r, struct row_conversation *row)
{
	(void)row;
	return r->kind != RECORD_QUEUED;
}

static bool without_opened(struct record *r, struct row_conversation *row)
{
	return r->kind != RECORD_OPENED || !is(row, "c2");
}

static void who_stands_in_no_queue_is_found(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	assert_int_equal(returned(w, "c1", "lin"), PARLOR_E_OK);
	assert_has(w, "c2", ACTIVE, "lin");
	assert_caught(w, without_queued, CHECK_LOST, "nobody has it, and no queue");
	assert_caught(w, without_opened, CHECK_LOST, "and is not open");
}

static uint64_t cut;

static bool cut_short(struct record *r, struct row_conversation *row)
{
	(void)row;
	if (r->kind == RECORD_RELEASED)
		cut = r->position;
	return !cut || r->position <= cut;
}

static void who_is_nowhere_at_the_end_is_found(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	assert_int_equal(returned(w, "c1", "lin"), PARLOR_E_OK);
	cut = 0;
	assert_caught(w, cut_short, CHECK_LOST, "ends with nobody");
}

/* ---- handed over ------------------------------------------------------------------------- */

static bool let_go_too_early(struct record *r, struct row_conversation *row)
{
	if (r->kind == RECORD_OFFERED && row->transfer)
		row->seat = 0;
	return true;
}

static bool given_to_another(struct record *r, struct row_conversation *row)
{
	/* It was declined, and goes to whom it was offered. */
	if (r->kind == RECORD_TRANSFER && r->conversation.how == 2)
		row->seat++;
	return true;
}

static bool without_transfers_end(struct record *r, struct row_conversation *row)
{
	(void)row;
	return r->kind != RECORD_TRANSFER || r->conversation.how == 0;
}

static void a_transfer_that_leaves_nobody_is_found(void **state)
{
	struct world *w = *state;
	two_visitors(w);
	assert_caught(w, let_go_too_early, CHECK_OWNED, "nobody has it");
	assert_caught(w, given_to_another, CHECK_OWNED, "another has it");
	assert_caught(w, without_transfers_end, CHECK_OWNED, "transfer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(what_came_of_them_is_counted),
		STORY(time_with_conversations_and_without_is_counted),
		STORY(time_without_the_broker_counts_for_nobody),
		STORY(two_who_serve_one_are_found),
		STORY(an_offer_that_another_accepts_is_found),
		STORY(an_offer_that_does_not_end_is_found),
		STORY(who_is_passed_over_is_found),
		STORY(a_place_that_was_not_asked_for_is_found),
		STORY(who_cannot_have_the_seat_is_no_fault),
		STORY(more_than_a_limit_is_found),
		STORY(who_stands_in_no_queue_is_found),
		STORY(who_is_nowhere_at_the_end_is_found),
		STORY(a_transfer_that_leaves_nobody_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
