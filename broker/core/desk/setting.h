/* Settings of a team, as they hold: 0 in a row takes the default, DESK_OFF is none. Owns
 * the defaults. Private to the core. */
#ifndef DESK_SETTING_H
#define DESK_SETTING_H

#include "core/desk/tables.h"

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

#define DEFAULT_broadcast 3
#define DEFAULT_weight_ms 0
#define DEFAULT_max_waiting 100000
#define DEFAULT_offer_ms (20 * SECOND)
#define DEFAULT_again_ms (60 * SECOND)
#define DEFAULT_misses 3
#define DEFAULT_gap_ms (2 * SECOND)
#define DEFAULT_wrap_up_ms 0
#define DEFAULT_grace_ms (60 * SECOND)
#define DEFAULT_remind_seat_ms (120 * SECOND)
#define DEFAULT_take_away_ms 0
#define DEFAULT_takeaways_max 8
#define DEFAULT_remind_visitor_ms (900 * SECOND)
#define DEFAULT_close_silent_ms (900 * SECOND)
#define DEFAULT_hold_ms 0
#define DEFAULT_resume_wait_ms (30 * SECOND)
#define DEFAULT_max_wait_ms 0
#define DEFAULT_visitor_gone_ms (60 * SECOND)
#define DEFAULT_sticky_ms (24 * HOUR)
#define DEFAULT_sticky_wait_ms (30 * SECOND)
#define DEFAULT_robot_silence_ms (30 * SECOND)
#define DEFAULT_robot_after_ms (30 * SECOND)
#define DEFAULT_reopen_ms (24 * HOUR)
#define DEFAULT_rating_ms (7 * 24 * HOUR)
#define DEFAULT_level1_ms 0
#define DEFAULT_level2_ms 0
#define DEFAULT_level3_ms 0
#define DEFAULT_overflow_ms 0
#define DEFAULT_boost1_ms (1 * MINUTE)
#define DEFAULT_boost2_ms (5 * MINUTE)
#define DEFAULT_boost3_ms (20 * MINUTE)
#define DEFAULT_sla_first_ms 0
#define DEFAULT_sla_close_ms 0

static inline uint64_t setting_of(uint64_t said, uint64_t otherwise)
{
	return said == 0 ? otherwise : said == DESK_OFF ? 0 : said;
}
#define SETTING(team, name) setting_of((team)->row.name, DEFAULT_##name)
/* Of one that ends in _ms. 0: off. */
#define SETTING_US(team, name) (1000 * SETTING(team, name))

/* Every time that a client is told, the broker waits so much longer for its answer. */
#define SETTING_LATE_US UINT64_C(500000)
/* Who has just begun may be everybody: agents have so long to come back. */
#define SETTING_BOOT_US UINT64_C(20000000)
#define SETTING_BOOT_HOLD_US UINT64_C(3000000) /* at most: or until as many are back */
/* Where all who could be asked have declined, the first of them is asked again after this. */
#define SETTING_AGAIN_SOON_US UINT64_C(5000000)
#define SETTING_OFFERS_MAX 100 /* of a conversation: then it is left to whoever claims it */
#define SETTING_TRANSFERS_MAX 64
/* An agent's last stint in a conversation is looked for among so many. */
#define SETTING_STINTS_LOOKS 200

/* That of a team, else of its desk, else by turns. */
static inline enum strategy team_strategy(const struct team *t)
{
	uint8_t strategy = t->row.strategy ? t->row.strategy : t->desk->row.strategy;
	return strategy ? (enum strategy)strategy : STRATEGY_ROUND_ROBIN;
}

static inline enum robot_policy team_robot_policy(const struct team *t)
{
	uint8_t policy = t->row.robot_policy ? t->row.robot_policy : t->desk->row.robot_policy;
	return (enum robot_policy)policy;
}

/* The head start of a priority, in microseconds. */
static inline uint64_t team_boost_us(const struct team *t, unsigned priority)
{
	const uint64_t boosts[DESK_PRIORITIES] = {
		0, SETTING_US(t, boost1_ms), SETTING_US(t, boost2_ms), SETTING_US(t, boost3_ms)};
	return boosts[priority < DESK_PRIORITIES ? priority : DESK_PRIORITIES - 1];
}

/* What orders the team's queue: when one asked, less its head start. */
static inline uint64_t team_key(const struct team *t, uint64_t asked_us, unsigned priority)
{
	uint64_t boost = team_boost_us(t, priority);
	return asked_us > boost ? asked_us - boost : 0;
}

#endif
