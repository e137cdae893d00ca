#include "core/desk/form.h"

#include "core/row.h"

#include <assert.h>
#include <string.h>

#define ID ROW_ID_MAX
#define NAME 256
#define LINK 1024
#define PRODUCT 150
#define TEXT 2048
#define RULES 3072
#define MS DESK_OFF
#define NUMBER UINT32_MAX
#define ANY (UINT64_MAX - 1)
#define REF FORM_REF

/* In the order of the fields of its message: a name, and what it may be at most. */
#define DESK(F)                            \
	F(desk, desk, ID)                  \
	F(desk, name, NAME)                \
	F(desk, logo_url, LINK)            \
	F(desk, strategy, STRATEGY_MANUAL) \
	F(desk, queue_off, 1)              \
	F(desk, robot_policy, ROBOT_NONE)  \
	F(desk, room_each, 1)              \
	F(desk, hours, ID) F(desk, voice, ID) F(desk, old_id, ANY) F(desk, off, 1)
#define TEAM(F)                            \
	F(team, desk, ID)                  \
	F(team, team, ID)                  \
	F(team, name, NAME)                \
	F(team, strategy, STRATEGY_MANUAL) \
	F(team, accept, 1)                 \
	F(team, broadcast, DESK_ASKED_MAX) \
	F(team, weight_ms, MS)             \
	F(team, max_waiting, NUMBER)       \
	F(team, offer_ms, MS)              \
	F(team, again_ms, MS)              \
	F(team, misses, NUMBER)            \
	F(team, gap_ms, MS)                \
	F(team, wrap_up_ms, MS)            \
	F(team, grace_ms, MS)              \
	F(team, when_gone, 2)              \
	F(team, remind_seat_ms, MS)        \
	F(team, take_away_ms, MS)          \
	F(team, takeaways_max, NUMBER)     \
	F(team, remind_visitor_ms, MS)     \
	F(team, close_silent_ms, MS)       \
	F(team, hold_ms, MS)               \
	F(team, hold_frees, 1)             \
	F(team, resume_wait_ms, MS)        \
	F(team, max_wait_ms, MS)           \
	F(team, visitor_gone_ms, MS)       \
	F(team, sticky_ms, MS)             \
	F(team, sticky_full, 2)            \
	F(team, sticky_wait_ms, MS)        \
	F(team, robot_silence_ms, MS)      \
	F(team, robot_after_ms, MS)        \
	F(team, robot_stays, 1)            \
	F(team, handoff_keeps, 1)          \
	F(team, reopen_ms, MS)             \
	F(team, rating_ms, MS)             \
	F(team, post_opens, 1)             \
	F(team, level1_ms, MS)             \
	F(team, level2_ms, MS)             \
	F(team, level3_ms, MS)             \
	F(team, levels_wait, 1)            \
	F(team, overflow_ms, MS)           \
	F(team, overflow_team, ID)         \
	F(team, boost1_ms, MS)             \
	F(team, boost2_ms, MS)             \
	F(team, boost3_ms, MS)             \
	F(team, sla_first_ms, MS)          \
	F(team, sla_close_ms, MS)          \
	F(team, hours, ID)                 \
	F(team, when_closed, 2)            \
	F(team, at_close, 2) F(team, robot_policy, ROBOT_NONE) F(team, off, 1) F(team, desk_no, REF)
#define AGENT(F)                    \
	F(agent, agent, ID)         \
	F(agent, robot, 1)          \
	F(agent, role, ROLE_ADMIN)  \
	F(agent, number, ID)        \
	F(agent, name, NAME)        \
	F(agent, email, NAME)       \
	F(agent, max, UINT16_MAX)   \
	F(agent, mode, MODE_ALWAYS) \
	F(agent, mode_why, NAME) F(agent, off, 1) F(agent, party_no, REF)
#define SEAT(F)                      \
	F(seat, desk, ID)            \
	F(seat, agent, ID)           \
	F(seat, web_name, NAME)      \
	F(seat, nickname, NAME)      \
	F(seat, avatar, LINK)        \
	F(seat, priority_milli, ANY) \
	F(seat, max, UINT16_MAX)     \
	F(seat, bind, 1)             \
	F(seat, host, NAME)          \
	F(seat, mode, MODE_ALWAYS)   \
	F(seat, off, 1)              \
	F(seat, old_id, ANY) F(seat, old_desk_id, ANY) F(seat, desk_no, REF) F(seat, party_no, REF)
#define TEAM_SEAT(F)                         \
	F(team_seat, desk, ID)               \
	F(team_seat, team, ID)               \
	F(team_seat, agent, ID)              \
	F(team_seat, level, DESK_LEVELS - 1) \
	F(team_seat, ord, NUMBER)            \
	F(team_seat, max, UINT16_MAX)        \
	F(team_seat, weight, UINT16_MAX)     \
	F(team_seat, desk_no, REF)           \
	F(team_seat, team_no, REF) F(team_seat, party_no, REF) F(team_seat, seat_no, REF)
#define VISITOR(F)                 \
	F(visitor, visitor, ID)    \
	F(visitor, nickname, NAME) \
	F(visitor, sex, 2)         \
	F(visitor, province, NAME) \
	F(visitor, city, NAME)     \
	F(visitor, avatar, LINK)   \
	F(visitor, tel, ID)        \
	F(visitor, email, NAME)    \
	F(visitor, remark, LINK)   \
	F(visitor, language, ID)   \
	F(visitor, group, ID)      \
	F(visitor, owner, ID)      \
	F(visitor, blocked, 1)     \
	F(visitor, party_no, REF) F(visitor, group_no, REF) F(visitor, owner_no, REF)
#define GROUP(F) F(group, group, ID) F(group, name, NAME)
#define TYPE(F)             \
	F(type, type, ID)   \
	F(type, desk, ID)   \
	F(type, name, NAME) \
	F(type, team, ID)   \
	F(type, priority, DESK_PRIORITIES - 1) F(type, desk_no, REF) F(type, team_no, REF)
#define ROUTE(F)                  \
	F(route, desk, ID)        \
	F(route, by, ROUTE_BSUID) \
	F(route, value, PRODUCT) F(route, team, ID) F(route, desk_no, REF) F(route, team_no, REF)
#define TEXTS(F)          \
	F(text, desk, ID) \
	F(text, team, ID) \
	F(text, which, 8) F(text, text, TEXT) F(text, desk_no, REF) F(text, team_no, REF)
#define HOURS(F) F(hours, hours, ID) F(hours, name, NAME) F(hours, zone, ID) F(hours, rules, RULES)
#define BUSINESS(F)                            \
	F(business, desk, ID)                  \
	F(business, business, ANY)             \
	F(business, business_desk_id, PRODUCT) \
	F(business, bsuid_and_type, PRODUCT)   \
	F(business, operator, NAME)            \
	F(business, operator_name, NAME) F(business, off, 1) F(business, desk_no, REF)
#define SEAT_BUSINESS(F)                \
	F(seat_business, desk, ID)      \
	F(seat_business, agent, ID)     \
	F(seat_business, business, ANY) \
	F(seat_business, off, 1)        \
	F(seat_business, desk_no, REF)  \
	F(seat_business, party_no, REF) F(seat_business, seat_no, REF)

#define AT(row, member, max) FIELD(struct row_##row, member),
#define MAX(row, member, max) (max),
#define NO_STATE FIELDS({0, FIELD_LAST})
#define KEY(row, member) FIELD(struct row_##row, member)
#define FORM(row, list, key_fields, state_fields)                                             \
	{                                                                                     \
		.name = #row, .size = sizeof(struct row_##row),                               \
		.fields = (const struct field[]){list(AT) FIELDS_END},                        \
		.max = (const uint64_t[]){list(MAX)},                                         \
		.fields_len = sizeof((const uint64_t[]){list(MAX)}) / 8, .key = (key_fields), \
		.state = (state_fields),                                                      \
	}

static const struct config_form forms[CONFIG_NOS] = {
	[CONFIG_DESK] = FORM(desk, DESK, FIELDS(KEY(desk, desk)), NO_STATE),
	[CONFIG_TEAM] = FORM(team, TEAM, FIELDS(KEY(team, desk_no), KEY(team, team)), NO_STATE),
	[CONFIG_AGENT] = FORM(agent, AGENT, FIELDS(KEY(agent, party_no)),
			      FIELDS(FIELD(struct row_agent, misses))),
	[CONFIG_SEAT] =
		FORM(seat, SEAT, FIELDS(KEY(seat, desk_no), KEY(seat, party_no)),
		     FIELDS(FIELD(struct row_seat, ready_us), FIELD(struct row_seat, idle_us))),
	[CONFIG_TEAM_SEAT] =
		FORM(team_seat, TEAM_SEAT, FIELDS(KEY(team_seat, team_no), KEY(team_seat, seat_no)),
		     FIELDS(FIELD(struct row_team_seat, turn), FIELD(struct row_team_seat, pass))),
	[CONFIG_VISITOR] = FORM(visitor, VISITOR, FIELDS(KEY(visitor, party_no)), NO_STATE),
	[CONFIG_GROUP] = FORM(group, GROUP, FIELDS(KEY(group, group)), NO_STATE),
	[CONFIG_TYPE] = FORM(type, TYPE, FIELDS(KEY(type, type)), NO_STATE),
	[CONFIG_ROUTE] =
		FORM(route, ROUTE, FIELDS(KEY(route, desk_no), KEY(route, by), KEY(route, value)),
		     NO_STATE),
	[CONFIG_TEXT] =
		FORM(text, TEXTS, FIELDS(KEY(text, desk_no), KEY(text, team_no), KEY(text, which)),
		     NO_STATE),
	[CONFIG_HOURS] =
		FORM(hours, HOURS, FIELDS(KEY(hours, hours)),
		     FIELDS(FIELD(struct row_hours, open), FIELD(struct row_hours, until_us))),
	[CONFIG_BUSINESS] = FORM(business, BUSINESS,
				 FIELDS(KEY(business, desk_no), KEY(business, business)), NO_STATE),
	[CONFIG_SEAT_BUSINESS] =
		FORM(seat_business, SEAT_BUSINESS,
		     FIELDS(KEY(seat_business, seat_no), KEY(seat_business, business)), NO_STATE),
};

const struct config_form *config_form(enum config_no no)
{
	assert(no > 0 && no < CONFIG_NOS);
	return &forms[no];
}

/* Of a text its length. */
static uint64_t size_of(const struct field *f, const void *is)
{
	const char *at = (const char *)is + f->at;
	switch ((enum field_type)f->type) {
	case FIELD_TEXT:
		return ((const struct span *)(const void *)at)->len;
	case FIELD_U8:
		return *(const uint8_t *)at;
	case FIELD_BOOL:
		return *(const bool *)at;
	default:
		assert(f->type == FIELD_VARINT);
		return *(const uint64_t *)(const void *)at;
	}
}

enum parlor_err config_form_check(enum config_no no, const void *is)
{
	const struct config_form *form = config_form(no);
	for (size_t i = 0; i < form->fields_len; i++)
		if (form->max[i] != FORM_REF && size_of(&form->fields[i], is) > form->max[i])
			return form->fields[i].type == FIELD_TEXT ? PARLOR_E_TOO_LONG
								  : PARLOR_E_VALUE;
	return PARLOR_E_OK;
}

void config_form_take_refs(enum config_no no, void *is, const void *from)
{
	const struct config_form *form = config_form(no);
	for (size_t i = 0; i < form->fields_len; i++)
		if (form->max[i] == FORM_REF)
			memcpy((char *)is + form->fields[i].at,
			       (const char *)from + form->fields[i].at, sizeof(uint64_t));
}
