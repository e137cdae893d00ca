/* What parlor-replay counts behind each turn of a desk's journal, and in its rooms: who waits
 * while somebody could serve, who is in the room, what is unread, and places in queues. Each is
 * sound as it was recorded, and found when records are changed or left out. */
#include "twisted.h"

#include "core/desk/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- nobody waits whom a seat could have ---------------------------------------------- */

/* lin could have had c1; five seconds later something else is recorded. */
static void one_is_served(struct world *w)
{
	desk_begin(w, AUTO);
	agent_add(w, "lin", 2);
	online(w, "lin");
	pass_ms(w, 4000);
	opened(w, "c1", "v1");
	assert_has(w, "c1", ACTIVE, "lin");
	pass_ms(w, 5000);
	opened(w, "c2", "v2");
}

static bool c1_is_left(struct record *r, struct row_conversation *row)
{
	bool about = r->kind >= RECORD_OPENED && r->kind <= RECORD_RATED;
	return r->kind != RECORD_ASSIGNED || !about || !is(row, "c1");
}

static void who_waits_while_a_seat_is_free_is_found(void **state)
{
	struct world *w = *state;
	one_is_served(w);
	assert_caught(w, c1_is_left, CHECK_IDLE, "conversation c1 waits, and seat");
}

static bool kept_too_long(struct record *r, struct row_conversation *row)
{
	/* When it was given up to wait for the seat, and all that came of that. */
	return r->kind != RECORD_QUEUED || row->reserved;
}

static void who_is_kept_for_a_seat_for_too_long_is_found(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.sticky_wait_ms = 10000});
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK);
	opened(w, "c2", "v2");
	opened(w, "c3", "v1"); /* lin is full */
	pass_ms(w, 15000);
	assert_has(w, "c3", WAITING, "");
	opened(w, "c4", "v4");
	assert_caught(w, kept_too_long, CHECK_IDLE, "is kept for seat");
}

static void what_has_a_date_is_no_fault(void **state)
{
	struct world *w = *state;
	struct ledger l;
	desk_begin(w, (struct row_team){.gap_ms = 8000, .accept = 1, .again_ms = 60000});
	agent_add(w, "lin", 2);
	agent_add(w, "chen", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	accepts(w, "c1", "lin");
	opened(w, "c2", "v2"); /* lin rests */
	pass_ms(w, 6000);
	opened(w, "c3", "v3");
	pass_ms(w, 4000);
	assert_int_equal(decline_offer(w, "c2", shown(w, "c2").offer, "lin"), PARLOR_E_OK);
	accepts(w, "c3", "lin");
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK);
	pass_ms(w, 3000);
	opened(w, "c4", "v4");
	assert_has(w, "c2", WAITING, ""); /* lin rests, and has declined it */
	restart_after_ms(w, 60000);
	online(w, "chen");
	pass_ms(w, 1500);
	opened(w, "c5", "v5"); /* lin may come back */
	count_sound(w, &l);
	ledger_fini(&l);
}

static void a_team_without_a_strategy_leaves_them_to_be_claimed(void **state)
{
	struct world *w = *state;
	struct ledger l;
	desk_begin(w, (struct row_team){.strategy = STRATEGY_MANUAL});
	agent_add(w, "lin", 2);
	online(w, "lin");
	opened(w, "c1", "v1");
	pass_ms(w, 60000);
	opened(w, "c2", "v2");
	count_sound(w, &l);
	ledger_fini(&l);
}

/* ---- who serves is in the room --------------------------------------------------------- */

/* v1 asks twice, and lin has one unread; chen goes on, and is asked something else. */
static void handed_over(struct world *w)
{
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	opened(w, "c1", "v1");
	says(w, "c1", "v1");
	online(w, "lin");
	assert_has(w, "c1", ACTIVE, "lin");
	says(w, "c1", "v1");
	says(w, "c1", "lin");
	offline(w, "lin");
	agent_add(w, "chen", 1);
	online(w, "chen");
	assert_int_equal(returned(w, "c1", "lin"), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "chen");
	says(w, "c1", "v1");
	says(w, "c1", "chen");
	pass_ms(w, 1);
	opened(w, "c2", "v2");
}

static bool without_joins(struct record *r, struct row_conversation *row)
{
	(void)row;
	return r->kind != RECORD_JOINED;
}

static bool without_leaving(struct record *r, struct row_conversation *row)
{
	(void)row;
	return r->kind != RECORD_LEFT;
}

static bool left_while_it_serves(struct record *r, struct row_conversation *row)
{
	static uint64_t agent;
	(void)row;
	if (r->kind == RECORD_JOINED)
		agent = r->member;
	/* Its last words are that it goes. */
	if (r->kind == RECORD_POSTED && r->member == agent)
		*r = (struct record){.position = r->position,
				     .time_us = r->time_us,
				     .kind = RECORD_LEFT,
				     .tenant = r->tenant,
				     .room = r->room,
				     .member = r->member};
	return true;
}

static void who_serves_from_outside_or_stays_is_found(void **state)
{
	struct world *w = *state;
	handed_over(w);
	assert_caught(w, without_joins, CHECK_ROOM, "agent lin serves it from outside");
	assert_caught(w, without_leaving, CHECK_ROOM, "and is still there");
	assert_caught(w, left_while_it_serves, CHECK_ROOM, "and is not in its room");
}

/* ---- what it has not read ----------------------------------------------------------------- */

static bool joined_too_late(struct record *r, struct row_conversation *row)
{
	(void)row;
	/* As if all that was said before were read. */
	if (r->kind == RECORD_JOINED && r->membership.counts.counted) {
		r->membership.counts.read_seq++;
		r->membership.counts.seen++;
	}
	return true;
}

static bool counted_twice(struct record *r, struct row_conversation *row)
{
	(void)row;
	if (r->kind == RECORD_POSTED)
		r->posted.counts.counted += r->posted.seq > 2;
	return true;
}

static bool own_words_are_unread(struct record *r, struct row_conversation *row)
{
	(void)row;
	if (r->kind == RECORD_POSTED && r->posted.seq == 4)
		r->posted.counts.seen--;
	return true;
}

static void what_is_not_its_unread_is_found(void **state)
{
	struct world *w = *state;
	handed_over(w);
	assert_caught(w, joined_too_late, CHECK_UNREAD, "begins behind 0, not behind 1");
	assert_caught(w, counted_twice, CHECK_UNREAD, "who serves has 3 unread, not 4");
	assert_caught(w, own_words_are_unread, CHECK_UNREAD, "who serves has 3 unread, not 4");
}

/* ---- places --------------------------------------------------------------------------------- */

static bool told_a_place_behind(struct record *r, struct row_conversation *row)
{
	static struct buf bytes;
	struct decision d;
	(void)row;
	if (r->kind != RECORD_ASSIGNED || !r->conversation.decision.len)
		return true;
	assert_true(fields_decode_whole(r->conversation.decision, decision_fields, &d));
	d.place++;
	buf_clear(&bytes);
	fields_encode(&bytes, decision_fields, &d);
	r->conversation.decision = buf_span(&bytes);
	return true;
}

static void three_wait(struct world *w)
{
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	opened(w, "c3", "v3");
	online(w, "lin");
	assert_has(w, "c1", ACTIVE, "lin");
}

static void a_place_that_was_told_wrongly_is_found(void **state)
{
	struct world *w = *state;
	three_wait(w);
	assert_caught(w, told_a_place_behind, CHECK_PLACE, "had place 1 of 3, not 2");
}

static uint64_t counted_before;

/* As whoever counts those who were opened before, and forgets that one of them is served. */
static uint64_t forgets_who_left(void *ctx, const struct visit *v, uint64_t *of)
{
	(void)ctx;
	counted_before++;
	*of = v->queue ? rank_count(v->queue) : 0;
	return v->queue ? (uint64_t)v->id[1] - '0' : 0;
}

static uint64_t is_right(void *ctx, const struct visit *v, uint64_t *of)
{
	(void)ctx;
	*of = v->queue ? rank_count(v->queue) : 0;
	return v->queue ? rank_of(v->queue, &v->in_queue) + 1 : 0;
}

static void a_place_that_somebody_says_wrongly_is_found(void **state)
{
	struct world *w = *state;
	struct ledger l;
	three_wait(w);
	count_places(w, &l, NULL, is_right);
	assert_int_equal(l.faults[CHECK_PLACE], 0);
	ledger_fini(&l);
	/* Also of those about whom nothing is recorded any more. */
	count_places(w, &l, NULL, forgets_who_left);
	assert_true(l.faults[CHECK_PLACE] > 0);
	assert_string_equal(first_fault[CHECK_PLACE],
			    "conversation c2 has place 1 of 2, not 2 of 2");
	assert_true(l.places >= 3 && counted_before == l.places);
	ledger_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(who_waits_while_a_seat_is_free_is_found),
		STORY(who_is_kept_for_a_seat_for_too_long_is_found),
		STORY(what_has_a_date_is_no_fault),
		STORY(a_team_without_a_strategy_leaves_them_to_be_claimed),
		STORY(who_serves_from_outside_or_stays_is_found),
		STORY(what_is_not_its_unread_is_found),
		STORY(a_place_that_was_told_wrongly_is_found),
		STORY(a_place_that_somebody_says_wrongly_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
