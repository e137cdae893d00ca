#include "audit/recovered.h"

#include <assert.h>
#include <inttypes.h>

/* In the layer above a row has a byte in front: whether it is there or gone. */
enum { GONE = 0, THERE = 1 };

static void no_record(void *ctx, const struct record *r)
{
	(void)ctx;
	(void)r;
	assert(!"recovery emits no records");
}

static void put_above(void *store, const struct row_key *key, struct span value)
{
	struct buf b = {0};
	buf_put_u8(&b, value.data ? THERE : GONE);
	buf_put(&b, value.data, value.len);
	store_put(store, key, buf_span(&b));
	buf_fini(&b);
}

static enum parlor_err apply(void *core, const struct entry *entry, const struct record *r)
{
	(void)entry;
	return core_apply(core, r);
}

/* What the rows of the commit that is held say; when it was opened, the store
 * may have been behind. */
static uint64_t covered_of(struct source *s)
{
	struct row_key key;
	struct span value;
	struct row_state state;
	struct core_rows rows = store_rows(s->store);
	uint64_t covered = store_covered(s->store);
	row_key_state(&key);
	if (!rows.get(rows.ctx, &key, &value) && row_get_state(value, &state) &&
	    state.covered > covered)
		covered = state.covered;
	return covered;
}

/* As broker/recover.c does. */
static enum parlor_err recover(struct recovered *v, struct core *core)
{
	struct source *s = v->source;
	v->covered = covered_of(s);
	enum parlor_err err = core_load(core);
	if (err)
		return source_fault(s, err, 0, "the row of the state cannot be read");
	err = source_walk(s, v->covered + 1, s->last, apply, core);
	if (!err && core_position(core) != s->last)
		return source_fault(s, PARLOR_E_STORE_CORRUPT, 0,
				    "the rows are as of position %" PRIu64
				    ", the journal ends at %" PRIu64,
				    core_position(core), s->last);
	if (err && !s->why[0])
		source_fault(s, err, 0,
			     "recovery cannot apply the records behind position %" PRIu64 ": %s",
			     v->covered, parlor_err_text(err));
	return err;
}

enum parlor_err recovered_init(struct recovered *v, struct source *source)
{
	assert(source->held);
	*v = (struct recovered){.source = source};
	enum parlor_err err = scratch_open(&v->above, source->why, sizeof source->why);
	if (err)
		return err;
	struct core *core = core_new(&core_limits_default, store_rows(source->store),
				     (struct core_sink){.record = no_record});
	err = recover(v, core);
	if (!err && (err = scratch_write_back(&v->above, core, put_above)))
		source_fault(source, err, 0, "the scratch directory: %s", parlor_err_text(err));
	core_free(core);
	return err;
}

void recovered_fini(struct recovered *v)
{
	scratch_close(&v->above);
	*v = (struct recovered){0};
}

/* ---- both layers as one --------------------------------------------------------- */

void recovered_walk_init(struct recovered_walk *w, struct recovered *v, enum row_table table)
{
	*w = (struct recovered_walk){.below_taken = true, .above_taken = true};
	pager_init(&w->below, store_rows(v->source->store), table);
	pager_init(&w->above, scratch_rows(&v->above), table);
}

void recovered_walk_fini(struct recovered_walk *w)
{
	pager_fini(&w->below);
	pager_fini(&w->above);
}

static enum parlor_err refill(struct pager *p, bool *taken, bool *ended, struct span *key,
			      struct span *value)
{
	if (!*taken || *ended)
		return PARLOR_E_OK;
	enum parlor_err err = pager_next(p, key, value);
	*taken = false;
	*ended = err == PARLOR_E_NOT_FOUND;
	return *ended ? PARLOR_E_OK : err;
}

static int order(const struct recovered_walk *w)
{
	if (w->below_ended || w->above_ended)
		return w->below_ended - w->above_ended;
	return span_order(w->below_key, w->above_key);
}

enum parlor_err recovered_next(struct recovered_walk *w, struct span *key, struct span *value)
{
	for (;;) {
		enum parlor_err err = refill(&w->below, &w->below_taken, &w->below_ended,
					     &w->below_key, &w->below_value);
		if (!err)
			err = refill(&w->above, &w->above_taken, &w->above_ended, &w->above_key,
				     &w->above_value);
		if (err)
			return err;
		if (w->below_ended && w->above_ended)
			return PARLOR_E_NOT_FOUND;
		int first = order(w);
		w->below_taken = first <= 0;
		w->above_taken = first >= 0;
		if (first < 0) {
			*key = w->below_key;
			*value = w->below_value;
			return PARLOR_E_OK;
		}
		const uint8_t *bytes = w->above_value.data;
		if (bytes[0] == GONE)
			continue;
		*key = w->above_key;
		*value = (struct span){bytes + 1, w->above_value.len - 1};
		return PARLOR_E_OK;
	}
}
