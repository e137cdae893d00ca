/* The numbers of members who are agents or visitors: what other tables refer to. A visitor
 * need have no row of its own: its conversations tell its number. */
#include "base/mem.h"
#include "desk_columns.h"
#include "noun.h"

#include <stdlib.h>
#include <string.h>

struct fold_party {
	const char *tenant;
	const char *member;
	uint64_t no;
	uint64_t time_us; /* of the first that was told */
	UT_hash_handle hh;
};
struct fold_parties {
	struct fold_party *list;
};

static void add(struct fold *fold, struct fold_parties *all, const Parlor__SyncRecord *r,
		const char *member, uint64_t no)
{
	struct fold_party *party;
	if (!no)
		return;
	fold_key(fold, r->tenant, member, "");
	HASH_FIND(hh, all->list, fold->key.data, fold->key.len, party);
	if (!party) {
		party = fold_entry(fold, sizeof *party);
		party->tenant = r->tenant;
		party->member = member;
		party->time_us = r->event->time_us;
		HASH_ADD_KEYPTR(hh, all->list, party + 1, fold->key.len, party);
	}
	party->no = no;
}

static void add_row(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	const Parlor__DeskSet *row = r->event->desk_row->row;
	if (row && row->row_case == PARLOR__DESK_SET__ROW_AGENT)
		add(fold, state, r, row->agent->agent, row->agent->party_no);
	if (row && row->row_case == PARLOR__DESK_SET__ROW_VISITOR)
		add(fold, state, r, row->visitor->visitor, row->visitor->party_no);
}

static void add_opened(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	const Parlor__Conversation *c = r->event->conversation->conversation;
	if (c)
		add(fold, state, r, c->visitor, c->visitor_no);
}

static int by_key(const struct fold_party *a, const struct fold_party *b)
{
	int order = strcmp(a->tenant, b->tenant);
	return order ? order : strcmp(a->member, b->member);
}

static enum parlor_err parties_write(struct db *db, const struct fold *fold, void *state,
				     const struct mark *mark)
{
	struct fold_parties *all = state;
	struct upsert u;
	(void)fold;
	(void)mark;
	/* Rows that several workers write are locked in key order. */
	HASH_SORT(all->list, by_key);
	upsert_init(&u, db, desk_party_columns.table, desk_party_columns.list,
		    desk_party_columns.len);
	for (const struct fold_party *p = all->list; p; p = p->hh.next) {
		const struct sql_value values[] = {sql_t(p->tenant), sql_t(p->member), sql_u(p->no),
						   sql_time(p->time_us)};
		upsert_put(&u, values);
	}
	return upsert_finish(&u);
}

static void parties_free(void *state)
{
	struct fold_parties *all = state;
	MEM_FREE_TABLE(all->list);
}

static const struct fold_kind kinds[] = {
	{PARLOR__RECORD_KIND__RECORD_AGENT_SET, PARLOR__EVENT__KIND_DESK_ROW, add_row},
	{PARLOR__RECORD_KIND__RECORD_VISITOR_SET, PARLOR__EVENT__KIND_DESK_ROW, add_row},
	{PARLOR__RECORD_KIND__RECORD_OPENED, PARLOR__EVENT__KIND_CONVERSATION, add_opened},
};
static const struct table tables[] = {
	{.name = "desk_party", .migration = 4, .key = {"ent_id", "member_id"}, .of_journal = true}};
const struct noun desk_party_noun = {
	NOUN_LIST(tables),      NOUN_LIST(kinds),     .state_bytes = sizeof(struct fold_parties),
	.write = parties_write, .free = parties_free,
};
