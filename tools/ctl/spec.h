/* Members as a person writes them: ID[:TYPE[:NAME[:AVATAR]]]. A colon within a
 * part but the last is written "\:". Owns the taken-apart copies. */
#ifndef CTL_SPEC_H
#define CTL_SPEC_H

#include <parlor/parlor.pb-c.h>

#include <stdbool.h>
#include <stddef.h>

/* Zeroed is empty. */
struct spec_list {
	Parlor__MemberSpec **members;
	size_t len;
};

/* False after saying what is wrong. */
bool spec_add(struct spec_list *, const char *text);
void spec_fini(struct spec_list *);

#endif
