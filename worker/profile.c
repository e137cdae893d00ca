#include "profile.h"

#include "base/mem.h"
#include "db/rows.h"

#include <stdlib.h>
#include <string.h>

static void add_spec(struct fold *fold, struct fold_profiles *all, const Parlor__SyncRecord *r,
		     const Parlor__MemberSpec *spec)
{
	struct fold_profile *profile;
	fold_key(fold, r->tenant, spec->member, "");
	HASH_FIND(hh, all->list, fold->key.data, fold->key.len, profile);
	if (!profile) {
		profile = fold_entry(fold, sizeof *profile);
		profile->tenant = r->tenant;
		profile->member = spec->member;
		profile->name = profile->avatar = "";
		HASH_ADD_KEYPTR(hh, all->list, profile + 1, fold->key.len, profile);
	}
	/* A room that knows no name does not take away what another told. */
	if (*spec->name)
		profile->name = spec->name;
	if (*spec->avatar)
		profile->avatar = spec->avatar;
	profile->position = r->event->position;
}

static void add_joined(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	add_spec(fold, state, r, r->event->joined);
}

static void add_changed(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	add_spec(fold, state, r, r->event->member_changed);
}

static int by_key(const struct fold_profile *a, const struct fold_profile *b)
{
	int order = strcmp(a->tenant, b->tenant);
	return order ? order : strcmp(a->member, b->member);
}

/* Profiles are shared by rooms, so by partitions and workers: the latest position
 * wins. */
static enum parlor_err profiles_write(struct db *db, const struct fold *fold, void *state,
				      const struct mark *mark)
{
#define NEWER \
	"profile_broker <> VALUES(profile_broker) OR profile_position <= VALUES(profile_position)"
	struct fold_profiles *all = state;
	struct rows rows;
	(void)fold;
	/* Rows that several workers write are locked in key order. */
	HASH_SORT(all->list, by_key);
	rows_init(&rows, db,
		  "INSERT INTO member "
		  "(ent_id, uuid, name, avator, profile_broker, profile_position) VALUES ",
		  "(?, ?, ?, ?, ?, ?)",
		  " ON DUPLICATE KEY UPDATE "
		  "name = IF(VALUES(name) <> '' AND (" NEWER "), VALUES(name), name), "
		  "avator = IF(VALUES(avator) <> '' AND (" NEWER "), VALUES(avator), avator), "
		  "profile_position = IF(" NEWER ", VALUES(profile_position), profile_position), "
		  "profile_broker = VALUES(profile_broker)");
	for (const struct fold_profile *p = all->list; p; p = p->hh.next)
		rows_add(&rows, sql_t(p->tenant), sql_t(p->member), sql_t(p->name),
			 sql_t(p->avatar), sql_u(mark->broker_id), sql_u(p->position));
	return rows_finish(&rows);
#undef NEWER
}

static void profiles_free(void *state)
{
	struct fold_profiles *all = state;
	MEM_FREE_TABLE(all->list);
}

static const struct fold_kind kinds[] = {
	{PARLOR__RECORD_KIND__RECORD_JOINED, PARLOR__EVENT__KIND_JOINED, add_joined},
	{PARLOR__RECORD_KIND__RECORD_MEMBER_CHANGED, PARLOR__EVENT__KIND_MEMBER_CHANGED,
	 add_changed},
};
static const struct table tables[] = {
	{.name = "member", .migration = 1, .key = {"ent_id", "uuid"}}};
const struct noun profile_noun = {
	NOUN_LIST(tables),       NOUN_LIST(kinds),      .state_bytes = sizeof(struct fold_profiles),
	.write = profiles_write, .free = profiles_free,
};
