#include "whatif/moment.h"

#include "core/kinds.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void moment_add(struct moment *m, const struct entry *entry)
{
	MEM_GROW(m->list, m->len, m->cap, 16);
	struct moment_entry *e = &m->list[m->len++];
	size_t head = entry->head.len, event = entry->event.len;
	char *bytes = mem_new(head + event + 1);
	memcpy(bytes, entry->head.data, head);
	if (event)
		memcpy(bytes + head, entry->event.data, event);
	*e = (struct moment_entry){.entry = *entry, .bytes = bytes};
	e->entry.head = (struct span){bytes, head};
	e->entry.event = (struct span){bytes + head, event};
	enum parlor_err err = record_decode(&e->record, bytes, head);
	assert(!err);
	(void)err;
	m->time_us = e->record.time_us;
}

void moment_clear(struct moment *m)
{
	while (m->len)
		free(m->list[--m->len].bytes);
}

void moment_fini(struct moment *m)
{
	moment_clear(m);
	free(m->list);
	*m = (struct moment){0};
}
