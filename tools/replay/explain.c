#include "explain.h"

#include "audit/finding.h"
#include "audit/record_text.h"
#include "core/kinds.h"
#include "core/reading.h"
#include "core/room.h"
#include "options.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

#define TENANT_DEFAULT "default"
#define SHOWN_MAX 20

struct explain {
	bool json, failed;
	struct core_call call;
	struct span room, member;
	struct source source;
	struct engine engine;
	struct record_text record_text;
	uint64_t member_no; /* 0 until it joined for the first time */
	bool inside;
	uint64_t unread, read_seq;
	uint64_t lines;
	/* Messages of others that count, by seq: to say which are unread. */
	uint64_t *others;
	size_t others_len, others_cap;
};

struct numbers {
	bool known; /* it is in the room */
	uint64_t counted, seen, unread;
};

static enum parlor_err numbers_now(struct explain *x, struct numbers *n)
{
	struct core_unread_view unread;
	struct core_room_view room;
	*n = (struct numbers){0};
	enum parlor_err err = core_room_show(x->engine.core, &x->call, x->room, &room);
	if (!err)
		err = core_unread(x->engine.core, &x->call, x->room, x->member, &unread);
	if (err == PARLOR_E_NOT_MEMBER || err == PARLOR_E_ROOM_DISSOLVED)
		return PARLOR_E_OK;
	if (err)
		return err;
	*n = (struct numbers){.known = true,
			      .counted = room.counted,
			      .seen = room.counted - unread.unread,
			      .unread = unread.unread};
	x->unread = unread.unread;
	x->read_seq = unread.read_seq;
	return PARLOR_E_OK;
}

/* Why a record changes nothing for the member, if that is so. */
static const char *remark(const struct explain *x, const struct record *r)
{
	if (r->kind == RECORD_POSTED && r->posted.type == MESSAGE_TYPE_NOTICE)
		return "a notice does not count";
	if (r->kind == RECORD_POSTED && r->member == x->member_no)
		return "own messages do not count";
	if (r->kind == RECORD_RECALLED)
		return "a recalled message goes on counting";
	if (r->kind == RECORD_JOINED)
		return "what was said before is not unread";
	return "";
}

static bool concerns(struct explain *x, const struct record *r)
{
	bool was_inside = x->inside, is_member = r->member == x->member_no;
	switch (record_moves(r)) {
	case MOVES_IN:
		x->inside |= is_member;
		return is_member;
	case MOVES_OUT:
		x->inside &= !is_member;
		return is_member;
	case MOVES_ALL_OUT:
		x->inside = false;
		return was_inside;
	case MOVES_NOBODY:
		break;
	}
	if (r->kind == RECORD_READ)
		return is_member;
	return was_inside && (r->kind == RECORD_POSTED || r->kind == RECORD_RECALLED);
}

static void remember(struct explain *x, uint64_t seq)
{
	MEM_GROW(x->others, x->others_len, x->others_cap, 64);
	x->others[x->others_len++] = seq;
}

/* ---- lines ---------------------------------------------------------------------- */

static void print_numbers(struct explain *x, uint64_t position, const char *when,
			  const struct numbers *n)
{
	if (!x->lines++)
		printf("%10s  %-19s  %8s %8s %8s  WHAT\n", "POSITION", "TIME", "COUNTED", "SEEN",
		       "UNREAD");
	printf("%10" PRIu64 "  %-19s  ", position, when);
	if (n->known)
		printf("%8" PRIu64 " %8" PRIu64 " %8" PRIu64 "  ", n->counted, n->seen, n->unread);
	else
		printf("%8s %8s %8s  ", "-", "-", "-");
}

static void print_line(struct explain *x, const struct entry *entry, const struct record *r,
		       const struct numbers *n)
{
	char when[RECORD_TEXT_TIME_BYTES], what[512];
	const char *why = remark(x, r);
	record_text_what(&x->record_text, entry, r, what, sizeof what);
	print_numbers(x, entry->position, record_text_time(r->time_us, when), n);
	record_text_put(stdout, what);
	if (*why)
		printf(" (%s)", why);
	putchar('\n');
}

static void put_json(struct explain *x, json_t *line, const struct numbers *n)
{
	if (line && n->known) {
		json_object_set_new(line, "counted", json_integer((json_int_t)n->counted));
		json_object_set_new(line, "seen", json_integer((json_int_t)n->seen));
		json_object_set_new(line, "unread", json_integer((json_int_t)n->unread));
	}
	if (!record_text_json_line(stdout, line))
		x->failed = true;
	x->lines++;
}

static void print_json(struct explain *x, const struct entry *entry, const struct record *r,
		       const struct numbers *n)
{
	json_t *line = record_text_json(&x->record_text, entry, r);
	const char *why = remark(x, r);
	if (line) {
		json_object_del(line, "counted");
		json_object_del(line, "seen");
	}
	if (line && *why)
		json_object_set_new(line, "remark", json_string(why));
	put_json(x, line, n);
}

/* ---- what the snapshot says ----------------------------------------------------- */

static void print_base(struct explain *x, const struct numbers *n)
{
	if (x->json) {
		put_json(x,
			 json_pack("{s:I, s:s}", "position", (json_int_t)x->engine.base, "kind",
				   "snapshot"),
			 n);
		return;
	}
	print_numbers(x, x->engine.base, "-", n);
	printf("the snapshot; what was before it is trimmed\n");
}

/* What was said before is known by the index alone. */
static enum parlor_err begin(struct explain *x)
{
	struct core *core = x->engine.core;
	struct core_room_view room;
	struct row_message m;
	struct numbers n;
	enum parlor_err err = core_member_find(core, &x->call, x->member, &x->member_no);
	if (!err)
		err = core_room_names(core, x->engine.room_no, &room);
	for (uint64_t seq = 1; !err && seq <= room.last_seq; seq++) {
		err = core_message(core, x->engine.room_no, seq, &m);
		if (!err && m.counts && m.sender != x->member_no)
			remember(x, seq);
	}
	if (!err)
		err = numbers_now(x, &n);
	if (err)
		return source_fault(&x->source, err, 0, "%s", parlor_err_text(err));
	x->inside = n.known;
	if (x->inside)
		print_base(x, &n);
	return PARLOR_E_OK;
}

/* ---- record by record ----------------------------------------------------------- */

static enum parlor_err come_by(void *arg, const struct entry *entry, const struct record *r)
{
	struct explain *x = arg;
	struct numbers n;
	if (r->kind == RECORD_MEMBER && r->tenant == x->engine.tenant_no &&
	    span_equal(r->member_id, x->member))
		x->member_no = r->member;
	if (!r->room || r->room != x->engine.room_no)
		return PARLOR_E_OK;
	if (r->kind == RECORD_POSTED && r->posted.type == MESSAGE_TYPE_MESSAGE &&
	    r->member != x->member_no)
		remember(x, r->posted.seq);
	if (!x->member_no || !concerns(x, r))
		return PARLOR_E_OK;
	enum parlor_err err = numbers_now(x, &n);
	if (err)
		return source_fault(&x->source, err, entry->position, "%s", parlor_err_text(err));
	if (x->json)
		print_json(x, entry, r, &n);
	else
		print_line(x, entry, r, &n);
	return PARLOR_E_OK;
}

/* ---- the end -------------------------------------------------------------------- */

/* Which messages they are, found one by one. */
static int conclude(struct explain *x)
{
	size_t first = 0;
	while (first < x->others_len && x->others[first] <= x->read_seq)
		first++;
	size_t unread = x->inside ? x->others_len - first : 0;
	bool right = !x->inside || unread == x->unread;
	if (!x->inside)
		fprintf(stderr, "parlor-replay: it is not in the room now\n");
	if (!right)
		fprintf(stderr, "parlor-replay: counted one by one it is %zu, not %" PRIu64 "\n",
			unread, x->unread);
	if (x->inside && !x->json) {
		printf("\nunread %" PRIu64 ", read up to %" PRIu64, x->unread, x->read_seq);
		for (size_t i = first; i < x->others_len && i - first < SHOWN_MAX; i++)
			printf("%s %" PRIu64, i == first ? ": messages" : ",", x->others[i]);
		puts(unread > SHOWN_MAX ? ", ..." : "");
	}
	return right ? AUDIT_EQUAL : AUDIT_UNREAD;
}

static enum parlor_err walk(struct explain *x, const char *dir)
{
	enum parlor_err err = source_open(&x->source, dir);
	if (!err)
		err = engine_init(&x->engine, &x->source);
	if (!err)
		err = engine_start(&x->engine, x->source.last);
	if (err)
		return err;
	engine_limit_to_room(&x->engine, x->call.tenant, x->room);
	if (x->engine.base && x->engine.room_no)
		err = begin(x);
	return err ? err : engine_run(&x->engine, x->source.last, come_by, x);
}

static int finish(struct explain *x)
{
	if (!x->lines) {
		fprintf(stderr, "parlor-replay: %s\n",
			x->engine.room_no ? "that member was never in the room" : "no such room");
		return AUDIT_DIFFERENT;
	}
	int code = conclude(x);
	if (!x->failed && !fflush(stdout))
		return code;
	fprintf(stderr, "parlor-replay: output cannot be written\n");
	return AUDIT_UNREADABLE;
}

int explain_main(int argc, char **argv)
{
	struct explain x = {0};
	struct options_shared shared;
	const struct options_row rows[] = {
		{"json", NULL, "lines of JSON, one a record", OPTIONS_FLAG, .into = &x.json},
		{0},
	};
	const struct options_command command = {
		.name = "explain",
		.operands = "ROOM MEMBER",
		.about = "Prints how a member's unread in a room came to be, record by record:\n"
			 "what counted in the room, how much of it does not count for the\n"
			 "member, and the difference, which is the unread count.\n"
			 "exit: 0 printed; 1 there is no such room, or the member was never in\n"
			 "it; 2 usage; 3 the journal is damaged; 5 the count is not what\n"
			 "counting one by one gives; 7 something cannot be read; 8 the journal\n"
			 "begins behind position 1, and no snapshot can be used",
		.shared = OPTIONS_DATA | OPTIONS_DATA_NEEDED | OPTIONS_TENANT,
		.rows = rows,
	};

	const char *const *words = options_parse(&command, &shared, argc, argv);
	x.call.tenant = SPAN_TEXT(shared.tenant ? shared.tenant : TENANT_DEFAULT);
	x.room = SPAN_TEXT(words[0]);
	x.member = SPAN_TEXT(words[1]);
	record_text_init(&x.record_text);
	enum parlor_err err = walk(&x, shared.data);
	int code = err ? (int)audit_exit_of(err) : finish(&x);
	if (err)
		fprintf(stderr, "parlor-replay: %s\n", x.source.why);
	engine_fini(&x.engine);
	source_close(&x.source);
	record_text_fini(&x.record_text);
	free(x.others);
	return code;
}
