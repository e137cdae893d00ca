/* parlor desk ...: conversations, who serves them, and what happens to them */
#include "base/random.h"
#include "ctl.h"
#include "fields.h"
#include "show.h"
#include "table.h"

#include <inttypes.h>

/* ---- commands ----------------------------------------------------------------- */

#define ID_BYTES 33

/* A first message needs an id; who types it has none. */
static enum ctl_exit open_conversation(struct ctl *ctl, const struct args *args)
{
	Parlor__DeskOpen body = PARLOR__DESK_OPEN__INIT;
	uint64_t random[2];
	char id[ID_BYTES];

	if (!ctl_fill(ctl->command, args, &parlor__desk_open__descriptor, &body))
		return CTL_USAGE;
	if (*body.body && !*body.client_id) {
		enum parlor_err err = random_bytes(random, sizeof random);
		if (err)
			return ctl_fail(err, NULL);
		snprintf(id, sizeof id, "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
		body.client_id = id;
	}
	return ctl_ask(ctl, PARLOR__REQUEST__OP_DESK_OPEN, &body);
}

static enum ctl_exit show_whole(struct ctl *ctl, const struct args *args)
{
	Parlor__DeskShow body = PARLOR__DESK_SHOW__INIT;
	Parlor__Reply *reply;
	struct table t;

	if (ctl->json)
		return ctl_plain(ctl, args);
	body.conversation = ctl_text(args->operands[0]);
	enum ctl_exit status = ctl_call(ctl, PARLOR__REQUEST__OP_DESK_SHOW, &body,
					PARLOR__REPLY__RESULT_CONVERSATION, &reply);
	if (status)
		return status;
	table_init(&t, 2);
	fields_lines(&t, &reply->conversation->base);
	table_print(&t, stdout);
	parlor_reply_free(reply);
	return CTL_OK;
}

/* The request says all that the mark is: what is not given stays as it is. */
static enum ctl_exit mark(struct ctl *ctl, const struct args *args)
{
	Parlor__DeskMark body = PARLOR__DESK_MARK__INIT;
	Parlor__DeskShow show = PARLOR__DESK_SHOW__INIT;
	Parlor__Reply *reply;

	if (!ctl_fill(ctl->command, args, &parlor__desk_mark__descriptor, &body))
		return CTL_USAGE;
	if (!args_has(args, "priority")) {
		show.conversation = body.conversation;
		enum ctl_exit status = ctl_call(ctl, PARLOR__REQUEST__OP_DESK_SHOW, &show,
						PARLOR__REPLY__RESULT_CONVERSATION, &reply);
		if (status)
			return status;
		body.priority = reply->conversation->priority;
		parlor_reply_free(reply);
	}
	return ctl_ask(ctl, PARLOR__REQUEST__OP_DESK_MARK, &body);
}

static enum ctl_exit watch(struct ctl *ctl, const struct args *args)
{
	Parlor__DeskWatch body = PARLOR__DESK_WATCH__INIT;

	if (!ctl_fill(ctl->command, args, &parlor__desk_watch__descriptor, &body))
		return CTL_USAGE;
	return ctl_follow(ctl, args, NULL, 0, &body);
}

/* ---- pages -------------------------------------------------------------------- */

static void heads(struct table *t, bool places)
{
	if (places)
		table_heads(t, HEADS("PLACE", "CONVERSATION", "VISITOR", "TEAM", "STATE", "AGENT",
				     "OFFER", "PRIORITY", "ASKED", "ROOM"));
	else
		table_heads(t, HEADS("CONVERSATION", "VISITOR", "TEAM", "STATE", "AGENT", "OFFER",
				     "PRIORITY", "ASKED", "ROOM"));
}

static void put(struct table *t, const Parlor__Conversation *v)
{
	table_text(t, v->conversation);
	table_text(t, v->visitor);
	table_text(t, v->team);
	table_text(t, fields_word(&parlor__conversation_state__descriptor, (int)v->state));
	table_text(t, *v->agent ? v->agent : "-");
	if (v->offer)
		table_number(t, v->offer);
	else
		table_text(t, "-");
	table_number(t, v->priority);
	table_time(t, v->opened_us);
	table_text(t, v->room);
}

/* place: of the first one; 0: they have none. */
static void show_page(const Parlor__ConversationsPage *page, uint64_t place)
{
	struct table t;

	if (!page->n_conversations)
		return;
	heads(&t, place != 0);
	for (size_t i = 0; i < page->n_conversations; i++) {
		if (place)
			table_number(&t, place + i);
		put(&t, page->conversations[i]);
	}
	table_print(&t, stdout);
}

/* Asks for page after page, of which *after is where the next begins. */
static enum ctl_exit pages(struct ctl *ctl, const struct args *args, void *body, uint64_t *after,
			   bool places)
{
	bool all = args_has(args, "all"), more;

	do {
		Parlor__Reply *reply;
		uint64_t place = places ? *after + 1 : 0;
		enum ctl_exit status = ctl_call(ctl, ctl->command->op, body,
						PARLOR__REPLY__RESULT_CONVERSATIONS, &reply);
		if (status)
			return status;
		/* A page may be empty and have more behind it. */
		bool empty = !reply->conversations->n_conversations;
		more = reply->conversations->more;
		*after = reply->conversations->after;
		if (ctl->json)
			show_reply(reply, true);
		else
			show_page(reply->conversations, place);
		parlor_reply_free(reply);
		if (!all && !empty)
			break;
	} while (more);
	if (more)
		fprintf(stderr, "parlor: there are more: --after %" PRIu64 ", or --all\n", *after);
	return CTL_OK;
}

static enum ctl_exit list(struct ctl *ctl, const struct args *args)
{
	Parlor__DeskList body = PARLOR__DESK_LIST__INIT;

	if (!ctl_fill(ctl->command, args, &parlor__desk_list__descriptor, &body))
		return CTL_USAGE;
	return pages(ctl, args, &body, &body.after, false);
}

static enum ctl_exit queue(struct ctl *ctl, const struct args *args)
{
	Parlor__DeskQueue body = PARLOR__DESK_QUEUE__INIT;

	if (!ctl_fill(ctl->command, args, &parlor__desk_queue__descriptor, &body))
		return CTL_USAGE;
	return pages(ctl, args, &body, &body.after, true);
}

/* ---- shown -------------------------------------------------------------------- */

static void show_conversation(const Parlor__Reply *r)
{
	struct table t;

	heads(&t, false);
	put(&t, r->conversation);
	table_print(&t, stdout);
}

static void show_conversations(const Parlor__Reply *r)
{
	show_page(r->conversations, 0);
}

static void show_place(const Parlor__Reply *r)
{
	const Parlor__DeskPlace *p = r->place;
	const char *state = fields_word(&parlor__conversation_state__descriptor, (int)p->state);

	if (!p->place) {
		printf("%s, in no queue\n", state);
		return;
	}
	printf("%s, place %" PRIu64 " of %" PRIu64, state, p->place, p->of);
	if (p->estimate_ms)
		printf(", about %" PRIu64 " s", (p->estimate_ms + 999) / 1000);
	putchar('\n');
}

/* ---- the table ---------------------------------------------------------------- */

static const struct args_option page_options[] = {
	{"all", NULL, "all pages"},
	{NULL, NULL, NULL},
};
static const struct args_option watch_options[] = {
	{"count", "N", "stop after N events"},
	{"ready", NULL, "print a line \"ready\" once events come"},
	{NULL, NULL, NULL},
};

#define ASKS(OP, type) .op = PARLOR__REQUEST__OP_##OP, .also = &parlor__##type##__descriptor
#define ONE "CONVERSATION", 1, 1, NULL

static const struct command commands[] = {
	{"desk open", "DESK VISITOR", 2, 2, NULL,
	 "Opens a conversation, or shows the visitor's open one.", .run = open_conversation,
	 ASKS(DESK_OPEN, desk_open), .fields = {"desk", "visitor"}},
	{"desk show", ONE, "Shows all of a conversation.", .run = show_whole,
	 ASKS(DESK_SHOW, desk_show), .fields = {"conversation"}},
	{"desk list", "DESK", 1, 1, page_options, "Open conversations of a desk, by number.",
	 .run = list, ASKS(DESK_LIST, desk_list), .fields = {"desk"}},
	{"desk queue", "DESK TEAM", 2, 2, page_options, "Who waits for a team, in order.",
	 .run = queue, ASKS(DESK_QUEUE, desk_queue), .fields = {"desk", "team"}},
	{"desk place", ONE, "Its place in the queue.", ASKS(DESK_PLACE, desk_place_get),
	 .fields = {"conversation"}},
	{"desk claim", "CONVERSATION AGENT", 2, 2, NULL, "An agent takes one that waits.",
	 ASKS(DESK_CLAIM, desk_claim), .fields = {"conversation", "agent"}},
	{"desk accept", "CONVERSATION OFFER AGENT", 3, 3, NULL,
	 "An agent takes what it was offered, by the offer's number.",
	 ASKS(DESK_ACCEPT, desk_accept), .fields = {"conversation", "offer", "agent"}},
	{"desk decline", "CONVERSATION OFFER AGENT", 3, 3, NULL,
	 "An agent does not take what it was offered.", ASKS(DESK_DECLINE, desk_decline),
	 .fields = {"conversation", "offer", "agent"}},
	{"desk assign", "CONVERSATION AGENT", 2, 2, NULL,
	 "Gives an agent one that nobody serves; --over: whatever the limits are.",
	 ASKS(DESK_ASSIGN, desk_assign), .fields = {"conversation", "agent"}},
	{"desk transfer", ONE, "Passes it on, to an agent or a team, who may decline.",
	 ASKS(DESK_TRANSFER, desk_transfer), .fields = {"conversation"}},
	{"desk transfer-cancel", "CONVERSATION TRANSFER", 2, 2, NULL,
	 "Cancels a transfer, by its number.", ASKS(DESK_TRANSFER_CANCEL, desk_transfer_cancel),
	 .fields = {"conversation", "transfer"}},
	{"desk return", ONE, "Gives it back to the queue.", ASKS(DESK_RETURN, desk_return),
	 .fields = {"conversation"}},
	{"desk hold", ONE, "Holds it until the visitor speaks.", ASKS(DESK_HOLD, desk_hold),
	 .fields = {"conversation"}},
	{"desk resume", ONE, "Goes on with one that is held.", ASKS(DESK_RESUME, desk_resume),
	 .fields = {"conversation"}},
	{"desk handoff", ONE, "From a robot to the queue.", ASKS(DESK_HANDOFF, desk_handoff),
	 .fields = {"conversation"}},
	{"desk close", ONE, "Closes it, for good.", ASKS(DESK_CLOSE, desk_close),
	 .fields = {"conversation"}},
	{"desk rate", "CONVERSATION SCORE", 2, 2, NULL, "Rates a closed one, 1 - 5.",
	 ASKS(DESK_RATE, desk_rate), .fields = {"conversation", "score"}},
	{"desk mark", ONE, "Its priority, its type; what is not given stays as it is.", .run = mark,
	 ASKS(DESK_MARK, desk_mark), .fields = {"conversation"}},
	{"desk mode", "AGENT ready|away|always", 2, 2, NULL,
	 "Whether an agent gets conversations: while it is online, never, always.",
	 ASKS(DESK_MODE, desk_mode), .fields = {"agent", "mode"}},
	{"desk watch", "DESK TEAM...", 2, COMMAND_MANY, watch_options,
	 "Shows what happens to conversations of these teams, until interrupted.", .run = watch,
	 .op = PARLOR__REQUEST__OP_DESK_WATCH, .fields = {"desk", "teams"}},
	{0},
};
static const struct show_result results[] = {
	{PARLOR__REPLY__RESULT_CONVERSATION, show_conversation, false},
	{PARLOR__REPLY__RESULT_CONVERSATIONS, show_conversations, true},
	{PARLOR__REPLY__RESULT_PLACE, show_place, false},
	{0},
};
const struct noun desk_noun = {.name = "desk",
			       .help = "Who serves whom: conversations, and what a desk is made "
				       "of. See parlor desk --help.",
			       .commands = commands,
			       .results = results};
