#include "project.h"

#define SET                                                                            \
	" SET g.unread = GREATEST(r.counted - g.seen, 0), g.unread_seq = r.last_seq, " \
	"g.group_name = r.group_name"

/* The WHERE is on the table that the lookup should begin with. */
enum parlor_err project_rooms(struct db *db, struct picks *rooms)
{
	static const struct pick_columns columns = {"r.ent_id", "r.uuid", NULL};
	return picks_run(rooms, db,
			 "UPDATE room r JOIN chat_group g ON g.ent_id = r.ent_id AND "
			 "g.uuid = r.uuid" SET,
			 &columns);
}

enum parlor_err project_members(struct db *db, struct picks *members)
{
	static const struct pick_columns columns = {"g.ent_id", "g.uuid", "g.member_id"};
	return picks_run(members, db,
			 "UPDATE chat_group g JOIN room r ON r.ent_id = g.ent_id AND "
			 "r.uuid = g.uuid" SET,
			 &columns);
}
