#include "store/batch.h"

#include "store/store.h"

#include "base/die.h"
#include "base/mem.h"

#include <stdlib.h>

/* Memory beyond it is given back after an unusually large batch. */
#define BYTES_KEPT ((size_t)4 << 20)

void batch_fini(struct batch *b)
{
	buf_fini(&b->bytes);
	free(b->entries.items);
	free(b->replaced.items);
	row_batch_fini(&b->rows);
	*b = (struct batch){0};
}

void batch_clear(struct batch *b)
{
	if (b->bytes.cap > BYTES_KEPT)
		buf_fini(&b->bytes);
	buf_clear(&b->bytes);
	b->entries.len = b->replaced.len = 0;
	row_batch_clear(&b->rows);
	b->trim_first = 0;
}

static struct batch_bytes *list_add(struct batch_list *l)
{
	MEM_GROW(l->items, l->len, l->cap, 256);
	return &l->items[l->len++];
}

void batch_append(struct batch *b, const struct entry *entry)
{
	struct batch_bytes *item = list_add(&b->entries);
	*item = (struct batch_bytes){.position = entry->position, .at = b->bytes.len};
	journal_encode(&b->bytes, entry);
	item->len = b->bytes.len - item->at;
}

void batch_replace(struct batch *b, uint64_t position, struct span event)
{
	*list_add(&b->replaced) =
		(struct batch_bytes){.position = position, .at = b->bytes.len, .len = event.len};
	buf_put(&b->bytes, event.data, event.len);
}

void batch_put(struct batch *b, struct journal *j, struct env *env, bool all)
{
	for (size_t i = 0; i < b->entries.len; i++) {
		const struct batch_bytes *e = &b->entries.items[i];
		journal_append(j, e->position, b->bytes.data + e->at, e->len);
	}
	die_at("records_put");
	for (size_t i = 0; i < b->replaced.len; i++) {
		const struct batch_bytes *e = &b->replaced.items[i];
		journal_replace_event(j, e->position, (struct span){b->bytes.data + e->at, e->len});
	}
	if (all)
		row_batch_put(&b->rows, env);
	die_at("rows_put");
	if (all && b->trim_first)
		journal_trim(j, b->trim_first, b->trim_max);
}
