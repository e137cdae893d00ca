/* The desk's rows as structs, and their fields as data: what a kind of row holds, in
 * the order of its message in proto/desk.proto, and how much of it. Owns the forms and
 * the limits of single fields; knows no row in memory and no rule between rows. */
#ifndef DESK_FORM_H
#define DESK_FORM_H

#include "core/engine/field.h"

#include "base/err.h"

/* The rows that say how a desk works, in the order of DeskSet's fields. */
enum config_no {
	CONFIG_DESK = 1,
	CONFIG_TEAM,
	CONFIG_AGENT,
	CONFIG_SEAT,
	CONFIG_TEAM_SEAT,
	CONFIG_VISITOR,
	CONFIG_GROUP,
	CONFIG_TYPE,
	CONFIG_ROUTE,
	CONFIG_TEXT,
	CONFIG_HOURS,
	CONFIG_BUSINESS,
	CONFIG_SEAT_BUSINESS,
	CONFIG_NOS
};

enum strategy {
	STRATEGY_DEFAULT,
	STRATEGY_ROUND_ROBIN,
	STRATEGY_MOST_IDLE,
	STRATEGY_RANDOM,
	STRATEGY_LEAST_BUSY,
	STRATEGY_LONGEST_IDLE,
	STRATEGY_PRIORITY,
	STRATEGY_WEIGHTED,
	STRATEGY_BROADCAST,
	STRATEGY_MANUAL
};
enum agent_mode { MODE_AS_IT_IS, MODE_READY, MODE_AWAY, MODE_ALWAYS };
enum agent_role { ROLE_DEFAULT, ROLE_AGENT, ROLE_MANAGER, ROLE_ADMIN };
enum robot_policy { ROBOT_INHERIT, ROBOT_FIRST, ROBOT_HUMANS_FIRST, ROBOT_NONE };
enum route_by { ROUTE_NONE, ROUTE_PRODUCT, ROUTE_TYPE, ROUTE_BUSINESS, ROUTE_BSUID };

#define DESK_LEVELS 4
#define DESK_PRIORITIES 4
#define DESK_LISTS_MAX 64   /* seats of an agent, and teams of a seat */
#define DESK_ASKED_MAX 8    /* seats that one offer goes to, and exclusions */
#define DESK_OFF UINT32_MAX /* of a setting that has a default: none */

struct row_desk {
	struct span desk, name, logo_url, hours, voice;
	uint64_t old_id;
	uint8_t strategy, robot_policy;
	bool queue_off, room_each, off;
};
struct row_team {
	struct span desk, team, name, overflow_team, hours;
	uint8_t strategy, accept, broadcast, when_gone, sticky_full, when_closed, at_close;
	uint8_t robot_policy;
	bool hold_frees, robot_stays, handoff_keeps, post_opens, levels_wait, off;
	uint64_t weight_ms, max_waiting, offer_ms, again_ms, misses, gap_ms, wrap_up_ms, grace_ms;
	uint64_t remind_seat_ms, take_away_ms, takeaways_max, remind_visitor_ms, close_silent_ms;
	uint64_t hold_ms, resume_wait_ms, max_wait_ms, visitor_gone_ms, sticky_ms, sticky_wait_ms;
	uint64_t robot_silence_ms, robot_after_ms, reopen_ms, rating_ms;
	uint64_t level1_ms, level2_ms, level3_ms, overflow_ms;
	uint64_t boost1_ms, boost2_ms, boost3_ms, sla_first_ms, sla_close_ms;
	uint64_t desk_no;
};
struct row_agent {
	struct span agent, number, name, email, mode_why;
	uint64_t max, party_no;
	uint8_t role, mode;
	bool robot, off;
	uint64_t misses; /* offers missed one after another */
};
struct row_seat {
	struct span desk, agent, web_name, nickname, avatar, host;
	uint64_t priority_milli, max, old_id, old_desk_id, desk_no, party_no;
	uint8_t mode;
	bool bind, off;
	uint64_t ready_us; /* desk time from which on it gets something new */
	uint64_t idle_us;  /* desk time at which its last conversation ended */
};
struct row_team_seat {
	struct span desk, team, agent;
	uint64_t ord, max, weight, desk_no, team_no, party_no, seat_no;
	uint8_t level;
	uint64_t turn; /* number of the team's last offer to it */
	uint64_t pass; /* of the strategy by weight */
};
struct row_visitor {
	struct span visitor, nickname, province, city, avatar, tel, email, remark, language;
	struct span group, owner;
	uint64_t party_no, group_no, owner_no;
	uint8_t sex;
	bool blocked;
};
struct row_group {
	struct span group, name;
};
struct row_type {
	struct span type, desk, name, team;
	uint64_t desk_no, team_no;
	uint8_t priority;
};
struct row_route {
	struct span desk, value, team;
	uint64_t desk_no, team_no;
	uint8_t by;
};
struct row_text {
	struct span desk, team, text;
	uint64_t desk_no, team_no;
	uint8_t which;
};
struct row_hours {
	struct span hours, name, zone, rules;
	bool open;         /* now, as was recorded */
	uint64_t until_us; /* on the wall; UINT64_MAX: for good */
};
struct row_business {
	struct span desk, business_desk_id, bsuid_and_type, operator, operator_name;
	uint64_t business, desk_no;
	bool off;
};
struct row_seat_business {
	struct span desk, agent;
	uint64_t business, desk_no, party_no, seat_no;
	bool off;
};

/* Of any kind. */
union row_any {
	struct row_desk desk;
	struct row_team team;
	struct row_agent agent;
	struct row_seat seat;
	struct row_team_seat team_seat;
	struct row_visitor visitor;
	struct row_group group;
	struct row_type type;
	struct row_route route;
	struct row_text text;
	struct row_hours hours;
	struct row_business business;
	struct row_seat_business seat_business;
};

/* What a request may say of a field: at most so many bytes of a text, or that number. */
#define FORM_REF UINT64_MAX /* it may not: the core finds it */

struct config_form {
	const char *name;
	size_t size;                /* of its struct */
	const struct field *fields; /* in the order of its message */
	const uint64_t *max;        /* of each of them */
	size_t fields_len;
	const struct field *key;   /* that no two rows of a tenant have the same: texts, numbers */
	const struct field *state; /* that records about conversations change, stored behind */
};
const struct config_form *config_form(enum config_no);

/* TOO_LONG, VALUE: some field of what was asked. */
enum parlor_err config_form_check(enum config_no, const void *is) PARLOR_MUST_CHECK;
/* The numbers that the core finds are taken from `from`. */
void config_form_take_refs(enum config_no, void *is, const void *from);

#endif
