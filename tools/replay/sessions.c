#include "sessions.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_US 1000000

/* One process on its own is no herd that must spread: it comes back soon. */
#define RETRY_MS_MAX 300

struct seat {
	struct sessions *all;
	unsigned index;
	parlor_client *client;
	bool up;
};

struct sessions {
	struct sessions_options options;
	struct seat *seats;
	struct pollfd *fds;
	Parlor__Limits limits; /* of the last welcome */
	bool welcomed;         /* by any */
	uint64_t reconnects;
	uint64_t resets;
	char error[256];
};

static void seat_event(void *arg, const Parlor__Event *event)
{
	const struct seat *seat = arg;

	seat->all->options.on_event(seat->all->options.arg, seat->index, event);
}

static void seat_session(void *arg, const Parlor__Welcome *welcome, bool reset)
{
	struct seat *seat = arg;

	if (welcome->limits != NULL)
		seat->all->limits = *welcome->limits;
	if (reset) {
		seat->all->resets++;
		log_warn("session %u: events were missed and cannot be had any more", seat->index);
	}
	seat->all->welcomed = true;
	seat->up = true;
}

static void seat_lost(void *arg, int code, const char *text)
{
	struct seat *seat = arg;

	if (seat->up) {
		seat->all->reconnects++;
		log_warn("session %u lost: %s (%s)", seat->index, text, parlor_err_name(code));
	}
	seat->up = false;
}

static enum parlor_err seat_open(struct sessions *s, struct seat *seat)
{
	const struct keys *keys = s->options.keys;
	struct parlor_client_options options = {
		.endpoint = s->options.broker,
		.tenant = s->options.tenant,
		.name = "parlor-replay",
		.pending_max = s->options.pending_max,
		.server_key = keys ? keys->server : NULL,
		.public_key = keys ? keys->public : NULL,
		.secret_key = keys ? keys->secret : NULL,
		.retry_ms_max = RETRY_MS_MAX,
		.on_event = s->options.on_event == NULL ? NULL : seat_event,
		.on_session = seat_session,
		.on_lost = seat_lost,
		.arg = seat,
	};

	return parlor_client_open(&seat->client, &options);
}

static enum parlor_err failed(struct sessions *s, const struct seat *seat, enum parlor_err err)
{
	const char *text = seat->client == NULL ? "" : parlor_client_error(seat->client);

	snprintf(s->error, sizeof(s->error), "%s (%s)",
		 text[0] == '\0' ? parlor_err_text(err) : text, parlor_err_name(err));
	return err;
}

enum parlor_err sessions_open(struct sessions **out, const struct sessions_options *options)
{
	struct sessions *s = mem_new(sizeof(*s));

	*out = s;
	s->options = *options;
	s->seats = mem_new(options->count * sizeof(*s->seats));
	s->fds = mem_new(options->count * sizeof(*s->fds));
	parlor__limits__init(&s->limits);
	for (unsigned i = 0; i < options->count; i++) {
		s->seats[i] = (struct seat){.all = s, .index = i};
		enum parlor_err err = seat_open(s, &s->seats[i]);
		if (err != PARLOR_E_OK)
			return failed(s, &s->seats[i], err);
		s->fds[i].fd = parlor_client_fd(s->seats[i].client);
		s->fds[i].events = POLLIN;
	}
	return PARLOR_E_OK;
}

void sessions_close(struct sessions *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->options.count; i++)
		parlor_client_close(s->seats[i].client);
	free(s->seats);
	free(s->fds);
	free(s);
}

/* One turn of each session; *did when a callback ran. */
static enum parlor_err turn(struct sessions *s, bool *did)
{
	*did = false;
	for (unsigned i = 0; i < s->options.count; i++) {
		bool ran = false;
		enum parlor_err err = parlor_client_poll(s->seats[i].client, 0, &ran);
		if (err != PARLOR_E_OK)
			return failed(s, &s->seats[i], err);
		*did |= ran;
	}
	return PARLOR_E_OK;
}

enum parlor_err sessions_work(struct sessions *s, int timeout_ms)
{
	bool did;
	enum parlor_err err = turn(s, &did);

	if (err != PARLOR_E_OK || did || timeout_ms == 0)
		return err;
	if (poll(s->fds, s->options.count, timeout_ms) < 0 && errno != EINTR) {
		snprintf(s->error, sizeof(s->error), "poll: %s", strerror(errno));
		return PARLOR_E_IO;
	}
	return turn(s, &did);
}

static bool all_up(const struct sessions *s)
{
	for (unsigned i = 0; i < s->options.count; i++)
		if (!s->seats[i].up)
			return false;
	return true;
}

enum parlor_err sessions_start(struct sessions *s, int timeout_ms)
{
	uint64_t start = clock_mono_us();
	uint64_t until = start + (uint64_t)timeout_ms * 1000;
	bool told = false;

	while (!all_up(s)) {
		if (!told && clock_mono_us() - start > PATIENCE_US) {
			log_info("no broker yet; trying for %d s", timeout_ms / 1000);
			told = true;
		}
		enum parlor_err err = sessions_work(s, 100);
		if (err != PARLOR_E_OK)
			return err;
		if (clock_mono_us() >= until) {
			snprintf(s->error, sizeof(s->error), "no broker answers at %s",
				 s->options.broker == NULL ? "the default address"
							   : s->options.broker);
			return PARLOR_E_TIMEOUT;
		}
	}
	return PARLOR_E_OK;
}

const char *sessions_error(const struct sessions *s)
{
	return s->error;
}

unsigned sessions_of(const struct sessions *s, const char *name)
{
	return (unsigned)(hash64(name, strlen(name)) % s->options.count);
}

unsigned sessions_count(const struct sessions *s)
{
	return s->options.count;
}

enum parlor_err sessions_send(struct sessions *s, unsigned session, Parlor__Request *request,
			      parlor_reply_fn *fn, void *arg)
{
	return parlor_client_send(s->seats[session].client, request, fn, arg);
}

const Parlor__Limits *sessions_limits(const struct sessions *s)
{
	return &s->limits;
}

uint64_t sessions_reconnects(const struct sessions *s)
{
	return s->reconnects;
}

uint64_t sessions_resets(const struct sessions *s)
{
	return s->resets;
}

bool sessions_away(const struct sessions *s)
{
	return !all_up(s);
}
