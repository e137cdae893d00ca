/* Making a turn durable: one transaction with the turn's records, recalled
 * bodies, a slice of write-back and of trimming. Owns the order of it: journal
 * first, then delivery. While one turn is in flight, that is, with the store's
 * second thread, the next one is decided; one flies at a time. A commit of what
 * was asked for that fails ends the process (DESIGN 3); what the broker writes of
 * its own accord waits for room. */
#ifndef TURN_COMMIT_H
#define TURN_COMMIT_H

#include "broker.h"

/* Commits what is in flight and what the turn holds, if anything, and delivers
 * it. On failure, here and below, nothing may be sent any more. */
enum parlor_err commit_turn(struct broker *) PARLOR_MUST_CHECK;
/* The same without waiting for the disk: what the turn holds is in flight then,
 * with the answers the turn brought, and the next turn begins. None is in flight. */
enum parlor_err commit_start(struct broker *) PARLOR_MUST_CHECK;
/* Delivers what was in flight and has landed, if anything, and flushes it. */
enum parlor_err commit_collect(struct broker *) PARLOR_MUST_CHECK;
/* The same, only when the turn holds a record that changes who hears a room:
 * who attaches must find the audience as the state is. */
enum parlor_err commit_moves(struct broker *) PARLOR_MUST_CHECK;
/* When nothing else is to do: a slice of rows and of trimming. *more: there was
 * any; come again. */
enum parlor_err commit_idle(struct broker *, bool *more) PARLOR_MUST_CHECK;
/* Everything dirty to rows, as far as there is room: before a clean stop. */
enum parlor_err commit_all_rows(struct broker *) PARLOR_MUST_CHECK;
/* Space for a request that writes, before it is accepted, and for the rows that are
 * dirty already; STORE_FULL when it cannot be taken now. What is reserved adds up
 * until the turn's commit. */
enum parlor_err commit_room(struct broker *, size_t request_bytes) PARLOR_MUST_CHECK;

#endif
