#include "dump.h"

#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <parlor/client.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CALL_MS 30000
/* NDJSON needs a sender; what the system itself said has none. */
#define SYSTEM_SENDER "system"

struct dump {
	const struct dump_options *options;
	parlor_client *client;
	uint64_t ordinal;
};

static const char *sender_of(const Parlor__Message *message)
{
	return message->sender[0] == '\0' ? SYSTEM_SENDER : message->sender;
}

/* Continuation lines stand below the first. */
static void print_body(const char *body)
{
	for (;;) {
		size_t len = strcspn(body, "\n");

		text_show(stdout, body, len);
		if (body[len] == '\0')
			break;
		fputs("\n    ", stdout);
		body += len + 1;
	}
	putchar('\n');
}

static void print_text(const Parlor__Message *message)
{
	char when[32] = "";
	time_t seconds = (time_t)(message->time_us / 1000000);
	struct tm utc;

	if (gmtime_r(&seconds, &utc) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &utc);
	printf("%6" PRIu64 "  %s  ", message->seq, when);
	if (message->type == PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE)
		fputs("* ", stdout);
	text_show(stdout, sender_of(message), strlen(sender_of(message)));
	fputs(": ", stdout);
	if (message->recalled)
		puts("(recalled)");
	else
		print_body(message->body);
}

static bool print_ndjson(const struct dump *d, const Parlor__Message *message)
{
	bool notice = message->type == PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE;
	json_t *line =
		json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:s}", "room", d->options->room, "seq",
			  (json_int_t)d->ordinal, "t", (json_int_t)(message->time_us / 1000),
			  "from", sender_of(message), "role", "member", "type",
			  notice ? "notice" : "text", "body", message->body);

	if (line == NULL)
		return false;
	int failed = json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
	return failed == 0;
}

static enum parlor_err page_get(struct dump *d, uint64_t from, Parlor__Reply **reply)
{
	Parlor__History history = PARLOR__HISTORY__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	history.room = (char *)(uintptr_t)d->options->room;
	history.from = from;
	if (d->options->member != NULL)
		history.member = (char *)(uintptr_t)d->options->member;
	request.op_case = PARLOR__REQUEST__OP_HISTORY;
	request.history = &history;
	return parlor_client_call(d->client, &request, CALL_MS, reply);
}

static bool page_print(struct dump *d, const Parlor__HistoryPage *page)
{
	for (size_t i = 0; i < page->n_messages; i++) {
		if (!d->options->ndjson)
			print_text(page->messages[i]);
		else if (!print_ndjson(d, page->messages[i]))
			return false;
		d->ordinal++;
	}
	return ferror(stdout) == 0;
}

static int complain(const char *what, const char *text, int code)
{
	fprintf(stderr, "parlor-replay: %s: %s (%s)\n", what, text, parlor_err_name(code));
	return 1;
}

static int dump_pages(struct dump *d)
{
	uint64_t from = 1;
	bool more = true;

	while (more) {
		Parlor__Reply *reply;
		enum parlor_err err = page_get(d, from, &reply);
		if (err != PARLOR_E_OK)
			return complain(d->options->room, parlor_client_error(d->client), err);
		const Parlor__HistoryPage *page =
			reply->result_case == PARLOR__REPLY__RESULT_HISTORY ? reply->history : NULL;
		bool printed = page != NULL && page_print(d, page);
		more = printed && page->more && page->n_messages > 0;
		if (more)
			from = page->messages[page->n_messages - 1]->seq + 1;
		parlor_reply_free(reply);
		if (!printed)
			return complain("output", parlor_err_text(PARLOR_E_IO), PARLOR_E_IO);
	}
	return fflush(stdout) == 0 ? 0 : complain("output", strerror(EIO), PARLOR_E_IO);
}

int dump_run(const struct dump_options *options)
{
	struct dump d = {.options = options};
	const struct keys *keys = options->keys;
	const struct parlor_client_options client_options = {
		.endpoint = options->broker,
		.tenant = options->tenant,
		.name = "parlor-replay",
		.server_key = keys ? keys->server : NULL,
		.public_key = keys ? keys->public : NULL,
		.secret_key = keys ? keys->secret : NULL,
	};
	enum parlor_err err = parlor_client_open(&d.client, &client_options);
	int status;

	if (err != PARLOR_E_OK)
		status = complain("cannot connect", parlor_err_text(err), err);
	else
		status = dump_pages(&d);
	parlor_client_close(d.client);
	return status;
}
