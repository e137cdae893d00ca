/* parlor list, unread, read, mark-unread */
#include "ctl.h"
#include "show.h"
#include "table.h"

#include <inttypes.h>

static enum ctl_exit list(struct ctl *ctl, const struct args *args)
{
	Parlor__InboxList body = PARLOR__INBOX_LIST__INIT;
	bool all = args_has(args, "all");
	uint64_t limit = 0;

	if (!args_option_number(args, "limit", 1, UINT32_MAX, &limit))
		return CTL_USAGE;
	body.member = ctl_text(args->operands[0]);
	body.limit = (uint32_t)limit;
	body.unread_only = args_has(args, "unread");
	if (args_has(args, "label"))
		body.label = ctl_text(args_value(args, "label"));
	do {
		Parlor__Reply *reply;
		enum ctl_exit status = ctl_call(ctl, PARLOR__REQUEST__OP_LIST, &body,
						PARLOR__REPLY__RESULT_LIST, &reply);

		if (status)
			return status;
		show_reply(reply, ctl->json);
		body.cursor = reply->list->cursor;
		parlor_reply_free(reply);
	} while (all && body.cursor);
	return CTL_OK;
}

static enum ctl_exit unread_total(struct ctl *ctl, const char *member)
{
	Parlor__UnreadTotal body = PARLOR__UNREAD_TOTAL__INIT;

	body.member = ctl_text(member);
	return ctl_ask(ctl, PARLOR__REQUEST__OP_UNREAD_TOTAL, &body);
}

static enum ctl_exit unread(struct ctl *ctl, const struct args *args)
{
	Parlor__UnreadGet body = PARLOR__UNREAD_GET__INIT;

	if (args->operands_len == 1)
		return unread_total(ctl, args->operands[0]);
	body.member = ctl_text(args->operands[0]);
	body.room = ctl_text(args->operands[1]);
	return ctl_ask(ctl, PARLOR__REQUEST__OP_UNREAD_GET, &body);
}

static enum ctl_exit mark_unread(struct ctl *ctl, const struct args *args)
{
	uint64_t seq;

	return args_number(args->operands[2], "SEQ", 1, UINT64_MAX, &seq) ? ctl_plain(ctl, args)
									  : CTL_USAGE;
}

/* ---- shown ---- */

static void show_unread(const Parlor__Reply *r)
{
	printf("unread %" PRIu64 "  read up to %" PRIu64 " of %" PRIu64 "%s\n", r->unread->unread,
	       r->unread->read_seq, r->unread->last_seq, r->unread->mentioned ? "  mentioned" : "");
}

static void show_unread_total(const Parlor__Reply *r)
{
	printf("unread %" PRIu64 " in %" PRIu64 " rooms\n", r->unread_total->unread,
	       r->unread_total->rooms);
}

static void show_list(const Parlor__Reply *r)
{
	struct table t;

	table_heads(&t, HEADS("ROOM", "NAME", "STATE", "UNREAD", "", "ACTIVE", "LABELS", "LAST"));
	for (size_t i = 0; i < r->list->n_items; i++) {
		const Parlor__InboxRoom *c = r->list->items[i];

		table_text(&t, c->room);
		table_text(&t, c->name);
		table_word(&t, &parlor__room_state__descriptor, c->state);
		table_number(&t, c->unread);
		table_text(&t, c->mentioned ? "@" : "");
		table_time(&t, c->active_us);
		table_list(&t, c->labels, c->n_labels);
		table_text(&t, !c->last ? "" : c->last->recalled ? "(recalled)" : c->last->body);
	}
	table_print(&t, stdout);
}

static void event_read(FILE *out, const Parlor__Event *e)
{
	show_text(out, e->read->member);
	fprintf(out, " read up to %" PRIu64 ", %" PRIu64 " unread", e->read->read_seq,
		e->read->unread);
}

/* ---- the table ---- */

static const struct args_option list_options[] = {
	{"limit", "N", "rooms of a page"},
	{"all", NULL, "all pages"},
	{"unread", NULL, "only rooms with something unread"},
	{"label", "LABEL", "only rooms with that label"},
	{NULL, NULL, NULL},
};

static const struct command commands[] = {
	{"list", "MEMBER", 1, 1, list_options, "A member's rooms, last active first.", .run = list},
	{"unread", "MEMBER [ROOM]", 1, 2, NULL, "A member's unread messages, in all or one room.",
	 .run = unread},
	{"read", "ROOM MEMBER [SEQ]", 2, 3, NULL,
	 "Marks a room as read, all of it or up to a message.", .op = PARLOR__REQUEST__OP_READ,
	 .fields = {"room", "member", "seq"}},
	{"mark-unread", "ROOM MEMBER SEQ", 3, 3, NULL, "Marks a room as unread from a message on.",
	 .run = mark_unread, .op = PARLOR__REQUEST__OP_UNREAD_MARK,
	 .fields = {"room", "member", "seq"}},
	{0},
};
static const struct show_result results[] = {
	{PARLOR__REPLY__RESULT_UNREAD, show_unread, false},
	{PARLOR__REPLY__RESULT_UNREAD_TOTAL, show_unread_total, false},
	{PARLOR__REPLY__RESULT_LIST, show_list, true},
	{0},
};
static const struct show_event events[] = {
	{PARLOR__EVENT__KIND_READ, event_read},
	{0},
};
const struct noun reading_noun = {.commands = commands, .results = results, .events = events};
