#include "core/desk/config_row.h"

#include <assert.h>
#include <stdlib.h>

/* ---- keys --------------------------------------------------------------------- */

void config_key_begin(struct config_key *k, enum config_no kind, uint32_t tenant)
{
	k->bytes[0] = (uint8_t)kind;
	memcpy(k->bytes + 1, &tenant, sizeof tenant);
	k->len = 1 + sizeof tenant;
}

void config_key_number(struct config_key *k, uint64_t number)
{
	memcpy(k->bytes + k->len, &number, sizeof number);
	k->len += sizeof number;
}

void config_key_text(struct config_key *k, struct span text)
{
	assert(k->len + text.len <= sizeof k->bytes);
	if (text.len)
		memcpy(k->bytes + k->len, text.data, text.len);
	k->len += text.len;
}

void config_key_of(struct config_key *k, enum config_no kind, uint32_t tenant, const void *is)
{
	config_key_begin(k, kind, tenant);
	for (const struct field *f = config_form(kind)->key; f->type != FIELD_LAST; f++) {
		const void *at = (const char *)is + f->at;
		if (f->type == FIELD_TEXT)
			config_key_text(k, *(const struct span *)at);
		else if (f->type == FIELD_U8)
			config_key_number(k, *(const uint8_t *)at);
		else
			config_key_number(k, *(const uint64_t *)at);
	}
}

/* ---- finding ------------------------------------------------------------------ */

struct config *config_find_key(struct core *c, const struct config_key *k)
{
	struct config *config;
	HASH_FIND(by_key, c->desk->by_key, k->bytes, k->len, config);
	return config;
}

struct config *config_find_no(struct core *c, uint64_t no)
{
	struct config **found = &c->desk->found[no % DESK_FOUND];
	if (!*found || (*found)->base.at.number != no) {
		struct row *row = row_find(&c->engine, &config_row_kind, no, 0);
		if (!row)
			return NULL;
		*found = (struct config *)row;
	}
	return *found;
}

/* The struct of one that is there. */
static void *find(struct core *c, const struct config_key *k)
{
	struct config *config = config_find_key(c, k);
	return config && !config->removed ? config->is : NULL;
}

static void *find_no(struct core *c, uint64_t no, enum config_no kind)
{
	struct config *config = no ? config_find_no(c, no) : NULL;
	return config && config->kind == kind && !config->removed ? config->is : NULL;
}

struct desk *desk_find(struct core *c, uint32_t tenant, struct span id)
{
	struct config_key k;
	if (id.len > ROW_ID_MAX)
		return NULL;
	config_key_begin(&k, CONFIG_DESK, tenant);
	config_key_text(&k, id);
	return find(c, &k);
}

struct team *team_find(struct core *c, const struct desk *desk, struct span id)
{
	struct config_key k;
	if (id.len > ROW_ID_MAX)
		return NULL;
	config_key_begin(&k, CONFIG_TEAM, desk->config->tenant);
	config_key_number(&k, desk->config->base.at.number);
	config_key_text(&k, id);
	return find(c, &k);
}

struct agent *agent_find_member(struct core *c, uint32_t tenant, uint64_t member)
{
	struct config_key k;
	config_key_begin(&k, CONFIG_AGENT, tenant);
	config_key_number(&k, member);
	return find(c, &k);
}

struct seat *seat_find(struct core *c, const struct desk *desk, uint64_t member)
{
	struct config_key k;
	config_key_begin(&k, CONFIG_SEAT, desk->config->tenant);
	config_key_number(&k, desk->config->base.at.number);
	config_key_number(&k, member);
	return find(c, &k);
}

struct team_seat *team_seat_find(const struct team *team, const struct seat *seat)
{
	struct team_seat *t = seat->teams;
	while (t && t->team != team)
		t = t->next;
	return t;
}

struct seat *seat_find_any(struct core *c, uint64_t no)
{
	struct config *config = no ? config_find_no(c, no) : NULL;
	return config && config->kind == CONFIG_SEAT ? config->is : NULL;
}

struct seat *seat_find_no(struct core *c, uint64_t no)
{
	return find_no(c, no, CONFIG_SEAT);
}

struct team *team_find_no(struct core *c, uint64_t no)
{
	return find_no(c, no, CONFIG_TEAM);
}

struct config *type_find(struct core *c, uint32_t tenant, uint64_t desk, struct span id)
{
	struct config_key k;
	if (id.len > ROW_ID_MAX)
		return NULL;
	config_key_begin(&k, CONFIG_TYPE, tenant);
	config_key_text(&k, id);
	struct config *config = config_find_key(c, &k);
	if (!config || config->removed)
		return NULL;
	uint64_t of = ((const struct row_type *)config->is)->desk_no;
	return !of || of == desk ? config : NULL;
}

struct row_hours *hours_find(struct core *c, uint32_t tenant, struct span id)
{
	struct config_key k;
	if (!id.len || id.len > ROW_ID_MAX)
		return NULL;
	config_key_begin(&k, CONFIG_HOURS, tenant);
	config_key_text(&k, id);
	return find(c, &k);
}

/* ---- the row ------------------------------------------------------------------ */

static const struct field head[] = {FIELD(struct config, as_of), FIELD(struct config, tenant),
				    FIELD(struct config, removed), FIELDS_END};

/* What each kind's struct takes: its row, and what is derived. */
static size_t size_of(enum config_no kind)
{
	switch (kind) {
	case CONFIG_DESK:
		return sizeof(struct desk);
	case CONFIG_TEAM:
		return sizeof(struct team);
	case CONFIG_AGENT:
		return sizeof(struct agent);
	case CONFIG_SEAT:
		return sizeof(struct seat);
	case CONFIG_TEAM_SEAT:
		return sizeof(struct team_seat);
	default:
		return config_form(kind)->size;
	}
}

static void set_back(struct config *config)
{
	switch (config->kind) {
	case CONFIG_DESK:
		((struct desk *)config->is)->config = config;
		break;
	case CONFIG_TEAM:
		((struct team *)config->is)->config = config;
		break;
	case CONFIG_AGENT:
		((struct agent *)config->is)->config = config;
		break;
	case CONFIG_SEAT:
		((struct seat *)config->is)->config = config;
		break;
	case CONFIG_TEAM_SEAT:
		((struct team_seat *)config->is)->config = config;
		break;
	default:
		break;
	}
}

void config_put_fields(struct buf *b, enum config_no kind, const void *is)
{
	fields_encode(b, config_form(kind)->fields, is);
}

static void put_config(struct buf *b, const struct row *row)
{
	const struct config *config = (const struct config *)row;
	fields_encode(b, head, config);
	buf_put_u8(b, (uint8_t)config->kind);
	config_put_fields(b, config->kind, config->is);
	fields_encode(b, config_form(config->kind)->state, config->is);
}

/* Its own bytes, which the texts borrow from; what is derived stays as it is. */
static bool take(struct config *config, struct reader *in, bool with_state)
{
	const struct config_form *form = config_form(config->kind);
	size_t len = reader_left(in);
	char *bytes = mem_text(in->at, len);
	struct reader mine;
	if (!config->is) {
		config->is = mem_new(size_of(config->kind));
		set_back(config);
	}
	reader_init(&mine, bytes, len);
	fields_decode(&mine, form->fields, config->is);
	if (with_state)
		fields_decode(&mine, form->state, config->is);
	free(config->bytes);
	config->bytes = bytes;
	return !mine.bad && reader_left(&mine) == 0;
}

static bool get_config(struct row *row, struct span value)
{
	struct config *config = (struct config *)row;
	struct reader in;
	reader_init(&in, value.data, value.len);
	fields_decode(&in, head, config);
	uint8_t kind = reader_u8(&in);
	if (in.bad || kind == 0 || kind >= CONFIG_NOS)
		return false;
	config->kind = (enum config_no)kind;
	return take(config, &in, true);
}

static uint64_t config_due(const struct row *row)
{
	const struct config *config = (const struct config *)row;
	const struct seat *seat = config->is;
	return config->kind == CONFIG_SEAT && seat->rests ? seat->row.ready_us : 0;
}

static enum parlor_err config_expire(void *core, struct row *row)
{
	struct core *c = core;
	return c->desk->hooks->rested(c, ((struct config *)row)->is);
}

static void drop_config(void *core, struct row *row)
{
	struct core *c = core;
	struct config *config = (struct config *)row;
	struct config **found = &c->desk->found[row->at.number % DESK_FOUND];
	if (*found == config)
		*found = NULL;
	if (config->key)
		HASH_DELETE(by_key, c->desk->by_key, config);
	free(config->key);
	free(config->bytes);
	free(config->is);
}

const struct row_kind config_row_kind = {.name = "desk",
					 .no = KIND_CONFIG,
					 .table = ROW_DESK,
					 .sub = ROW_SELF,
					 .size = sizeof(struct config),
					 .put = put_config,
					 .get = get_config,
					 .due_us = config_due,
					 .expire = config_expire,
					 .drop = drop_config};

struct config_list *config_list(struct core *c, enum config_no kind, uint32_t tenant, bool make)
{
	struct config_list *list;
	const uint64_t key = (uint64_t)tenant << 8 | kind;
	HASH_FIND(hh, c->desk->lists, &key, sizeof key, list);
	if (!list && make) {
		list = mem_new(sizeof *list);
		list->key = key;
		list->rows.before = rank_by_number;
		HASH_ADD(hh, c->desk->lists, key, sizeof list->key, list);
	}
	return list;
}

/* It stays, and is found. */
static void link_config(struct core *c, struct config *config)
{
	struct config_key k;
	config_key_of(&k, config->kind, config->tenant, config->is);
	config->base.refs++;
	config->key = mem_new(k.len);
	memcpy(config->key, k.bytes, k.len);
	config->key_len = k.len;
	HASH_ADD_KEYPTR(by_key, c->desk->by_key, config->key, config->key_len, config);
	struct config_list *list = config_list(c, config->kind, config->tenant, true);
	config->in_list.id = config->base.at.number;
	rank_insert(&list->rows, &config->in_list);
	if (config->kind == CONFIG_DESK)
		((struct desk *)config->is)->of_tenant = list;
	c->desk->rows[config->kind]++;
}

static void resize(struct core *c, struct config *config, size_t bytes)
{
	row_resize(&c->engine, &config->base, size_of(config->kind) + bytes + config->key_len);
}

enum parlor_err config_put_in(struct core *c, uint64_t no, enum config_no kind, uint32_t tenant,
			      struct span fields, struct config **out)
{
	struct config *config = config_find_no(c, no);
	struct reader in;
	bool is_new = !config;
	if (is_new) {
		config = (struct config *)row_add(&c->engine, &config_row_kind, no, 0, NULL);
		config->kind = kind;
		config->tenant = tenant;
	}
	reader_init(&in, fields.data, fields.len);
	if (config->kind != kind || !take(config, &in, false))
		return PARLOR_E_STORE_CORRUPT;
	if (is_new)
		link_config(c, config);
	resize(c, config, fields.len);
	*out = config;
	return PARLOR_E_OK;
}

struct load {
	struct core *core;
	enum parlor_err err;
};

static bool load_one(void *arg, const void *key, size_t key_len, struct span value)
{
	struct load *load = arg;
	struct core *c = load->core;
	struct row *row;
	bool read;
	if (key_len != ROW_PREFIX)
		return true;
	load->err = row_load(&c->engine, &config_row_kind, be64_get(key), 0, NULL, &row, &read);
	if (!load->err && read) {
		link_config(c, (struct config *)row);
		resize(c, (struct config *)row, value.len);
	}
	return !load->err;
}

enum parlor_err config_load(struct core *c)
{
	struct load load = {.core = c};
	struct row_key from = {.table = ROW_DESK, .len = 1}; /* before any number */
	enum parlor_err err = row_engine_scan(&c->engine, &from, 0, load_one, &load);
	return err ? err : load.err;
}
