/* What a play did, counted, and how it is told: as text for a person or as one
 * JSON object. Owns the numbers; decides nothing but whether all went well. */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "delivery_check.h"
#include "histogram.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SUMMARY_CODES 128 /* error codes above are counted as the last one */

struct summary {
	uint64_t rooms;
	uint64_t members; /* distinct senders of each room, added up */
	uint64_t texts;   /* acknowledged, those already there included */
	uint64_t notices;
	uint64_t already_there; /* posted by an earlier play */
	uint64_t joins;         /* members added after a room's start */
	uint64_t leaves;
	uint64_t reads;
	/* Of recordings only. */
	uint64_t changes; /* of names, profiles and states of rooms */
	uint64_t recalls;
	uint64_t presences;
	uint64_t passed_over;  /* events that speak of what the recording lacks */
	uint64_t left_alone;   /* events of rooms that the broker had before */
	uint64_t renumbered;   /* messages whose seq is not the recorded one */
	uint64_t acknowledged; /* requests of any kind */
	uint64_t unanswered;
	uint64_t unsent;     /* requests given up with their room, or at an interrupt */
	uint64_t retried;    /* refused for a while and sent again */
	uint64_t misordered; /* posts whose seq is not above that of the one before */
	uint64_t refused[SUMMARY_CODES];
	uint64_t refused_all;
	struct histogram ack_us;  /* of posts */
	struct histogram late_us; /* sent behind its time; empty when nothing has one */
	double seconds;

	uint64_t reconnects;
	uint64_t resets;
	bool interrupted;
	char input_error[512];
	char broker_error[512];

	/* With attached members only. */
	const struct delivery_check *delivery_check;
	unsigned sessions;
	bool verify; /* what is missing counts as a failure */
};

void summary_refuse(struct summary *, int code);

/* Everything was sent, acknowledged and, when it was to be verified, heard. */
bool summary_good(const struct summary *);

void summary_print_text(const struct summary *, FILE *);
void summary_print_json(const struct summary *, FILE *);

#endif
