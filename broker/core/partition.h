/* How the journal is split among workers: which partition carries a topic. */
#ifndef CORE_PARTITION_H
#define CORE_PARTITION_H

#include "core/topic.h"

#define PARTITION_NONE 255 /* none carries it; fewer partitions than that */

/* Of TOPIC_NONE: the first. */
uint8_t partition_of(struct topic, uint32_t partitions);

#endif
