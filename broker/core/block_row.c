#include "core/block_row.h"

#include "core/block.h"

static void put_block(struct buf *b, const struct row *row)
{
	const struct buf *bytes = &((const struct block *)row)->bytes;
	buf_put(b, bytes->data, bytes->len);
}

static bool get_block(struct row *row, struct span value)
{
	struct block *b = (struct block *)row;
	buf_put(&b->bytes, value.data, value.len);
	return block_count(value, &b->len);
}

static void drop_block(void *core, struct row *row)
{
	struct block *b = (struct block *)row;
	(void)core;
	buf_fini(&b->bytes);
	if (!b->room)
		return;
	DL_DELETE(b->room->blocks, b);
	if (b->room->tail == b)
		b->room->tail = NULL;
}

const struct row_kind block_kind = {.name = "block",
				    .no = KIND_BLOCK,
				    .table = ROW_ROOMS,
				    .sub = ROW_BLOCK,
				    .paired = true,
				    .brief = true,
				    .size = sizeof(struct block),
				    .put = put_block,
				    .get = get_block,
				    .drop = drop_block};

static void link_block(struct core *c, struct room *r, struct block *b)
{
	b->room = r;
	DL_APPEND(r->blocks, b);
	row_resize(&c->engine, &b->base, b->bytes.cap);
}

struct block *block_row_add(struct core *c, struct room *r, uint64_t no)
{
	struct block *b = (struct block *)row_add(&c->engine, &block_kind, r->no, no, &r->base);
	link_block(c, r, b);
	return b;
}

enum parlor_err block_row_find(struct core *c, struct room *r, uint64_t no, struct block **out)
{
	struct row *row;
	bool read;
	enum parlor_err err = row_load(&c->engine, &block_kind, r->no, no, &r->base, &row, &read);
	if (err)
		return err;
	*out = (struct block *)row;
	if (read)
		link_block(c, r, *out);
	else if (!row)
		*out = block_row_add(c, r, no);
	return PARLOR_E_OK;
}

void block_row_set_tail(struct core *c, struct room *r, struct block *b)
{
	struct block *before = r->tail;
	b->base.held = true;
	r->tail = b;
	if (before)
		row_release(&c->engine, &before->base);
}

void block_row_touch(struct core *c, struct block *b)
{
	row_resize(&c->engine, &b->base, b->bytes.cap);
	row_touch(&c->engine, &b->base);
}
