/* parlor member ..., parlor presence */
#include "ctl.h"
#include "json.h"
#include "show.h"
#include "spec.h"
#include "table.h"

#define PAGE 200

static enum ctl_exit add(struct ctl *ctl, const struct args *args)
{
	Parlor__MembersAdd body = PARLOR__MEMBERS_ADD__INIT;
	struct spec_list members = {0};
	enum ctl_exit status = CTL_USAGE;

	for (size_t i = 1; i < args->operands_len; i++)
		if (!spec_add(&members, args->operands[i]))
			goto out;
	body.room = ctl_text(args->operands[0]);
	body.members = members.members;
	body.n_members = members.len;
	status = ctl_ask(ctl, PARLOR__REQUEST__OP_MEMBERS_ADD, &body);
out:
	spec_fini(&members);
	return status;
}

static enum ctl_exit change(struct ctl *ctl, const struct args *args)
{
	Parlor__MemberChange member = PARLOR__MEMBER_CHANGE__INIT;
	Parlor__MemberChange *members[] = {&member};
	Parlor__MembersChange body = PARLOR__MEMBERS_CHANGE__INIT;
	int type = PARLOR__MEMBER_TYPE__MEMBER_NONE;

	if (!args_has(args, "type") && !args_has(args, "name") && !args_has(args, "avatar"))
		return ctl_misuse(ctl, "nothing to change: give --type, --name or --avatar");
	if (args_has(args, "type") &&
	    !enum_parse(&parlor__member_type__descriptor, args_value(args, "type"), &type))
		return ctl_misuse(ctl, "--type is manager or member");
	member.member = ctl_text(args->operands[1]);
	member.type = (Parlor__MemberType)type;
	member.set_name = args_has(args, "name");
	if (member.set_name)
		member.name = ctl_text(args_value(args, "name"));
	member.set_avatar = args_has(args, "avatar");
	if (member.set_avatar)
		member.avatar = ctl_text(args_value(args, "avatar"));
	body.room = ctl_text(args->operands[0]);
	body.members = members;
	body.n_members = 1;
	return ctl_ask(ctl, PARLOR__REQUEST__OP_MEMBERS_CHANGE, &body);
}

static enum ctl_exit list(struct ctl *ctl, const struct args *args)
{
	Parlor__Reply *reply = NULL;
	enum ctl_exit status;
	bool more;

	do {
		Parlor__MembersList body = PARLOR__MEMBERS_LIST__INIT;
		Parlor__Reply *before = reply;

		body.room = ctl_text(args->operands[0]);
		body.limit = PAGE;
		if (before)
			body.after =
				before->members->members[before->members->n_members - 1]->member;
		status = ctl_call(ctl, PARLOR__REQUEST__OP_MEMBERS_LIST, &body,
				  PARLOR__REPLY__RESULT_MEMBERS, &reply);
		if (before)
			parlor_reply_free(before);
		if (status)
			return status;
		show_reply(reply, ctl->json);
		more = reply->members->more && reply->members->n_members;
	} while (more);
	parlor_reply_free(reply);
	return CTL_OK;
}

/* ---- shown ---- */

static void show_members(const Parlor__Reply *r)
{
	struct table t;

	table_heads(&t, HEADS("MEMBER", "TYPE", "READ", "UNREAD", "JOINED", "NAME"));
	for (size_t i = 0; i < r->members->n_members; i++) {
		const Parlor__MemberInfo *m = r->members->members[i];

		table_text(&t, m->member);
		table_word(&t, &parlor__member_type__descriptor, m->type);
		table_number(&t, m->read_seq);
		table_number(&t, m->unread);
		table_time(&t, m->joined_us);
		table_text(&t, m->name);
	}
	table_print(&t, stdout);
}

static void show_presence(const Parlor__Reply *r)
{
	struct table t;

	table_heads(&t, HEADS("MEMBER", "PRESENCE", "LAST SEEN"));
	for (size_t i = 0; i < r->presence->n_members; i++) {
		const Parlor__MemberPresence *m = r->presence->members[i];

		table_text(&t, m->member);
		table_word(&t, &parlor__presence__descriptor, m->presence);
		table_time(&t, m->last_seen_us);
	}
	table_print(&t, stdout);
}

static void put_member(FILE *out, const Parlor__MemberSpec *m, const char *what)
{
	show_text(out, *m->name ? m->name : m->member);
	fputs(what, out);
}

static void event_joined(FILE *out, const Parlor__Event *e)
{
	put_member(out, e->joined, " joined");
}

static void event_left(FILE *out, const Parlor__Event *e)
{
	show_text(out, e->left->member);
	fputs(" left", out);
}

static void event_member_changed(FILE *out, const Parlor__Event *e)
{
	put_member(out, e->member_changed, " has a new profile");
}

static void event_presence(FILE *out, const Parlor__Event *e)
{
	const char *word = enum_word(&parlor__presence__descriptor, (int)e->presence->presence);

	show_text(out, e->presence->member);
	fprintf(out, " is %s", word ? word : "?");
}

/* ---- the table ---- */

static const struct args_option change_options[] = {
	{"type", "TYPE", "manager or member"},
	{"name", "NAME", "shown with what the member says from now on"},
	{"avatar", "URL", "likewise"},
	{NULL, NULL, NULL},
};

static const struct command commands[] = {
	{"member add", "ROOM ID[:TYPE[:NAME[:AVATAR]]]...", 2, COMMAND_MANY, NULL,
	 "Adds members, all or none. TYPE is manager or member (the default).", .run = add},
	{"member remove", "ROOM ID...", 2, COMMAND_MANY, NULL, "Removes members, all or none.",
	 .op = PARLOR__REQUEST__OP_MEMBERS_REMOVE, .fields = {"room", "members"}},
	{"member change", "ROOM ID", 2, 2, change_options, "Changes a member's type or profile.",
	 .run = change},
	{"member list", "ROOM", 1, 1, NULL, "Who is in a room, and has read up to where.",
	 .run = list},
	{"presence", "MEMBER...", 1, COMMAND_MANY, NULL, "Who is online, and was seen last when.",
	 .op = PARLOR__REQUEST__OP_PRESENCE_GET, .fields = {"members"}},
	{0},
};
static const struct show_result results[] = {
	{PARLOR__REPLY__RESULT_MEMBERS, show_members, true},
	{PARLOR__REPLY__RESULT_PRESENCE, show_presence, true},
	{0},
};
static const struct show_event events[] = {
	{PARLOR__EVENT__KIND_JOINED, event_joined},
	{PARLOR__EVENT__KIND_LEFT, event_left},
	{PARLOR__EVENT__KIND_MEMBER_CHANGED, event_member_changed},
	{PARLOR__EVENT__KIND_PRESENCE, event_presence},
	{0},
};
const struct noun member_noun = {.commands = commands, .results = results, .events = events};
