#include "quarantine.h"

#include "noun.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void put_key(struct buf *key, struct topic t)
{
	buf_put(key, t.tenant, strlen(t.tenant) + 1);
	buf_put(key, &t.kind, sizeof t.kind);
	buf_put(key, t.id, strlen(t.id) + 1);
}

struct quarantine_topic *quarantine_find(const struct quarantine *q, struct topic topic)
{
	struct quarantine_topic *found = NULL;
	struct buf key = {0};
	if (!q->topics)
		return NULL;
	put_key(&key, topic);
	HASH_FIND(hh, q->topics, key.data, key.len, found);
	buf_fini(&key);
	return found;
}

size_t quarantine_count(const struct quarantine *q)
{
	return HASH_COUNT(q->topics);
}

void quarantine_add(struct quarantine *q, struct topic topic, uint64_t position, const char *error)
{
	struct buf key = {0};
	if (quarantine_find(q, topic))
		return;
	put_key(&key, topic);
	struct quarantine_topic *added = mem_new(sizeof *added);
	char *texts = mem_text(key.data, key.len);
	added->topic = (struct topic){texts, topic.kind,
				      texts + strlen(topic.tenant) + 1 + sizeof topic.kind};
	added->position = position;
	memcpy(added->error, error, text_cut(error, strlen(error), QUARANTINE_ERROR_MAX - 1));
	added->key = texts;
	HASH_ADD_KEYPTR(hh, q->topics, added->key, key.len, added);
	buf_fini(&key);
}

void quarantine_remove(struct quarantine *q, struct quarantine_topic *topic)
{
	HASH_DEL(q->topics, topic);
	free(topic->key);
	free(topic);
}

void quarantine_fini(struct quarantine *q)
{
	struct quarantine_topic *topic, *next;
	HASH_ITER (hh, q->topics, topic, next)
		quarantine_remove(q, topic);
	*q = (struct quarantine){0};
}

static void quarantine_row(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	struct topic topic = {cells[0].data, (uint32_t)db_cell_number(cells[1]), cells[2].data};
	quarantine_add(arg, topic, db_cell_number(cells[3]), cells[4].data);
}

enum parlor_err quarantine_load(struct quarantine *q, struct db *db, const struct mark *mark)
{
	struct sql sql;
	quarantine_fini(q);
	sql_init(&sql, db);
	sql_put(&sql,
		"SELECT ent_id, topic_kind, group_id, position, error FROM sync_quarantine "
		"WHERE broker_id = ? AND part = ?",
		sql_u(mark->broker_id), sql_u(mark->partition));
	enum parlor_err err = db_select(db, &sql, quarantine_row, q);
	sql_fini(&sql);
	return err;
}

enum parlor_err quarantine_write(struct db *db, const struct mark *mark, struct topic topic,
				 uint64_t position, const char *error)
{
	struct sql sql;
	char *cut = mem_text(error, text_cut(error, strlen(error), QUARANTINE_ERROR_MAX - 1));
	sql_init(&sql, db);
	sql_put(&sql,
		"INSERT INTO sync_quarantine "
		"(broker_id, part, ent_id, topic_kind, group_id, position, error, created_at) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
		"ON DUPLICATE KEY UPDATE position = VALUES(position), error = VALUES(error)",
		sql_u(mark->broker_id), sql_u(mark->partition), sql_t(topic.tenant),
		sql_u(topic.kind), sql_t(topic.id), sql_u(position), sql_t(cut),
		sql_time(clock_wall_us()));
	enum parlor_err err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	free(cut);
	return err;
}

enum parlor_err quarantine_erase(struct db *db, const struct mark *mark, struct topic topic)
{
	struct sql sql;
	sql_init(&sql, db);
	sql_put(&sql,
		"DELETE FROM sync_quarantine "
		"WHERE broker_id = ? AND part = ? AND ent_id = ? AND topic_kind = ? AND group_id = "
		"?",
		sql_u(mark->broker_id), sql_u(mark->partition), sql_t(topic.tenant),
		sql_u(topic.kind), sql_t(topic.id));
	enum parlor_err err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	return err;
}

static const struct table tables[] = {
	{.name = "sync_quarantine",
	 .migration = 1,
	 .key = {"broker_id", "part", "ent_id", "topic_kind", "group_id"}}};
const struct noun quarantine_noun = {NOUN_LIST(tables)};
