#include "verify_unread.h"

#include "audit/recount.h"

#include <inttypes.h>

/* Records of one group at most: 8 bytes a message bound its memory. */
#define GROUP_RECORDS ((uint64_t)32 << 20)

struct check {
	struct engine *engine;
	struct verify_unread *result;
	struct finding *finding;
	struct recount *recount;
	struct progress progress;
	uint64_t room_no; /* whose counter is known */
	struct row_room room;
	enum parlor_err err;
};

static void wrong_record(struct check *c, const struct recount_finding *f)
{
	static const char *const what[] = {
		[RECOUNT_SEQ] = "the seq of a message is not the next one",
		[RECOUNT_UNREAD] = "unread after a reading, counted message by message",
		[RECOUNT_ROOM] = "the record is about a room or a member that is not there",
	};
	finding_set(c->finding, f->fault == RECOUNT_UNREAD ? AUDIT_UNREAD : AUDIT_JOURNAL,
		    what[f->fault]);
	finding_name(c->finding, c->engine, f->room, f->member);
	c->finding->position = f->position;
	if (f->fault == RECOUNT_ROOM)
		return;
	finding_expected(c->finding, "%" PRIu64, f->expected);
	finding_found(c->finding, "%" PRIu64, f->found);
}

static enum parlor_err take(void *arg, const struct entry *entry, const struct record *r)
{
	struct check *c = arg;
	struct recount_finding f;
	(void)entry;
	progress_step(&c->progress);
	if (recount_take(c->recount, r, &f))
		return PARLOR_E_OK;
	if (!c->result->differing++)
		wrong_record(c, &f);
	return PARLOR_E_NOT_FOUND; /* what follows is no longer counted */
}

/* ---- the rows -------------------------------------------------------------------- */

static enum parlor_err get(struct check *c, const struct row_key *key, struct span *value)
{
	struct core_rows rows = engine_rows(c->engine);
	return rows.get(rows.ctx, key, value);
}

/* The strings of a row are not used behind the next read. */
static enum parlor_err load_room(struct check *c, uint64_t no)
{
	struct row_key key;
	struct span value;
	if (c->room_no == no)
		return PARLOR_E_OK;
	row_key_room(&key, no);
	enum parlor_err err = get(c, &key, &value);
	if (!err && !row_get_room(value, &c->room))
		err = PARLOR_E_STORE_CORRUPT;
	c->room_no = err ? 0 : no;
	return err;
}

/* True: this is the first. */
static bool differ(struct check *c, const char *what, uint64_t room, uint64_t member)
{
	struct finding f = {.only = c->finding->only};
	finding_set(&f, AUDIT_UNREAD, what);
	finding_name(&f, c->engine, room, member);
	if (!finding_wanted(&f) || c->result->differing++)
		return false;
	*c->finding = f;
	return true;
}

static bool compare(void *arg, const struct recount_member *m)
{
	struct check *c = arg;
	struct row_key key;
	struct span value;
	struct row_membership row;
	row_key_membership(&key, m->room, m->member);
	enum parlor_err err = load_room(c, m->room);
	if (!err)
		err = get(c, &key, &value);
	if (err == PARLOR_E_NOT_FOUND) {
		if (differ(c, "a member of the room", m->room, m->member)) {
			finding_expected(c->finding, "it is in the room");
			finding_found(c->finding, "it is not");
		}
		return true;
	}
	if (!err && !row_get_membership(value, &row))
		err = PARLOR_E_STORE_CORRUPT;
	c->err = err;
	if (err)
		return false;
	c->result->memberships++;
	c->result->unread += m->unread;
	uint64_t found = c->room.counted - row.seen;
	if (found == m->unread)
		return true;
	if (differ(c, "unread, counted message by message", m->room, m->member)) {
		finding_expected(c->finding, "%" PRIu64 " (read up to %" PRIu64 ")", m->unread,
				 m->read_seq);
		finding_found(c->finding, "%" PRIu64, found);
	}
	return true;
}

/* Rows of members that the records do not know. Rooms are numbered from 1. */
static enum parlor_err compare_members(struct check *c, uint64_t groups, uint64_t group)
{
	struct core_counts n;
	core_counts(c->engine->core, &n);
	for (uint64_t no = group ? group : groups; no <= n.rooms; no += groups) {
		enum parlor_err err = load_room(c, no);
		if (err)
			return err;
		c->result->messages += c->room.last_seq;
		size_t members = recount_members(c->recount, no);
		if (members == c->room.members)
			continue;
		if (differ(c, "members of the room", no, 0)) {
			finding_expected(c->finding, "%zu", members);
			finding_found(c->finding, "%u", c->room.members);
		}
	}
	return PARLOR_E_OK;
}

static enum parlor_err count_base(struct check *c)
{
	struct snapshot *base = &c->engine->snapshot;
	enum row_table table;
	struct span key, value;
	enum parlor_err err = snapshot_rewind(base);
	while (!err && !(err = snapshot_next(base, &table, &key, &value)))
		if (!recount_begin(c->recount, table, key, value))
			err = PARLOR_E_STORE_CORRUPT;
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK;
	return source_fault(c->engine->source, PARLOR_E_IO, 0, "the snapshot cannot be read: %s",
			    parlor_err_text(err));
}

/* From where the re-execution began. */
static enum parlor_err count(struct check *c, uint64_t upto)
{
	enum parlor_err err = c->engine->base ? count_base(c) : PARLOR_E_OK;
	return err ? err : source_walk(c->engine->source, c->engine->base + 1, upto, take, c);
}

static enum parlor_err check_group(struct check *c, uint64_t upto, uint64_t groups, uint64_t group)
{
	struct source *s = c->engine->source;
	c->recount = recount_new(groups, group);
	enum parlor_err err = count(c, upto);
	if (!err) {
		recount_each(c->recount, compare, c);
		err = c->err;
		if (!err)
			err = compare_members(c, groups, group);
		if (err)
			source_fault(s, PARLOR_E_IO, 0, "the scratch cannot be read: %s",
				     parlor_err_text(err));
	}
	recount_free(c->recount);
	return err == PARLOR_E_NOT_FOUND && c->result->differing ? PARLOR_E_OK : err;
}

enum parlor_err verify_unread(struct engine *engine, uint64_t upto, struct verify_unread *result,
			      struct finding *finding)
{
	struct check c = {.engine = engine, .result = result, .finding = finding};
	uint64_t groups = 1 + upto / GROUP_RECORDS;
	enum parlor_err err = PARLOR_E_OK;
	*result = (struct verify_unread){0};
	progress_begin(&c.progress, "records counted", upto * groups);
	for (uint64_t group = 0; !err && !result->differing && group < groups; group++)
		err = check_group(&c, upto, groups, group);
	return err;
}

/* ---- a record that does not fit ---------------------------------------------------- */

struct place {
	uint64_t room, member;
};

static enum parlor_err take_place(void *arg, const struct entry *entry, const struct record *r)
{
	(void)entry;
	*(struct place *)arg = (struct place){r->room, r->member};
	return PARLOR_E_OK;
}

void verify_unread_diagnose(struct engine *engine, uint64_t position, struct finding *finding)
{
	struct verify_unread result = {0};
	struct check c = {.engine = engine, .result = &result, .finding = finding};
	struct place at = {0};
	if (source_read(engine->source, position, take_place, &at) || !at.room ||
	    engine_settle(engine))
		return;
	finding_name(finding, engine, at.room, at.member);
	/* So many groups that the room is alone in its own. */
	c.recount = recount_new(UINT64_MAX, at.room);
	progress_begin(&c.progress, "records counted", position);
	if (count(&c, position) && result.differing)
		finding->code = AUDIT_JOURNAL;
	recount_free(c.recount);
}
