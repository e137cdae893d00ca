/* How the journal is split among workers: which partition carries a room. */
#ifndef CORE_PARTITION_H
#define CORE_PARTITION_H

#include <stdint.h>

#define PARTITION_NONE 255 /* none carries it; fewer partitions than that */

/* room: its number; 0, about no room, is in the first. */
uint8_t partition_of(uint64_t room, uint32_t partitions);

#endif
