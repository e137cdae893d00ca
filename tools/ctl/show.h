/* Results as a person reads them, or as lines of JSON. Knows every result and
 * event of the protocol; asks the broker nothing. */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include <parlor/parlor.pb-c.h>

#include <stdbool.h>
#include <stdio.h>

/* Text of others on a terminal: control characters, line ends and marks that
 * turn the direction of writing are shown escaped. */
void show_text(FILE *, const char *);

/* On stdout. A page is a line an item. */
void show_reply(const Parlor__Reply *, bool json);
void show_event(const Parlor__Event *, bool json);

#endif
