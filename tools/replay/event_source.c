#include "event_source.h"

#include "noun/noun.h"

#include <string.h>

enum parlor_err event_source_init(struct event_source *r, struct lines *lines,
				  const struct choice *choice, const char *tenant)
{
	char why[160];

	*r = (struct event_source){.lines = lines, .choice = choice, .tenant = tenant};
	enum parlor_err err = lines_next(lines, &r->header_line);
	if (err)
		return err;
	err = recording_header_get(&r->header, r->header_line, why);
	return err ? lines_fail(lines, err, "%s", why) : PARLOR_E_OK;
}

void event_source_fini(struct event_source *r)
{
	json_decref(r->now.line);
	json_decref(r->next.line);
	json_decref(r->header_line);
	lines_close(r->lines);
	*r = (struct event_source){0};
}

/* A boot is of no tenant, and of all. */
static bool wanted(const struct event_source *r, const struct recording_event *e)
{
	bool ours = !r->tenant || !e->tenant || e->kind->record == RECORD_BOOT ||
		    strcmp(e->tenant, r->tenant) == 0;

	return ours && choice_event(r->choice, e->position, true, e->t_ms);
}

static enum parlor_err check(struct event_source *r, const struct recording_event *e, int64_t last)
{
	if (!r->header.tenant && !e->tenant)
		return lines_fail(r->lines, PARLOR_E_VALUE,
				  "tenant is missing, and the first line names none");
	if (e->position <= last)
		return lines_fail(r->lines, PARLOR_E_VALUE, "positions must rise");
	return PARLOR_E_OK;
}

static enum parlor_err read_wanted(struct event_source *r, struct event_source_item *item)
{
	int64_t last = r->header.from - 1;
	char why[160];

	if (r->primed && r->now.line)
		last = r->now.event.position;
	for (;;) {
		enum parlor_err err = lines_next(r->lines, &item->line);
		if (err || !item->line)
			return err;
		err = recording_event_get(&item->event, item->line, why);
		err = err ? lines_fail(r->lines, err, "%s", why) : check(r, &item->event, last);
		if (!err && wanted(r, &item->event))
			return PARLOR_E_OK;
		last = item->event.position;
		bool past = choice_past(r->choice, last);
		json_decref(item->line);
		item->line = NULL;
		if (err || past)
			return err;
	}
}

enum parlor_err event_source_next(struct event_source *r, const struct event_source_item **item)
{
	json_decref(r->now.line);
	r->now = (struct event_source_item){0};
	if (!r->primed)
		r->failed = read_wanted(r, &r->next);
	r->primed = true;
	r->now = r->next;
	r->next = (struct event_source_item){0};
	*item = &r->now;
	if (!r->now.line)
		return r->failed;
	/* What stands before a bad line is played. */
	if (!r->failed)
		r->failed = read_wanted(r, &r->next);
	return PARLOR_E_OK;
}

const struct event_source_item *event_source_peek(const struct event_source *r)
{
	return &r->next;
}
