/* The clock of a zone, for rules of hours: the broker knows no zones, so its offsets from
 * UTC go with the rules. Asks the C library, and the zones that this machine has. */
#ifndef CTL_ZONE_H
#define CTL_ZONE_H

#include <stdint.h>

#define ZONE_YEARS 10
/* Behind each other in that time, which no zone on earth has. More are left out: the last
 * one holds from then on. */
#define ZONE_OFFSETS_MAX 64

/* The rules and, behind them, the offsets of the zone from the beginning of the year of
 * `now_s` on: the same text whenever it is made in that year. To be freed; NULL after
 * saying what is wrong. TZ is another for a while: not beside other threads. */
char *zone_rules(const char *rules, const char *zone, int64_t now_s);

#endif
