#include "diff_rooms.h"

#include "core/room_members.h"
#include "diff_desk.h"
#include "diff_names.h"
#include "noun/noun.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

#define TEXT_SHOWN 200

/* The room being compared. */
struct pair {
	struct diff *diff;
	const char *tenant;
	char room[ROW_ID_MAX + 1];
	struct core_room_view a, b;
	struct record_text record_text;
	uint64_t differences;
};

/* ---- telling ------------------------------------------------------------------------- */

static void differ_text(struct pair *p, const char *member, uint64_t seq, const char *what,
			const char *a, const char *b)
{
	p->diff->differences++;
	p->differences++;
	if (p->diff->json) {
		json_t *line = json_pack("{s:o, s:o, s:s, s:o, s:o}", "tenant",
					 record_text_json_text(p->tenant, strlen(p->tenant)),
					 "room", record_text_json_text(p->room, strlen(p->room)),
					 "what", what, "a", record_text_json_text(a, strlen(a)),
					 "b", record_text_json_text(b, strlen(b)));
		if (line && *member)
			json_object_set_new(line, "member",
					    record_text_json_text(member, strlen(member)));
		if (line && seq)
			json_object_set_new(line, "seq", json_integer((json_int_t)seq));
		record_text_json_line(stdout, line);
		return;
	}
	record_text_put(stdout, p->tenant);
	putchar('/');
	record_text_put(stdout, p->room);
	if (*member) {
		fputs("  member ", stdout);
		record_text_put(stdout, member);
	}
	if (seq)
		printf("  message %" PRIu64, seq);
	printf("  %s: ", what);
	record_text_put(stdout, a);
	fputs(" | ", stdout);
	record_text_put(stdout, b);
	putchar('\n');
}

static void differ_number(struct pair *p, const char *member, uint64_t seq, const char *what,
			  uint64_t a, uint64_t b)
{
	char x[24], y[24];
	if (a == b)
		return;
	snprintf(x, sizeof x, "%" PRIu64, a);
	snprintf(y, sizeof y, "%" PRIu64, b);
	differ_text(p, member, seq, what, x, y);
}

/* There on one side only. */
static void differ_there(struct pair *p, const char *member, uint64_t seq, const char *what,
			 bool in_a)
{
	differ_text(p, member, seq, what, in_a ? "there" : "-", in_a ? "-" : "there");
}

/* ---- members ------------------------------------------------------------------------- */

struct membership {
	char id[ROW_ID_MAX + 1];
	uint8_t type;
	uint64_t read_seq, unread, joined_seq, profile;
};

#define MEMBERS_PAGE 1000

struct memberships {
	struct membership *list;
	size_t len, cap;
};

static void add_membership(void *arg, const struct core_member_view *m)
{
	struct memberships *all = arg;
	MEM_GROW(all->list, all->len, all->cap, 64);
	struct membership *s = &all->list[all->len++];
	*s = (struct membership){.type = m->type,
				 .read_seq = m->read_seq,
				 .unread = m->unread,
				 .joined_seq = m->joined_seq,
				 .profile = hash64_seeded(m->name.data, m->name.len,
							  hash64(m->avatar.data, m->avatar.len))};
	audit_text(s->id, sizeof s->id, m->id);
}

static enum parlor_err memberships_of(struct pair *p, struct diff_side *side,
				      struct memberships *all)
{
	struct core_call call = {.tenant = SPAN_TEXT(p->tenant)};
	struct core_members_page page = {
		.room = SPAN_TEXT(p->room), .limit = MEMBERS_PAGE, .more = true};
	enum parlor_err err = PARLOR_E_OK;
	*all = (struct memberships){0};
	while (!err && page.more)
		err = core_members_list(side->engine.core, &call, &page, add_membership, all);
	return err;
}

static void compare_membership(struct pair *p, const struct membership *a,
			       const struct membership *b)
{
	differ_number(p, a->id, 0, "member type", a->type, b->type);
	differ_number(p, a->id, 0, "read up to", a->read_seq, b->read_seq);
	differ_number(p, a->id, 0, "unread", a->unread, b->unread);
	differ_number(p, a->id, 0, "joined behind message", a->joined_seq, b->joined_seq);
	if (a->profile != b->profile)
		differ_text(p, a->id, 0, "profile", "one", "another");
}

static enum parlor_err compare_members(struct pair *p)
{
	struct memberships a = {0}, b = {0};
	p->diff->failed = p->diff->a.source;
	enum parlor_err err = memberships_of(p, &p->diff->a, &a);
	if (!err) {
		p->diff->failed = p->diff->b.source;
		err = memberships_of(p, &p->diff->b, &b);
	}
	for (size_t i = 0, j = 0; !err && (i < a.len || j < b.len);) {
		int order = i == a.len ? 1 : j == b.len ? -1 : strcmp(a.list[i].id, b.list[j].id);
		if (order == 0)
			compare_membership(p, &a.list[i], &b.list[j]);
		else
			differ_there(p, order < 0 ? a.list[i].id : b.list[j].id, 0,
				     "is in the room", order < 0);
		i += order <= 0;
		j += order >= 0;
	}
	free(a.list);
	free(b.list);
	return err;
}

/* ---- messages ------------------------------------------------------------------------ */

struct said {
	struct record_text *record_text;
	struct row_message row;
	uint64_t facts; /* hash of all but the body */
	uint64_t body;
	bool gone; /* the body, now */
	char text[TEXT_SHOWN];
};

static uint64_t add_hash(uint64_t hash, const char *text)
{
	return hash64_seeded(text, strlen(text), hash);
}

static enum parlor_err take_said(void *arg, const struct entry *entry, const struct record *r)
{
	struct said *s = arg;
	const Parlor__Event *e = record_text_event(s->record_text, entry);
	if (!e || e->kind_case != PARLOR__EVENT__KIND_POSTED || r->kind != RECORD_POSTED)
		return PARLOR_E_STORE_CORRUPT;
	const Parlor__Message *m = e->posted;
	s->facts = add_hash(r->posted.type * 256U + (unsigned)m->content_type, m->sender);
	s->facts = add_hash(s->facts, m->sender_name);
	s->facts = add_hash(s->facts, m->sender_avatar);
	s->facts = add_hash(s->facts, m->client_id);
	for (size_t i = 0; i < m->n_mentions; i++)
		s->facts = add_hash(s->facts, m->mentions[i]);
	s->body = add_hash(0, m->body);
	s->gone = m->recalled;
	snprintf(s->text, sizeof s->text, "%s: %.100s", m->sender, m->body);
	return PARLOR_E_OK;
}

static enum parlor_err read_said(struct pair *p, struct diff_side *side, struct said *s)
{
	s->record_text = &p->record_text;
	p->diff->failed = side->source;
	return source_read(side->source, s->row.position, take_said, s);
}

static enum parlor_err compare_message(struct pair *p, uint64_t seq)
{
	struct said a = {0}, b = {0};
	struct diff *d = p->diff;
	enum parlor_err err = core_message(d->a.engine.core, p->a.no, seq, &a.row);
	if (!err)
		err = core_message(d->b.engine.core, p->b.no, seq, &b.row);
	if (err)
		return err;
	if (a.row.recalled != b.row.recalled)
		differ_text(p, "", seq, "recalled", a.row.recalled ? "yes" : "no",
			    b.row.recalled ? "yes" : "no");
	if (d->a.source == d->b.source && a.row.position == b.row.position)
		return PARLOR_E_OK; /* the same record */
	err = read_said(p, &d->a, &a);
	if (!err)
		err = read_said(p, &d->b, &b);
	if (!err && (a.facts != b.facts || (!a.gone && !b.gone && a.body != b.body)))
		differ_text(p, "", seq, "message", a.text, b.text);
	return err;
}

static enum parlor_err compare_messages(struct pair *p)
{
	uint64_t both = p->a.last_seq < p->b.last_seq ? p->a.last_seq : p->b.last_seq;
	enum parlor_err err = PARLOR_E_OK;
	for (uint64_t seq = 1; !err && seq <= both; seq++)
		err = compare_message(p, seq);
	if (!err)
		differ_number(p, "", 0, "last message", p->a.last_seq, p->b.last_seq);
	return err;
}

/* ---- rooms --------------------------------------------------------------------------- */

static void compare_lists(struct pair *p)
{
	char a[TEXT_SHOWN], b[TEXT_SHOWN];
	json_t *of_a = nouns_of_room(&p->a), *of_b = nouns_of_room(&p->b), *list;
	const char *key;
	json_object_foreach(of_a, key, list)
	{
		const json_t *other = json_object_get(of_b, key);
		if (!json_equal(list, other))
			differ_text(p, "", 0, key, record_text_list(list, a, sizeof a),
				    record_text_list(other, b, sizeof b));
	}
	json_decref(of_a);
	json_decref(of_b);
}

static void compare_view(struct pair *p)
{
	char a[TEXT_SHOWN], b[TEXT_SHOWN];
	if (!span_equal(p->a.name, p->b.name)) {
		audit_text(a, sizeof a, p->a.name);
		audit_text(b, sizeof b, p->b.name);
		differ_text(p, "", 0, "name", a, b);
	}
	compare_lists(p);
	differ_number(p, "", 0, "state", p->a.state, p->b.state);
	differ_number(p, "", 0, "history open", p->a.open, p->b.open);
	differ_number(p, "", 0, "counted", p->a.counted, p->b.counted);
}

static enum parlor_err compare_room(struct pair *p, uint64_t a, uint64_t b)
{
	struct diff *d = p->diff;
	d->failed = d->a.source;
	enum parlor_err err = core_room_names(d->a.engine.core, a, &p->a);
	if (!err) {
		d->failed = d->b.source;
		err = core_room_names(d->b.engine.core, b, &p->b);
	}
	if (err)
		return err;
	compare_view(p);
	err = compare_messages(p);
	return err ? err : compare_members(p);
}

/* ---- both sides, in order of names -------------------------------------------------------- */

static enum parlor_err diff_rooms(struct diff *d, const char *tenant, uint64_t a_no, uint64_t b_no)
{
	struct names a, b;
	struct pair p = {.diff = d, .tenant = tenant};
	record_text_init(&p.record_text);
	enum parlor_err err = names_init(&a, engine_rows(&d->a.engine), 'R', a_no), second;
	second = names_init(&b, engine_rows(&d->b.engine), 'R', b_no);
	err = err ? err : second;
	while (!err && !(a.ended && b.ended)) {
		int order = names_order(&a, &b);
		p.differences = 0;
		snprintf(p.room, sizeof p.room, "%s", order <= 0 ? a.name : b.name);
		if (order == 0)
			err = compare_room(&p, a.number, b.number);
		else
			differ_there(&p, "", 0, "room", order < 0);
		d->rooms++;
		d->rooms_differing += p.differences > 0;
		if (!err && order <= 0)
			err = names_next(&a);
		if (!err && order >= 0)
			err = names_next(&b);
	}
	names_fini(&a);
	names_fini(&b);
	record_text_fini(&p.record_text);
	return err;
}

enum parlor_err diff_tenants(struct diff *d)
{
	struct names a, b;
	enum parlor_err err = names_init(&a, engine_rows(&d->a.engine), 'T', 0), second;
	second = names_init(&b, engine_rows(&d->b.engine), 'T', 0);
	err = err ? err : second;
	while (!err && !(a.ended && b.ended)) {
		int order = names_order(&a, &b);
		const char *name = order <= 0 ? a.name : b.name;
		uint64_t a_no = order <= 0 ? a.number : 0, b_no = order >= 0 ? b.number : 0;
		bool wanted = !d->tenant || strcmp(d->tenant, name) == 0;
		if (wanted)
			err = diff_rooms(d, name, a_no, b_no);
		if (!err && wanted)
			err = diff_desk(d, name, a_no, b_no);
		if (!err && order <= 0)
			err = names_next(&a);
		if (!err && order >= 0)
			err = names_next(&b);
	}
	names_fini(&a);
	names_fini(&b);
	return err;
}
