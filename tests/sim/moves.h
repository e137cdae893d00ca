/* What happens in a world: one random request after another, each put to the
 * core and to the oracle, whose answers must agree. */
#ifndef SIM_MOVES_H
#define SIM_MOVES_H

#include "core/room.h"
#include "world.h"

/* Sets call and touched, asks both. */
void moves_one(struct world *);
void moves_boot(struct world *);

/* The groups behind moves_one. */
void move_create(struct world *);
void move_create_again(struct world *);
void move_rename(struct world *);
void move_close(struct world *);
void move_reopen(struct world *);
void move_dissolve(struct world *);
void move_show(struct world *);
void move_add(struct world *);
void move_remove(struct world *);
void move_change(struct world *);
void move_post(struct world *);
void move_post_again(struct world *);
void move_recall(struct world *);
void move_history(struct world *);
void move_read(struct world *);
void move_mark_unread(struct world *);
void move_unread(struct world *);
void move_total(struct world *);
void move_list(struct world *);
void move_labels(struct world *);
void move_intervals(struct world *);
void move_intern(struct world *);
void move_presence(struct world *);

/* The codes of core and oracle for one request, with the request in words. */
__attribute__((format(printf, 4, 5))) void move_told(struct world *, enum parlor_err core,
						     enum parlor_err oracle, const char *, ...);
void move_same_view(struct world *, const struct core_room_view *, const struct core_room_view *);
#define WORDS(s) (int)((s).len < 20 ? (s).len : 20), (const char *)((s).data ? (s).data : "")

#endif
