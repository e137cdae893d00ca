#include "operation.h"

#include "base/mem.h"

#include <stdlib.h>

struct operation *operation_new(const struct operation_kind *kind, json_t *line,
				const struct recording_event *event)
{
	struct operation *d = mem_new(sizeof *d);

	d->kind = kind;
	d->line = json_incref(line);
	d->event = *event;
	d->member = event->from;
	return d;
}

void operation_free(struct operation *d)
{
	for (size_t i = 0; i < d->joins_len; i++)
		json_decref(d->joins[i].line);
	free(d->joins);
	json_decref(d->line);
	json_decref(d->notice);
	free(d);
}

void operation_add_join(struct operation *d, json_t *line, const struct recording_event *event)
{
	MEM_GROW(d->joins, d->joins_len, d->joins_cap, 8);
	d->joins[d->joins_len++] = (struct operation_join){json_incref(line), *event};
}

void operation_set_notice(struct operation *d, json_t *line, const struct recording_event *event)
{
	d->notice = json_incref(line);
	d->notice_event = *event;
}

Parlor__Notice *operation_notice(const struct operation *d, Parlor__Notice *notice)
{
	if (!d->notice)
		return NULL;
	parlor__notice__init(notice);
	notice->body = operation_text(d->notice_event.body);
	notice->sender = operation_text(d->notice_event.from);
	return notice;
}

Parlor__MemberSpec operation_member(const struct recording_event *e)
{
	Parlor__MemberSpec spec = PARLOR__MEMBER_SPEC__INIT;
	spec.member = operation_text(e->from);
	spec.type =
		e->agent ? PARLOR__MEMBER_TYPE__MEMBER_MANAGER : PARLOR__MEMBER_TYPE__MEMBER_MEMBER;
	spec.name = operation_text(e->name);
	spec.avatar = operation_text(e->avatar);
	return spec;
}

/* The list, and behind it what it points to. */
Parlor__MemberSpec **operation_members(const struct operation *d, const Parlor__MemberSpec *first,
				       size_t *len)
{
	*len = d->joins_len + (first != NULL);
	Parlor__MemberSpec **list = mem_new((*len + 1) * (sizeof *list + sizeof **list));
	Parlor__MemberSpec *specs = (void *)(list + *len + 1);
	for (size_t i = 0; i < *len; i++)
		list[i] = &specs[i];
	if (first)
		*specs++ = *first;
	for (size_t i = 0; i < d->joins_len; i++)
		specs[i] = operation_member(&d->joins[i].event);
	return list;
}

char **operation_texts(const json_t *list, size_t *len)
{
	*len = json_array_size(list);
	char **texts = mem_new((*len + 1) * sizeof *texts);
	for (size_t i = 0; i < *len; i++)
		texts[i] = operation_text(json_string_value(json_array_get(list, i)));
	return texts;
}
