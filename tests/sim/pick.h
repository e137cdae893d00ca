/* Random parts of requests: mostly right, now and then wrong in one way. */
#ifndef SIM_PICK_H
#define SIM_PICK_H

#include "world.h"

struct span pick_tenant(struct world *);
struct span pick_room(struct world *); /* of the call's tenant; sets touched */
struct span pick_member(struct world *);
struct span pick_in_room(struct world *, int room); /* room -1: any member */
struct span pick_label(struct world *);
struct span pick_text(struct world *, uint64_t limit);
struct core_notice pick_notice(struct world *);
uint8_t pick_type(struct world *);
size_t pick_specs(struct world *, struct core_member_spec specs[O_SPECS + 1]);

#endif
