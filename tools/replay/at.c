#include "at.h"

#include "at_desk.h"
#include "audit/finding.h"
#include "audit/journal_point.h"
#include "audit/record_text.h"
#include "core/desk/candidates.h"
#include "core/room_members.h"
#include "noun/noun.h"
#include "options.h"

#include <inttypes.h>
#include <string.h>

#define TENANT_DEFAULT "default"
#define MEMBERS_PAGE 1000

struct at {
	bool json;
	const char *desk, *team; /* team: its desk is asked for, and no room */
	struct core_call call;
	struct span room;
	uint64_t position;
	struct source source;
	struct engine engine;
	struct core_room_view view;
	struct record_text record_text;
	struct row_message message; /* being printed */
	bool failed;                /* output */
};

static const char *state_text(uint8_t state)
{
	return state == ROOM_STATE_OPEN     ? "open"
	       : state == ROOM_STATE_CLOSED ? "closed"
					    : "dissolved";
}

static const char *type_text(uint8_t type)
{
	return type == MEMBER_TYPE_MANAGER ? "manager" : "member";
}

static void put(struct at *a, json_t *line)
{
	if (!record_text_json_line(stdout, line))
		a->failed = true;
}

static json_t *text_of(struct span s)
{
	return record_text_json_text(s.data ? s.data : "", s.len);
}

static void print_span(struct span s, int width)
{
	char text[2048];
	audit_text(text, sizeof text, s);
	record_text_put(stdout, text);
	printf("%*s", width > (int)s.len ? width - (int)s.len : 0, "");
}

/* ---- the room ------------------------------------------------------------------- */

static void print_lists(const struct core_room_view *v)
{
	char text[2048];
	json_t *lists = nouns_of_room(v), *list;
	const char *key;
	json_object_foreach(lists, key, list)
	{
		printf("\n%-10s", key);
		record_text_put(stdout, record_text_list(list, text, sizeof text));
	}
	json_decref(lists);
}

static json_t *room_json(const struct at *a, const struct core_room_view *v)
{
	json_t *line =
		json_pack("{s:s, s:o, s:o, s:s, s:I, s:i, s:I, s:I, s:I}", "kind", "room", "room",
			  text_of(v->id), "name", text_of(v->name), "state", state_text(v->state),
			  "position", (json_int_t)a->position, "members", (int)v->members,
			  "last_seq", (json_int_t)v->last_seq, "counted", (json_int_t)v->counted,
			  "created_us", (json_int_t)v->created_us);
	json_object_update_new(line, nouns_of_room(v));
	return line;
}

static void print_room(struct at *a)
{
	const struct core_room_view *v = &a->view;
	char when[RECORD_TEXT_TIME_BYTES];
	if (a->json) {
		put(a, room_json(a, v));
		return;
	}
	printf("room      ");
	print_span(v->id, 0);
	printf("\nname      ");
	print_span(v->name, 0);
	print_lists(v);
	printf("\nstate     %s\nposition  %" PRIu64 "\nmembers   %u\nlast seq  %" PRIu64
	       "\ncounted   %" PRIu64 "\ncreated   %s\n",
	       state_text(v->state), a->position, v->members, v->last_seq, v->counted,
	       record_text_time(v->created_us, when));
	if (v->members)
		printf("\n%-24s %-8s %8s %8s  %-19s  NAME\n", "MEMBER", "TYPE", "READ", "UNREAD",
		       "JOINED");
}

/* ---- members -------------------------------------------------------------------- */

static void print_member(void *arg, const struct core_member_view *m)
{
	struct at *a = arg;
	char when[RECORD_TEXT_TIME_BYTES];
	if (a->json) {
		put(a, json_pack("{s:s, s:o, s:s, s:I, s:I, s:I, s:I, s:o}", "kind", "member",
				 "member", text_of(m->id), "type", type_text(m->type), "read_seq",
				 (json_int_t)m->read_seq, "unread", (json_int_t)m->unread,
				 "joined_seq", (json_int_t)m->joined_seq, "joined_us",
				 (json_int_t)m->joined_us, "name", text_of(m->name)));
		return;
	}
	print_span(m->id, 24);
	printf(" %-8s %8" PRIu64 " %8" PRIu64 "  %-19s  ", type_text(m->type), m->read_seq,
	       m->unread, record_text_time(m->joined_us, when));
	print_span(m->name, 0);
	putchar('\n');
}

static enum parlor_err print_members(struct at *a)
{
	struct core_members_page page = {.room = a->room, .limit = MEMBERS_PAGE, .more = true};
	enum parlor_err err = PARLOR_E_OK;
	while (!err && page.more)
		err = core_members_list(a->engine.core, &a->call, &page, print_member, a);
	return err;
}

/* ---- messages --------------------------------------------------------------------- */

static enum parlor_err print_message(void *arg, const struct entry *entry, const struct record *r)
{
	struct at *a = arg;
	char when[RECORD_TEXT_TIME_BYTES];
	const Parlor__Event *e = record_text_event(&a->record_text, entry);
	if (!e || e->kind_case != PARLOR__EVENT__KIND_POSTED || r->kind != RECORD_POSTED)
		return PARLOR_E_STORE_CORRUPT;
	const Parlor__Message *m = e->posted;
	bool notice = r->posted.type == MESSAGE_TYPE_NOTICE,
	     since = m->recalled && !a->message.recalled;
	if (a->json) {
		put(a, json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:b, s:b}", "kind", "message",
				 "seq", (json_int_t)r->posted.seq, "position",
				 (json_int_t)entry->position, "time_us", (json_int_t)r->time_us,
				 "sender", m->sender, "type", notice ? "notice" : "message", "body",
				 a->message.recalled ? "" : m->body, "recalled",
				 (int)a->message.recalled, "recalled_since", (int)since));
		return PARLOR_E_OK;
	}
	printf("%6" PRIu64 "  %s  %s", r->posted.seq, record_text_time(r->time_us, when),
	       notice ? "* " : "");
	record_text_put(stdout, m->sender[0] ? m->sender : "system");
	fputs(": ", stdout);
	if (a->message.recalled)
		fputs("(recalled)", stdout);
	else if (since)
		fputs("(recalled since: the text is gone)", stdout);
	else
		record_text_put(stdout, m->body);
	putchar('\n');
	return PARLOR_E_OK;
}

/* Its text went with its record; the index still knows of it. */
static void print_trimmed(struct at *a, uint64_t seq)
{
	char when[RECORD_TEXT_TIME_BYTES];
	if (a->json)
		put(a, json_pack("{s:s, s:I, s:I, s:I, s:b, s:b}", "kind", "message", "seq",
				 (json_int_t)seq, "position", (json_int_t)a->message.position,
				 "time_us", (json_int_t)a->message.time_us, "recalled",
				 (int)a->message.recalled, "trimmed", 1));
	else
		printf("%6" PRIu64 "  %s  (trimmed)\n", seq,
		       record_text_time(a->message.time_us, when));
}

static enum parlor_err print_messages(struct at *a)
{
	enum parlor_err err = PARLOR_E_OK;
	if (!a->json && a->view.last_seq)
		putchar('\n');
	for (uint64_t seq = 1; !err && seq <= a->view.last_seq; seq++) {
		err = core_message(a->engine.core, a->view.no, seq, &a->message);
		if (!err)
			err = source_read(&a->source, a->message.position, print_message, a);
		if (err == PARLOR_E_NOT_FOUND && a->message.position <= a->engine.base) {
			print_trimmed(a, seq);
			err = PARLOR_E_OK;
		}
	}
	return err;
}

/* ---- all of it ---------------------------------------------------------------------- */

static enum parlor_err run_to(struct at *a, const char *dir,
			      const struct journal_point *journal_point)
{
	enum parlor_err err = source_open(&a->source, dir);
	if (!err)
		err = journal_point_position(journal_point, &a->source, &a->position);
	if (!err)
		err = engine_init(&a->engine, &a->source);
	if (!err)
		err = engine_start(&a->engine, a->position);
	if (err)
		return err;
	if (a->team)
		core_desk_derive(a->engine.core);
	else
		engine_limit_to_room(&a->engine, a->call.tenant, a->room);
	return engine_run(&a->engine, a->position, NULL, NULL);
}

static enum parlor_err show_room(struct at *a)
{
	print_room(a);
	enum parlor_err err = print_members(a);
	return err ? err : print_messages(a);
}

static int missing(const struct at *a, const char *what)
{
	fprintf(stderr, "parlor-replay: at position %" PRIu64 " %s\n", a->position, what);
	return AUDIT_DIFFERENT;
}

static enum parlor_err find_and_show(struct at *a)
{
	struct at_desk desk = {.engine = &a->engine,
			       .call = a->call,
			       .desk = a->desk,
			       .team = a->team,
			       .position = a->position,
			       .json = a->json};
	enum parlor_err err;
	if (a->team) {
		err = at_desk_show(&desk);
		a->failed |= desk.failed;
		return err;
	}
	err = core_room_show(a->engine.core, &a->call, a->room, &a->view);
	return err ? err : show_room(a);
}

static int show(struct at *a)
{
	enum parlor_err err = find_and_show(a);
	if (err == PARLOR_E_ROOM_UNKNOWN)
		return missing(a, "there is no such room");
	if (a->team && err == PARLOR_E_NOT_FOUND)
		return missing(a, "there is no such team");
	if (a->team && err == PARLOR_E_VALUE)
		return missing(a, "several desks have such a team: --desk says which");
	if (err || a->failed || fflush(stdout)) {
		fprintf(stderr, "parlor-replay: %s\n",
			!err               ? "output cannot be written"
			: a->source.why[0] ? a->source.why
					   : parlor_err_text(err));
		return err ? (int)audit_exit_of(err) : AUDIT_UNREADABLE;
	}
	return AUDIT_EQUAL;
}

int at_main(int argc, char **argv)
{
	struct at a = {0};
	struct journal_point journal_point;
	struct options_shared shared;
	const struct options_row rows[] = {
		{"desk", "ID", "of that desk, where several have such a team", OPTIONS_TEXT,
		 .into = &a.desk},
		{"json", NULL,
		 "lines of JSON: the room, its members, its messages; or who waits\n"
		 "in the queue, and the seats",
		 OPTIONS_FLAG, .into = &a.json},
		{0},
	};
	const struct options_command command = {
		.name = "at",
		.operands = "POSITION|TIME ROOM|desk [TEAM]",
		.about = "Prints a room, its members and their unread, and its messages as they\n"
			 "were once the record of that position was written. With desk TEAM: the\n"
			 "queue of that team, and what each of its seats had. A TIME is of\n"
			 "RFC 3339, or in milliseconds since 1970.\n"
			 "exit: 0 printed; 1 there was no such room or team; 2 usage; 3 the "
			 "journal is\n"
			 "damaged; 7 something cannot be read; 8 the journal begins behind\n"
			 "position 1, and no snapshot of before that point can be used",
		.shared = OPTIONS_DATA | OPTIONS_DATA_NEEDED | OPTIONS_TENANT,
		.rows = rows,
	};

	const char *const *words = options_parse(&command, &shared, argc, argv);
	if (!journal_point_parse(&journal_point, words[0]))
		options_misuse(&command, "neither a position nor a time", words[0]);
	a.call.tenant = SPAN_TEXT(shared.tenant ? shared.tenant : TENANT_DEFAULT);
	a.room = SPAN_TEXT(words[1]);
	a.team = words[2];
	if (a.team && strcmp(words[1], "desk") != 0)
		options_misuse(&command, "too many words", words[2]);
	record_text_init(&a.record_text);
	enum parlor_err err = run_to(&a, shared.data, &journal_point);
	int code = err == PARLOR_E_VALUE ? AUDIT_USAGE : (int)audit_exit_of(err);
	if (err)
		fprintf(stderr, "parlor-replay: %s\n", a.source.why);
	else
		code = show(&a);
	engine_fini(&a.engine);
	source_close(&a.source);
	record_text_fini(&a.record_text);
	return code;
}
