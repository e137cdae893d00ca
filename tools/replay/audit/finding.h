/* The first difference that an audit found: where, what was expected, what was
 * found, and the records around it. Owns the words for people and for programs,
 * and the exit codes. */
#ifndef AUDIT_FINDING_H
#define AUDIT_FINDING_H

#include "audit/engine.h"

/* Exit codes of the auditing commands. */
enum audit_exit {
	AUDIT_EQUAL = 0,
	AUDIT_DIFFERENT = 1, /* diff: the two differ */
	AUDIT_USAGE = 2,
	AUDIT_JOURNAL = 3,    /* damaged, not dense, or a record that does not fit */
	AUDIT_ROWS = 4,       /* the rows are not what the journal gives */
	AUDIT_UNREAD = 5,     /* an unread count is not what counting gives */
	AUDIT_MYSQL = 6,      /* the database has something else */
	AUDIT_UNREADABLE = 7, /* directory, scratch or database cannot be read */
	AUDIT_TRIMMED = 8,    /* nothing tells the state before the journal's first record */
	AUDIT_DESK = 9,       /* what is promised of a desk does not hold */
};

#define FINDING_TEXT 320

struct finding {
	const char *only; /* a tenant, or NULL: see finding_wanted */
	enum audit_exit code;
	char what[FINDING_TEXT]; /* "the membership's row" */
	/* Names, empty where it is about none. */
	char tenant[ROW_ID_MAX + 1], room[ROW_ID_MAX + 1], member[ROW_ID_MAX + 1];
	uint64_t room_no;
	uint64_t position; /* that it is about, or 0: the end */
	char expected[FINDING_TEXT], found[FINDING_TEXT];
};

/* What a failure of the source means for the exit code. */
enum audit_exit audit_exit_of(enum parlor_err);

/* Fills in names; numbers of 0 are about none. A name that is not to be had
 * stays as "#number". */
void finding_name(struct finding *, struct engine *, uint64_t room, uint64_t member);
/* False: it is about another tenant than the only one asked about. */
bool finding_wanted(const struct finding *);
void finding_set(struct finding *, enum audit_exit, const char *what);
void finding_expected(struct finding *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void finding_found(struct finding *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* With the records around it, read from the journal again. */
void finding_print(const struct finding *, struct source *, uint64_t upto, bool json);

/* An id of a row as a text that ends. */
void audit_text(char *to, size_t size, struct span text);

#endif
