/* The registry of the kinds of record, and what follows from it for any record:
 * its encoding (the head of a journal entry), its topics, its partition, whom it moves.
 * Never looks at the event that is stored behind the head. */
#ifndef CORE_KINDS_H
#define CORE_KINDS_H

#include "core/record_kind.h"

/* NULL when there is none of that number. */
const struct record_kind *record_kind(unsigned no);

#define RECORD_HEAD_MAX 4096 /* encoded; ids and names are bounded far below */
void record_encode(struct buf *, const struct record *);
/* Names borrow from the bytes. PARLOR_E_STORE_CORRUPT when they are no record. */
enum parlor_err record_decode(struct record *, const void *bytes, size_t len) PARLOR_MUST_CHECK;

/* What it is about, and whose listeners are told of it: TOPIC_NONE is nobody's. */
struct topic record_topic(const struct record *);
struct topic record_heard(const struct record *);
struct topic record_also(const struct record *); /* and these, each session once */
/* PARTITION_NONE when MySQL is told nothing of it. */
uint8_t record_partition(const struct record *, uint32_t partitions);
enum record_moves record_moves(const struct record *);
/* NULL when it says nothing of unread. */
const struct record_counts *record_counts(const struct record *);

#endif
