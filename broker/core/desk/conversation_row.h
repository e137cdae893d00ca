/* Conversations and their stints as rows: found, added, replaced. The open ones are all
 * resident. Private to the core. */
#ifndef DESK_CONVERSATION_ROW_H
#define DESK_CONVERSATION_ROW_H

#include "core/desk/tables.h"

/* NULL: there is none. A closed one is read. */
enum parlor_err conversation_find_no(struct core *, uint64_t no,
				     struct conversation **) PARLOR_MUST_CHECK;
enum parlor_err conversation_find(struct core *, uint32_t tenant, struct span id,
				  struct conversation **) PARLOR_MUST_CHECK;
/* The open one of a visitor at a desk; NULL: there is none. */
struct conversation *conversation_of_visitor(struct core *, uint64_t desk, uint64_t visitor);

/* All of one that is there, or a new one where none is given. */
enum parlor_err conversation_put_in(struct core *, uint64_t no, uint32_t tenant, struct span row,
				    struct conversation **) PARLOR_MUST_CHECK;
/* Its room; NULL, and the core is broken, when it cannot be read. */
struct room *conversation_room(struct core *, const struct conversation *);
/* The member who serves it; 0: nobody does. */
uint64_t conversation_serving(struct core *, const struct conversation *);
/* When it is due may have changed, and nothing that is stored. */
void conversation_set_due(struct core *, struct conversation *);
/* Those that are open are read once, when the state has been read. */
enum parlor_err conversation_load(struct core *) PARLOR_MUST_CHECK;

/* n: from 1 on. NULL: there is none. */
enum parlor_err stint_find(struct core *, struct conversation *, uint32_t n,
			   struct stint **) PARLOR_MUST_CHECK;
/* All of it. */
enum parlor_err stint_put_in(struct core *, struct conversation *,
			     const struct record *) PARLOR_MUST_CHECK;

/* Orders of queues: of nodes in_all, in_free and in_overflow. */
bool conversation_before_in_all(const struct rank_node *, const struct rank_node *);
bool conversation_before_in_free(const struct rank_node *, const struct rank_node *);
bool conversation_before_in_overflow(const struct rank_node *, const struct rank_node *);

#endif
