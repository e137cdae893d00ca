#include "project.h"

/* Found by the room, whose rows all change: the lookup begins there. */
enum parlor_err project_rooms(struct db *db, struct picks *rooms)
{
	static const struct pick_columns columns = {"r.ent_id", "r.uuid", NULL};
	return picks_run(rooms, db,
			 "UPDATE room r JOIN chat_group g ON g.ent_id = r.ent_id AND "
			 "g.uuid = r.uuid SET g.unread = GREATEST(r.counted - g.seen, 0), "
			 "g.unread_seq = r.last_seq, g.group_name = r.group_name",
			 &columns);
}

/* Not a join: that may walk, and lock, all of a big room for one member. */
enum parlor_err project_members(struct db *db, struct picks *members)
{
#define OF_ROOM(column)                                                          \
	"(SELECT " column " FROM room r WHERE r.ent_id = chat_group.ent_id AND " \
	"r.uuid = chat_group.uuid)"
	static const struct pick_columns columns = {"ent_id", "uuid", "member_id"};
	return picks_run(
		members, db,
		"UPDATE chat_group SET "
		"unread = GREATEST(" OF_ROOM(
			"r.counted") " - seen, 0), "
				     "unread_seq = " OF_ROOM("r.last_seq") ", "
									   "group_name = " OF_ROOM(
										   "r.group_name"),
		&columns);
#undef OF_ROOM
}
