#include "twisted.h"

#include "core/kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

char first_fault[CHECKS][LEDGER_TEXT];

static void note(void *ctx, enum ledger_check check, uint64_t position, const char *text)
{
	(void)ctx;
	assert_true(position > 0);
	if (!first_fault[check][0])
		(void)snprintf(first_fault[check], LEDGER_TEXT, "%s", text);
}

void count_places(struct world *w, struct ledger *l, twist_fn *twist, ledger_place_fn *place)
{
	commit(w, 0);
	memset(first_fault, 0, sizeof first_fault);
	ledger_init(l, note, NULL);
	l->place = place;
	for (uint64_t at = 1; at <= w->disk.last(w->disk.ctx); at++) {
		struct record r;
		struct row_conversation row = {0};
		struct buf twisted = {0};
		struct span head = w->disk.read(w->disk.ctx, at);
		assert_int_equal(record_decode(&r, head.data, head.len), PARLOR_E_OK);
		bool about = r.kind >= RECORD_OPENED && r.kind <= RECORD_RATED;
		if (about)
			assert_true(conversation_get_row(r.conversation.row, &row));
		bool kept = !twist || twist(&r, &row);
		if (about) {
			conversation_put_row(&twisted, &row);
			r.conversation.row = buf_span(&twisted);
		}
		if (kept)
			assert_true(ledger_take(l, &r));
		buf_fini(&twisted);
	}
	ledger_end(l);
}

void count(struct world *w, struct ledger *l, twist_fn *twist)
{
	count_places(w, l, twist, NULL);
}

void count_sound(struct world *w, struct ledger *l)
{
	count(w, l, NULL);
	for (int check = 0; check < CHECKS; check++)
		assert_string_equal(first_fault[check], "");
}

void assert_caught(struct world *w, twist_fn *twist, enum ledger_check check, const char *words)
{
	struct ledger l;
	count_sound(w, &l);
	ledger_fini(&l);
	count(w, &l, twist);
	assert_true(l.faults[check] > 0);
	assert_non_null(strstr(first_fault[check], words));
	ledger_fini(&l);
}

bool is(const struct row_conversation *row, const char *id)
{
	return span_equal(row->id, SPAN_TEXT(id));
}

void accepts(struct world *w, const char *id, const char *agent)
{
	assert_int_equal(accept_offer(w, id, shown(w, id).offer, agent), PARLOR_E_OK);
}
