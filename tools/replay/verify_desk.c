#include "verify_desk.h"

#include "core/desk/candidates.h"
#include "core/desk/list.h"
#include "core/tenant.h"

#include <stdio.h>
#include <string.h>

/* As the core has it, which has taken in the same records. */
static uint64_t place_of(void *ctx, const struct visit *v, uint64_t *of)
{
	struct core *core = ((struct verify_desk *)ctx)->engine->core;
	struct core_call call = {.now_us = 0};
	struct conversation_view view;
	struct place_view place = {0};
	*of = 0;
	if (core_tenant_id(core, v->tenant, &call.tenant) ||
	    core_desk_place(core, &call, SPAN_TEXT(v->id), &view, &place))
		return 0;
	*of = place.of;
	return place.place;
}

static enum parlor_err come(void *arg, const struct entry *entry, const struct record *r)
{
	struct verify_desk *v = arg;
	(void)entry;
	desk_audit_come(&v->audit, r);
	return PARLOR_E_OK;
}

enum parlor_err verify_desk_begin(struct verify_desk *v, struct engine *engine)
{
	if (engine->base)
		return PARLOR_E_OK;
	enum parlor_err err = desk_audit_begin(&v->audit, engine->source);
	v->engine = engine;
	/* Without conversations there is nothing to be counted. */
	v->counts = v->audit.ledger.rooms != NULL;
	if (err || !v->counts)
		return err;
	core_desk_derive(engine->core); /* its queues, which rows do not have */
	v->audit.ledger.place = place_of;
	v->audit.ledger.place_ctx = v;
	engine->before = come;
	engine->before_arg = v;
	return PARLOR_E_OK;
}

void verify_desk_fini(struct verify_desk *v)
{
	if (v->engine)
		desk_audit_fini(&v->audit);
	v->engine = NULL;
}

enum parlor_err verify_desk_take(void *arg, const struct entry *entry, const struct record *r)
{
	struct verify_desk *v = arg;
	if (!v->counts)
		return PARLOR_E_OK;
	enum parlor_err err = desk_audit_take(&v->audit, entry, r);
	if (entry->position == v->audit.upto)
		desk_audit_end(&v->audit);
	return err;
}

static const struct desk_fault *first_of(const struct desk_audit *a)
{
	const struct desk_fault *first = &a->faults[0];
	for (size_t i = 1; i < a->faults_len; i++)
		if (a->faults[i].position < first->position)
			first = &a->faults[i];
	return first;
}

uint64_t verify_desk_end(struct verify_desk *v, struct finding *finding)
{
	uint64_t faults = v->engine ? desk_audit_faults(&v->audit) : 0;
	if (!faults)
		return 0;
	const struct desk_fault *first = first_of(&v->audit);
	const struct desk_check *check = desk_check(first->check);
	char what[FINDING_TEXT];
	snprintf(what, sizeof what, "what is promised of desks: %s (%s)", check->name,
		 check->promises);
	finding_set(finding, AUDIT_DESK, what);
	finding->position = first->position;
	finding_expected(finding, "%s", check->means);
	finding_found(finding, "%s", first->text);
	return faults;
}
