#include "at_desk.h"

#include "audit/finding.h"
#include "audit/record_text.h"
#include "core/desk/candidates.h"
#include "core/desk/config.h"
#include "core/desk/desk.h"
#include "core/desk/list.h"
#include "core/desk/row.h"
#include "core/row.h"

#include <inttypes.h>
#include <parlor/parlor.pb-c.h>
#include <stdio.h>
#include <string.h>

#define PAGE 1000

/* ---- the team ------------------------------------------------------------------ */

struct search {
	const struct at_desk *at;
	uint64_t no;
	unsigned found;
	char desk[ROW_ID_MAX + 1];
};

static void look_at(void *ctx, const struct core_desk_row *row)
{
	struct search *s = ctx;
	const struct row_team *team = row->is;
	if (!span_equal(team->team, SPAN_TEXT(s->at->team)) ||
	    (s->at->desk && !span_equal(team->desk, SPAN_TEXT(s->at->desk))))
		return;
	s->found++;
	s->no = row->no;
	audit_text(s->desk, sizeof s->desk, team->desk);
}

static enum parlor_err find_team(struct at_desk *a, struct search *s)
{
	uint64_t after = 0;
	enum parlor_err err = PARLOR_E_OK;
	*s = (struct search){.at = a};
	for (bool more = true; !err && more;)
		err = core_desk_rows(a->engine->core, &a->call, CONFIG_TEAM, (struct span){NULL, 0},
				     &after, PAGE, &more, look_at, s);
	if (!err && s->found != 1)
		err = s->found ? PARLOR_E_VALUE : PARLOR_E_NOT_FOUND;
	return err;
}

/* ---- words ---------------------------------------------------------------------- */

static const char *word(const char *const *words, size_t n, size_t which)
{
	return which < n && words[which] ? words[which] : "";
}
#define WORD(words, which) word(words, sizeof(words) / sizeof(words)[0], which)

static const char *const states[] = {
	[CONVERSATION_DEFERRED] = "deferred", [CONVERSATION_WAITING] = "waiting",
	[CONVERSATION_OFFERED] = "offered",   [CONVERSATION_BOT] = "robot",
	[CONVERSATION_ACTIVE] = "active",     [CONVERSATION_HELD] = "held"};
static const char *const modes[] = {
	[MODE_READY] = "ready", [MODE_AWAY] = "away", [MODE_ALWAYS] = "always"};
static const char *const presences[] = {[PRESENCE_IS_OFFLINE] = "offline",
					[PRESENCE_IS_ONLINE] = "online",
					[PRESENCE_IS_BUSY] = "busy"};

static const char *const readiness[] = {[CANDIDATE_READY] = "ready",
					[CANDIDATE_AWAY] = "not there",
					[CANDIDATE_FULL] = "full",
					[CANDIDATE_RESTS] = "rests"};

static void put_padded(const char *text, int width)
{
	record_text_put(stdout, text);
	printf("%*s", (int)strlen(text) < width ? width - (int)strlen(text) : 0, "");
}

static void put_json(struct at_desk *a, json_t *line)
{
	a->failed |= !record_text_json_line(stdout, line);
}

/* ---- the queue -------------------------------------------------------------------- */

struct queue {
	struct at_desk *at;
	uint64_t place;
	bool damaged;
};

/* What it is ordered by stands in its row alone. */
static bool key_of(struct at_desk *a, uint64_t no, uint64_t *key)
{
	struct row_key row_key;
	struct span value;
	struct reader in;
	struct row_conversation row;
	struct core_rows rows = engine_rows(a->engine);
	row_key_one(&row_key, ROW_VISITS, no, ROW_SELF);
	if (rows.get(rows.ctx, &row_key, &value))
		return false;
	reader_init(&in, value.data, value.len);
	(void)reader_varint(&in); /* as of */
	(void)reader_varint(&in); /* tenant */
	if (!conversation_get_row((struct span){in.at, reader_left(&in)}, &row))
		return false;
	*key = row.key;
	return true;
}

/* A key is a time of the desk; on the wall it was this. */
static uint64_t on_wall(struct at_desk *a, uint64_t desk_us)
{
	return desk_us - (core_desk_now(a->engine->core) - core_time(a->engine->core));
}

static void show_one(void *ctx, const struct conversation_view *v)
{
	struct queue *q = ctx;
	struct at_desk *a = q->at;
	char id[ROW_ID_MAX + 1], visitor[ROW_ID_MAX + 1], when[RECORD_TEXT_TIME_BYTES];
	uint64_t key = 0;
	q->place++;
	q->damaged |= !key_of(a, v->no, &key);
	audit_text(id, sizeof id, v->conversation);
	audit_text(visitor, sizeof visitor, v->visitor);
	const char *state = WORD(states, v->state);
	if (a->json) {
		put_json(a, json_pack("{s:s, s:I, s:s, s:s, s:s, s:i, s:i, s:I, s:I}", "kind",
				      "waits", "place", (json_int_t)q->place, "conversation", id,
				      "visitor", visitor, "state", state, "level", (int)v->level,
				      "priority", (int)v->priority, "key_us", (json_int_t)key,
				      "offer", (json_int_t)v->offer));
		return;
	}
	printf("%6" PRIu64 "  ", q->place);
	put_padded(id, 24);
	printf("  %-8s  %5u  %s.%03u\n", state, v->level, record_text_time(on_wall(a, key), when),
	       (unsigned)(on_wall(a, key) / 1000 % 1000));
}

static enum parlor_err show_queue(struct at_desk *a, const char *desk)
{
	struct queue q = {.at = a};
	enum parlor_err err = PARLOR_E_OK;
	if (!a->json)
		printf(" PLACE  %-24s  %-8s  %5s  KEY\n", "CONVERSATION", "STATE", "LEVEL");
	for (bool more = true; !err && more;)
		err = core_desk_queue(a->engine->core, &a->call, SPAN_TEXT(desk),
				      SPAN_TEXT(a->team), q.place, PAGE, &more, show_one, &q);
	return err || !q.damaged ? err : PARLOR_E_STORE_CORRUPT;
}

/* ---- seats ------------------------------------------------------------------------- */

static void show_seat(void *ctx, const struct core_seat *s)
{
	struct at_desk *a = ctx;
	char agent[ROW_ID_MAX + 1];
	audit_text(agent, sizeof agent, s->agent);
	const char *state = WORD(readiness, s->state);
	if (a->json) {
		put_json(a, json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:s, s:s, s:b}", "kind",
				      "seat", "agent", agent, "state", state, "load",
				      (json_int_t)s->load, "max", (json_int_t)s->max, "level",
				      (int)s->level, "mode", WORD(modes, s->mode), "presence",
				      WORD(presences, s->presence), "robot", (int)s->robot));
		return;
	}
	put_padded(agent, 24);
	printf("  %4" PRIu64 "/%-4" PRIu64 "  %5u  %-6s  %-8s  %s%s\n", s->load, s->max, s->level,
	       WORD(modes, s->mode), WORD(presences, s->presence), state,
	       s->robot ? ", a robot" : "");
}

enum parlor_err at_desk_show(struct at_desk *a)
{
	struct search team;
	enum parlor_err err = find_team(a, &team);
	if (!err)
		err = engine_settle(a->engine);
	if (err)
		return err;
	if (!a->json) {
		fputs("team      ", stdout);
		record_text_put(stdout, a->team);
		fputs("\ndesk      ", stdout);
		record_text_put(stdout, team.desk);
		printf("\nposition  %" PRIu64 "\n\n", a->position);
	}
	err = show_queue(a, team.desk);
	if (err)
		return err;
	if (!a->json)
		printf("\n%-24s  %4s/%-4s  %5s  %-6s  %-8s  STATE\n", "AGENT", "LOAD", "MAX",
		       "LEVEL", "MODE", "PRESENCE");
	return core_desk_seats(a->engine->core, team.no, show_seat, a);
}
