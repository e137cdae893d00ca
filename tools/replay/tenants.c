#include "tenants.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS 30000

void tenants_close(struct tenants *all)
{
	while (all->first) {
		struct tenant *t = all->first;
		all->first = t->next;
		sessions_close(t->sessions);
		free(t->id);
		free(t);
	}
	all->len = 0;
}

static struct tenant *open_tenant(struct tenants *all, const char *id)
{
	struct tenant *t = mem_new(sizeof *t);
	const struct sessions_options options = {
		.broker = all->broker,
		.tenant = id,
		.keys = all->keys,
		.count = 1,
		.pending_max = all->pending_max,
	};

	t->id = mem_text(id, strlen(id));
	t->no = all->len++;
	t->next = all->first;
	all->first = t;
	if (sessions_open(&t->sessions, &options) == PARLOR_E_OK &&
	    sessions_start(t->sessions, START_MS) == PARLOR_E_OK)
		return t;
	snprintf(all->error, sizeof all->error, "tenant %s: %s", id, sessions_error(t->sessions));
	return NULL;
}

struct tenant *tenants_get(struct tenants *all, const char *id)
{
	for (struct tenant *t = all->first; t; t = t->next)
		if (strcmp(t->id, id) == 0)
			return t;
	if (all->len < TENANTS_MAX)
		return open_tenant(all, id);
	snprintf(all->error, sizeof all->error,
		 "more than %d tenants: play them one by one, with --tenant", TENANTS_MAX);
	return NULL;
}

enum parlor_err tenants_work(struct tenants *all, int timeout_ms)
{
	int each_ms = all->len > 1 ? timeout_ms / (int)all->len : timeout_ms;

	if (timeout_ms > 0 && each_ms == 0)
		each_ms = 1;
	for (struct tenant *t = all->first; t; t = t->next) {
		enum parlor_err err = sessions_work(t->sessions, each_ms);
		if (err == PARLOR_E_OK)
			continue;
		snprintf(all->error, sizeof all->error, "tenant %s: %s", t->id,
			 sessions_error(t->sessions));
		return err;
	}
	return PARLOR_E_OK;
}

uint64_t tenants_reconnects(const struct tenants *all)
{
	uint64_t n = 0;

	for (const struct tenant *t = all->first; t; t = t->next)
		n += sessions_reconnects(t->sessions);
	return n;
}
