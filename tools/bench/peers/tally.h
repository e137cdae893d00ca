/* Who has posted how often in which room, and what every unread count must be
 * after it. Chooses the room and the sender of each post. Counts only what it
 * chose itself; asks no server. */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include <stdint.h>

struct tally {
	uint32_t rooms, members; /* members: of a room */
	uint64_t seed;
	uint64_t posts;
	uint32_t *of_room;
	uint32_t *of_member; /* room * members + member */
};

void tally_init(struct tally *, uint32_t rooms, uint32_t members);
void tally_fini(struct tally *);

/* A random member of a random room posts. */
void tally_draw(struct tally *, uint32_t *room, uint32_t *member);

uint64_t tally_room(const struct tally *, uint32_t room);
/* Messages in the room that are not the member's own. */
uint64_t tally_unread(const struct tally *, uint32_t room, uint32_t member);

#endif
