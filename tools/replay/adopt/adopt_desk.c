#include "adopt/adopt_desk.h"

#include "adopt/aside.h"
#include "adopt/old_conversations.h"
#include "adopt/old_startalk.h"
#include "adopt/old_wechat.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const of_conversations[] = {
	"there is one desk, with one team, in which everybody who is agent or admin has a seat",
	"a seat has as many conversations at once as --max says",
	"an agent took a conversation when it first spoke there, or when the row last changed",
	"a visitor has one conversation at a time: the next one ends the one before",
	"nobody is reminded and nothing closed because nobody speaks: the team's settings say so",
	"ids in the views are new: a conversation's old id is its conversation_id, users have "
	"their names",
	NULL};

static const char *const of_wechat[] = {
	"there is one desk for each token, with one team, in which every agent has a seat",
	"a seat has as many conversations at once as --max says",
	"a visit ends with its last words; who serves does so until the next agent begins",
	"messages are of the visit that their visitor had at the time",
	"what one has answered, or ended, one has read",
	"visitors have one visit at a time: the next one ends the one before",
	"nobody is reminded and nothing closed because nobody speaks: the team's settings say so",
	"numbers in the views are new: a visit's old one is its conversation_id, those of groups "
	"and types are their ids; agents without a login name are called # and their number",
	NULL};

static const char *const of_startalk[] = {
	"every supplier is a desk, every group of seats a team, in which all seats of its desk are",
	"a strategy is what the comment at its column says: 0 by turns, 1 most idle, 2 random",
	"there are no messages in it: a session has its times, and who spoke last",
	"what a row was between its creation and its last change is not known",
	"who does not disturb, is bound or switched off is so from the end of what is told on",
	"a visitor has one session at a time at a desk: the next one ends the one before",
	"numbers in the views are new: a desk's id is its old number, a session's its session_id",
	NULL};

static const struct old_system systems[] = {
	{.name = "startalk", .assumptions = of_startalk},
	{"conversations", old_conversations_names, old_conversations_begin, old_conversations_read,
	 of_conversations},
	{"tp_customer_service", old_wechat_names, old_wechat_begin, old_wechat_read, of_wechat},
};

const struct old_system *old_system_find(const char *name)
{
	for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
		if (strcmp(systems[i].name, name) == 0)
			return &systems[i];
	return NULL;
}

enum parlor_err adopt_desk_read(struct adopt_desk *d)
{
	struct desk_builder *b = &d->built;
	enum parlor_err err = d->system->begin(&d->tables, &b->steps.first_us);
	if (!err)
		err = desk_builder_begin(b);
	if (!err)
		err = d->system->read(&d->tables, b->desk, d->max, desk_builder_row, b);
	return err ? err : desk_builder_finish(b);
}

enum parlor_err adopt_desk_read_dump(struct adopt_desk *d)
{
	struct desk_builder *b = &d->built;
	struct old_startalk *dump;
	enum parlor_err err = old_startalk_open(&dump, d->dump, &b->steps.first_us, b->steps.why);
	if (!err)
		err = desk_builder_begin(b);
	if (!err)
		err = old_startalk_read(dump, desk_builder_row, b);
	if (!err)
		err = desk_builder_finish(b);
	old_startalk_close(dump);
	return err;
}

enum parlor_err adopt_desk_move_aside(struct adopt_desk *d)
{
	const char *names[OLD_TABLES_MAX + 1] = {NULL};
	const struct old_tables *t = &d->tables;
	for (size_t i = 0; t->names[i].name; i++) {
		names[i] = t->names[i].name;
		if (t->aside[i])
			return PARLOR_E_OK; /* an earlier attempt has moved them */
	}
	return aside_move(t->db, t->schema, names);
}

void adopt_desk_fini(struct adopt_desk *d)
{
	desk_builder_fini(&d->built);
	old_tables_fini(&d->tables);
}

/* ---- words ---------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum config_no kind;
} shown[] = {{"desks", CONFIG_DESK},          {"agents", CONFIG_AGENT}, {"seats", CONFIG_SEAT},
	     {"visitors", CONFIG_VISITOR},    {"groups", CONFIG_GROUP}, {"types", CONFIG_TYPE},
	     {"businesses", CONFIG_BUSINESS}, {"teams", CONFIG_TEAM}};

json_t *adopt_desk_json(const struct adopt_desk *d)
{
	const struct desk_builder *b = &d->built;
	json_t *said = json_array();
	for (const char *const *a = d->system->assumptions; *a; a++)
		json_array_append_new(said, json_string(*a));
	json_t *all = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:o}", "conversations", (json_int_t)b->conversations,
		"waiting", (json_int_t)b->waiting, "served", (json_int_t)b->served, "messages",
		(json_int_t)b->messages, "unread", (json_int_t)b->unread, "assumptions", said);
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		json_object_set_new(all, shown[i].name,
				    json_integer((json_int_t)b->rows.counts[shown[i].kind]));
	return all;
}

void adopt_desk_print(const struct adopt_desk *d)
{
	const struct desk_builder *b = &d->built;
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		printf("%-12s%" PRIu64 "\n", shown[i].name, b->rows.counts[shown[i].kind]);
	printf("conversations  %" PRIu64 ", of which %" PRIu64 " wait and %" PRIu64 " are served\n",
	       b->conversations, b->waiting, b->served);
	printf("messages    %" PRIu64 ", %" PRIu64 " of them unread\n", b->messages, b->unread);
	puts("assumed:");
	for (const char *const *a = d->system->assumptions; *a; a++)
		printf("            %s\n", *a);
}
