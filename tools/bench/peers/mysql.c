/* MySQL as the tables are used today: a row for each member of a room, whose
 * count goes up with each message of the others, in the message's transaction.
 * Ids are VARCHAR(500) with an index each, as such products have them: no
 * composite or unique key fits. Assumed in its favour: one round trip a message
 * (a procedure), short ids, indexes only where the two statements need them,
 * a unix socket, a buffer pool that holds everything, no binary log. A
 * connection carries one message at a time. It delivers nothing: somebody else
 * must tell the sessions. */
#include "database.h"
#include "fail.h"
#include "peer.h"

#include "base/mem.h"

#include <inttypes.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOMS_A_STATEMENT 100
#define SQL_MAX 2048

static const char *const tables[] = {
	"CREATE TABLE chat_group ("
	" id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,"
	" uuid VARCHAR(500) NOT NULL,"
	" group_name VARCHAR(500) NOT NULL DEFAULT '',"
	" member_id VARCHAR(500) NOT NULL,"
	" member_type INT NOT NULL DEFAULT 2,"
	" unread INT NOT NULL DEFAULT 0,"
	" created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP"
	") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
	"CREATE TABLE group_message ("
	" id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,"
	" group_id VARCHAR(500) NOT NULL,"
	" sender VARCHAR(500) NOT NULL,"
	" message_type INT NOT NULL DEFAULT 1,"
	" message_content TEXT NOT NULL,"
	" created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,"
	" KEY group_id (group_id)"
	") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
	"CREATE PROCEDURE say(IN room VARCHAR(500), IN who VARCHAR(500), IN body TEXT) "
	"BEGIN"
	" DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;"
	" START TRANSACTION;"
	" INSERT INTO group_message (group_id, sender, message_content) VALUES (room, who, body);"
	" UPDATE chat_group SET unread = unread + 1 WHERE uuid = room AND member_id <> who;"
	" COMMIT; "
	"END",
};

struct mysql_link {
	MYSQL *connection;
	char sql[SQL_MAX]; /* of the message that is being stored */
	size_t sql_len;
	uint64_t answers;
};

struct mysql_peer {
	struct database db;
	size_t len;
	struct mysql_link *links;
};

/* ---- the tables ---------------------------------------------------------------------- */

static void put_text_of(struct buf *sql, const char *text)
{
	buf_put(sql, text, strlen(text));
}

static void put_room(struct buf *sql, uint32_t room, uint32_t members, bool first)
{
	for (uint32_t m = 0; m < members; m++) {
		char row[64];
		snprintf(row, sizeof row, "%s('room-%u','member-%u')", first && m == 0 ? "" : ",",
			 room, m);
		put_text_of(sql, row);
	}
}

/* Indexes come last, which is quicker. */
static void make_tables(struct peer_site *s, struct mysql_peer *p)
{
	struct buf sql = {0};
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		database_run(&p->db, tables[i]);
	database_run(&p->db, "START TRANSACTION");
	for (uint32_t room = 0; room < s->tally.rooms;) {
		buf_clear(&sql);
		put_text_of(&sql, "INSERT INTO chat_group (uuid, member_id) VALUES ");
		for (uint32_t n = 0; n < ROOMS_A_STATEMENT && room < s->tally.rooms; n++, room++)
			put_room(&sql, room, s->tally.members, n == 0);
		buf_put_u8(&sql, 0);
		database_run(&p->db, (const char *)sql.data);
	}
	database_run(&p->db, "COMMIT");
	database_run(&p->db,
		     "ALTER TABLE chat_group ADD KEY uuid (uuid), ADD KEY member_id (member_id)");
	buf_fini(&sql);
}

static void mysql_peer_open(struct peer_site *s)
{
	struct mysql_peer *p = s->peer = mem_new(sizeof *p);
	database_open(&p->db, &s->rig, 0);
	s->server = p->db.server;
	make_tables(s, p);
	p->len = s->senders;
	p->links = mem_new(p->len * sizeof *p->links);
	for (size_t i = 0; i < p->len; i++) {
		p->links[i].connection = database_connect(&p->db);
		drive_add(s->drive, database_descriptor(p->links[i].connection), true, false);
	}
}

/* ---- messages ------------------------------------------------------------------------- */

static void ask(struct mysql_link *l)
{
	check(mysql_send_query(l->connection, l->sql, l->sql_len) == 0, "mysql: %s",
	      mysql_error(l->connection));
}

/* A body holds nothing to escape: it is the drive's. */
static void mysql_peer_post(void *ctx, size_t link, const struct drive_post *post)
{
	struct mysql_peer *p = ((struct peer_site *)ctx)->peer;
	struct mysql_link *l = &p->links[link];
	int n = snprintf(l->sql, sizeof l->sql, "CALL say('room-%u','member-%u','%.*s')",
			 post->room, post->member, (int)post->body.len,
			 (const char *)post->body.data);
	check(n < SQL_MAX, "a body of %zu bytes is too long", post->body.len);
	l->sql_len = (size_t)n;
	ask(l);
}

/* A transaction that the server chose to undo is tried again, as every client
 * of it must. */
static void mysql_peer_read(void *ctx, size_t link)
{
	struct peer_site *s = ctx;
	struct mysql_peer *p = s->peer;
	struct mysql_link *l = &p->links[link];
	if (mysql_read_query_result(l->connection)) {
		unsigned code = mysql_errno(l->connection);
		check(code == ER_LOCK_DEADLOCK || code == ER_LOCK_WAIT_TIMEOUT, "mysql: %s",
		      mysql_error(l->connection));
		ask(l);
		return;
	}
	check(!mysql_more_results(l->connection) && mysql_field_count(l->connection) == 0,
	      "mysql: an answer of another kind");
	drive_acked(s->drive, link, ++l->answers);
}

/* ---- afterwards -------------------------------------------------------------------------- */

static uint32_t number_behind(const char *name)
{
	return (uint32_t)strtoul(strchr(name, '-') + 1, NULL, 10);
}

static void verify_member(void *ctx, char **cells)
{
	const struct tally *t = ctx;
	uint64_t unread = strtoull(cells[2], NULL, 10);
	uint64_t due = tally_unread(t, number_behind(cells[0]), number_behind(cells[1]));
	check(unread == due, "mysql: unread of %s in %s is %" PRIu64 ", should be %" PRIu64,
	      cells[1], cells[0], unread, due);
}

static void verify_room(void *ctx, char **cells)
{
	const struct tally *t = ctx;
	uint64_t kept = strtoull(cells[1], NULL, 10), due = tally_room(t, number_behind(cells[0]));
	check(kept == due, "mysql: %s holds %" PRIu64 " messages, posted were %" PRIu64, cells[0],
	      kept, due);
}

static void mysql_peer_verify(struct peer_site *s)
{
	struct mysql_peer *p = s->peer;
	uint64_t rows = database_number(&p->db, "SELECT COUNT(*) FROM chat_group");
	uint64_t messages = database_number(&p->db, "SELECT COUNT(*) FROM group_message");
	check(rows == (uint64_t)s->tally.rooms * s->tally.members, "mysql: %" PRIu64 " members",
	      rows);
	check(messages == s->tally.posts, "mysql: %" PRIu64 " messages, posted were %" PRIu64,
	      messages, s->tally.posts);
	database_each(&p->db, "SELECT uuid, member_id, unread FROM chat_group", verify_member,
		      &s->tally);
	database_each(&p->db, "SELECT group_id, COUNT(*) FROM group_message GROUP BY group_id",
		      verify_room, &s->tally);
}

static void mysql_peer_close(struct peer_site *s)
{
	struct mysql_peer *p = s->peer;
	for (size_t i = 0; i < p->len; i++)
		mysql_close(p->links[i].connection);
	database_close(&p->db);
	free(p->links);
	free(p);
}

const struct peer peer_mysql = {
	.name = "mysql",
	.program = "mariadbd",
	.does = "flush at each commit; one transaction: INSERT, UPDATE unread + 1 of the others' "
		"rows; "
		"it delivers nothing, and a connection carries one message at a time",
	.durable = true,
	.depth_max = 1,
	.open = mysql_peer_open,
	.verify = mysql_peer_verify,
	.close = mysql_peer_close,
	.hooks = {.post = mysql_peer_post, .read = mysql_peer_read},
};
