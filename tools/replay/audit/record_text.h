/* Records told to people: one line each, as text or JSON, with names instead of
 * numbers as the event behind the record has them. Owns the words; knows no
 * state beyond the entry. What comes from outside is printed without control
 * characters. */
#ifndef AUDIT_RECORD_TEXT_H
#define AUDIT_RECORD_TEXT_H

#include "store/store.h"

#include "base/arena.h"

#include <jansson.h>
#include <parlor/parlor.pb-c.h>
#include <stdio.h>

#define RECORD_TEXT_TIME_BYTES 40
/* UTC, to the second. */
const char *record_text_time(uint64_t us, char text[RECORD_TEXT_TIME_BYTES]);

/* Control characters escaped, also those that change the direction of text. */
void record_text_put(FILE *, const char *text);

struct record_text {
	struct arena arena;
};
void record_text_init(struct record_text *);
void record_text_fini(struct record_text *);

/* The event of an entry, until the next call; NULL when it has none or a
 * damaged one. */
const Parlor__Event *record_text_event(struct record_text *, const struct entry *);

/* "posted 5 by chen", "read up to 7 by lin". At most `size` bytes, cut where it
 * is longer. */
void record_text_what(struct record_text *, const struct entry *, const struct record *, char *text,
		      size_t size);

/* "     12  2026-11-21 18:38:33  posted 5 by chen  (counted 5, seen 3)\n" */
void record_text_print(struct record_text *, FILE *, const struct entry *, const struct record *);
/* The same facts as an object; NULL when memory is exhausted. */
json_t *record_text_json(struct record_text *, const struct entry *, const struct record *);

/* A JSON string of bytes that should be UTF-8 and may not be. */
json_t *record_text_json_text(const char *text, size_t len);
/* Texts of a list: "vip, waits"; cut where it is longer. */
const char *record_text_list(const json_t *list, char *text, size_t size);
/* One line of JSON; gives the object back. False when it cannot be written. */
bool record_text_json_line(FILE *, json_t *);

#endif
