#include "core/own.h"

void own_add(struct core *c, const struct record *r, struct membership *ms)
{
	struct row_key key;
	row_key_own(&key, r->room, r->member, r->posted.seq);
	buf_clear(&c->scratch);
	buf_put_varint(&c->scratch, r->posted.own);
	uint64_t no = first_row_add(&c->engine, &key, buf_span(&c->scratch), ms ? ms->own_row : 0);
	if (ms)
		ms->own_row = no;
}

static uint64_t own_seq(const struct first_row *f)
{
	return be64_get(f->key.bytes + ROW_OWN_PREFIX);
}

static bool take_own(void *seq, const void *key, size_t key_len, struct span value)
{
	(void)key_len;
	(void)value;
	*(uint64_t *)seq = be64_get((const uint8_t *)key + ROW_OWN_PREFIX);
	return false;
}

/* Further back: as far as that goes no further than wanted. */
static const struct first_row *go_back(const struct first_rows *rows, const struct first_row *f,
				       uint64_t seq)
{
	const struct first_row *far = first_rows_at(rows, f->far);
	return far && own_seq(far) > seq ? far : first_rows_at(rows, f->before);
}

enum parlor_err own_behind(struct core *c, const struct membership *ms, uint64_t seq,
			   uint64_t *behind)
{
	struct row_key from;
	const struct first_row *f = first_rows_at(&c->engine.first, ms->own_row);
	*behind = 0;
	/* Those on disk are older. */
	for (; f && own_seq(f) > seq; f = go_back(&c->engine.first, f, seq)) {
		*behind = own_seq(f);
		meter_walk(c->engine.meter, 1);
	}
	if (f)
		return PARLOR_E_OK;
	row_key_own(&from, ms->room->no, ms->member->no, seq + 1);
	return row_engine_scan(&c->engine, &from, ROW_OWN_PREFIX, take_own, behind);
}
