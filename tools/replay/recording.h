/* The form of a recording: a broker's journal as lines of JSON, one an event,
 * in journal order, behind a first line that says what it is. Owns the names of
 * its keys, both ways: from journal entries to lines, from lines to
 * events. tests/data/README.md describes it. Reads and writes no file. */
#ifndef RECORDING_H
#define RECORDING_H

#include <jansson.h>
#include <parlor/error.h>
#include <parlor/worker.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDING_VERSION 1

/* Names of enum ContentType; ends in NULL. */
extern const char *const recording_contents[];

/* The first line. */
struct recording_header {
	int64_t version;
	const char *tenant; /* NULL: all, and every line names its own */
	int64_t journal;
	int64_t from; /* what lies before this position is not in it */
};

/* A line; texts borrow from its JSON object and are never NULL but tenant. */
struct recording_event {
	const struct kind *kind; /* noun/noun.h */
	int64_t position;
	int64_t t_ms;
	const char *tenant;
	const char *room;
	const char *from;
	int64_t seq;
	bool agent; /* of a member: a manager */
	const char *body;
	const char *client_id;
	const char *name;
	const char *avatar;
	int content; /* of a message: enum ContentType */
	bool open;   /* of a new room: later members see the history from before */
	bool recalled;
	json_t *mentions; /* array of texts, or NULL */
	json_t *texts;    /* the same, under its kind's own key */
	json_t *row;      /* of a desk, an object; or NULL */
	bool removed;     /* that row is gone */
};

/* New objects. The second is NULL for an entry that nobody was told of. */
json_t *recording_header_put(const struct recording_header *);
/* VALUE: an entry that this program does not understand. `tenant`: whether
 * the line names it. */
enum parlor_err recording_event_put(json_t **out, const Parlor__JournalEntry *,
				    bool tenant) PARLOR_MUST_CHECK;

/* Whether the object is a first line. */
bool recording_is_header(const json_t *);
/* why: of at least 160 bytes. VALUE, or VERSION when it is of a later one. */
enum parlor_err recording_header_get(struct recording_header *, json_t *,
				     char *why) PARLOR_MUST_CHECK;
enum parlor_err recording_event_get(struct recording_event *, json_t *,
				    char *why) PARLOR_MUST_CHECK;
/* Else, of a message, it is a text. */
bool recording_is_notice(const struct recording_event *);

#endif
