#include "show.h"

#include "json.h"
#include "table.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define TIME_BYTES 32

/* ---- text ---- */

void show_text(FILE *out, const char *text)
{
	text_show(out, text, strlen(text));
}

static const char *time_text(uint64_t us, char text[TIME_BYTES])
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm local;

	if (!us || !localtime_r(&seconds, &local) ||
	    !strftime(text, TIME_BYTES, "%Y-%m-%d %H:%M:%S", &local))
		snprintf(text, TIME_BYTES, "-");
	return text;
}

/* Of a day that everybody knows: now. */
static const char *clock_text(uint64_t us, char text[TIME_BYTES])
{
	const char *space = strchr(time_text(us, text), ' ');

	return space ? space + 1 : text;
}

static void table_time(struct table *t, uint64_t us)
{
	char text[TIME_BYTES];

	table_text(t, time_text(us, text));
}

static void table_word(struct table *t, const ProtobufCEnumDescriptor *kind, int value)
{
	const char *word = enum_word(kind, value);

	table_text(t, word ? word : "?");
}

static void table_heads(struct table *t, const char *const *heads)
{
	size_t n = 0;

	while (heads[n])
		n++;
	table_init(t, n);
	for (size_t i = 0; i < n; i++)
		table_text(t, heads[i]);
}

#define HEADS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A label and a value. */
static void line_text(struct table *t, const char *label, const char *text)
{
	table_text(t, label);
	table_text(t, text);
}

static void line_number(struct table *t, const char *label, uint64_t number)
{
	table_text(t, label);
	table_number(t, number);
}

/* ---- results ---- */

static void show_posted(const Parlor__Reply *r)
{
	char text[TIME_BYTES];

	printf("seq %" PRIu64 "  position %" PRIu64 "  %s\n", r->posted->seq, r->posted->position,
	       time_text(r->posted->time_us, text));
}

static void show_done(const Parlor__Reply *r)
{
	if (r->done->position)
		printf("done  position %" PRIu64 "\n", r->done->position);
	else
		printf("nothing had to change\n");
}

static void show_room(const Parlor__Reply *r)
{
	const Parlor__RoomInfo *room = r->room;
	struct table t;

	table_init(&t, 2);
	line_text(&t, "room", room->room);
	line_text(&t, "name", room->name);
	table_text(&t, "state");
	table_word(&t, &parlor__room_state__descriptor, room->state);
	line_text(&t, "history",
		  room->history_open ? "open to who joins later" : "from joining on");
	line_number(&t, "members", room->members);
	line_number(&t, "last seq", room->last_seq);
	line_number(&t, "counted", room->counted);
	table_text(&t, "created");
	table_time(&t, room->created_us);
	table_text(&t, "active");
	table_time(&t, room->active_us);
	table_print(&t, stdout);
}

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

/* What stands in place of a body that is not text. */
static void put_body(FILE *out, const Parlor__Message *m)
{
	if (m->recalled) {
		fputs("(recalled)", out);
		return;
	}
	if (m->content_type != PARLOR__CONTENT_TYPE__CONTENT_TEXT) {
		const char *word =
			enum_word(&parlor__content_type__descriptor, (int)m->content_type);

		fprintf(out, "[%s] ", word ? word : "?");
	}
	show_text(out, m->body);
}

static const char *who(const Parlor__Message *m)
{
	if (*m->sender_name)
		return m->sender_name;
	return *m->sender ? m->sender : "*";
}

/* The body comes last and needs no column. */
static void show_history(const Parlor__Reply *r)
{
	char text[TIME_BYTES];

	for (size_t i = 0; i < r->history->n_messages; i++) {
		const Parlor__Message *m = r->history->messages[i];

		printf("%6" PRIu64 "  %s  ", m->seq, time_text(m->time_us, text));
		show_text(stdout, who(m));
		fputs(m->type == PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE ? " (notice): " : ": ",
		      stdout);
		put_body(stdout, m);
		putchar('\n');
	}
}

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

	table_heads(&t, HEADS("ROOM", "NAME", "STATE", "UNREAD", "", "ACTIVE", "LAST"));
	for (size_t i = 0; i < r->list->n_items; i++) {
		const Parlor__InboxRoom *c = r->list->items[i];

		table_text(&t, c->room);
		table_text(&t, c->name);
		table_word(&t, &parlor__room_state__descriptor, c->state);
		table_number(&t, c->unread);
		table_text(&t, c->mentioned ? "@" : "");
		table_time(&t, c->active_us);
		table_text(&t, !c->last ? "" : c->last->recalled ? "(recalled)" : c->last->body);
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

static void show_sync(const Parlor__Reply *r)
{
	const Parlor__SyncReport *s = r->sync;
	struct table t;

	printf("journal at %" PRIu64 ", MySQL has everything up to %" PRIu64 ", %u worker%s\n",
	       s->position, s->synced, s->workers, s->workers == 1 ? "" : "s");
	if (s->n_partitions) {
		table_heads(&t, HEADS("PART", "MESSAGES", "UNREAD", "WORKER", "TROUBLE"));
		for (size_t i = 0; i < s->n_partitions; i++) {
			table_number(&t, s->partitions[i]->partition);
			table_number(&t, s->partitions[i]->position);
			table_number(&t, s->partitions[i]->unread_position);
			table_text(&t, *s->partitions[i]->worker ? s->partitions[i]->worker : "-");
			table_text(&t, s->partitions[i]->error);
		}
		table_print(&t, stdout);
	}
	for (size_t i = 0; i < s->n_quarantined; i++) {
		fputs("in quarantine: ", stdout);
		show_text(stdout, s->quarantined[i]);
		putchar('\n');
	}
}

static void show_stats(const Parlor__Reply *r)
{
	struct table t;

	table_init(&t, 2);
	for (size_t i = 0; i < r->stats->n_counters; i++)
		line_number(&t, r->stats->counters[i]->name, r->stats->counters[i]->value);
	table_print(&t, stdout);
}

static const struct {
	Parlor__Reply__ResultCase result;
	void (*show)(const Parlor__Reply *);
} results[] = {
	{PARLOR__REPLY__RESULT_POSTED, show_posted},
	{PARLOR__REPLY__RESULT_DONE, show_done},
	{PARLOR__REPLY__RESULT_ROOM, show_room},
	{PARLOR__REPLY__RESULT_MEMBERS, show_members},
	{PARLOR__REPLY__RESULT_HISTORY, show_history},
	{PARLOR__REPLY__RESULT_UNREAD, show_unread},
	{PARLOR__REPLY__RESULT_UNREAD_TOTAL, show_unread_total},
	{PARLOR__REPLY__RESULT_LIST, show_list},
	{PARLOR__REPLY__RESULT_PRESENCE, show_presence},
	{PARLOR__REPLY__RESULT_SYNC, show_sync},
	{PARLOR__REPLY__RESULT_STATS, show_stats},
};

/* The items of a page; any other result is one item. */
static size_t items_of(const Parlor__Reply *r, ProtobufCMessage *const **items)
{
	switch (r->result_case) {
	case PARLOR__REPLY__RESULT_MEMBERS:
		*items = (ProtobufCMessage *const *)r->members->members;
		return r->members->n_members;
	case PARLOR__REPLY__RESULT_HISTORY:
		*items = (ProtobufCMessage *const *)r->history->messages;
		return r->history->n_messages;
	case PARLOR__REPLY__RESULT_LIST:
		*items = (ProtobufCMessage *const *)r->list->items;
		return r->list->n_items;
	case PARLOR__REPLY__RESULT_PRESENCE:
		*items = (ProtobufCMessage *const *)r->presence->members;
		return r->presence->n_members;
	case PARLOR__REPLY__RESULT_STATS:
		*items = (ProtobufCMessage *const *)r->stats->counters;
		return r->stats->n_counters;
	case PARLOR__REPLY__RESULT__NOT_SET:
		return 0;
	default:
		*items = (ProtobufCMessage *const *)&r->welcome;
		return 1;
	}
}

void show_reply(const Parlor__Reply *reply, bool json)
{
	ProtobufCMessage *const *items = NULL;
	size_t n = items_of(reply, &items);

	if (json) {
		for (size_t i = 0; i < n; i++)
			json_line(stdout, items[i]);
		return;
	}
	for (size_t i = 0; i < sizeof results / sizeof *results; i++)
		if (results[i].result == reply->result_case)
			results[i].show(reply);
}

/* ---- events ---- */

static void event_posted(FILE *out, const Parlor__Event *e)
{
	show_text(out, who(e->posted));
	fputs(e->posted->type == PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE ? " (notice): " : ": ", out);
	put_body(out, e->posted);
}

static void event_recalled(FILE *out, const Parlor__Event *e)
{
	show_text(out, e->recalled->by);
	fprintf(out, " recalled message %" PRIu64, e->recalled->seq);
}

static void event_room_changed(FILE *out, const Parlor__Event *e)
{
	const char *word = enum_word(&parlor__room_state__descriptor, (int)e->room_changed->state);

	fprintf(out, "the room is %s, named \"", word ? word : "?");
	show_text(out, e->room_changed->name);
	fputc('"', out);
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

static void event_read(FILE *out, const Parlor__Event *e)
{
	show_text(out, e->read->member);
	fprintf(out, " read up to %" PRIu64 ", %" PRIu64 " unread", e->read->read_seq,
		e->read->unread);
}

static void event_presence(FILE *out, const Parlor__Event *e)
{
	const char *word = enum_word(&parlor__presence__descriptor, (int)e->presence->presence);

	show_text(out, e->presence->member);
	fprintf(out, " is %s", word ? word : "?");
}

static void event_typing(FILE *out, const Parlor__Event *e)
{
	show_text(out, e->typing->member);
	fputs(" is typing", out);
}

static const struct {
	Parlor__Event__KindCase kind;
	void (*show)(FILE *, const Parlor__Event *);
} kinds[] = {
	{PARLOR__EVENT__KIND_POSTED, event_posted},
	{PARLOR__EVENT__KIND_RECALLED, event_recalled},
	{PARLOR__EVENT__KIND_ROOM_CHANGED, event_room_changed},
	{PARLOR__EVENT__KIND_JOINED, event_joined},
	{PARLOR__EVENT__KIND_LEFT, event_left},
	{PARLOR__EVENT__KIND_MEMBER_CHANGED, event_member_changed},
	{PARLOR__EVENT__KIND_READ, event_read},
	{PARLOR__EVENT__KIND_PRESENCE, event_presence},
	{PARLOR__EVENT__KIND_TYPING, event_typing},
};

void show_event(const Parlor__Event *event, bool json)
{
	uint64_t now_us = event->time_us ? event->time_us : (uint64_t)time(NULL) * 1000000;
	char text[TIME_BYTES];

	if (json) {
		json_line(stdout, &event->base);
		return;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (kinds[i].kind != event->kind_case)
			continue;
		printf("%s  ", clock_text(now_us, text));
		show_text(stdout, *event->room ? event->room : "-");
		fputs("  ", stdout);
		kinds[i].show(stdout, event);
		putchar('\n');
	}
}
