#include "whatif/people.h"

#include "core/desk/act.h"
#include "core/desk/list.h"
#include "core/desk/row.h"
#include "core/message.h"
#include "noun/conversation.h"
#include "whatif/ask.h"

#include "base/hash.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum deed_kind { DEED_ACCEPT, DEED_DECLINE, DEED_POST, DEED_CLOSE, DEED_LEAVE };
struct deed {
	uint64_t at_us, number;
	enum deed_kind kind;
	struct past_visit *visit;
	uint64_t seat, offer;
	uint32_t stint; /* it is done during that one only */
};

/* Of a visit in this run. */
struct again {
	bool serving, served;
	uint32_t stint;
	uint64_t since_us;
	double done_us; /* of what it takes, as it was recorded */
	double factor;
};

/* ---- what is to be done --------------------------------------------------------- */

static bool before(const struct deed *a, const struct deed *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

static void swap(struct deed *a, struct deed *b)
{
	struct deed other = *a;
	*a = *b;
	*b = other;
}

static void plan(struct people *p, struct deed deed)
{
	MEM_GROW(p->deeds, p->len, p->cap, 64);
	deed.number = p->given++;
	size_t i = p->len++;
	p->deeds[i] = deed;
	for (; i && before(&p->deeds[i], &p->deeds[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&p->deeds[i], &p->deeds[(i - 1) / 2]);
}

static struct deed first_deed(struct people *p)
{
	struct deed first = p->deeds[0];
	p->deeds[0] = p->deeds[--p->len];
	for (size_t i = 0;;) {
		size_t least = i;
		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < p->len; k++)
			if (before(&p->deeds[k], &p->deeds[least]))
				least = k;
		if (least == i)
			return first;
		swap(&p->deeds[i], &p->deeds[least]);
		i = least;
	}
}

uint64_t people_due(const struct people *p)
{
	return p->len ? p->deeds[0].at_us : UINT64_MAX;
}

void people_fini(struct people *p)
{
	free(p->deeds);
	*p = (struct people){0};
}

/* ---- what is heard ---------------------------------------------------------------- */

static struct again *again_of(struct past_visit *v)
{
	if (!v->again)
		v->again = mem_new(sizeof(struct again));
	return v->again;
}

static void offered(struct people *p, struct past_visit *v, const struct record *r,
		    uint64_t desk_us)
{
	struct row_conversation row;
	struct past_answer answer = past_answer(p->past, r->member);
	if (answer.kind == ANSWER_EXPIRE || !conversation_get_row(r->conversation.row, &row))
		return;
	plan(p, (struct deed){.at_us = desk_us + answer.delay_us,
			      .kind = answer.kind == ANSWER_ACCEPT ? DEED_ACCEPT : DEED_DECLINE,
			      .visit = v,
			      .seat = r->conversation.seat,
			      .offer = row.offer});
}

static void stop(struct again *a, uint64_t desk_us)
{
	if (a->serving)
		a->done_us += (double)(desk_us - a->since_us) / a->factor;
	a->serving = false;
}

static uint64_t later(const struct again *a, uint64_t behind_us)
{
	double left = (double)behind_us - a->done_us;
	return a->since_us + (left > 0 ? (uint64_t)(left * a->factor) : 0);
}

/* What was written goes behind as much of the time as it did; then it ends. */
static void assigned(struct people *p, struct past_visit *v, const struct record *r,
		     uint64_t desk_us)
{
	struct row_stint stint;
	struct again *a = again_of(v);
	if (!stint_get_row(r->conversation.stint, &stint) || stint.robot)
		return;
	stop(a, desk_us);
	a->serving = a->served = true;
	a->stint = r->conversation.stint_n;
	a->since_us = desk_us;
	a->factor = past_factor(p->past, v, r->member, p->speed);
	uint64_t handle_us = past_handle_us(p->past, v);
	struct deed deed = {.visit = v, .seat = r->conversation.seat, .stint = a->stint};
	if (v->before)
		return;
	deed.kind = DEED_POST;
	for (size_t i = 0; i < v->posts_len; i++) {
		deed.at_us = later(a, v->posts[i]);
		if ((double)v->posts[i] >= a->done_us)
			plan(p, deed);
	}
	deed.kind = DEED_CLOSE;
	deed.at_us = later(a, handle_us);
	if (handle_us != UINT64_MAX)
		plan(p, deed);
}

static void opened(struct people *p, struct past_visit *v, uint64_t desk_us)
{
	if (!p->patience || !v->agent)
		return;
	uint64_t us = patience_draw(&p->past->patience, v->waited_us,
				    hash64(v->key.id, strlen(v->key.id)));
	if (us != PATIENCE_ENDLESS)
		plan(p, (struct deed){.at_us = desk_us + us, .kind = DEED_LEAVE, .visit = v});
}

void people_hear(struct people *p, const struct record *r, uint64_t desk_us)
{
	struct row_conversation row;
	if (!conversation_has(r->kind) || !conversation_get_row(r->conversation.row, &row))
		return;
	struct past_visit *v = past_visit(p->past, r->tenant, row.id);
	if (!v)
		return;
	if (r->kind == RECORD_OPENED)
		opened(p, v, desk_us);
	if (r->kind == RECORD_OFFERED)
		offered(p, v, r, desk_us);
	if (r->kind == RECORD_ASSIGNED)
		assigned(p, v, r, desk_us);
	if (r->kind == RECORD_RELEASED && again_of(v)->stint == r->conversation.stint_n)
		stop(again_of(v), desk_us);
}

/* ---- doing it --------------------------------------------------------------------- */

static void post(struct people *p, struct core_call *call, const struct deed *deed,
		 struct span agent)
{
	char client_id[40], room[ROW_ID_MAX + 1];
	struct conversation_view view;
	struct core_posted posted;
	struct core *core = decider_core(p->decider);
	if (core_desk_show(core, call, SPAN_TEXT(deed->visit->key.id), &view))
		return;
	snprintf(room, sizeof room, "%.*s", (int)view.room.len, (const char *)view.room.data);
	snprintf(client_id, sizeof client_id, "what-if-%" PRIu64, deed->number);
	const struct core_post said = {.room = SPAN_TEXT(room),
				       .sender = agent,
				       .client_id = SPAN_TEXT(client_id),
				       .body = SPAN_TEXT("..."),
				       .type = MESSAGE_TYPE_MESSAGE};
	/* Who is not there any more writes nothing. */
	(void)!core_post(core, call, &said, &posted);
}

/* Refused is what came too late. */
static void act(struct people *p, struct core_call *call, const struct deed *deed,
		struct span agent)
{
	struct conversation_view view;
	struct core *core = decider_core(p->decider);
	const struct again *a = again_of(deed->visit);
	struct core_desk_act act = {.conversation = SPAN_TEXT(deed->visit->key.id),
				    .agent = agent,
				    .offer = deed->offer};
	bool serves = a->serving && a->stint == deed->stint;
	if (deed->kind == DEED_ACCEPT)
		(void)!core_desk_accept(core, call, &act, &view);
	else if (deed->kind == DEED_DECLINE)
		(void)!core_desk_decline(core, call, &act, &view);
	else if (deed->kind == DEED_LEAVE && !a->served)
		(void)!core_desk_close(core, call, &act, &view);
	else if (deed->kind == DEED_POST && serves)
		post(p, call, deed, agent);
	if (deed->kind != DEED_CLOSE || !serves)
		return;
	act.by = agent;
	(void)!core_desk_close(core, call, &act, &view);
}

enum parlor_err people_act(struct people *p, uint64_t now_us)
{
	char agent[ROW_ID_MAX + 1] = "";
	struct deed deed = first_deed(p);
	uint32_t tenant = deed.visit->key.tenant;
	enum parlor_err err =
		deed.seat ? ask_agent(p->decider, tenant, deed.seat, agent) : PARLOR_E_OK;
	struct core_call call = decider_call(p->decider, tenant, now_us);
	if (!err)
		act(p, &call, &deed, SPAN_TEXT(agent));
	return err ? err : core_broken(decider_core(p->decider));
}
