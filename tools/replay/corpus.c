#include "corpus.h"

#include "base/mem.h"
#include "lines.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct corpus {
	struct lines *lines;
	size_t room_bytes_max;
	const struct choice *choice; /* NULL: everything */
	uint64_t rooms;              /* given out so far */
};

/* Who is known in the room being read. */
struct face {
	uint32_t who;
	UT_hash_handle hh;
	char id[];
};

struct reading {
	struct corpus_room *room;
	struct face *faces;
	size_t events_cap;
	size_t people_cap;
};

enum parlor_err corpus_open(struct corpus **out, const char *path, size_t room_bytes_max)
{
	struct corpus *c = mem_new(sizeof(*c));

	*out = c;
	c->room_bytes_max = room_bytes_max;
	return lines_open(&c->lines, path, CORPUS_LINE_MAX);
}

struct corpus *corpus_new(struct lines *lines, size_t room_bytes_max)
{
	struct corpus *c = mem_new(sizeof(*c));

	c->lines = lines;
	c->room_bytes_max = room_bytes_max;
	return c;
}

void corpus_choose(struct corpus *c, const struct choice *choice)
{
	c->choice = choice;
}

void corpus_close(struct corpus *c)
{
	if (c == NULL)
		return;
	lines_close(c->lines);
	free(c);
}

void corpus_room_free(struct corpus_room *room)
{
	if (room == NULL)
		return;
	for (size_t i = 0; i < room->events_len; i++)
		free(room->events[i].body);
	for (size_t i = 0; i < room->people_len; i++)
		free(room->people[i].id);
	free(room->events);
	free(room->people);
	free(room->id);
	free(room);
}

const char *corpus_error(const struct corpus *c)
{
	return lines_error(c->lines);
}

bool corpus_progress(const struct corpus *c, uint64_t *done, uint64_t *total)
{
	return lines_progress(c->lines, done, total);
}

static bool word_find(const char *word, const char *const *words, size_t n, unsigned *out)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(word, words[i]) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

/* A line's values, borrowed from its JSON object. */
struct line_values {
	const char *room;
	json_int_t seq;
	json_t *t;
	const char *from;
	unsigned role;
	unsigned type;
	const char *body;
};

static enum parlor_err values_get(struct corpus *c, json_t *object, struct line_values *v)
{
	static const char *const roles[] = {"member", "visitor", "agent"};
	static const char *const types[] = {"text", "notice", "join", "leave"};
	const char *role;
	const char *type;
	json_error_t why;

	if (json_unpack_ex(object, &why, 0, "{s:s, s:I, s:o, s:s, s:s, s:s, s:s}", "room", &v->room,
			   "seq", &v->seq, "t", &v->t, "from", &v->from, "role", &role, "type",
			   &type, "body", &v->body) != 0)
		return lines_fail(c->lines, PARLOR_E_VALUE, "%s", why.text);
	if (v->room[0] == '\0' || v->from[0] == '\0')
		return lines_fail(c->lines, PARLOR_E_VALUE, "room and from must not be empty");
	if (!json_is_integer(v->t) && !json_is_null(v->t))
		return lines_fail(c->lines, PARLOR_E_VALUE, "t must be an integer or null");
	if (!word_find(role, roles, 3, &v->role))
		return lines_fail(c->lines, PARLOR_E_VALUE,
				  "role is none of visitor, agent, member");
	if (!word_find(type, types, 4, &v->type))
		return lines_fail(c->lines, PARLOR_E_VALUE,
				  "type is none of text, notice, join, leave");
	return PARLOR_E_OK;
}

static enum parlor_err order_check(struct corpus *c, const struct corpus_room *room,
				   const struct line_values *v)
{
	bool timed = json_is_integer(v->t);

	if (v->seq != (json_int_t)room->events_len)
		return lines_fail(
			c->lines, PARLOR_E_VALUE,
			"seq %lld where %zu is next: events of a room must be adjacent and "
			"without gaps",
			(long long)v->seq, room->events_len);
	if (room->events_len > 0 && timed != room->timed)
		return lines_fail(c->lines, PARLOR_E_VALUE,
				  "within a room all t are null or none is");
	if (room->events_len > 0 && timed &&
	    json_integer_value(v->t) < room->events[room->events_len - 1].t_ms)
		return lines_fail(c->lines, PARLOR_E_VALUE, "t goes back within the room");
	return PARLOR_E_OK;
}

static uint32_t person_get(struct reading *r, const struct line_values *v)
{
	struct corpus_room *room = r->room;
	size_t len = strlen(v->from);
	struct face *face;

	HASH_FIND(hh, r->faces, v->from, (unsigned)len, face);
	if (face != NULL)
		return face->who;
	if (room->people_len == r->people_cap) {
		r->people_cap = r->people_cap == 0 ? 8 : r->people_cap * 2;
		room->people =
			mem_resize(room->people, r->people_cap, sizeof(struct corpus_person));
	}
	room->people[room->people_len] = (struct corpus_person){
		.id = mem_text(v->from, len),
		.role = (enum corpus_role)v->role,
		.joins = v->type == CORPUS_JOIN,
	};
	face = mem_new(sizeof(*face) + len + 1);
	memcpy(face->id, v->from, len);
	face->who = (uint32_t)room->people_len++;
	HASH_ADD(hh, r->faces, id[0], (unsigned)len, face);
	room->bytes += 2 * sizeof(*face) + 2 * len;
	return face->who;
}

static enum parlor_err event_add(struct corpus *c, struct reading *r, const struct line_values *v)
{
	struct corpus_room *room = r->room;
	enum parlor_err err = order_check(c, room, v);

	if (err != PARLOR_E_OK)
		return err;
	room->bytes += sizeof(struct corpus_event) + strlen(v->body) + 1;
	if (room->bytes > c->room_bytes_max)
		return lines_fail(
			c->lines, PARLOR_E_TOO_LONG,
			"room %.64s takes more than %zu bytes of memory (see --room-bytes)",
			room->id, c->room_bytes_max);
	if (room->events_len == r->events_cap) {
		r->events_cap = r->events_cap == 0 ? 16 : r->events_cap * 2;
		room->events = mem_resize(room->events, r->events_cap, sizeof(struct corpus_event));
	}
	room->timed = json_is_integer(v->t);
	struct corpus_event *event = &room->events[room->events_len];
	*event = (struct corpus_event){
		.type = (enum corpus_type)v->type,
		.t_ms = room->timed ? json_integer_value(v->t) : 0,
	};
	event->left_out =
		c->choice != NULL &&
		!choice_event(c->choice, (int64_t)lines_number(c->lines), room->timed, event->t_ms);
	if (!event->left_out) {
		event->who = person_get(r, v);
		event->body = mem_text(v->body, strlen(v->body));
	} else if (room->first == room->events_len) {
		room->first++;
	}
	room->events_len++;
	return PARLOR_E_OK;
}

/* Takes lines until one of another room comes, which is held. */
static enum parlor_err room_read(struct corpus *c, struct reading *r)
{
	for (;;) {
		json_t *object;
		struct line_values v;
		enum parlor_err err = lines_next(c->lines, &object);
		if (err != PARLOR_E_OK || object == NULL)
			return err;
		err = values_get(c, object, &v);
		if (err == PARLOR_E_OK && r->room != NULL && strcmp(r->room->id, v.room) != 0) {
			lines_give_back(c->lines, object);
			return PARLOR_E_OK;
		}
		if (err == PARLOR_E_OK && r->room == NULL) {
			r->room = mem_new(sizeof(*r->room));
			r->room->id = mem_text(v.room, strlen(v.room));
		}
		if (err == PARLOR_E_OK)
			err = event_add(c, r, &v);
		json_decref(object);
		if (err != PARLOR_E_OK)
			return err;
	}
}

/* The next room of the file, chosen or not; NULL at the end. */
static enum parlor_err read_any(struct corpus *c, struct corpus_room **out)
{
	struct reading r = {0};
	enum parlor_err err = room_read(c, &r);

	*out = NULL;
	MEM_FREE_TABLE(r.faces);
	if (err == PARLOR_E_OK)
		*out = r.room;
	else
		corpus_room_free(r.room);
	return err;
}

static bool is_chosen(struct corpus *c, const struct corpus_room *room)
{
	return c->choice == NULL ||
	       (room->first < room->events_len && choice_room(c->choice, room->id, c->rooms));
}

enum parlor_err corpus_read(struct corpus *c, struct corpus_room **out)
{
	enum parlor_err err = read_any(c, out);

	while (*out != NULL && !is_chosen(c, *out)) {
		bool past = c->choice->rooms_first > 0 && c->rooms >= c->choice->rooms_first;
		corpus_room_free(*out);
		*out = NULL;
		if (past)
			return PARLOR_E_OK;
		err = read_any(c, out);
	}
	c->rooms += *out != NULL;
	return err;
}
