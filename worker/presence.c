#include "presence.h"

#include "base/mem.h"
#include "db/rows.h"

#include <stdlib.h>
#include <string.h>

static void add_boot(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	struct fold_presences *all = state;
	struct fold_presence *p;
	struct fold_presence *next;
	(void)fold;
	all->boot_position = r->event->position;
	all->boot_us = r->event->time_us;
	HASH_ITER (hh, all->list, p, next) {
		if (p->presence == PARLOR__PRESENCE__PRESENCE_OFFLINE)
			continue;
		p->presence = PARLOR__PRESENCE__PRESENCE_OFFLINE;
		p->last_seen_us = r->event->time_us;
		p->position = r->event->position;
	}
}

static void add_presence(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	struct fold_presences *all = state;
	struct fold_presence *p;
	const Parlor__MemberPresence *told = r->event->presence;
	fold_key(fold, r->tenant, told->member, "");
	HASH_FIND(hh, all->list, fold->key.data, fold->key.len, p);
	if (!p) {
		p = fold_entry(fold, sizeof *p);
		p->tenant = r->tenant;
		p->member = told->member;
		HASH_ADD_KEYPTR(hh, all->list, p + 1, fold->key.len, p);
	}
	p->presence = (int)told->presence;
	p->last_seen_us = told->last_seen_us;
	p->position = r->event->position;
}

static int by_key(const struct fold_presence *a, const struct fold_presence *b)
{
	int order = strcmp(a->tenant, b->tenant);
	return order ? order : strcmp(a->member, b->member);
}

/* A broker run begins: whom an earlier run put online is offline. */
static enum parlor_err write_boot(struct db *db, const struct fold_presences *all,
				  const struct mark *mark)
{
	struct sql sql;
	if (!all->boot_position)
		return PARLOR_E_OK;
	sql_init(&sql, db);
	sql_put(&sql,
		"UPDATE member SET online_status = 'offline', last_seen = ?, presence_position = ? "
		"WHERE presence_broker = ? AND online_status IN ('online', 'busy') "
		"AND presence_position < ?",
		sql_time(all->boot_us), sql_u(all->boot_position), sql_u(mark->broker_id),
		sql_u(all->boot_position));
	enum parlor_err err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	return err;
}

static const char *presence_name(int presence)
{
	if (presence == PARLOR__PRESENCE__PRESENCE_ONLINE)
		return "online";
	return presence == PARLOR__PRESENCE__PRESENCE_BUSY ? "busy" : "offline";
}

static enum parlor_err write_presences(struct db *db, struct fold_presences *all,
				       const struct mark *mark)
{
#define NEWER                                            \
	"presence_broker <> VALUES(presence_broker) OR " \
	"presence_position <= VALUES(presence_position)"
	struct rows rows;
	/* Rows that several workers write are locked in key order. */
	HASH_SORT(all->list, by_key);
	rows_init(&rows, db,
		  "INSERT INTO member "
		  "(ent_id, uuid, online_status, last_seen, presence_broker, presence_position) "
		  "VALUES ",
		  "(?, ?, ?, ?, ?, ?)",
		  " ON DUPLICATE KEY UPDATE "
		  "online_status = IF(" NEWER ", VALUES(online_status), online_status), "
		  "last_seen = IF(VALUES(last_seen) IS NOT NULL AND (" NEWER
		  "), VALUES(last_seen), last_seen), "
		  "presence_position = "
		  "IF(" NEWER ", VALUES(presence_position), presence_position), "
		  "presence_broker = VALUES(presence_broker)");
	for (const struct fold_presence *p = all->list; p; p = p->hh.next)
		rows_add(&rows, sql_t(p->tenant), sql_t(p->member),
			 sql_t(presence_name(p->presence)),
			 p->last_seen_us ? sql_time(p->last_seen_us) : sql_t(NULL),
			 sql_u(mark->broker_id), sql_u(p->position));
	return rows_finish(&rows);
#undef NEWER
}

static enum parlor_err presences_write(struct db *db, const struct fold *fold, void *state,
				       const struct mark *mark)
{
	(void)fold;
	enum parlor_err err = write_boot(db, state, mark);
	return err ? err : write_presences(db, state, mark);
}

static void presences_free(void *state)
{
	struct fold_presences *all = state;
	MEM_FREE_TABLE(all->list);
}

static const struct fold_kind kinds[] = {
	{PARLOR__RECORD_KIND__RECORD_BOOT, PARLOR__EVENT__KIND__NOT_SET, add_boot},
	{PARLOR__RECORD_KIND__RECORD_PRESENCE, PARLOR__EVENT__KIND_PRESENCE, add_presence},
};
const struct noun presence_noun = {
	NOUN_LIST(kinds),
	.state_bytes = sizeof(struct fold_presences),
	.write = presences_write,
	.free = presences_free,
};
