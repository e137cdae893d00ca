/* What was decided at a desk elsewhere, as it is imported: what no request could bring about
 * while nobody is there, such as a transfer to somebody who is offline. Emits the records
 * that requests would. */
#ifndef DESK_IMPORT_H
#define DESK_IMPORT_H

#include "core/desk/act.h"

/* From who serves to act.agent, who has taken it at once. NOT_YOURS: nobody serves;
 * SEAT_UNKNOWN, SEAT_AWAY, TOO_MANY; VALUE: to itself. */
enum parlor_err core_desk_import_transfer(struct core *, const struct core_call *,
					  const struct core_desk_act *,
					  struct conversation_view *) PARLOR_MUST_CHECK;
/* Who serves leaves, and it waits again. gone: for having been away. NOT_YOURS. */
enum parlor_err core_desk_import_release(struct core *, const struct core_call *,
					 const struct core_desk_act *, bool gone,
					 struct conversation_view *) PARLOR_MUST_CHECK;
/* Closed because its visitor did not answer any more. */
enum parlor_err core_desk_import_timeout(struct core *, const struct core_call *,
					 const struct core_desk_act *,
					 struct conversation_view *) PARLOR_MUST_CHECK;
struct core_desk_spoken {
	uint8_t spoke; /* enum spoke_last; NOBODY: as it is */
	uint32_t asks; /* so far; 0: as it is */
};
/* Somebody spoke at that time: what is not known. */
enum parlor_err core_desk_import_spoken(struct core *, const struct core_call *,
					const struct core_desk_act *,
					const struct core_desk_spoken *,
					struct conversation_view *) PARLOR_MUST_CHECK;

#endif
