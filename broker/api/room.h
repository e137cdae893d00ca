/* What requests about rooms and about their members have in common: notices, lists of
 * members, the room as an answer. */
#ifndef API_ROOM_H
#define API_ROOM_H

#include "api/request.h"
#include "core/room.h"

struct core_notice request_notice(const Parlor__Notice *);
/* In the reply's memory. */
enum parlor_err request_specs(struct request *, Parlor__MemberSpec **in, size_t n,
			      struct core_member_spec **out) PARLOR_MUST_CHECK;
/* Result "room". */
enum parlor_err request_answer_room(struct request *,
				    const struct core_room_view *) PARLOR_MUST_CHECK;

#endif
