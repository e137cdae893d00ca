/* A desk on MySQL, in the two ways that are common. `mysql`: a transaction takes
 * the oldest of the team's open conversations FOR UPDATE SKIP LOCKED, a seat
 * whose conversations, counted, leave room, and writes both down.
 * `mysql-update`: an agent that has room looks for the oldest one and takes it
 * by UPDATE ... WHERE agent_id IS NULL; no row changed, and it looks again.
 * Assumed in MySQL's favour: a step is one round trip, of two transactions at most
 * (procedures), numbers as keys, an index for each statement, a unix
 * socket, a buffer pool that holds everything, no binary log; unread is a flag
 * of each message, and nobody is told. */
#include "database.h"
#include "desk_peer.h"
#include "fail.h"

#include "base/clock.h"
#include "base/mem.h"

#include <inttypes.h>
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX 4096
#define CONNECTIONS 16
#define LOOK_US 200000 /* how often limits are recounted beside the work */

static const char *const tables[] = {
	"SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED",
	"CREATE TABLE seat (id INT PRIMARY KEY, team INT NOT NULL, max INT NOT NULL,"
	" turn BIGINT UNSIGNED NOT NULL DEFAULT 0, KEY team (team, turn)) ENGINE=InnoDB",
	"CREATE TABLE conversations (id INT PRIMARY KEY, team INT NOT NULL,"
	" customer_id INT NOT NULL, agent_id INT NULL,"
	" status ENUM('open','pending','closed') NOT NULL DEFAULT 'open',"
	" created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),"
	" assigned_at DATETIME(6) NULL, closed_at DATETIME(6) NULL,"
	" KEY waiting (team, status, id), KEY busy (agent_id, status)) ENGINE=InnoDB",
	"CREATE TABLE messages (id BIGINT AUTO_INCREMENT PRIMARY KEY,"
	" conversation_id INT NOT NULL, sender_id INT NOT NULL, content TEXT NOT NULL,"
	" is_read BOOLEAN NOT NULL DEFAULT FALSE,"
	" created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,"
	" KEY conversation_id (conversation_id)) ENGINE=InnoDB",
	NULL,
};

/* Seats by turns, of those whose conversations leave room. */
#define SEAT_SQL                                                                 \
	" SELECT id, max INTO who, most FROM seat WHERE team = t AND"            \
	"  (SELECT COUNT(*) FROM conversations x WHERE x.agent_id = seat.id AND" \
	"   x.status = 'pending') < max ORDER BY turn, id LIMIT 1"
#define COUNT_SQL                                       \
	" SELECT COUNT(*) INTO busy FROM conversations" \
	"  WHERE agent_id = who AND status = 'pending';"

/* Once its row is locked the seat is counted again: what was counted before may
 * have been true only then. */
#define SKIP_LOCKED_SQL                                                                        \
	" SELECT id INTO given FROM conversations WHERE team = t AND status = 'open'"          \
	"  ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;"                                        \
	" IF given IS NOT NULL THEN" SEAT_SQL " FOR UPDATE SKIP LOCKED;" COUNT_SQL             \
	"  IF who IS NULL THEN SET given = NULL;"                                              \
	"  ELSEIF busy >= most THEN SET again = TRUE, given = NULL;"                           \
	"  ELSE"                                                                               \
	"   UPDATE conversations SET agent_id = who, status = 'pending', assigned_at = NOW(6)" \
	"    WHERE id = given;"                                                                \
	"   UPDATE seat SET turn = UUID_SHORT() WHERE id = who;"                               \
	"  END IF;"                                                                            \
	" END IF;"

/* The seat's row is what makes an agent do one thing at a time. */
#define WHERE_NULL_SQL                                                                           \
	SEAT_SQL ";"                                                                             \
		 " IF who IS NOT NULL THEN SELECT max INTO most FROM seat WHERE id = who FOR "   \
		 "UPDATE;" COUNT_SQL "  IF busy >= most THEN SET again = TRUE;"                  \
		 "  ELSE"                                                                        \
		 "   SELECT id INTO given FROM conversations WHERE team = t AND status = 'open'" \
		 "    AND agent_id IS NULL ORDER BY id LIMIT 1;"                                 \
		 "   IF given IS NOT NULL THEN"                                                  \
		 "    UPDATE conversations SET agent_id = who, status = 'pending',"              \
		 "     assigned_at = NOW(6) WHERE id = given AND agent_id IS NULL;"              \
		 "    IF ROW_COUNT() = 0 THEN SET again = TRUE, given = NULL;"                   \
		 "    ELSE UPDATE seat SET turn = UUID_SHORT() WHERE id = who; END IF;"          \
		 "   END IF;"                                                                    \
		 "  END IF;"                                                                     \
		 " END IF;"

/* What the server undoes because of a deadlock is done again, as everybody must. */
#define UNTIL_DONE_SQL(what)                             \
	" SET again = TRUE;"                             \
	" WHILE again DO"                                \
	"  SET again = FALSE, given = NULL, who = NULL;" \
	"  BEGIN"                                        \
	"   DECLARE EXIT HANDLER FOR 1213, 1205 BEGIN"   \
	"    ROLLBACK; SET again = TRUE; END;"           \
	"   START TRANSACTION;" what "   COMMIT;"        \
	"  END;"                                         \
	" END WHILE;"
#define STEP_SQL(name, first, take)                                                \
	"CREATE PROCEDURE " name "(IN c INT, IN t INT, IN customer INT) BEGIN"     \
	" DECLARE given, who, most, busy INT DEFAULT NULL;"                        \
	" DECLARE again BOOLEAN;"                                                  \
	" DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;" UNTIL_DONE_SQL(first) \
		UNTIL_DONE_SQL(take) " SELECT given, who; "                        \
				     "END"
#define OPEN_SQL " INSERT INTO conversations (id, team, customer_id) VALUES (c, t, customer);"
#define CLOSE_SQL " UPDATE conversations SET status = 'closed', closed_at = NOW(6) WHERE id = c;"
#define STEPS(take)                                                                             \
	{                                                                                       \
		STEP_SQL("desk_open", OPEN_SQL, take), STEP_SQL("desk_close", CLOSE_SQL, take), \
			STEP_SQL("desk_match", "", take), NULL                                  \
	}

static const char *const skip_locked_steps[] = STEPS(SKIP_LOCKED_SQL);
static const char *const where_null_steps[] = STEPS(WHERE_NULL_SQL);

struct mysql_link {
	MYSQL *connection;
	enum desk_step asked;
};

struct desk_mysql_peer {
	struct database db;
	struct mysql_link *links;
	uint64_t looked_us;
};

/* ---- the tables ----------------------------------------------------------------------- */

static void run_all(struct database *db, const char *const *statements)
{
	for (size_t i = 0; statements[i]; i++)
		database_run(db, statements[i]);
}

static void make_seats(struct desk_site *s, struct database *db)
{
	char sql[SQL_MAX];
	database_run(db, "START TRANSACTION");
	for (uint32_t seat = 1; seat <= s->shape.teams * s->shape.seats; seat++) {
		snprintf(sql, sizeof sql, "INSERT INTO seat (id, team, max) VALUES (%u, %u, %u)",
			 seat, (seat - 1) / s->shape.seats, s->shape.max);
		database_run(db, sql);
	}
	database_run(db, "COMMIT");
}

static void open_with(struct desk_site *s, const char *const *steps)
{
	struct desk_mysql_peer *p = s->peer = mem_new(sizeof *p);
	database_open(&p->db, &s->rig, 0);
	s->server = p->db.server;
	run_all(&p->db, tables);
	run_all(&p->db, steps);
	make_seats(s, &p->db);
	p->links = mem_new(s->links * sizeof *p->links);
	for (size_t i = 0; i < s->links; i++) {
		p->links[i].connection = database_connect(&p->db);
		s->fds[i] = (struct pollfd){.fd = database_descriptor(p->links[i].connection),
					    .events = POLLIN};
	}
}

static void open_skip_locked(struct desk_site *s)
{
	open_with(s, skip_locked_steps);
}

static void open_where_null(struct desk_site *s)
{
	open_with(s, where_null_steps);
}

/* ---- steps ------------------------------------------------------------------------------ */

static void mysql_ask(void *site, size_t link, const struct desk_ask *a)
{
	static const char *const procedures[] = {[DESK_OPEN] = "desk_open",
						 [DESK_CLOSE] = "desk_close",
						 [DESK_MATCH] = "desk_match"};
	struct desk_site *s = site;
	struct mysql_link *l = &((struct desk_mysql_peer *)s->peer)->links[link];
	char sql[SQL_MAX];
	int n;
	l->asked = a->step;
	if (a->step == DESK_POST)
		n = snprintf(sql, sizeof sql,
			     "INSERT INTO messages (conversation_id, sender_id, content) "
			     "VALUES (%u, %u, '%.*s')",
			     a->conversation, a->post % 2, (int)a->body.len,
			     (const char *)a->body.data);
	else
		n = snprintf(sql, sizeof sql, "CALL %s(%u, %u, %u)", procedures[a->step],
			     a->conversation, a->team, a->person);
	check(n < SQL_MAX, "a body of %zu bytes is too long", a->body.len);
	check(mysql_send_query(l->connection, sql, (unsigned long)n) == 0, "mysql: %s",
	      mysql_error(l->connection));
}

/* What a procedure selects at its end: who was given to which seat; 0: nobody. */
static void take_given(MYSQL *c, uint32_t *given, uint32_t *seat)
{
	MYSQL_RES *result = mysql_store_result(c);
	check(result, "mysql: %s", mysql_error(c));
	MYSQL_ROW row = mysql_fetch_row(result);
	check(row, "mysql: an answer of another kind");
	*given = row[0] ? (uint32_t)strtoul(row[0], NULL, 10) : 0;
	*seat = row[0] ? (uint32_t)strtoul(row[1], NULL, 10) : 0;
	mysql_free_result(result);
	check(mysql_next_result(c) == 0 && mysql_next_result(c) == -1, "mysql: %s", mysql_error(c));
}

static void mysql_read(struct desk_site *s, size_t link)
{
	struct mysql_link *l = &((struct desk_mysql_peer *)s->peer)->links[link];
	uint32_t given = 0, seat = 0;
	check(mysql_read_query_result(l->connection) == 0, "mysql: %s", mysql_error(l->connection));
	if (l->asked != DESK_POST)
		take_given(l->connection, &given, &seat);
	desk_done(s->work, link, 0);
	if (given)
		desk_given(s->work, given, seat, 0);
}

/* ---- what must be true ---------------------------------------------------------------- */

#define OVER_SQL                                                \
	"SELECT COUNT(*) FROM seat WHERE (SELECT COUNT(*) FROM" \
	" conversations WHERE agent_id = seat.id AND status = 'pending') > max"

/* One statement sees one state: no seat may have more than it may in any. */
static void mysql_look(struct desk_site *s)
{
	struct desk_mysql_peer *p = s->peer;
	uint64_t now_us = clock_mono_us();
	if (now_us - p->looked_us < LOOK_US)
		return;
	p->looked_us = now_us;
	uint64_t over = database_number(&p->db, OVER_SQL);
	check(over == 0, "mysql: %" PRIu64 " seats have more than they may", over);
}

/* By how many that asked later a conversation was overtaken: connections that
 * hold a lock at the same time pass each other, so there is no strict order. */
static uint64_t overtaken(struct desk_mysql_peer *p)
{
	return database_number(
		&p->db, "SELECT MAX(n) FROM (SELECT COUNT(*) n FROM conversations a"
			" JOIN conversations b ON b.team = a.team AND b.status = 'closed'"
			" AND b.id > a.id AND b.id < a.id + 1000 AND b.assigned_at < a.assigned_at"
			" GROUP BY a.id) x");
}

static void mysql_verify(struct desk_site *s)
{
	struct desk_mysql_peer *p = s->peer;
	uint64_t all = desk_work_opened(s->work), by = overtaken(p);
	uint64_t right = database_number(
		&p->db, "SELECT COUNT(*) FROM conversations WHERE status = 'closed' AND agent_id "
			"IS NOT NULL AND assigned_at >= created_at AND closed_at >= assigned_at");
	uint64_t messages = database_number(&p->db, "SELECT COUNT(*) FROM messages");
	check(right == all, "mysql: of %" PRIu64 " conversations %" PRIu64 " were served and ended",
	      all, right);
	check(messages == all * s->shape.posts, "mysql: %" PRIu64 " messages", messages);
	check(by <= s->shape.people, "mysql: a conversation was overtaken by %" PRIu64, by);
	row_set(s->row, "overtaken_by_max", (double)by);
}

static void mysql_close_site(struct desk_site *s)
{
	struct desk_mysql_peer *p = s->peer;
	for (size_t i = 0; i < s->links; i++)
		mysql_close(p->links[i].connection);
	database_close(&p->db);
	free(p->links);
	free(p);
}

const struct desk_peer desk_mysql_skip_locked = {
	.name = "mysql",
	.program = "mariadbd",
	.does = "flush at each commit; one transaction: SELECT ... FOR UPDATE SKIP LOCKED of the "
		"oldest and of a seat, COUNT, UPDATE; a connection does one thing at a time",
	.links_max = CONNECTIONS,
	.forgets = true,
	.open = open_skip_locked,
	.ask = mysql_ask,
	.read = mysql_read,
	.look = mysql_look,
	.verify = mysql_verify,
	.close = mysql_close_site,
};

const struct desk_peer desk_mysql_where_null = {
	.name = "mysql-update",
	.program = "mariadbd",
	.does = "the same, and who is served is taken by UPDATE ... WHERE agent_id IS NULL",
	.links_max = CONNECTIONS,
	.forgets = true,
	.open = open_where_null,
	.ask = mysql_ask,
	.read = mysql_read,
	.look = mysql_look,
	.verify = mysql_verify,
	.close = mysql_close_site,
};
