/* parlor post, recall, history */
#include "base/mem.h"
#include "ctl.h"
#include "json.h"
#include "show.h"

#include <inttypes.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STDIN_MAX ((size_t)16 << 20)
#define MENTIONS_MAX ARGS_GIVEN_MAX

/* All of stdin without its last line end; NULL after saying why not. */
static char *read_stdin(void)
{
	char *text = NULL;
	size_t len = 0, cap = 0;

	do {
		cap = cap ? cap * 2 : 65536;
		text = mem_resize(text, cap, 1);
		len += fread(text + len, 1, cap - 1 - len, stdin);
	} while (len == cap - 1 && cap < STDIN_MAX);
	if (ferror(stdin) || !feof(stdin) || memchr(text, '\0', len)) {
		ctl_fail(ferror(stdin) ? PARLOR_E_IO
			 : feof(stdin) ? PARLOR_E_TEXT
				       : PARLOR_E_TOO_LONG,
			 "standard input cannot be posted");
		free(text);
		return NULL;
	}
	if (len && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return text;
}

static bool parse_kinds(struct ctl *ctl, const struct args *args, Parlor__Post *post)
{
	int type = PARLOR__MESSAGE_TYPE__MESSAGE_MESSAGE;
	int content = PARLOR__CONTENT_TYPE__CONTENT_TEXT;

	if (args_has(args, "type") &&
	    !enum_parse(&parlor__message_type__descriptor, args_value(args, "type"), &type)) {
		ctl_misuse(ctl, "--type is message or notice");
		return false;
	}
	if (args_has(args, "content") &&
	    !enum_parse(&parlor__content_type__descriptor, args_value(args, "content"), &content)) {
		ctl_misuse(ctl, "--content is text, image, file or custom");
		return false;
	}
	post->type = (Parlor__MessageType)type;
	post->content_type = (Parlor__ContentType)content;
	return true;
}

static enum ctl_exit post(struct ctl *ctl, const struct args *args)
{
	char *mentions[MENTIONS_MAX], *input = NULL;
	Parlor__Post body = PARLOR__POST__INIT;
	enum ctl_exit status;
	const char *text;
	size_t at = 0;

	if (!parse_kinds(ctl, args, &body))
		return CTL_USAGE;
	while ((text = args_next(args, "mention", &at)))
		mentions[body.n_mentions++] = ctl_text(text);
	body.mentions = mentions;
	if (args_has(args, "id"))
		body.client_id = ctl_text(args_value(args, "id"));
	if (args_has(args, "stored"))
		body.level = PARLOR__LEVEL__LEVEL_STORED;
	body.room = ctl_text(args->operands[0]);
	body.sender = ctl_text(args->operands[1]);
	body.body = ctl_text(args->operands[2]);
	if (strcmp(body.body, "-") == 0) {
		input = body.body = read_stdin();
		if (!input)
			return CTL_REFUSED;
	}
	status = ctl_ask(ctl, PARLOR__REQUEST__OP_POST, &body);
	free(input);
	return status;
}

static enum ctl_exit recall(struct ctl *ctl, const struct args *args)
{
	Parlor__Recall body = PARLOR__RECALL__INIT;

	if (!args_has(args, "by"))
		return ctl_misuse(ctl, "--by is needed: who recalls it");
	if (!args_number(args->operands[1], "SEQ", 1, UINT64_MAX, &body.seq))
		return CTL_USAGE;
	body.room = ctl_text(args->operands[0]);
	body.by = ctl_text(args_value(args, "by"));
	return ctl_ask(ctl, PARLOR__REQUEST__OP_RECALL, &body);
}

/* Where the page behind this one begins; 0: there is none. */
static uint64_t next_from(const Parlor__HistoryPage *page, bool backwards)
{
	uint64_t last;

	if (!page->more || !page->n_messages)
		return 0;
	last = page->messages[page->n_messages - 1]->seq;
	return backwards ? last - 1 : last + 1;
}

static enum ctl_exit history(struct ctl *ctl, const struct args *args)
{
	Parlor__History body = PARLOR__HISTORY__INIT;
	bool all = args_has(args, "all");
	uint64_t limit = 0;

	if (!args_option_number(args, "from", 0, UINT64_MAX, &body.from) ||
	    !args_option_number(args, "limit", 1, UINT32_MAX, &limit))
		return CTL_USAGE;
	body.room = ctl_text(args->operands[0]);
	if (args_has(args, "member"))
		body.member = ctl_text(args_value(args, "member"));
	body.backwards = args_has(args, "back");
	body.limit = (uint32_t)limit;
	do {
		Parlor__Reply *reply;
		enum ctl_exit status = ctl_call(ctl, PARLOR__REQUEST__OP_HISTORY, &body,
						PARLOR__REPLY__RESULT_HISTORY, &reply);

		if (status)
			return status;
		show_reply(reply, ctl->json);
		body.from = next_from(reply->history, body.backwards);
		parlor_reply_free(reply);
	} while (all && body.from);
	return CTL_OK;
}

/* ---- shown ---- */

static void show_posted(const Parlor__Reply *r)
{
	char text[SHOW_TIME_BYTES];

	printf("seq %" PRIu64 "  position %" PRIu64 "  %s\n", r->posted->seq, r->posted->position,
	       show_time(r->posted->time_us, text));
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
	char text[SHOW_TIME_BYTES];

	for (size_t i = 0; i < r->history->n_messages; i++) {
		const Parlor__Message *m = r->history->messages[i];

		printf("%6" PRIu64 "  %s  ", m->seq, show_time(m->time_us, text));
		show_text(stdout, who(m));
		fputs(m->type == PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE ? " (notice): " : ": ",
		      stdout);
		put_body(stdout, m);
		putchar('\n');
	}
}

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

/* ---- the table ---- */

static const struct args_option post_options[] = {
	{"type", "TYPE", "message (the default) or notice, which counts for nobody"},
	{"content", "KIND", "text (the default), image, file or custom"},
	{"mention", "MEMBER", "name a member; may repeat"},
	{"id", "CLIENTID", "the same id again is the same message"},
	{"stored", NULL, "wait until MySQL has it"},
	{NULL, NULL, NULL},
};
static const struct args_option recall_options[] = {
	{"by", "MEMBER", "its sender or a manager; needed"},
	{NULL, NULL, NULL},
};
static const struct args_option history_options[] = {
	{"member", "MEMBER", "what this member may see"},
	{"from", "SEQ", "begin here; without it at the first message, or the last with --back"},
	{"back", NULL, "backwards, newest first"},
	{"limit", "N", "messages of a page"},
	{"all", NULL, "all pages"},
	{NULL, NULL, NULL},
};

static const struct command commands[] = {
	{"post", "ROOM SENDER TEXT", 3, 3, post_options,
	 "Posts a message. TEXT - takes it from standard input.", .run = post},
	{"recall", "ROOM SEQ", 2, 2, recall_options, "Takes a message's body back.", .run = recall},
	{"history", "ROOM", 1, 1, history_options, "Shows a room's messages.", .run = history},
	{0},
};
static const struct show_result results[] = {
	{PARLOR__REPLY__RESULT_POSTED, show_posted, false},
	{PARLOR__REPLY__RESULT_HISTORY, show_history, true},
	{0},
};
static const struct show_event events[] = {
	{PARLOR__EVENT__KIND_POSTED, event_posted},
	{PARLOR__EVENT__KIND_RECALLED, event_recalled},
	{0},
};
const struct noun message_noun = {.commands = commands, .results = results, .events = events};
