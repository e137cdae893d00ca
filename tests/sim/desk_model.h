/* A desk as its records tell it, in plain arrays: what is set, who is there, who waits
 * and who serves. Everything that the core keeps on the side, such as loads, places and
 * who is ready, is counted anew whenever it is asked for. Goes along with the disk by being
 * copied. */
#ifndef SIM_DESK_MODEL_H
#define SIM_DESK_MODEL_H

#include "world.h"

#include "core/desk/conversation.h"
#include "core/desk/service.h"

enum {
	D_MEMBERS = 40,
	D_DESKS = 8,
	D_TEAMS = 16,
	D_AGENTS = 24,
	D_SEATS = 32,
	D_TEAM_SEATS = 96,
	D_OPEN = 40,
	D_CLOSED = 16,
	D_STAYS = 8,
	D_ROOMS = 400,
	D_MESSAGES = 6000,
};

struct d_desk {
	uint64_t no;
	uint32_t tenant;
	struct row_desk row;
};
struct d_team {
	uint64_t no;
	bool removed;
	struct row_team row;
};
struct d_agent {
	uint64_t no, set_us;
	bool removed;
	struct row_agent row;
};
struct d_seat {
	uint64_t no, ready_us, idle_us;
	bool removed;
	struct row_seat row;
};
struct d_team_seat {
	uint64_t no, turn, pass;
	bool removed, available;
	bool came; /* since its last turn: by weight it began where the others were */
	struct row_team_seat row;
};
struct d_member {
	uint32_t tenant;
	struct span id;
	uint8_t presence;
	uint64_t gone_us; /* desk time since when it is offline */
};
/* Who is in a room: reading counts from there on. */
struct d_stay {
	uint64_t member, read_seq;
};
struct d_room {
	uint64_t no, last_seq;
	char id[40];
	size_t id_len;
	uint8_t state;
	struct d_stay stays[D_STAYS];
	int stays_len;
};
struct d_message {
	uint64_t room, seq, sender;
	bool counts;
};
struct d_exclusion {
	uint64_t seat, since_us, until_us;
};
struct d_conversation {
	uint64_t no, position;
	char id[40];
	size_t id_len;
	uint32_t tenant;
	struct row_conversation row; /* its lists are those below */
	uint64_t offered[DESK_ASKED_MAX];
	size_t offered_len;
	struct d_exclusion excluded[DESK_ASKED_MAX];
	size_t excluded_len;
	/* Who was in it and left: up to where its agent has seen it. */
	struct d_stay left[D_STAYS];
	int left_len;
	uint64_t seen_seq;    /* what who serves had not read began behind it */
	uint64_t reminded[3]; /* of the message with that seq: whose answer is missing */
	int held_at;          /* so many messages there were when it was held */
};

struct desk_model {
	uint64_t position;          /* of the last record */
	uint64_t record_us;         /* of that */
	uint64_t now_us, offset_us; /* desk time is their sum */
	uint64_t boot_us;           /* desk time */
	uint64_t offers;            /* the highest number */
	uint64_t turns;
	struct span tenants[4]; /* by number */
	struct d_desk desks[D_DESKS];
	struct d_team teams[D_TEAMS];
	struct d_agent agents[D_AGENTS];
	struct d_seat seats[D_SEATS];
	struct d_team_seat team_seats[D_TEAM_SEATS];
	struct d_member members[D_MEMBERS]; /* by number */
	int desks_len, teams_len, agents_len, seats_len, team_seats_len, members_len;
	struct d_conversation open[D_OPEN], closed[D_CLOSED];
	int open_len;
	uint64_t closed_len; /* of all; the last few are kept */
	struct d_room rooms[D_ROOMS];
	int rooms_len, messages_len;
	struct d_message messages[D_MESSAGES];
};

void model_copy(struct desk_model *to, const struct desk_model *from);
/* The word that the text is: those of rows are borrowed from the core, and it is not. */
struct span model_word(struct span);

uint64_t model_now(const struct desk_model *);
/* Of a setting in milliseconds: 0 is the other, DESK_OFF is 0. */
uint64_t model_us(uint64_t said, uint64_t otherwise);
/* Not below 0. */
uint64_t model_less(uint64_t a, uint64_t b);
/* By number; NULL: there is none. */
struct d_desk *model_desk(struct desk_model *, uint64_t no);
struct d_team *model_team(struct desk_model *, uint64_t no);
struct d_seat *model_seat(struct desk_model *, uint64_t no);
struct d_agent *model_agent(struct desk_model *, uint64_t member);
struct d_team_seat *model_team_seat(struct desk_model *, uint64_t team, uint64_t seat);
struct d_conversation *model_open(struct desk_model *, uint64_t no);
struct d_room *model_room(struct desk_model *, uint64_t no);
struct d_stay *model_stay(struct d_room *, uint64_t member);
struct d_team *model_overflow(struct desk_model *, const struct d_team *);

/* ---- counted --------------------------------------------------------------------- */

struct d_load {
	uint64_t seat, agent, team_seat;
};
/* What that seat has, as a seat of that team. */
struct d_load model_load(struct desk_model *, const struct d_seat *, uint64_t team);
bool model_has_room(struct desk_model *, const struct d_seat *, const struct d_team_seat *);
bool model_available(struct desk_model *, const struct d_seat *);
enum strategy model_strategy(struct desk_model *, const struct d_team *);
bool model_is_offered(const struct d_conversation *, uint64_t seat);
/* The seat could have it as one of that team at this moment. */
bool model_could(struct desk_model *, const struct d_conversation *, struct d_team *,
		 struct d_team_seat *);
/* It waits and may be paired: not reserved for anybody, not left to be claimed. */
bool model_is_free(const struct d_conversation *);
/* In which queue it stands; 0: in none. */
uint64_t model_queue(const struct d_conversation *);
uint64_t model_place(struct desk_model *, const struct d_conversation *, uint64_t *of);
/* The last word in it that counts; NULL: nobody has spoken. */
const struct d_message *model_last_word(const struct desk_model *, const struct d_conversation *);
uint64_t model_unread(struct desk_model *, const struct d_conversation *, uint64_t member);

/* ---- records --------------------------------------------------------------------- */

/* Checks what a record says against what was before it, and takes it in. */
void model_record(struct world *, struct desk_model *, const struct record *);

#endif
