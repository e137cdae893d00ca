#include "record.h"

#include "base/clock.h"
#include "interrupt.h"
#include "journal_reader.h"
#include "options.h"
#include "outfile.h"
#include "progress.h"
#include "recording.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TURN_MS 500
#define SILENCE_US 30000000 /* of the broker, before a recording that has an end is given up */

static const char about[] =
	"Follows a broker into a recording that play understands: one line an event, in the\n"
	"order of its journal. It ends once it has what the journal held when it began.\n"
	"Exit: 0 recorded; 1 not all of it; 2 bad usage.";

struct record_options {
	const char *broker;
	const char *tenant; /* NULL: all */
	const char *out;    /* NULL: standard output */
	const struct keys *keys;
	uint64_t from;  /* 0: from where the journal begins */
	uint64_t until; /* 0: caught up */
	bool follow;
};

struct recorder {
	const struct record_options *options;
	struct journal_reader *feed;
	struct outfile *out;
	struct progress progress;
	uint64_t next;  /* position */
	uint64_t until; /* UINT64_MAX: for ever; 0: not known yet */
	bool begun;
	uint64_t records, events;
	uint64_t heard_us;
};

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "parlor-replay record: %s%s%s\n", what, why[0] ? ": " : "", why);
	return 1;
}

static bool write_line(struct recorder *r, json_t *line)
{
	bool written = line && outfile_line(r->out, line);

	json_decref(line);
	return written;
}

/* The first page says where the journal begins and ends. */
static int begin(struct recorder *r, const Parlor__JournalPage *page)
{
	const struct record_options *o = r->options;
	struct recording_header header = {.version = RECORDING_VERSION,
					  .tenant = o->tenant,
					  .journal = (int64_t)page->journal};

	if (o->from > page->last + 1)
		return complain("the journal ends before --from", "");
	if (o->from && o->from < page->first)
		return complain("what --from names has been trimmed from the journal", "");
	if (!o->from && page->first > 1)
		fprintf(stderr,
			"parlor-replay record: positions below %" PRIu64
			" have been trimmed; play will have to guess who was there\n",
			page->first);
	if (r->next < page->first)
		r->next = page->first;
	r->until = o->follow ? UINT64_MAX : o->until ? o->until : page->last;
	header.from = (int64_t)r->next;
	if (!outfile_open(&r->out, o->out))
		return complain(o->out ? o->out : "output", outfile_error(r->out));
	r->begun = true;
	return write_line(r, recording_header_put(&header))
		       ? 0
		       : complain("cannot write", outfile_error(r->out));
}

static int take_entry(struct recorder *r, const Parlor__JournalEntry *entry)
{
	const char *tenant = r->options->tenant;
	json_t *line;

	r->next = entry->position + 1;
	r->records++;
	/* A boot is of no tenant, and of all. */
	if (tenant && entry->tenant[0] && strcmp(entry->tenant, tenant) != 0)
		return 0;
	if (recording_event_put(&line, entry, !tenant) != PARLOR_E_OK)
		return complain("a record of the journal is not understood", "");
	if (!line)
		return 0;
	r->events++;
	return write_line(r, line) ? 0 : complain("cannot write", outfile_error(r->out));
}

static int take_page(struct recorder *r, const Parlor__JournalPage *page)
{
	int status = r->begun ? 0 : begin(r, page);

	if (!status && r->next < page->first)
		return complain("the journal was trimmed faster than it was read", "");
	for (size_t i = 0; i < page->n_entries && !status; i++) {
		const Parlor__JournalEntry *entry = page->entries[i];
		if (entry->position > r->until)
			break;
		status = entry->position < r->next ? 0 : take_entry(r, entry);
	}
	if (!status && r->next > page->last && !outfile_flush(r->out))
		status = complain("cannot write", outfile_error(r->out));
	progress_tell(&r->progress, r->next - 1, r->until == UINT64_MAX ? page->last : r->until,
		      "records");
	return status;
}

static bool silent(struct recorder *r)
{
	return !(r->begun && r->options->follow) && clock_mono_us() - r->heard_us > SILENCE_US;
}

static int follow(struct recorder *r)
{
	r->heard_us = clock_mono_us();
	while (!interrupted() && (!r->begun || r->next <= r->until)) {
		const Parlor__JournalPage *page;
		enum parlor_err err = journal_reader_next(r->feed, r->next, TURN_MS, &page);
		if (err)
			return complain("broker", journal_reader_error(r->feed));
		if (!page && silent(r))
			return complain("no broker answers at this worker endpoint",
					r->options->broker);
		if (!page)
			continue;
		r->heard_us = clock_mono_us();
		int status = take_page(r, page);
		if (status)
			return status;
	}
	/* Asked to stop before its end, it is not all of it. */
	return r->begun && (r->options->follow || r->next > r->until) ? 0 : 1;
}

static int record(const struct record_options *o)
{
	struct recorder r = {.options = o, .next = o->from ? o->from : 1};
	int status = 1;

	interrupt_catch();
	if (journal_reader_open(&r.feed, o->broker, o->keys) != PARLOR_E_OK)
		complain(o->broker, journal_reader_error(r.feed));
	else
		status = follow(&r);
	progress_end(&r.progress);
	if (!outfile_close(r.out) && !status)
		status = complain("cannot write", o->out ? o->out : "standard output");
	journal_reader_close(r.feed);
	if (r.begun)
		fprintf(stderr,
			"recorded %" PRIu64 " events of %" PRIu64
			" records, up to position %" PRIu64 "\n",
			r.events, r.records, r.next - 1);
	return status;
}

int record_main(int argc, char **argv)
{
	struct record_options o = {.broker = JOURNAL_READER_ENDPOINT_DEFAULT};
	struct options_shared shared;
	const struct options_row rows[] = {
		{"broker", "ENDPOINT",
		 "the broker's worker endpoint (default\n" JOURNAL_READER_ENDPOINT_DEFAULT ")",
		 OPTIONS_TEXT, .into = &o.broker},
		{"tenant", "ID", "only this one's (default: all)", OPTIONS_TEXT, .into = &o.tenant},
		{"from", "POSITION", "begin here (default: where the journal begins)",
		 OPTIONS_NUMBER, .into = &o.from, .min = 1, .max = INT64_MAX},
		{"until", "POSITION", "end with this one, waiting for it", OPTIONS_NUMBER,
		 .into = &o.until, .min = 1, .max = INT64_MAX},
		{"follow", NULL, "go on until SIGINT or SIGTERM", OPTIONS_FLAG, .into = &o.follow},
		{"out", "FILE", "a new file, gzip when it ends in .gz (default: standard\noutput)",
		 OPTIONS_TEXT, .into = &o.out},
		{0},
	};
	const struct options_command command = {
		.name = "record",
		.operands = "",
		.about = about,
		.shared = OPTIONS_KEYS,
		.rows = rows,
	};

	options_parse(&command, &shared, argc, argv);
	o.keys = shared.keys;
	if (o.follow && o.until)
		options_misuse(&command, "--until and --follow exclude each other", "");
	return record(&o);
}
