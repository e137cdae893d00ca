/* Results and events as a person reads them, or as lines of JSON. How each of them
 * looks stands with its noun (ctl.h); asks the broker nothing. */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include <parlor/parlor.pb-c.h>

#include <stdbool.h>
#include <stdio.h>

/* Text of others on a terminal: control characters, line ends and marks that
 * turn the direction of writing are shown escaped. */
void show_text(FILE *, const char *);

#define SHOW_TIME_BYTES 32
const char *show_time(uint64_t us, char text[SHOW_TIME_BYTES]);

/* On stdout. A page is a line an item. */
void show_reply(const Parlor__Reply *, bool json);
void show_event(const Parlor__Event *, bool json);

#endif
