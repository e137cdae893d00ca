#include "client/options.h"

#include "base/mem.h"
#include "base/text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void copy_text(const char **to, const char *from, const char *otherwise)
{
	const char *text = from ? from : otherwise;

	*to = text ? mem_text(text, strlen(text)) : NULL;
}

static bool is_text(const char *text)
{
	return !text || text_valid(text, strlen(text));
}

static enum parlor_err check(const struct parlor_client_options *o)
{
	int keys = !!o->server_key + !!o->public_key + !!o->secret_key;

	if (!is_text(o->tenant) || !is_text(o->name))
		return PARLOR_E_TEXT;
	for (size_t i = 0; i < o->members_len; i++)
		if (!is_text(o->members[i]))
			return PARLOR_E_TEXT;
	if (keys != 0 && keys != 3)
		return PARLOR_E_VALUE;
	if (o->retry_ms_min > INT_MAX || o->retry_ms_max > INT_MAX)
		return PARLOR_E_VALUE;
	return PARLOR_E_OK;
}

enum parlor_err options_copy(struct parlor_client_options *to,
			     const struct parlor_client_options *from)
{
	enum parlor_err err = check(from);

	if (err)
		return err;
	*to = *from;
	to->members = NULL;
	to->members_len = 0;
	if (!to->credit)
		to->credit = OPTIONS_CREDIT;
	if (!to->pending_max)
		to->pending_max = OPTIONS_PENDING;
	if (!to->retry_ms_min)
		to->retry_ms_min = OPTIONS_RETRY_MS_MIN;
	if (!to->retry_ms_max)
		to->retry_ms_max = OPTIONS_RETRY_MS_MAX;
	if (to->retry_ms_max < to->retry_ms_min)
		to->retry_ms_max = to->retry_ms_min;
	copy_text(&to->endpoint, from->endpoint, OPTIONS_ENDPOINT);
	copy_text(&to->tenant, from->tenant, OPTIONS_TENANT);
	copy_text(&to->name, from->name, "");
	copy_text(&to->server_key, from->server_key, NULL);
	copy_text(&to->public_key, from->public_key, NULL);
	copy_text(&to->secret_key, from->secret_key, NULL);
	return PARLOR_E_OK;
}

void options_fini(struct parlor_client_options *o)
{
	const char **texts[] = {&o->endpoint,   &o->tenant,     &o->name,
				&o->server_key, &o->public_key, &o->secret_key};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		free((void *)(uintptr_t)*texts[i]);
		*texts[i] = NULL;
	}
}
