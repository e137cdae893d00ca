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

struct slot {
	struct sessions *all;
	unsigned index;
	parlor_client *client;
	bool up;
};

struct sessions {
	struct sessions_options options;
	struct slot *slots;
	struct pollfd *fds;
	Parlor__Limits limits; /* of the last welcome */
	bool welcomed;         /* by any */
	uint64_t reconnects;
	uint64_t resets;
	char error[256];
};

static void slot_event(void *arg, const Parlor__Event *event)
{
	const struct slot *slot = arg;

	slot->all->options.on_event(slot->all->options.arg, slot->index, event);
}

static void slot_session(void *arg, const Parlor__Welcome *welcome, bool reset)
{
	struct slot *slot = arg;

	if (welcome->limits != NULL)
		slot->all->limits = *welcome->limits;
	if (reset) {
		slot->all->resets++;
		log_warn("session %u: events were missed and cannot be had any more", slot->index);
	}
	slot->all->welcomed = true;
	slot->up = true;
}

static void slot_lost(void *arg, int code, const char *text)
{
	struct slot *slot = arg;

	if (slot->up) {
		slot->all->reconnects++;
		log_warn("session %u lost: %s (%s)", slot->index, text, parlor_err_name(code));
	}
	slot->up = false;
}

static enum parlor_err slot_open(struct sessions *s, struct slot *slot)
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
		.on_event = s->options.on_event == NULL ? NULL : slot_event,
		.on_session = slot_session,
		.on_lost = slot_lost,
		.arg = slot,
	};

	return parlor_client_open(&slot->client, &options);
}

static enum parlor_err failed(struct sessions *s, const struct slot *slot, enum parlor_err err)
{
	const char *text = slot->client == NULL ? "" : parlor_client_error(slot->client);

	snprintf(s->error, sizeof(s->error), "%s (%s)",
		 text[0] == '\0' ? parlor_err_text(err) : text, parlor_err_name(err));
	return err;
}

enum parlor_err sessions_open(struct sessions **out, const struct sessions_options *options)
{
	struct sessions *s = mem_new(sizeof(*s));

	*out = s;
	s->options = *options;
	s->slots = mem_new(options->count * sizeof(*s->slots));
	s->fds = mem_new(options->count * sizeof(*s->fds));
	parlor__limits__init(&s->limits);
	for (unsigned i = 0; i < options->count; i++) {
		s->slots[i] = (struct slot){.all = s, .index = i};
		enum parlor_err err = slot_open(s, &s->slots[i]);
		if (err != PARLOR_E_OK)
			return failed(s, &s->slots[i], err);
		s->fds[i].fd = parlor_client_fd(s->slots[i].client);
		s->fds[i].events = POLLIN;
	}
	return PARLOR_E_OK;
}

void sessions_close(struct sessions *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->options.count; i++)
		parlor_client_close(s->slots[i].client);
	free(s->slots);
	free(s->fds);
	free(s);
}

/* One turn of each session; *did when a callback ran. */
static enum parlor_err turn(struct sessions *s, bool *did)
{
	*did = false;
	for (unsigned i = 0; i < s->options.count; i++) {
		bool ran = false;
		enum parlor_err err = parlor_client_poll(s->slots[i].client, 0, &ran);
		if (err != PARLOR_E_OK)
			return failed(s, &s->slots[i], err);
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
		if (!s->slots[i].up)
			return false;
	return true;
}

enum parlor_err sessions_start(struct sessions *s, int timeout_ms)
{
	uint64_t start = clock_mono_us();
	uint64_t until = start + (uint64_t)timeout_ms * 1000;
	bool warned = false;

	while (!all_up(s)) {
		if (!warned && clock_mono_us() - start > PATIENCE_US) {
			log_info("no broker yet; trying for %d s", timeout_ms / 1000);
			warned = true;
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
	return parlor_client_send(s->slots[session].client, request, fn, arg);
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
