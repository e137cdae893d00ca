/* All kinds of request, joined from the tables of the nouns. Knows no kind. */
#ifndef API_KINDS_H
#define API_KINDS_H

#define REQUEST_NO_MAX 127 /* of a field of Request */

struct request_kind;
struct request_kinds {
	const struct request_kind *by_no[REQUEST_NO_MAX + 1];
};

void request_kinds_init(struct request_kinds *);
/* NULL: there is none of that number. */
const struct request_kind *request_kind(const struct request_kinds *, unsigned no);

#endif
