#include "audit/pager.h"

#define PAGE_ROWS 1024

void pager_init_at(struct pager *p, struct core_rows rows, const struct row_key *from,
		   size_t prefix_len)
{
	*p = (struct pager){.rows = rows, .from = *from, .prefix_len = prefix_len};
	reader_init(&p->at, NULL, 0);
}

void pager_init(struct pager *p, struct core_rows rows, enum row_table table)
{
	/* No key is empty: this is the lowest. */
	struct row_key from = {.table = table, .len = 1, .bytes = {0}};
	pager_init_at(p, rows, &from, 0);
}

void pager_fini(struct pager *p)
{
	buf_fini(&p->page);
}

static bool collect(void *arg, const void *key, size_t key_len, struct span value)
{
	struct pager *p = arg;
	p->bad = key_len >= ROW_KEY_MAX;
	if (p->bad)
		return false;
	buf_put_span(&p->page, (struct span){key, key_len});
	buf_put_span(&p->page, value);
	/* The least key behind this one. */
	memcpy(p->from.bytes, key, key_len);
	p->from.bytes[key_len] = 0;
	p->from.len = key_len + 1;
	return ++p->len < PAGE_ROWS;
}

static enum parlor_err turn_page(struct pager *p)
{
	buf_clear(&p->page);
	p->len = 0;
	enum parlor_err err = p->rows.scan(p->rows.ctx, &p->from, p->prefix_len, collect, p);
	if (!err && p->bad)
		err = PARLOR_E_STORE_CORRUPT;
	p->ended = p->len < PAGE_ROWS;
	reader_init(&p->at, p->page.data, p->page.len);
	return err;
}

enum parlor_err pager_next(struct pager *p, struct span *key, struct span *value)
{
	enum parlor_err err = PARLOR_E_OK;
	if (!reader_left(&p->at) && !p->ended)
		err = turn_page(p);
	if (err)
		return err;
	if (!reader_left(&p->at))
		return PARLOR_E_NOT_FOUND;
	*key = reader_span(&p->at);
	*value = reader_span(&p->at);
	return PARLOR_E_OK;
}
