/* parlor follow, and what else shows events until it is interrupted */
#include "base/clock.h"
#include "ctl.h"
#include "show.h"

#include <signal.h>
#include <stdio.h>

struct follow {
	struct ctl *ctl;
	Parlor__DeskWatch *watch; /* asked for in every session; or NULL */
	enum ctl_exit refused;
	uint64_t left; /* events; UINT64_MAX: no end */
	bool say_ready;
	bool began;
};

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void on_event(void *arg, const Parlor__Event *event)
{
	struct follow *f = arg;

	if (!f->left)
		return;
	show_event(event, f->ctl->json);
	fflush(stdout);
	if (f->left != UINT64_MAX)
		f->left--;
}

static void begin(struct follow *f)
{
	if (!f->began && f->say_ready) {
		puts("ready");
		fflush(stdout);
	}
	f->began = true;
}

static void on_watched(void *arg, int code, const Parlor__Reply *reply)
{
	struct follow *f = arg;

	if (!code)
		begin(f);
	else if (reply)
		f->refused = ctl_fail(code, reply->text);
}

static void on_session(void *arg, const Parlor__Welcome *welcome, bool reset)
{
	Parlor__Request request = PARLOR__REQUEST__INIT;
	struct follow *f = arg;
	enum parlor_err err;

	(void)welcome;
	if (reset)
		fprintf(stderr, "parlor: what happened in between cannot be shown any more\n");
	if (!f->watch) {
		begin(f);
		return;
	}
	request.op_case = PARLOR__REQUEST__OP_DESK_WATCH;
	request.desk_watch = f->watch;
	err = parlor_client_send(f->ctl->client, &request, on_watched, f);
	if (err)
		f->refused = ctl_fail(err, NULL);
}

static void on_lost(void *arg, int code, const char *text)
{
	(void)arg;
	if (!parlor_err_retryable(code))
		return;
	fprintf(stderr, "parlor: lost the broker: ");
	show_text(stderr, text);
	fprintf(stderr, "; trying again\n");
}

static void catch_signals(void)
{
	/* Without SA_RESTART a signal ends the wait. */
	struct sigaction action = {.sa_handler = stop};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Only a broker that was never there is given up. */
static enum ctl_exit listen_to(struct follow *f)
{
	struct ctl *ctl = f->ctl;
	int timeout_ms = ctl->timeout_ms < 0 ? CTL_TIMEOUT_MS : ctl->timeout_ms;
	uint64_t deadline = clock_mono_us() + (uint64_t)timeout_ms * 1000;

	while (!stopped && f->left && !f->refused) {
		uint64_t now = clock_mono_us();
		int left_ms = f->began ? 1000 : now < deadline ? (int)((deadline - now) / 1000) : 0;
		enum parlor_err err = parlor_client_poll(ctl->client, left_ms, NULL);

		if (err)
			return ctl_fail(err, parlor_client_error(ctl->client));
		if (!f->began && clock_mono_us() >= deadline)
			return ctl_fail(PARLOR_E_TIMEOUT, "no welcome from the broker in time");
	}
	return f->refused;
}

enum ctl_exit ctl_follow(struct ctl *ctl, const struct args *args, const char *const *members,
			 size_t n, Parlor__DeskWatch *watch)
{
	struct follow f = {.ctl = ctl,
			   .watch = watch,
			   .left = UINT64_MAX,
			   .say_ready = args_has(args, "ready")};
	enum ctl_exit status;

	if (!args_option_number(args, "count", 1, UINT64_MAX - 1, &f.left))
		return CTL_USAGE;
	ctl->options.members = members;
	ctl->options.members_len = n;
	ctl->options.presence = args_has(args, "presence");
	ctl->options.on_event = on_event;
	ctl->options.on_session = on_session;
	ctl->options.on_lost = on_lost;
	ctl->options.arg = &f;
	catch_signals();
	status = ctl_open(ctl);
	if (!status)
		status = listen_to(&f);
	/* The callbacks know f, and closing may still run them. */
	parlor_client_close(ctl->client);
	ctl->client = NULL;
	return status;
}

static enum ctl_exit follow(struct ctl *ctl, const struct args *args)
{
	return ctl_follow(ctl, args, args->operands, args->operands_len, NULL);
}

/* ---- shown ---- */

static void event_typing(FILE *out, const Parlor__Event *e)
{
	show_text(out, e->typing->member);
	fputs(" is typing", out);
}

/* ---- the table ---- */

static const struct args_option follow_options[] = {
	{"count", "N", "stop after N events"},
	{"ready", NULL, "print a line \"ready\" once events come"},
	{"presence", NULL, "who comes online and goes, too"},
	{NULL, NULL, NULL},
};

static const struct command commands[] = {
	{"follow", "MEMBER...", 1, COMMAND_MANY, follow_options,
	 "Shows what reaches these members, until interrupted. They are online meanwhile.",
	 .run = follow},
	{0},
};
static const struct show_event events[] = {
	{PARLOR__EVENT__KIND_TYPING, event_typing},
	{0},
};
const struct noun follow_noun = {.commands = commands, .events = events};
