#include "server.h"

#include "base/log.h"

/* Sorting large tables takes as long as it takes. */
#define TIMEOUT_S 7200

static bool open_by(struct server *s, const struct options_command *command, const char *mysql,
		    enum parlor_err (*open)(struct db *))
{
	char why[256];
	if (!mysql)
		options_misuse(command, "missing", "--mysql URL");
	if (url_parse(&s->url, mysql, why, sizeof why))
		options_misuse(command, why, "");
	s->db = db_new(&s->url, TIMEOUT_S);
	if (!open(s->db))
		return true;
	log_error("the database cannot be used: %s", db_error(s->db));
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
