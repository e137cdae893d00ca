/* parlor room ... */
#include "ctl.h"
#include "json.h"
#include "show.h"
#include "spec.h"
#include "table.h"

#define NOTICE_OPTION                                          \
	{                                                      \
		"notice", "TEXT", "put a notice into the room" \
	}

static enum ctl_exit create(struct ctl *ctl, const struct args *args)
{
	Parlor__RoomCreate body = PARLOR__ROOM_CREATE__INIT;
	struct spec_list members = {0};
	enum ctl_exit status = CTL_USAGE;
	Parlor__Notice notice;
	const char *text;
	size_t at = 0;

	while ((text = args_next(args, "member", &at)))
		if (!spec_add(&members, text))
			goto out;
	if (args_has(args, "id"))
		body.room = ctl_text(args_value(args, "id"));
	if (args_has(args, "name"))
		body.name = ctl_text(args_value(args, "name"));
	body.history_open = args_has(args, "history-open");
	body.members = members.members;
	body.n_members = members.len;
	body.notice = ctl_notice(args, &notice);
	status = ctl_ask(ctl, PARLOR__REQUEST__OP_ROOM_CREATE, &body);
out:
	spec_fini(&members);
	return status;
}

/* ---- shown ---- */

static void show_room(const Parlor__Reply *r)
{
	const Parlor__RoomInfo *room = r->room;
	struct table t;

	table_init(&t, 2);
	table_line(&t, "room", room->room);
	table_line(&t, "name", room->name);
	if (room->n_labels) {
		table_text(&t, "labels");
		table_list(&t, room->labels, room->n_labels);
	}
	table_text(&t, "state");
	table_word(&t, &parlor__room_state__descriptor, room->state);
	table_line(&t, "history",
		   room->history_open ? "open to who joins later" : "from joining on");
	table_line_number(&t, "members", room->members);
	table_line_number(&t, "last seq", room->last_seq);
	table_line_number(&t, "counted", room->counted);
	table_text(&t, "created");
	table_time(&t, room->created_us);
	table_text(&t, "active");
	table_time(&t, room->active_us);
	table_print(&t, stdout);
}

static void event_room_changed(FILE *out, const Parlor__Event *e)
{
	const char *word = enum_word(&parlor__room_state__descriptor, (int)e->room_changed->state);

	fprintf(out, "the room is %s, named \"", word ? word : "?");
	show_text(out, e->room_changed->name);
	fputc('"', out);
}

/* ---- the table ---- */

static const struct args_option create_options[] = {
	{"id", "ID", "the room's id; without it one is made"},
	{"name", "NAME", "shown to its members"},
	{"history-open", NULL, "who joins later sees what was said before"},
	{"member", "ID[:TYPE[:NAME[:AVATAR]]]",
	 "a member from the start; may repeat.\n"
	 "TYPE is manager or member (the default)"},
	NOTICE_OPTION,
	{NULL, NULL, NULL},
};
static const struct args_option notice_options[] = {NOTICE_OPTION, {NULL, NULL, NULL}};

static const struct command commands[] = {
	{"room create", "", 0, 0, create_options, "Makes a room.", .run = create},
	{"room show", "ROOM", 1, 1, NULL, "Shows a room.", .op = PARLOR__REQUEST__OP_ROOM_SHOW,
	 .fields = {"room"}},
	{"room rename", "ROOM NAME", 2, 2, notice_options, "Gives a room another name.",
	 .op = PARLOR__REQUEST__OP_ROOM_RENAME, .fields = {"room", "name"}},
	{"room close", "ROOM", 1, 1, notice_options, "Closes a room: it refuses posts.",
	 .op = PARLOR__REQUEST__OP_ROOM_CLOSE, .fields = {"room"}},
	{"room reopen", "ROOM", 1, 1, notice_options, "Opens a closed room again.",
	 .op = PARLOR__REQUEST__OP_ROOM_REOPEN, .fields = {"room"}},
	{"room dissolve", "ROOM", 1, 1, notice_options, "Ends a room for good. Its history stays.",
	 .op = PARLOR__REQUEST__OP_ROOM_DISSOLVE, .fields = {"room"}},
	{0},
};
static const struct show_result results[] = {
	{PARLOR__REPLY__RESULT_ROOM, show_room, false},
	{0},
};
static const struct show_event events[] = {
	{PARLOR__EVENT__KIND_ROOM_CHANGED, event_room_changed},
	{0},
};
const struct noun room_noun = {.commands = commands, .results = results, .events = events};
