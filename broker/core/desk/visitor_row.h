/* Visitors as rows, beside the member that each is: the profile, and of each desk where it
 * has been what the next visit begins with. Read when they are needed. Private to the core. */
#ifndef DESK_VISITOR_ROW_H
#define DESK_VISITOR_ROW_H

#include "core/desk/tables.h"

struct visitor {
	struct row base;
	uint64_t as_of;
	bool removed;
	struct row_visitor row;
	char *bytes; /* that its texts borrow from */
};
/* A visitor at one desk. */
struct guest {
	struct row base;
	uint64_t as_of;
	struct row_guest {
		uint64_t conversation; /* the last one */
		uint64_t room;         /* of its visits */
		uint64_t seat;         /* of a human that served it last */
		uint64_t served_us;    /* desk time when that ended */
		uint64_t ended_us;     /* desk time when the last conversation did */
	} row;
};

/* NULL: there is none. */
enum parlor_err visitor_find(struct core *, struct member *, struct visitor **) PARLOR_MUST_CHECK;
/* Added when there is none. */
enum parlor_err visitor_put_in(struct core *, struct member *, struct span fields,
			       struct visitor **) PARLOR_MUST_CHECK;
enum parlor_err guest_find(struct core *, struct member *, uint64_t desk,
			   struct guest **) PARLOR_MUST_CHECK;
enum parlor_err guest_put_in(struct core *, struct member *, uint64_t desk,
			     struct guest **) PARLOR_MUST_CHECK;

extern const struct row_kind visitor_row_kind, guest_row_kind;

#endif
