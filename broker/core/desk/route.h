/* Which team of a desk gets what it is asked for: the rows of its routes, looked up. Decides
 * no order among them. Private to the core. */
#ifndef DESK_ROUTE_H
#define DESK_ROUTE_H

#include "core/desk/tables.h"

/* NULL: there is no such route. */
struct team *route_by(struct core *, const struct desk *, enum route_by, struct span value);
/* Of a line of business: by its number, else by what it calls the desk. 0: of none. */
struct team *route_business(struct core *, const struct desk *, uint64_t business);

#endif
