#include "show.h"

#include "ctl.h"
#include "json.h"

#include "base/text.h"

#include <string.h>
#include <time.h>

void show_text(FILE *out, const char *text)
{
	text_show(out, text, strlen(text));
}

const char *show_time(uint64_t us, char text[SHOW_TIME_BYTES])
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm local;

	if (!us || !localtime_r(&seconds, &local) ||
	    !strftime(text, SHOW_TIME_BYTES, "%Y-%m-%d %H:%M:%S", &local))
		snprintf(text, SHOW_TIME_BYTES, "-");
	return text;
}

/* Of a day that everybody knows: now. */
static const char *clock_text(uint64_t us, char text[SHOW_TIME_BYTES])
{
	const char *space = strchr(show_time(us, text), ' ');

	return space ? space + 1 : text;
}

static const struct show_result *result_of(Parlor__Reply__ResultCase result)
{
	for (size_t n = 0; nouns[n]; n++)
		for (const struct show_result *r = nouns[n]->results; r && r->show; r++)
			if (r->result == result)
				return r;
	return NULL;
}

/* The items of a page: its list of messages. Any other result is one item. */
static size_t items_of(const Parlor__Reply *reply, bool page, ProtobufCMessage *const **items)
{
	const ProtobufCMessage *result = &reply->welcome->base;
	*items = (ProtobufCMessage *const *)&reply->welcome;
	for (unsigned i = 0; page && i < result->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &result->descriptor->fields[i];
		const char *at = (const char *)result;
		if (f->label != PROTOBUF_C_LABEL_REPEATED || f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		*items = *(ProtobufCMessage *const *const *)(const void *)(at + f->offset);
		return *(const size_t *)(const void *)(at + f->quantifier_offset);
	}
	return 1;
}

void show_reply(const Parlor__Reply *reply, bool json)
{
	const struct show_result *shown = result_of(reply->result_case);
	ProtobufCMessage *const *items = NULL;

	if (!json && shown)
		shown->show(reply);
	if (!json || reply->result_case == PARLOR__REPLY__RESULT__NOT_SET)
		return;
	size_t n = items_of(reply, shown && shown->page, &items);
	for (size_t i = 0; i < n; i++)
		json_line(stdout, items[i]);
}

void show_event(const Parlor__Event *event, bool json)
{
	uint64_t now_us = event->time_us ? event->time_us : (uint64_t)time(NULL) * 1000000;
	char text[SHOW_TIME_BYTES];

	if (json) {
		json_line(stdout, &event->base);
		return;
	}
	for (size_t n = 0; nouns[n]; n++) {
		for (const struct show_event *e = nouns[n]->events; e && e->show; e++) {
			if (e->kind != event->kind_case)
				continue;
			printf("%s  ", clock_text(now_us, text));
			show_text(stdout, *event->room ? event->room : "-");
			fputs("  ", stdout);
			e->show(stdout, event);
			putchar('\n');
		}
	}
}
