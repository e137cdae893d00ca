#include "whatif/past.h"

#include "core/desk/row.h"
#include "noun/conversation.h"

#include "base/mem.h"

#include <parlor/parlor.pb-c.h>
#include <stdlib.h>
#include <string.h>

static struct past_agent *agent_of(struct past *p, uint64_t member)
{
	struct past_agent *a;
	HASH_FIND(hh, p->agents, &member, sizeof member, a);
	if (a)
		return a;
	a = mem_new(sizeof *a);
	a->member = member;
	HASH_ADD(hh, p->agents, member, sizeof a->member, a);
	return a;
}

static struct past_key key_of(uint32_t tenant, struct span id)
{
	struct past_key key;
	memset(&key, 0, sizeof key);
	key.tenant = tenant;
	memcpy(key.id, id.data, id.len < ROW_ID_MAX ? id.len : ROW_ID_MAX);
	return key;
}

struct past_visit *past_visit(struct past *p, uint32_t tenant, struct span id)
{
	struct past_visit *v;
	struct past_key key = key_of(tenant, id);
	HASH_FIND(hh, p->visits, &key, sizeof key, v);
	return v;
}

struct past_room *past_room(struct past *p, uint64_t room)
{
	struct past_room *r;
	HASH_FIND(hh, p->rooms, &room, sizeof room, r);
	return r;
}

/* ---- offers ------------------------------------------------------------------- */

static size_t add_answer(struct past_agent *a, struct past_answer answer)
{
	MEM_GROW(a->answers, a->answers_len, a->answers_cap, 16);
	a->answers[a->answers_len] = answer;
	return a->answers_len++;
}

static void offered(struct past *p, struct past_visit *v, const struct record *r, uint64_t desk_us)
{
	if (v->offers_len == sizeof v->offers / sizeof v->offers[0])
		return;
	v->offers[v->offers_len++] = (struct past_offer){
		r->member, desk_us,
		add_answer(agent_of(p, r->member), (struct past_answer){.kind = ANSWER_NONE})};
}

static void answered(struct past *p, struct past_visit *v, uint64_t member, enum answer_kind kind,
		     uint64_t desk_us)
{
	size_t i = 0;
	while (i < v->offers_len && v->offers[i].member != member)
		i++;
	if (i == v->offers_len)
		return;
	struct past_answer answer = {desk_us - v->offers[i].at_us, kind};
	agent_of(p, member)->answers[v->offers[i].answer] = answer;
	if (kind != ANSWER_NONE)
		add_answer(&p->all, answer);
	v->offers[i] = v->offers[--v->offers_len];
}

static enum answer_kind answer_of(uint8_t end)
{
	return end == PARLOR__OFFER_END__OFFER_DECLINED  ? ANSWER_DECLINE
	       : end == PARLOR__OFFER_END__OFFER_EXPIRED ? ANSWER_EXPIRE
							 : ANSWER_NONE;
}

/* ---- serving ------------------------------------------------------------------ */

static void assigned(struct past *p, struct past_visit *v, const struct record *r, uint64_t desk_us)
{
	struct row_stint stint;
	if (!stint_get_row(r->conversation.stint, &stint) || stint.robot)
		return;
	if (r->conversation.how == PARLOR__ASSIGN_HOW__HOW_ACCEPTED)
		answered(p, v, r->member, ANSWER_ACCEPT, desk_us);
	if (v->serving)
		v->served_us += desk_us - v->since_us;
	if (!v->agent)
		v->waited_us = desk_us - v->opened_us;
	v->agent = r->member;
	v->serving = true;
	v->since_us = desk_us;
}

/* Of a transfer the old stint ends behind the new one's beginning. */
static void released(struct past_visit *v, const struct record *r, uint64_t desk_us)
{
	if (!v->serving || v->agent != r->member)
		return;
	v->served_us += desk_us - v->since_us;
	v->serving = false;
}

static void closed(struct past *p, struct past_visit *v, uint64_t desk_us)
{
	v->ended = true;
	if (v->before)
		return;
	if (!v->agent) {
		v->waited_us = desk_us - v->opened_us;
		return;
	}
	struct past_agent *a = agent_of(p, v->agent);
	a->handled++;
	a->handled_us += v->served_us;
	p->all.handled++;
	p->all.handled_us += v->served_us;
}

static struct past_visit *opened(struct past *p, const struct record *r,
				 const struct row_conversation *row, uint64_t desk_us)
{
	struct past_room *room = past_room(p, r->room);
	struct past_visit *v = mem_new(sizeof *v);
	v->key = key_of(r->tenant, row->id);
	v->room = r->room;
	v->visitor = row->visitor;
	v->before = r->kind != RECORD_OPENED;
	v->opened_us = v->before ? row->opened_desk_us : desk_us;
	HASH_ADD(hh, p->visits, key, sizeof v->key, v);
	if (!room) {
		room = mem_new(sizeof *room);
		room->room = r->room;
		HASH_ADD(hh, p->rooms, room, sizeof room->room, room);
	}
	room->visit = v;
	room->apart |= v->before;
	return v;
}

static void posted(struct past *p, const struct record *r, uint64_t desk_us)
{
	const struct past_room *room = past_room(p, r->room);
	struct past_visit *v = room ? room->visit : NULL;
	if (!v || !v->serving || v->agent != r->member)
		return;
	MEM_GROW(v->posts, v->posts_len, v->posts_cap, 8);
	v->posts[v->posts_len++] = v->served_us + (desk_us - v->since_us);
}

void past_see(struct past *p, const struct record *r, uint64_t desk_us)
{
	struct row_conversation row;
	if (r->kind == RECORD_POSTED)
		posted(p, r, desk_us);
	if (!conversation_has(r->kind) || !conversation_get_row(r->conversation.row, &row))
		return;
	struct past_visit *v = past_visit(p, r->tenant, row.id);
	if (!v)
		v = opened(p, r, &row, desk_us);
	if (r->kind == RECORD_OFFERED)
		offered(p, v, r, desk_us);
	if (r->kind == RECORD_OFFER_ENDED)
		answered(p, v, r->member, answer_of(r->conversation.how), desk_us);
	if (r->kind == RECORD_ASSIGNED)
		assigned(p, v, r, desk_us);
	if (r->kind == RECORD_RELEASED)
		released(v, r, desk_us);
	if (r->kind == RECORD_CLOSED)
		closed(p, v, desk_us);
}

void past_end(struct past *p)
{
	for (struct past_visit *v = p->visits; v; v = v->hh.next)
		if (!v->before && (v->agent || v->ended))
			patience_add(&p->patience, v->waited_us, !v->agent);
	patience_estimate(&p->patience);
}

void past_fini(struct past *p)
{
	struct past_visit *v, *next_visit;
	struct past_agent *a, *next_agent;
	HASH_ITER (hh, p->visits, v, next_visit) {
		HASH_DEL(p->visits, v);
		free(v->posts);
		free(v->again);
		free(v);
	}
	HASH_ITER (hh, p->agents, a, next_agent) {
		HASH_DEL(p->agents, a);
		free(a->answers);
		free(a);
	}
	free(p->all.answers);
	MEM_FREE_TABLE(p->rooms);
	patience_fini(&p->patience);
	*p = (struct past){0};
}

/* ---- asked by the other run ------------------------------------------------------ */

static double mean_of(const struct past *p, uint64_t member)
{
	const struct past_agent *a = NULL;
	if (member)
		HASH_FIND(hh, p->agents, &member, sizeof member, a);
	if (!a || !a->handled)
		a = &p->all;
	return a->handled ? (double)a->handled_us / (double)a->handled : 0;
}

double past_factor(const struct past *p, const struct past_visit *v, uint64_t member, bool speed)
{
	double had = mean_of(p, v->agent), has = mean_of(p, member);
	return speed && had > 0 && has > 0 ? has / had : 1;
}

uint64_t past_handle_us(const struct past *p, const struct past_visit *v)
{
	if (!v->agent)
		return (uint64_t)mean_of(p, 0);
	/* It was not over yet. */
	return v->ended ? v->served_us : UINT64_MAX;
}

struct past_answer past_answer(struct past *p, uint64_t member)
{
	struct past_agent *a = agent_of(p, member), *from = a;
	size_t known = 0;
	for (size_t i = 0; i < a->answers_len; i++)
		known += a->answers[i].kind != ANSWER_NONE;
	if (!known)
		from = &p->all;
	/* Those that were taken back before anybody answered tell nothing. */
	for (size_t i = 0; i < from->answers_len; i++) {
		struct past_answer answer = from->answers[a->next++ % from->answers_len];
		if (answer.kind != ANSWER_NONE)
			return answer;
	}
	return (struct past_answer){0, ANSWER_ACCEPT};
}
