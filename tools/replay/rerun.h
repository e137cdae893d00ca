/* Playing a recording: its events in the order of the file, each tenant's over
 * one session, so that a broker that has none of its rooms comes to the same
 * rooms, numbers, reading positions and unread counts. A room that the broker
 * has already, with anything in it, is left alone. */
#ifndef RERUN_H
#define RERUN_H

#include "lines.h"
#include "play.h"
#include "summary.h"

/* The lines stand before the header; they are taken over. What happened is in
 * the summary, what was wrong too. */
void rerun_play(const struct play_options *, struct lines *, struct summary *);

#endif
