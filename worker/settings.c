#include "settings.h"

#include "base/conf.h"
#include "base/mem.h"
#include "db/url.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_BYTES 64

const char settings_help[] =
	"Usage: parlor-worker --broker ENDPOINT --mysql URL [--migrate] [--name NAME]\n"
	"                     [--keys FILE] [--config FILE]\n"
	"       parlor-worker --mysql URL --migrate\n"
	"\n"
	"Keeps a MySQL database up to date with what a broker (parlord) journals.\n"
	"\n"
	"  --broker ENDPOINT  the broker's worker endpoint, such as tcp://127.0.0.1:5571\n"
	"  --mysql URL        mysql://user:password@host:port/database or\n"
	"                     mysql://user@localhost/database?socket=/path\n"
	"                     also ?server-key=FILE, the server's public key (see README.md)\n"
	"  --mysql-file FILE  a file whose first line is the URL\n"
	"  --keys FILE        CURVE keys, of a broker that wants them; lines of: server PUBLIC,\n"
	"                     public PUBLIC, secret SECRET\n"
	"  --migrate          bring the database's schema up to this version first; without\n"
	"                     --broker that is all\n"
	"  --name NAME        shown in the broker's sync status; default host-pid\n"
	"  --timeout S        how long an answer of the database may take; default 10\n"
	"  --log LEVEL        error, warn, info or debug; default info\n"
	"  --config FILE      the same settings from a file\n"
	"  --help\n"
	"\n"
	"The URL may also stand in the environment variable PARLOR_MYSQL. Special\n"
	"characters in it are written %XX. In a configuration file (settings worker.broker,\n"
	"worker.name, worker.keys, worker.log, mysql.url, mysql.file, mysql.timeout) a line\n"
	"has at most 197 bytes: a longer URL goes into a file of its own. A setting on the command "
	"line comes before\n"
	"the environment, and that before the file. While broker or database cannot be\n"
	"reached, the worker says so on stderr and waits.\n"
	"\n"
	"Exit status: 0 asked to stop, or migrated; 1 could not do it; 2 wrong usage or\n"
	"configuration; 3 the database has a newer schema than this program.\n";

#define TEXT(key, field, means)                                                             \
	{                                                                                   \
		.name = key, .type = CONF_TEXT, .offset = offsetof(struct settings, field), \
		.doc = means                                                                \
	}

static const struct conf_row rows[] = {
	TEXT("worker.broker", broker, "broker's endpoint"),
	TEXT("worker.name", name, "name in sync status"),
	TEXT("worker.keys", keys_file, "file with the keys"),
	TEXT("worker.log", log_level, "log level"),
	TEXT("mysql.url", mysql, "where the database is"),
	TEXT("mysql.file", mysql_file, "file with the URL"),
	{"mysql.timeout", CONF_NUMBER, offsetof(struct settings, timeout_s), 1, 3600,
	 "seconds that an answer may take", .number = 10},
	{0},
};

enum option_code {
	OPTION_CONFIG = 1,
	OPTION_MIGRATE,
	OPTION_HELP,
	OPTION_BROKER,
	OPTION_NAME,
	OPTION_KEYS,
	OPTION_LOG,
	OPTION_MYSQL,
	OPTION_MYSQL_FILE,
	OPTION_TIMEOUT
};

static const struct option options[] = {
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"migrate", no_argument, NULL, OPTION_MIGRATE},
	{"help", no_argument, NULL, OPTION_HELP},
	{"broker", required_argument, NULL, OPTION_BROKER},
	{"name", required_argument, NULL, OPTION_NAME},
	{"keys", required_argument, NULL, OPTION_KEYS},
	{"log", required_argument, NULL, OPTION_LOG},
	{"mysql", required_argument, NULL, OPTION_MYSQL},
	{"mysql-file", required_argument, NULL, OPTION_MYSQL_FILE},
	{"timeout", required_argument, NULL, OPTION_TIMEOUT},
	{0},
};

static const char *setting_of(int code)
{
	switch (code) {
	case OPTION_BROKER:
		return "worker.broker";
	case OPTION_NAME:
		return "worker.name";
	case OPTION_KEYS:
		return "worker.keys";
	case OPTION_LOG:
		return "worker.log";
	case OPTION_MYSQL:
		return "mysql.url";
	case OPTION_MYSQL_FILE:
		return "mysql.file";
	default:
		return "mysql.timeout";
	}
}

static enum parlor_err take_config(struct settings *s, int argc, char **argv, char *why,
				   size_t why_size)
{
	int code;
	enum parlor_err err = PARLOR_E_OK;
	optind = 1;
	opterr = 0;
	while (!err && (code = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (code == OPTION_CONFIG)
			err = conf_read(optarg, rows, s, why, why_size);
	return err;
}

static enum parlor_err take_option(struct settings *s, int code, char *value, char *why,
				   size_t why_size)
{
	switch (code) {
	case OPTION_CONFIG:
		return PARLOR_E_OK;
	case OPTION_MIGRATE:
		s->migrate = true;
		return PARLOR_E_OK;
	case OPTION_HELP:
		s->help = true;
		return PARLOR_E_OK;
	default:
		break;
	}
	enum parlor_err err = conf_set(rows, s, setting_of(code), value, why, why_size);
	if (code == OPTION_MYSQL) {
		free(s->mysql_file);
		s->mysql_file = NULL;
		memset(value, '*', strlen(value));
	}
	return err;
}

static enum parlor_err take_command_line(struct settings *s, int argc, char **argv, char *why,
					 size_t why_size)
{
	int code;
	enum parlor_err err = PARLOR_E_OK;
	optind = 1;
	while (!err && (code = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (code == '?') {
			snprintf(why, why_size, "%s is not understood (see --help)",
				 argv[optind - 1]);
			return PARLOR_E_USAGE;
		}
		err = take_option(s, code, optarg, why, why_size);
	}
	if (!err && optind < argc) {
		snprintf(why, why_size, "%s is not understood (see --help)", argv[optind]);
		err = PARLOR_E_USAGE;
	}
	return err;
}

static enum parlor_err read_url_file(struct settings *s, char *why, size_t why_size)
{
	char line[URL_MAX + 2];
	FILE *file = fopen(s->mysql_file, "re");
	if (!file || !fgets(line, sizeof line, file)) {
		snprintf(why, why_size, "%s: cannot be read: %s", s->mysql_file,
			 file ? "it is empty" : strerror(errno));
		if (file)
			fclose(file);
		return PARLOR_E_CONFIG;
	}
	fclose(file);
	line[strcspn(line, "\r\n")] = 0;
	free(s->mysql);
	s->mysql = mem_text(line, strlen(line));
	explicit_bzero(line, sizeof line);
	return PARLOR_E_OK;
}

static void default_name(struct settings *s)
{
	char host[40] = "worker";
	char name[NAME_MAX_BYTES];
	if (gethostname(host, sizeof host - 1) != 0)
		strcpy(host, "worker");
	snprintf(name, sizeof name, "%s-%ld", host, (long)getpid());
	s->name = mem_text(name, strlen(name));
}

static enum parlor_err check(const struct settings *s, char *why, size_t why_size)
{
	const char *wrong = NULL;
	if (!s->mysql)
		wrong = "--mysql URL (or --mysql-file, or PARLOR_MYSQL) is missing";
	else if (!s->migrate && !s->broker)
		wrong = "--broker ENDPOINT is missing";
	else if (!*s->name || strlen(s->name) > NAME_MAX_BYTES)
		wrong = "a name has 1 to 64 bytes";
	if (!wrong)
		return PARLOR_E_OK;
	snprintf(why, why_size, "%s", wrong);
	return PARLOR_E_USAGE;
}

static enum parlor_err take_environment(struct settings *s, char *why, size_t why_size)
{
	const char *url = getenv("PARLOR_MYSQL");
	if (!url || !*url)
		return PARLOR_E_OK;
	free(s->mysql_file);
	s->mysql_file = NULL;
	return conf_set(rows, s, "mysql.url", url, why, why_size);
}

enum parlor_err settings_read(struct settings *s, int argc, char **argv, char *why, size_t why_size)
{
	*s = (struct settings){.migrate = false};
	conf_init(rows, s);
	enum parlor_err err = take_config(s, argc, argv, why, why_size);
	if (!err)
		err = take_environment(s, why, why_size);
	if (!err)
		err = take_command_line(s, argc, argv, why, why_size);
	if (err || s->help)
		return err;
	if (s->mysql_file)
		err = read_url_file(s, why, why_size);
	if (!err && s->keys_file)
		err = keys_read(&s->keys, s->keys_file, why, why_size);
	if (!s->name)
		default_name(s);
	return err ? err : check(s, why, why_size);
}

void settings_fini(struct settings *s)
{
	if (s->mysql)
		explicit_bzero(s->mysql, strlen(s->mysql));
	keys_fini(&s->keys);
	conf_fini(rows, s);
}
