/* parlord: the command line, signals and the ready line. */
#include "loop.h"
#include "pieces.h"

#include "base/log.h"
#include "base/stop.h"

#include <parlor/version.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char usage_text[] =
	"usage: parlord [--config FILE] [--data DIR] [--listen ENDPOINT]\n"
	"               [--worker-listen ENDPOINT] [--set NAME=VALUE]...\n"
	"       parlord --print-config | --make-keys | --version | --help\n"
	"\n"
	"The room broker. Prints `ready client ENDPOINT worker ENDPOINT` once it serves.\n"
	"  --data DIR             default ./parlor-data\n"
	"  --listen ENDPOINT      for clients, default tcp://127.0.0.1:5570; port * is any\n"
	"  --worker-listen ENDP.  for workers, default tcp://127.0.0.1:5571\n"
	"  --set NAME=VALUE       any setting of --print-config, e.g. session.timeout_ms=5000\n"
	"\n"
	"Exit status: 0 stopped by SIGTERM, SIGINT or SIGHUP, 1 failure, 2 usage or "
	"configuration.\n";

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'}, {"data", required_argument, NULL, 'd'},
	{"listen", required_argument, NULL, 'l'}, {"worker-listen", required_argument, NULL, 'w'},
	{"set", required_argument, NULL, 's'},    {"print-config", no_argument, NULL, 'p'},
	{"make-keys", no_argument, NULL, 'k'},    {"version", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
};

/* The settings that have an option of their own. */
static const char *setting_of(int option)
{
	return option == 'd'   ? "broker.data"
	       : option == 'l' ? "broker.listen"
	       : option == 'w' ? "broker.worker_listen"
			       : NULL;
}

static enum parlor_err set_pair(struct settings *s, char *pair, char *why, size_t why_size)
{
	char *value = strchr(pair, '=');
	if (!value) {
		snprintf(why, why_size, "--set wants NAME=VALUE: %s", pair);
		return PARLOR_E_USAGE;
	}
	*value = 0;
	return conf_set(settings_rows, s, pair, value + 1, why, why_size);
}

/* What only prints. Returns an exit status, or -1 when the broker is to run. */
static int print_only(int option)
{
	switch (option) {
	case 'p':
		settings_print_default(stdout);
		return EXIT_OK;
	case 'k':
		return auth_make_keys(stdout) ? EXIT_FAILED : EXIT_OK;
	case 'v':
		printf("parlord %s\n", PARLOR_VERSION);
		return EXIT_OK;
	case 'h':
		fputs(usage_text, stdout);
		return EXIT_OK;
	default:
		return -1;
	}
}

/* The file first, whatever its place: the command line has the last word. */
static int read_arguments(int argc, char **argv, struct settings *s)
{
	char why[512] = "";
	int option;
	enum parlor_err err = PARLOR_E_OK;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int status = print_only(option);
		if (status >= 0)
			return status;
		if (option == '?')
			err = PARLOR_E_USAGE;
		if (option == 'c' && !err)
			err = conf_read(optarg, settings_rows, s, why, sizeof why);
	}
	if (optind < argc && !err) {
		snprintf(why, sizeof why, "what is that: %s", argv[optind]);
		err = PARLOR_E_USAGE;
	}
	optind = 1;
	while (!err && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			err = set_pair(s, optarg, why, sizeof why);
		else if (setting_of(option))
			err = conf_set(settings_rows, s, setting_of(option), optarg, why,
				       sizeof why);
	}
	if (!err)
		err = settings_check(s, why, sizeof why);
	if (!err)
		return -1;
	if (*why)
		fprintf(stderr, "parlord: %s\n", why);
	else
		fputs(usage_text, stderr);
	return EXIT_USAGE;
}

static int serve(struct broker *b)
{
	char why[512] = "";
	enum log_level level = LOG_INFO;
	if (log_level_parse(b->settings.log_level, &level) != 0) {
		fprintf(stderr, "parlord: no such log level: %s\n", b->settings.log_level);
		return EXIT_USAGE;
	}
	log_init("parlord", level);
	int signal_fd = stop_open();
	enum parlor_err err = signal_fd < 0 ? PARLOR_E_IO : pieces_make(b, why, sizeof why);
	if (err) {
		fprintf(stderr, "parlord: %s\n", *why ? why : parlor_err_text(err));
	} else {
		printf("ready client %s worker %s\n", front_endpoint(b->front),
		       front_endpoint(b->worker_front));
		fflush(stdout);
		err = loop_run(b, signal_fd);
	}
	pieces_free(b);
	if (signal_fd >= 0)
		close(signal_fd);
	log_fini();
	return err ? EXIT_FAILED : EXIT_OK;
}

int main(int argc, char **argv)
{
	struct broker *b = calloc(1, sizeof *b);
	if (!b)
		return EXIT_FAILED;
	settings_init(&b->settings);
	int status = read_arguments(argc, argv, &b->settings);
	if (status < 0)
		status = serve(b);
	conf_fini(settings_rows, &b->settings);
	free(b);
	return status;
}
