#include "settings.h"

#include "base/log.h"
#include "core/partition.h"
#include "core/room_members.h"
#include "worker_bounds.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define TIB (GIB * 1024)
#define HOUR_MS UINT64_C(3600000)
/* What a frame has to hold beside the body of its one request. */
#define FRAME_BESIDE_BODY (64 * KIB)
/* A frame of a worker has place for a message at least, one to a worker for a batch and a
 * message more. */
#define BODY_MAX (WORKER_FRAME_MAX - FRAME_BESIDE_BODY)
#define BATCH_MAX (32 * MIB)
_Static_assert(BATCH_MAX + WORKER_FRAME_MAX <= BATCH_FRAME_MAX, "a batch fits its frame");
#define PAGE_MAX 10000
_Static_assert(PAGE_MAX < CORE_MEMBERS_LIST_MAX, "a page of members can be asked for");

/* The default of a number is a row's `number`, of a text its `text`; of a switch: off. */
#define ROW(section, key, is, field, low, high, start, words, doc) \
	{section "." key, is, offsetof(struct settings, field), low, high, doc, start, words},
#define TEXT(section, key, start, doc) ROW(section, #key, CONF_TEXT, key, 0, 0, 0, start, doc)
#define NUMBER(section, key, low, high, start, doc) \
	ROW(section, #key, CONF_NUMBER, key, low, high, start, NULL, doc)
#define SWITCH(section, key, doc) ROW(section, #key, CONF_SWITCH, key, 0, 0, 0, NULL, doc)
#define CORE(section, key, low, high, doc) \
	ROW(section, #key, CONF_NUMBER, core.key, low, high, 0, NULL, doc)
#define REPLACED(section, key, doc) ROW(section, #key, CONF_REPLACED, core, 0, 0, 0, NULL, doc)

const struct conf_row settings_rows[] = {
#include "settings.def"
	{.name = NULL},
};

void settings_init(struct settings *s)
{
	*s = (struct settings){.core = {0}};
	conf_init(settings_rows, s);
	s->core = core_limits_default;
}

enum parlor_err settings_check(const struct settings *s, char *why, size_t why_size)
{
	enum log_level level;
	const struct {
		bool broken;
		const char *text;
	} rules[] = {
		{!*s->data, "broker.data is empty"},
		{!*s->listen, "broker.listen is empty"},
		{!*s->worker_listen, "broker.worker_listen is empty"},
		{log_level_parse(s->log_level, &level) != 0,
		 "broker.log_level must be error, warn, info or debug"},
		{s->map_init_bytes > s->map_max_bytes,
		 "store.map_init_bytes is above store.map_max_bytes"},
		{s->headroom_bytes > s->map_max_bytes / 2,
		 "store.headroom_bytes is above half of store.map_max_bytes"},
		{s->core.body_bytes + FRAME_BESIDE_BODY > s->frame_bytes,
		 "limits.frame_bytes must be at least 64k above limits.body_bytes"},
		{s->page_bytes > s->frame_bytes / 2,
		 "limits.page_bytes is above half of limits.frame_bytes"},
		{s->heartbeat_ms > s->timeout_ms / 2,
		 "session.heartbeat_ms is above half of session.timeout_ms"},
		{s->queue_bytes < s->session_queue_bytes,
		 "session.queue_bytes is below session.session_queue_bytes"},
		{s->worker_heartbeat_ms > s->worker_lease_ms / 2,
		 "sync.worker_heartbeat_ms is above half of sync.worker_lease_ms"},
	};
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].broken) {
			(void)snprintf(why, why_size, "%s", rules[i].text);
			return PARLOR_E_CONFIG;
		}
	return PARLOR_E_OK;
}

/* ---- the example ------------------------------------------------------------------------ */

/* In the largest unit that says it exactly; a number that is no size has none. */
static void print_number(FILE *out, const char *name, uint64_t n)
{
	static const char *const units[] = {"", "k", "M", "G"};
	size_t unit = 0;
	bool size = strstr(name, "_bytes") != NULL;
	for (; size && n && n % KIB == 0 && unit < 3; unit++)
		n /= KIB;
	fprintf(out, "%" PRIu64 "%s", n, units[unit]);
}

static void print_row(FILE *out, const struct conf_row *row, const struct settings *s)
{
	const void *at = (const char *)s + row->offset;
	const char *key = strchr(row->name, '.') + 1;
	fprintf(out, "\n# %s", row->doc);
	if (row->type == CONF_SWITCH) {
		fprintf(out, " (on or off)\n;%s = %s\n", key, *(const bool *)at ? "on" : "off");
	} else if (row->type == CONF_NUMBER) {
		fprintf(out, " (");
		print_number(out, row->name, row->min);
		fprintf(out, row->max == UINT64_MAX ? " or more" : " to ");
		if (row->max != UINT64_MAX)
			print_number(out, row->name, row->max);
		fprintf(out, ")\n;%s = ", key);
		print_number(out, row->name, *(const uint64_t *)at);
		fprintf(out, "\n");
	} else {
		fprintf(out, "\n;%s = %s\n", key, *(char *const *)at);
	}
}

void settings_print_default(FILE *out)
{
	struct settings s;
	settings_init(&s);
	fprintf(out, "# Settings of parlord with their defaults: take the ';' away to change one.\n"
		     "# Sizes take k, M and G. Times are in milliseconds.\n");
	const char *section = "";
	for (const struct conf_row *row = settings_rows; row->name; row++) {
		size_t len = (size_t)(strchr(row->name, '.') - row->name) + 1;
		if (row->type == CONF_REPLACED)
			continue;
		if (strncmp(section, row->name, len) != 0)
			fprintf(out, "\n[%.*s]\n", (int)len - 1, row->name);
		section = row->name;
		print_row(out, row, &s);
	}
	conf_fini(settings_rows, &s);
}
