#include "whatif/rules.h"

#include <ctype.h>
#include <errno.h>
#include <parlor/parlor.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64

const char *rules_take_strategy(void *into, const char *word)
{
	struct rules *rules = into;
	char name[WORD_MAX] = "STRATEGY_";
	size_t len = strlen(name);
	for (; *word && len + 1 < sizeof name; word++)
		name[len++] = (char)(*word == '-' ? '_' : toupper((unsigned char)*word));
	name[len] = 0;
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(
		&parlor__desk_strategy__descriptor, name);
	if (!value || value->value == PARLOR__DESK_STRATEGY__STRATEGY_DEFAULT ||
	    value->value == PARLOR__DESK_STRATEGY__STRATEGY_MANUAL)
		return "a strategy by which somebody is chosen, such as least_busy";
	rules->strategy = (uint8_t)value->value;
	return NULL;
}

/* ---- settings ----------------------------------------------------------------- */

static bool take_number(const char *text, uint64_t *n)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	char *end;
	if (strcmp(text, "off") == 0) {
		*n = DESK_OFF;
		return true;
	}
	errno = 0;
	*n = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || errno || *n > UINT32_MAX)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(end, units[i].unit) == 0) {
			*n *= units[i].ms;
			return true;
		}
	return false;
}

/* A field of the form stands where its message has it. */
static bool find_field(const char *name, size_t *field)
{
	char with_ms[WORD_MAX + 4];
	const ProtobufCMessageDescriptor *team = &parlor__desk_team__descriptor;
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field_by_name(team, name);
	snprintf(with_ms, sizeof with_ms, "%s_ms", name);
	if (!f)
		f = protobuf_c_message_descriptor_get_field_by_name(team, with_ms);
	if (!f)
		return false;
	*field = (size_t)(f - team->fields);
	const struct config_form *form = config_form(CONFIG_TEAM);
	return form->max[*field] != FORM_REF && form->fields[*field].type != FIELD_TEXT;
}

static bool take_one(struct rules *rules, const char *name, const char *value)
{
	struct rule *rule = &rules->list[rules->len];
	if (strcmp(name, "max") == 0) {
		rules->has_seat_max = true;
		return take_number(value, &rules->seat_max) && rules->seat_max <= UINT16_MAX;
	}
	if (rules->len == RULES_MAX || !find_field(name, &rule->field) ||
	    !take_number(value, &rule->value) ||
	    rule->value > config_form(CONFIG_TEAM)->max[rule->field])
		return false;
	rules->len++;
	return true;
}

const char *rules_take_set(void *into, const char *words)
{
	static const char wants[] = "settings of a team, as in offer=20s,gap=off, or max=N";
	while (*words) {
		char word[WORD_MAX];
		size_t len = strcspn(words, ",");
		if (len >= sizeof word)
			return wants;
		memcpy(word, words, len);
		word[len] = 0;
		words += len + (words[len] == ',');
		words += strspn(words, " ");
		char *value = strchr(word, '=');
		if (!value)
			return wants;
		*value++ = 0;
		if (!take_one(into, word, value))
			return wants;
	}
	return NULL;
}

/* ---- rows --------------------------------------------------------------------- */

static bool is(struct span text, const char *word)
{
	return span_equal(text, SPAN_TEXT(word));
}

static void set(struct row_team *row, const struct rule *rule)
{
	const struct field *f = &config_form(CONFIG_TEAM)->fields[rule->field];
	char *at = (char *)row + f->at;
	if (f->type == FIELD_U8)
		*(uint8_t *)at = (uint8_t)rule->value;
	else if (f->type == FIELD_BOOL)
		*(bool *)at = rule->value != 0;
	else
		*(uint64_t *)(void *)at = rule->value;
}

void rules_change_team(const struct rules *rules, struct row_team *row)
{
	/* How long one is served, and who is away, is the model's. */
	row->remind_seat_ms = row->take_away_ms = row->remind_visitor_ms = DESK_OFF;
	row->close_silent_ms = row->hold_ms = row->misses = DESK_OFF;
	if (!is(row->desk, rules->desk) || !is(row->team, rules->team))
		return;
	if (rules->strategy)
		row->strategy = rules->strategy;
	for (size_t i = 0; i < rules->len; i++)
		set(row, &rules->list[i]);
}

void rules_change_seat(const struct rules *rules, struct row_seat *row)
{
	if (rules->has_seat_max && is(row->desk, rules->desk))
		row->max = rules->seat_max;
}
