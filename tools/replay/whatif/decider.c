#include "whatif/decider.h"

#include "audit/finding.h"
#include "core/desk/candidates.h"
#include "core/desk/desk.h"
#include "core/kinds.h"
#include "core/run.h"
#include "core/tenant.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define DIRTY_MAX 200000

/* What it borrows from is the core's, and changes. */
static void keep(void *ctx, const struct record *r)
{
	struct decider *d = ctx;
	struct buf bytes = {0};
	record_encode(&bytes, r);
	if (d->first && d->first == d->len)
		d->first = d->len = 0;
	MEM_GROW(d->told, d->len, d->cap, 16);
	struct told *t = &d->told[d->len++];
	t->bytes = mem_new(bytes.len);
	memcpy(t->bytes, bytes.data, bytes.len);
	enum parlor_err err = record_decode(&t->record, t->bytes, bytes.len);
	assert(!err);
	(void)err;
	buf_fini(&bytes);
}

enum parlor_err decider_open(struct decider *d, struct source *source, uint64_t upto)
{
	*d = (struct decider){0};
	enum parlor_err err = engine_init_deciding(&d->engine, source,
						   (struct core_sink){.ctx = d, .record = keep});
	if (!err)
		err = engine_start(&d->engine, upto);
	if (!err)
		core_desk_derive(d->engine.core);
	return err;
}

void decider_close(struct decider *d)
{
	while (decider_told(d))
		decider_take(d);
	free(d->told);
	engine_fini(&d->engine);
	*d = (struct decider){0};
}

static enum parlor_err failed(struct decider *d, enum parlor_err err)
{
	if (!err)
		err = core_broken(d->engine.core);
	return err ? source_fault(d->engine.source, PARLOR_E_STORE_CORRUPT, 0,
				  "what was recorded cannot be decided again: %s",
				  parlor_err_text(err))
		   : PARLOR_E_OK;
}

void decider_serve(struct decider *d)
{
	core_desk_serve(d->engine.core);
	d->serves = true;
}

enum parlor_err decider_follow(struct decider *d, const struct record *given)
{
	struct record r = *given;
	r.position = core_position(d->engine.core) + 1;
	enum parlor_err err = core_apply(d->engine.core, &r);
	if (!err && d->serves && r.kind == RECORD_DESK_CLOCK)
		core_desk_serve(d->engine.core);
	return failed(d, err);
}

enum parlor_err decider_boot(struct decider *d, uint64_t now_us)
{
	core_boot(d->engine.core, now_us);
	core_desk_serve(d->engine.core);
	return failed(d, PARLOR_E_OK);
}

struct core_call decider_call(struct decider *d, uint32_t tenant, uint64_t now_us)
{
	struct span id = {NULL, 0};
	d->tenant[0] = 0;
	if (tenant && !core_tenant_id(d->engine.core, tenant, &id))
		audit_text(d->tenant, sizeof d->tenant, id);
	return (struct core_call){
		.tenant = SPAN_TEXT(d->tenant), .now_us = now_us, .served_us = now_us};
}

enum parlor_err decider_tick(struct decider *d, uint64_t now_us)
{
	struct core_call call = decider_call(d, 0, now_us);
	enum parlor_err err = PARLOR_E_OK;
	for (bool more = true; !err && more;)
		err = core_tick(d->engine.core, &call, &more);
	return failed(d, err);
}

enum parlor_err decider_pair(struct decider *d, uint64_t now_us)
{
	struct core_call call = decider_call(d, 0, now_us);
	core_desk_settle(d->engine.core, &call);
	return failed(d, PARLOR_E_OK);
}

enum parlor_err decider_settle(struct decider *d)
{
	return core_dirty(d->engine.core) > DIRTY_MAX ? engine_settle(&d->engine) : PARLOR_E_OK;
}

const struct record *decider_told(const struct decider *d)
{
	return d->first < d->len ? &d->told[d->first].record : NULL;
}

void decider_take(struct decider *d)
{
	free(d->told[d->first++].bytes);
}
