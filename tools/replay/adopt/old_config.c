#include "adopt/old_config.h"

#include "adopt/desk_mend.h"
#include "core/core.h"
#include "core/desk/config.h"

#include "base/mem.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#define NO_ONE ((struct span){NULL, 0})

typedef char id_text[ROW_ID_MAX + 1];

/* A row as it is at the end: what would have somebody served has to wait for that. */
struct last_word {
	struct last_word *prev, *next;
	enum config_no kind;
	id_text tenant;
	size_t len;
	char fields[];
};

/* A row of the configuration that was told. */
struct known_row {
	UT_hash_handle hh;
	char key[];
};

/* As it may be while old conversations are told: nobody is served by what it says. True: it
 * is not how it is in the end. */
static bool hush(enum config_no kind, union row_any *row)
{
	union row_any is = *row;
	if (kind == CONFIG_AGENT) {
		row->agent.off = false;
		if (row->agent.mode)
			row->agent.mode = MODE_READY;
	}
	if (kind == CONFIG_SEAT) {
		row->seat.off = row->seat.bind = false;
		if (row->seat.mode)
			row->seat.mode = MODE_READY;
	}
	return memcmp(&is, row, config_form(kind)->size) != 0;
}

static void keep_last_word(struct old_config *d, enum config_no kind, const char *tenant,
			   const union row_any *row)
{
	struct buf fields = {0};
	fields_encode(&fields, config_form(kind)->fields, row);
	struct last_word *w = mem_new(sizeof *w + fields.len);
	w->kind = kind;
	w->len = fields.len;
	memcpy(w->tenant, tenant, sizeof w->tenant);
	memcpy(w->fields, fields.data, fields.len);
	DL_APPEND(d->last_words, w);
	buf_fini(&fields);
}

/* Whether one of that kind and key was there before. */
static bool stood_before(struct old_config *d, enum config_no kind, const char *tenant,
			 const union row_any *key)
{
	struct known_row *k;
	buf_clear(&d->key);
	buf_put_varint(&d->key, kind);
	buf_put(&d->key, tenant, strlen(tenant) + 1);
	fields_encode(&d->key, config_form(kind)->fields, key);
	HASH_FIND(hh, d->known, d->key.data, d->key.len, k);
	if (k)
		return true;
	k = mem_new(sizeof *k + d->key.len);
	memcpy(k->key, d->key.data, d->key.len);
	HASH_ADD_KEYPTR(hh, d->known, k->key, d->key.len, k);
	return false;
}

static bool is_twice(struct old_config *d, const struct old_row *row, const char *tenant)
{
	union row_any key;
	struct core_desk_row out;
	struct findings told_later = {0};
	if (row->bare || row->part)
		return false;
	desk_mend(&told_later, row, true, &d->texts, &key);
	findings_fini(&told_later);
	if (row->config != CONFIG_VISITOR)
		return stood_before(d, row->config, tenant, &key);
	/* Of those there are many. */
	const struct core_call call = desk_step_call(d->steps, tenant, 0);
	enum parlor_err err = core_desk_visitor(builder_core(d->steps->builder), &call,
						key.visitor.visitor, &out);
	return !err && out.is;
}

void old_config_add(struct old_config *d, const struct old_row *row)
{
	id_text tenant;
	union row_any is, now;
	struct core_desk_row out = {.position = 0};
	enum parlor_err err = PARLOR_E_OK;
	desk_step_tenant(d->steps, row, tenant);
	if (is_twice(d, row, tenant)) {
		desk_step_tell(d->steps, FINDING_twice, row, "");
		return;
	}
	uint64_t time_us = desk_step_time(d->steps, row);
	desk_mend(d->steps->findings, row, row->bare, &d->texts, &is);
	now = is;
	bool waits = row->config == CONFIG_TEXT || hush(row->config, &now);
	if (row->config != CONFIG_TEXT) {
		const struct core_call call = desk_step_call(d->steps, tenant, time_us);
		err = core_desk_set(builder_core(d->steps->builder), &call, row->config, &now,
				    false, NO_ONE, &out);
	}
	if (row->odd && !row->bare && !row->part)
		desk_step_tell(d->steps, FINDING_member_type, row, "");
	if (err == PARLOR_E_VALUE && row->config == CONFIG_VISITOR && is.visitor.group.len) {
		const struct core_call call = desk_step_call(d->steps, tenant, time_us);
		desk_step_tell(d->steps, FINDING_unknown_group, row, "");
		now.visitor.group = NO_ONE;
		err = core_desk_set(builder_core(d->steps->builder), &call, row->config, &now,
				    false, NO_ONE, &out);
	}
	if (!err && waits && !row->bare)
		keep_last_word(d, row->config, tenant, &is);
	/* A part may come again with what it is a part of. */
	if (!err && !row->bare && (!row->part || out.position))
		d->counts[row->config]++;
	desk_step_end(d->steps, row, err);
}

enum parlor_err old_config_finish(struct old_config *d)
{
	enum parlor_err err = PARLOR_E_OK;
	for (struct last_word *w = d->last_words; !err && w; w = w->next) {
		union row_any row = {0};
		struct core_desk_row out;
		const struct core_call call = desk_step_call(d->steps, w->tenant, d->steps->now_us);
		if (!fields_decode_whole((struct span){w->fields, w->len},
					 config_form(w->kind)->fields, &row))
			return PARLOR_E_STORE_CORRUPT;
		err = core_desk_set(builder_core(d->steps->builder), &call, w->kind, &row, false,
				    NO_ONE, &out);
		if (!err)
			err = builder_step(d->steps->builder);
	}
	return err;
}

void old_config_fini(struct old_config *d)
{
	struct last_word *w, *next;
	DL_FOREACH_SAFE (d->last_words, w, next)
		free(w);
	MEM_FREE_TABLE(d->known);
	buf_fini(&d->texts);
	buf_fini(&d->key);
}
