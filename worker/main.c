/* parlor-worker: reads its settings, then migrates, or serves until it is
 * asked to stop. */
#include "backoff.h"
#include "base/log.h"
#include "base/stop.h"
#include "migrate.h"
#include "service.h"
#include "settings.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define WHY_MAX 512
#define MIGRATE_TIMEOUT_S 3600
#define US_PER_MS 1000

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG = 2, EXIT_NEWER = 3 };

static enum exit_code exit_code_of(enum parlor_err err)
{
	if (!err)
		return EXIT_DONE;
	return err == PARLOR_E_DB_VERSION ? EXIT_NEWER : EXIT_FAILED;
}

/* Waiting helps when the database is away or busy, not when it says no. */
static bool worth_waiting(const struct db *db, enum parlor_err err)
{
	if (err == PARLOR_E_DB_AWAY)
		return !db_refused(db);
	return err == PARLOR_E_DB_RETRY || err == PARLOR_E_DB_UNKNOWN;
}

static enum parlor_err migrate(const struct url *url, int stop_fd)
{
	char why[MIGRATE_WHY_MAX];
	struct db *db = db_new(url, MIGRATE_TIMEOUT_S);
	enum parlor_err err;
	for (unsigned attempts = 0;; attempts++) {
		err = migrate_apply(db, why);
		if (!err)
			log_info("%s", why);
		if (err && !worth_waiting(db, err))
			log_fatal("%s", why);
		if (!err || !worth_waiting(db, err))
			break;
		if (attempts == 0)
			log_warn("%s; trying on", why);
		struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
		if (poll(&stop, 1, (int)(backoff_us(attempts) / US_PER_MS)) > 0)
			break;
	}
	db_free(db);
	return err;
}

static enum parlor_err serve(const struct settings *settings, const struct url *url, int stop_fd)
{
	struct link *link;
	enum parlor_err err = link_open(&link, settings->broker, settings->name,
					settings->keys_file ? &settings->keys : NULL);
	if (err)
		return err;
	struct db *db = db_new(url, (unsigned)settings->timeout_s);
	err = service_run(link, db, settings->name, settings->broker, stop_fd);
	db_free(db);
	link_close(link);
	return err;
}

static enum exit_code run(const struct settings *settings, const struct url *url)
{
	int stop_fd = stop_open();
	if (stop_fd < 0) {
		log_fatal("signals cannot be set up");
		return EXIT_FAILED;
	}
	enum parlor_err err = PARLOR_E_OK;
	if (settings->migrate)
		err = migrate(url, stop_fd);
	if (!err && settings->broker)
		err = serve(settings, url, stop_fd);
	db_end();
	close(stop_fd);
	return exit_code_of(err);
}

int main(int argc, char **argv)
{
	struct settings settings;
	struct url url = {0};
	char why[WHY_MAX] = "";
	enum log_level level = LOG_INFO;
	enum exit_code code = EXIT_WRONG;
	log_init("parlor-worker", LOG_INFO);
	enum parlor_err err = settings_read(&settings, argc, argv, why, sizeof why);
	if (!err && settings.log_level && log_level_parse(settings.log_level, &level) != 0) {
		snprintf(why, sizeof why, "log level is none of error, warn, info, debug");
		err = PARLOR_E_USAGE;
	}
	log_init("parlor-worker", level);
	if (!err && !settings.help)
		err = url_parse(&url, settings.mysql, why, sizeof why);
	if (err) {
		fprintf(stderr, "parlor-worker: %s\n", why);
	} else if (settings.help) {
		fputs(settings_help, stdout);
		code = EXIT_DONE;
	} else {
		code = run(&settings, &url);
	}
	url_fini(&url);
	settings_fini(&settings);
	log_fini();
	return (int)code;
}
