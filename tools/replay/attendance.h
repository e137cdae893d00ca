/* The members attached to the sessions so far: each once, to the session of
 * its name, many in one request. Whoever needs members attached names them,
 * takes a ticket, and waits until all asked before the ticket are answered.
 * Grows with the distinct members of the file, which the broker's limit of
 * members a session bounds. */
#ifndef ATTENDANCE_H
#define ATTENDANCE_H

#include "sessions.h"
#include "summary.h"

struct attendance;

struct attendance *attendance_new(struct sessions *, struct summary *);
void attendance_free(struct attendance *); /* after the sessions are closed */

void attendance_name(struct attendance *, const char *member);
/* Sends what was named; a session whose last request is unanswered waits. Call
 * often. */
void attendance_send(struct attendance *);
uint64_t attendance_ticket(const struct attendance *);
bool attendance_ready(const struct attendance *, uint64_t ticket);

#endif
