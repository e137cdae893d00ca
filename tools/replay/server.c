#include "server.h"

#include "base/clock.h"
#include "base/log.h"

/* Sorting large tables takes as long as it takes. */
#define TIMEOUT_S 7200
/* One that does not answer is waited for, one that is not there is not. */
#define SILENCE_US 1000000
#define PATIENCE_US 60000000

static bool open_patiently(struct db *db, enum parlor_err (*open)(struct db *))
{
	uint64_t begun_us = clock_mono_us();
	for (;;) {
		uint64_t tried_us = clock_mono_us();
		enum parlor_err err = open(db);
		uint64_t now_us = clock_mono_us();
		if (!err)
			return true;
		if (err != PARLOR_E_DB_AWAY || db_refused(db) || now_us - tried_us < SILENCE_US ||
		    now_us - begun_us > PATIENCE_US)
			return false;
		log_warn("the database does not answer: %s; trying on", db_error(db));
	}
}

static bool open_by(struct server *s, const struct options_command *command, const char *mysql,
		    enum parlor_err (*open)(struct db *))
{
	char why[256];
	if (!mysql)
		options_misuse(command, "missing", "--mysql URL");
	if (url_parse(&s->url, mysql, why, sizeof why))
		options_misuse(command, why, "");
	s->db = db_new(&s->url, TIMEOUT_S);
	if (open_patiently(s->db, open))
		return true;
	log_fatal("the database cannot be used: %s", db_error(s->db));
	server_close(s);
	return false;
}

bool server_open(struct server *s, const struct options_command *command, const char *mysql)
{
	return open_by(s, command, mysql, db_open);
}

bool server_open_bare(struct server *s, const struct options_command *command, const char *mysql)
{
	return open_by(s, command, mysql, db_open_server);
}

void server_close(struct server *s)
{
	db_free(s->db);
	url_fini(&s->url);
	db_end();
}
