/* ejabberd: a chat server as one would install it whole. A room is a MUC room,
 * persistent and for its members only; its archive is MAM's, kept in a MariaDB
 * that is flushed at each commit. A message is acknowledged by the room's copy
 * of it to its sender. The room waits for the archive's INSERT before it sends
 * any copy, so what is acknowledged is on disk; but it sends them, too, when
 * the INSERT has failed, and says that only in its log: the archive is counted
 * afterwards. A room's posts go through one of the senders, so that as few
 * people are in it as can be, he and the sessions; the other members are known
 * to it and away. Nobody's unread messages are counted: a client asks the
 * archive. A room is a process and rows that take long to make, so there
 * are fewer rooms. TLS is spared, and passwords are kept as they are. */
#include "database.h"
#include "fail.h"
#include "peer.h"
#include "settings.h"
#include "xmpp.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define START_US 60000000
#define PROGRAM "/usr/sbin/ejabberdctl"
#define TABLES "/usr/share/ejabberd/sql/mysql.sql"
#define PASSWORD "bench"
#define ROOMS "conference." XMPP_HOST
#define ROOMS_AT_ONCE 100
#define XMLNS_MUC "http://jabber.org/protocol/muc"
#define SQL_CONNECTIONS 16

struct ejabberd_peer {
	struct database db;
	uint16_t port;
	size_t len;
	struct xmpp *links; /* senders, then sessions */
};

/* ---- the server ------------------------------------------------------------------------- */

/* Its defaults, but everything kept in the database, no TLS, and no limit that
 * is meant for people. */
static const char config[] =
	"hosts: [" XMPP_HOST "]\n"
	"loglevel: warning\n"
	"default_db: sql\n"
	"auth_method: [sql]\n"
	"auth_password_format: plain\n"
	"sql_type: mysql\n"
	"sql_server: 127.0.0.1\n"
	"sql_port: %u\n"
	"sql_database: parlor\n"
	"sql_username: bench\n"
	"sql_password: " PASSWORD "\n"
	"sql_pool_size: %u\n"
	"listen:\n"
	"  - {port: %u, ip: 127.0.0.1, module: ejabberd_c2s, max_stanza_size: 262144}\n"
	"modules:\n"
	"  mod_mam: {assume_mam_usage: true, default: always}\n"
	"  mod_muc:\n"
	"    max_user_conferences: 1000000\n"
	"    default_room_options: {mam: true, members_only: true, persistent: true}\n";

static void put_config(struct peer_site *s, struct ejabberd_peer *p, unsigned sql_port)
{
	char path[RIG_PATH_MAX];
	rig_path(&s->rig, path, "ejabberd.yml");
	FILE *file = fopen(path, "we");
	check(file, "%s: %s", path, strerror(errno));
	fprintf(file, config, sql_port, SQL_CONNECTIONS, p->port);
	check(!fclose(file), "%s: %s", path, strerror(errno));
}

static void make_tables(struct peer_site *s, struct ejabberd_peer *p, uint16_t sql_port)
{
	char socket[RIG_PATH_MAX + 16], sql[128];
	database_open(&p->db, &s->rig, sql_port);
	snprintf(socket, sizeof socket, "--socket=%s", p->db.socket);
	const char *argv[] = {"mariadb", "--no-defaults",  socket, "--user=root", "parlor",
			      "-e",      "source " TABLES, NULL};
	rig_run(&s->rig, "mariadb", argv);
	database_run(&p->db, "CREATE USER bench@'127.0.0.1' IDENTIFIED BY '" PASSWORD "'");
	database_run(&p->db, "GRANT ALL ON parlor.* TO bench@'127.0.0.1'");
	for (size_t i = 0; i < p->len; i++) {
		snprintf(sql, sizeof sql,
			 "INSERT INTO users (username, password) VALUES ('user-%zu', '" PASSWORD
			 "')",
			 i);
		database_run(&p->db, sql);
	}
}

/* Its program would become another user, who may not see the rig; so its VM is
 * started as the program starts it, but as no node of anything: no epmd. */
static void start(struct peer_site *s, struct ejabberd_peer *p)
{
	struct settings *e = mem_new(sizeof *e);
	char spool[RIG_PATH_MAX], mnesia[RIG_PATH_MAX + 2];
	uint64_t until = clock_mono_us() + START_US;
	int fd;
	rig_path(&s->rig, spool, "spool");
	snprintf(mnesia, sizeof mnesia, "\"%s\"", spool);
	settings_text(e, "HOME", s->rig.dir);
	settings_text(e, "ERL_LIBS", BENCH_ERLANG_LIBS);
	settings_text(e, "ERL_MAX_PORTS", "32000");
	settings_text(e, "ERL_MAX_ETS_TABLES", "1400");
	settings_path(e, &s->rig, "ERL_CRASH_DUMP", "erl_crash.dump");
	settings_path(e, &s->rig, "EJABBERD_CONFIG_PATH", "ejabberd.yml");
	settings_path(e, &s->rig, "EJABBERD_LOG_PATH", "ejabberd.out");
	const char *const program[] = {"erl",     "+K",  "true", "+P", "250000",   "-noinput",
				       "-mnesia", "dir", mnesia, "-s", "ejabberd", NULL};
	s->server = rig_start(&s->rig, "ejabberd", settings_before(e, program), true, NULL, NULL);
	free(e);
	while ((fd = peer_connect(p->port)) < 0) {
		fail_if_interrupted();
		rig_check(s->server);
		check(clock_mono_us() < until, "ejabberd does not answer");
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	close(fd);
}

/* ---- rooms -------------------------------------------------------------------------------- */

static size_t sender_of(const struct peer_site *s, uint32_t room)
{
	return room % s->senders;
}

static void join(struct xmpp *x, uint32_t room, size_t link)
{
	xmpp_put(x,
		 "<presence to='room-%u@" ROOMS "/user-%zu'><x xmlns='" XMLNS_MUC "'/></presence>",
		 room, link);
}

/* Who made the room is a member; so are the sessions; the others never come. */
static void name_members(const struct peer_site *s, struct xmpp *x, uint32_t room)
{
	xmpp_put(x,
		 "<iq type='set' id='m' to='room-%u@" ROOMS "'><query xmlns='" XMLNS_MUC "#admin'>",
		 room);
	for (uint32_t i = 0; i < s->sessions; i++)
		xmpp_put(x, "<item affiliation='member' jid='user-%u@" XMPP_HOST "'/>",
			 s->senders + i);
	for (uint32_t i = s->sessions + 1; i < s->tally.members; i++)
		xmpp_put(x, "<item affiliation='member' jid='member-%u@" XMPP_HOST "'/>", i);
	xmpp_put(x, "</query></iq>");
}

/* What some links have to say to rooms is sent, and answered with this text by
 * each room that it was said to. */
static void ask_rooms(struct peer_site *s, uint32_t first, uint32_t end, bool sessions,
		      const char *answer)
{
	struct ejabberd_peer *p = s->peer;
	size_t from = sessions ? s->senders : 0, to = sessions ? p->len : s->senders;
	for (size_t i = from; i < to; i++)
		xmpp_send(&p->links[i]);
	for (size_t i = from; i < to; i++)
		for (uint32_t room = first; room < end; room++)
			if (sessions || sender_of(s, room) == i)
				(void)xmpp_await(&p->links[i], answer);
}

/* The subject is what a room says last to who joins. */
static void make_rooms(struct peer_site *s, uint32_t first, uint32_t end)
{
	struct ejabberd_peer *p = s->peer;
	for (uint32_t room = first; room < end; room++)
		join(&p->links[sender_of(s, room)], room, sender_of(s, room));
	ask_rooms(s, first, end, false, "<subject");
	for (uint32_t room = first; room < end; room++)
		name_members(s, &p->links[sender_of(s, room)], room);
	ask_rooms(s, first, end, false, " id='m'");
	for (size_t i = s->senders; i < p->len; i++)
		for (uint32_t room = first; room < end; room++)
			join(&p->links[i], room, i);
	ask_rooms(s, first, end, true, "<subject");
}

/* Not as long as rooms are made: nothing of that is measured. */
static void flush_each_commit(struct ejabberd_peer *p, bool flush)
{
	database_run(&p->db, flush ? "SET GLOBAL innodb_flush_log_at_trx_commit = 1"
				   : "SET GLOBAL innodb_flush_log_at_trx_commit = 0");
}

static void ejabberd_open(struct peer_site *s)
{
	struct ejabberd_peer *p = s->peer = mem_new(sizeof *p);
	uint16_t sql_port = peer_free_port();
	char user[32];
	check(s->tally.members > s->sessions, "ejabberd: a room has a sender besides the sessions");
	p->len = s->senders + s->sessions;
	p->links = mem_new(p->len * sizeof *p->links);
	p->port = peer_free_port();
	make_tables(s, p, sql_port);
	put_config(s, p, sql_port);
	start(s, p);
	for (size_t i = 0; i < p->len; i++) {
		snprintf(user, sizeof user, "user-%zu", i);
		xmpp_open(&p->links[i], p->port, user, PASSWORD);
		drive_add(s->drive, p->links[i].fd, i < s->senders, i >= s->senders);
	}
	flush_each_commit(p, false);
	for (uint32_t room = 0; room < s->tally.rooms; room += ROOMS_AT_ONCE) {
		uint32_t end = room + ROOMS_AT_ONCE;
		make_rooms(s, room, end < s->tally.rooms ? end : s->tally.rooms);
	}
	flush_each_commit(p, true);
}

/* ---- messages ---------------------------------------------------------------------------- */

/* Its number among the posts of the drive's link goes with it, whoever says it. */
static void ejabberd_post(void *ctx, size_t link, const struct drive_post *post)
{
	struct peer_site *s = ctx;
	struct ejabberd_peer *p = s->peer;
	xmpp_put(&p->links[sender_of(s, post->room)],
		 "<message type='groupchat' id='%zu.%" PRIu64 "' to='room-%u@" ROOMS
		 "'><body>%.*s</body></message>",
		 link, post->n, post->room, (int)post->body.len, (const char *)post->body.data);
}

static void ejabberd_flush(void *ctx, size_t link)
{
	struct peer_site *s = ctx;
	struct ejabberd_peer *p = s->peer;
	(void)link; /* its posts left through others */
	for (size_t i = 0; i < s->senders; i++)
		if (p->links[i].out.len > 0)
			xmpp_send(&p->links[i]);
}

static void take_copy(struct peer_site *s, struct span message)
{
	struct span id;
	char text[64];
	check(xmpp_holds(message, "<stanza-id"), "ejabberd: a message passed the archive by");
	check(xmpp_between(message, " id='", "'", &id) && id.len < sizeof text,
	      "ejabberd: a message without an id");
	memcpy(text, id.data, id.len);
	text[id.len] = 0;
	char *n = strchr(text, '.');
	check(n, "ejabberd: a message of another id: %s", text);
	drive_acked(s->drive, strtoul(text, NULL, 10), strtoull(n + 1, NULL, 10));
}

static void ejabberd_read(void *ctx, size_t link)
{
	struct peer_site *s = ctx;
	struct ejabberd_peer *p = s->peer;
	struct span stanza, body;
	if (!xmpp_receive(&p->links[link], MSG_DONTWAIT))
		return;
	while (xmpp_next(&p->links[link], &stanza)) {
		if (!xmpp_between(stanza, "<body>", "</body>", &body))
			continue;
		if (link < s->senders)
			take_copy(s, stanza);
		else
			drive_delivered(s->drive, link, body);
	}
}

/* ---- afterwards ---------------------------------------------------------------------------- */

static void verify_room(void *ctx, char **cells)
{
	const struct tally *t = ctx;
	unsigned room;
	uint64_t kept = strtoull(cells[1], NULL, 10);
	check(sscanf(cells[0], "room-%u@", &room) == 1 && room < t->rooms,
	      "ejabberd: an archive of %s", cells[0]);
	check(kept == tally_room(t, room),
	      "ejabberd: %s holds %" PRIu64 " messages, posted were %" PRIu64, cells[0], kept,
	      tally_room(t, room));
}

static void ejabberd_verify(struct peer_site *s)
{
	struct ejabberd_peer *p = s->peer;
	uint64_t kept = database_number(&p->db, "SELECT COUNT(*) FROM archive");
	uint64_t rooms = database_number(&p->db, "SELECT COUNT(*) FROM muc_room");
	check(kept == s->tally.posts, "ejabberd: %" PRIu64 " messages, posted were %" PRIu64, kept,
	      s->tally.posts);
	check(rooms == s->tally.rooms, "ejabberd: %" PRIu64 " rooms", rooms);
	database_each(&p->db, "SELECT username, COUNT(*) FROM archive GROUP BY username",
		      verify_room, &s->tally);
}

static void ejabberd_close(struct peer_site *s)
{
	struct ejabberd_peer *p = s->peer;
	for (size_t i = 0; i < p->len; i++)
		xmpp_close(&p->links[i]);
	rig_stop(s->server);
	database_close(&p->db);
	free(p->links);
	free(p);
}

const struct peer peer_ejabberd = {
	.name = "ejabberd",
	.program = PROGRAM,
	.does = "MUC and MAM: the room's copy to the sender, sent behind the archive's INSERT into "
		"MariaDB, committed and flushed (but also when that has failed); it keeps no "
		"counters",
	.durable = true,
	.rooms_max = 1000,
	.open = ejabberd_open,
	.verify = ejabberd_verify,
	.close = ejabberd_close,
	.hooks = {.post = ejabberd_post, .flush = ejabberd_flush, .read = ejabberd_read},
};
