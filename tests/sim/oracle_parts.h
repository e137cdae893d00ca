/* Private to the oracle's files. */
#ifndef SIM_ORACLE_PARTITIONS_H
#define SIM_ORACLE_PARTITIONS_H

#include "oracle.h"

struct o_text o_text(struct span);
struct o_label o_label(struct span);
bool o_same(struct span a, struct span b);

void o_clock(struct oracle *, const struct core_call *);
uint64_t o_emit(struct oracle *);
int o_add_tenant(struct oracle *, struct span id);
int o_add_member(struct oracle *, int tenant, struct span id);
struct o_message *o_add_message(struct oracle *, int room, int sender);
void o_leave(struct oracle *, int room, int member, uint64_t position);

enum parlor_err o_check_id(struct span);
enum parlor_err o_check_specs(const struct oracle *, const struct core_member_spec *, size_t n);
enum parlor_err o_check_notice(const struct oracle *, const struct core_notice *);
bool o_repeated(const struct span *ids, size_t n);
bool o_capacity(const struct oracle *, int tenant, const struct core_member_spec *, size_t n);
enum parlor_err o_find_member(const struct oracle *, const struct core_call *, struct span id,
			      int *member);
/* Also a dissolved one. */
enum parlor_err o_find_room(const struct oracle *, const struct core_call *, struct span id,
			    int *room);
enum parlor_err o_find_living(const struct oracle *, const struct core_call *, struct span id,
			      int *room);
enum parlor_err o_find_interval(const struct oracle *, const struct core_call *, int room,
				struct span id, int *member);
void o_notice(struct oracle *, int room, const struct core_notice *);
void o_join(struct oracle *, int room, const struct core_member_spec *);
bool o_labelled(const struct o_room *, struct span label);
void o_view(const struct oracle *, int room, struct core_room_view *);

#endif
