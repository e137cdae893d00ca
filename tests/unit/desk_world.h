/* A core with a desk: short words for what is asked of it, and time that passes when a test
 * says so. Those that return nothing fail the test when they do not succeed. */
#ifndef DESK_WORLD_H
#define DESK_WORLD_H

#include "core/desk/act.h"
#include "core/desk/config.h"
#include "core/desk/list.h"
#include "core/desk/open.h"
#include "core/desk/transfer.h"
#include "core_world.h"

/* States as tests name them; the numbers are those of the protocol. */
enum { DEFERRED = 1, WAITING, OFFERED, BOT, ACTIVE, HELD, CLOSED };

/* A desk "shop", whose team "*" is as this says; gap_ms is off unless it is set. */
void desk_begin(struct world *, struct row_team);
void team_set(struct world *, struct row_team);
/* An agent with a seat at the desk and in the team "*", offline. */
void agent_add(struct world *, const char *id, uint64_t max);
void agent_set(struct world *, struct row_agent);
void seat_set(struct world *, struct row_seat);
void team_seat_set(struct world *, struct row_team_seat);
enum parlor_err row_set(struct world *, enum config_no, const void *is, bool remove);
void online(struct world *, const char *member);
void offline(struct world *, const char *member);

struct conversation_view opened(struct world *, const char *id, const char *visitor);
enum parlor_err open_as(struct world *, struct core_desk_open, struct conversation_view *);
struct conversation_view shown(struct world *, const char *id);
/* Who serves it; "": nobody. */
const char *agent_of(struct world *, const char *id);
int state_of(struct world *, const char *id);
void assert_has(struct world *, const char *id, int state, const char *agent);
uint64_t place_of(struct world *, const char *id);

enum parlor_err accept_offer(struct world *, const char *id, uint64_t offer, const char *agent);
enum parlor_err decline_offer(struct world *, const char *id, uint64_t offer, const char *agent);
enum parlor_err claim(struct world *, const char *id, const char *agent);
enum parlor_err closed(struct world *, const char *id, const char *by);
enum parlor_err returned(struct world *, const char *id, const char *by);
enum parlor_err to_agent(struct world *, const char *id, const char *by, const char *agent);
enum parlor_err to_team(struct world *, const char *id, const char *by, const char *team,
			bool let_go);
enum parlor_err mode_set(struct world *, const char *agent, uint8_t mode);
void says(struct world *, const char *id, const char *member);

/* Time in which the broker serves. */
void pass_ms(struct world *, uint64_t ms);
/* Killed, and started again so much later. */
void restart_after_ms(struct world *, uint64_t ms);

#endif
