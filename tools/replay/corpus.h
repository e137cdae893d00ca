/* A recorded conversation file, read room by room: NDJSON, plain or gzip, as
 * tests/data/README.md describes it. Owns the open file and one line of
 * look-ahead, checks form and order of every line, and holds no more than the
 * room it reads: the file may be larger than memory. Knows nothing of brokers. */
#ifndef CORPUS_H
#define CORPUS_H

#include "choice.h"
#include "lines.h"

#include <parlor/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CORPUS_LINE_MAX (1U << 20)
#define CORPUS_ROOM_BYTES_DEFAULT (16U << 20)

enum corpus_type { CORPUS_TEXT, CORPUS_NOTICE, CORPUS_JOIN, CORPUS_LEAVE };
enum corpus_role { CORPUS_MEMBER, CORPUS_VISITOR, CORPUS_AGENT };

struct corpus_event {
	enum corpus_type type;
	bool left_out; /* not chosen: it has no who and no body */
	uint32_t who;  /* index into the room's people */
	int64_t t_ms;  /* when the room is timed */
	char *body;
};

struct corpus_person {
	char *id;
	enum corpus_role role; /* in the person's first event */
	bool joins;            /* that event is a join */
};

/* All events of one room; an event's index is its seq. People stand in the
 * order of their first events. */
struct corpus_room {
	char *id;
	bool timed;
	struct corpus_event *events;
	size_t events_len;
	size_t first; /* event that is not left out */
	struct corpus_person *people;
	size_t people_len;
	size_t bytes; /* memory it takes, about */
};

struct corpus;

/* path "-" is standard input. A room of more than room_bytes_max is an error.
 * On failure, too, *out is to be closed; corpus_error says what it was. */
enum parlor_err corpus_open(struct corpus **out, const char *path,
			    size_t room_bytes_max) PARLOR_MUST_CHECK;
/* The same on a file that is open already, which it takes over. */
struct corpus *corpus_new(struct lines *, size_t room_bytes_max);
void corpus_close(struct corpus *);
/* Events and rooms that are not chosen are left out from now on, rooms that
 * have none left too. Borrowed; call before the first corpus_read. */
void corpus_choose(struct corpus *, const struct choice *);

/* The next room, to be freed with corpus_room_free; NULL at the end of the
 * file. VALUE: a line that is not of the format, or a damaged archive. TOO_LONG:
 * a line or room above its limit. IO: the file cannot be read. After an error
 * the same error comes again. */
enum parlor_err corpus_read(struct corpus *, struct corpus_room **out) PARLOR_MUST_CHECK;
void corpus_room_free(struct corpus_room *);

/* "FILE:LINE: reason" of the last error; never NULL. */
const char *corpus_error(const struct corpus *);

/* Bytes of the file as it lies on disk, read so far and in all; false when the
 * size cannot be known (a pipe). */
bool corpus_progress(const struct corpus *, uint64_t *done, uint64_t *total);

#endif
