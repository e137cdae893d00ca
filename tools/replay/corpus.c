#include "corpus.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>
#include <zlib.h>

#define BLOCK_BYTES (256U << 10)

struct corpus {
	char *name;
	gzFile file;
	uint64_t size; /* 0: unknown */
	size_t room_bytes_max;

	char *block; /* bytes read and not yet taken: from at to end */
	size_t block_cap;
	size_t at;
	size_t end;
	bool drained;

	uint64_t line;
	json_t *held; /* first line of the next room */
	enum parlor_err failed;
	char error[512];
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

static enum parlor_err fail(struct corpus *c, enum parlor_err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum parlor_err fail(struct corpus *c, enum parlor_err err, const char *format, ...)
{
	char reason[384];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	if (c->line > 0)
		snprintf(c->error, sizeof(c->error), "%.100s:%llu: %s", c->name,
			 (unsigned long long)c->line, reason);
	else
		snprintf(c->error, sizeof(c->error), "%.100s: %s", c->name, reason);
	c->failed = err;
	return err;
}

enum parlor_err corpus_open(struct corpus **out, const char *path, size_t room_bytes_max)
{
	struct corpus *c = mem_new(sizeof(*c));
	struct stat st;
	bool stdin_wanted = strcmp(path, "-") == 0;

	*out = c;
	c->name = stdin_wanted ? mem_text("stdin", 5) : mem_text(path, strlen(path));
	c->room_bytes_max = room_bytes_max;
	int fd = stdin_wanted ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		int cause = errno;
		if (fd >= 0)
			close(fd);
		return fail(c, PARLOR_E_IO, "%s", strerror(cause));
	}
	if (S_ISDIR(st.st_mode)) {
		close(fd);
		return fail(c, PARLOR_E_IO, "%s", strerror(EISDIR));
	}
	if (S_ISREG(st.st_mode))
		c->size = (uint64_t)st.st_size;
	c->file = gzdopen(fd, "rb");
	if (c->file == NULL) {
		close(fd);
		return fail(c, PARLOR_E_NO_MEMORY, "cannot start to read");
	}
	gzbuffer(c->file, BLOCK_BYTES);
	c->block_cap = BLOCK_BYTES;
	c->block = mem_new(c->block_cap);
	return PARLOR_E_OK;
}

void corpus_close(struct corpus *c)
{
	if (c == NULL)
		return;
	if (c->file != NULL)
		gzclose_r(c->file);
	json_decref(c->held);
	free(c->block);
	free(c->name);
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
	return c->error;
}

bool corpus_progress(const struct corpus *c, uint64_t *done, uint64_t *total)
{
	z_off_t offset = c->file == NULL ? -1 : gzoffset(c->file);

	if (c->size == 0 || offset < 0)
		return false;
	*done = (uint64_t)offset;
	*total = c->size;
	return true;
}

/* More bytes behind what is there; at the end of the file sets drained. */
static enum parlor_err block_fill(struct corpus *c)
{
	if (c->at > 0) {
		memmove(c->block, c->block + c->at, c->end - c->at);
		c->end -= c->at;
		c->at = 0;
	}
	if (c->end == c->block_cap) {
		if (c->block_cap >= CORPUS_LINE_MAX) {
			c->line++;
			return fail(c, PARLOR_E_TOO_LONG, "line is longer than %u bytes",
				    CORPUS_LINE_MAX);
		}
		c->block_cap *= 2;
		c->block = mem_resize(c->block, c->block_cap, 1);
	}
	int got = gzread(c->file, c->block + c->end, (unsigned)(c->block_cap - c->end));
	int code = Z_OK;
	const char *text = gzerror(c->file, &code);
	if (got < 0 || (got == 0 && code == Z_BUF_ERROR)) {
		c->line++;
		if (code == Z_ERRNO)
			return fail(c, PARLOR_E_IO, "cannot be read: %s", strerror(errno));
		const char *reason = strstr(text, ": "); /* behind a name of zlib's own */
		return fail(c, PARLOR_E_VALUE, "archive is damaged or cut off: %s",
			    reason == NULL ? text : reason + 2);
	}
	c->end += (size_t)got;
	c->drained = got == 0;
	return PARLOR_E_OK;
}

/* *line NULL at the end of the file. Valid until the next call. */
static enum parlor_err line_next(struct corpus *c, const char **line, size_t *len)
{
	size_t searched = 0;

	*line = NULL;
	for (;;) {
		char *from = c->block + c->at;
		char *stop = memchr(from + searched, '\n', c->end - c->at - searched);
		bool last = stop == NULL && c->drained && c->at < c->end;
		if (stop != NULL || last) {
			*line = from;
			*len = last ? c->end - c->at : (size_t)(stop - from);
			c->at += *len + (last ? 0 : 1);
			c->line++;
			return PARLOR_E_OK;
		}
		if (c->drained)
			return PARLOR_E_OK;
		searched = c->end - c->at;
		enum parlor_err err = block_fill(c);
		if (err != PARLOR_E_OK)
			return err;
	}
}

static enum parlor_err object_next(struct corpus *c, json_t **out)
{
	const char *line;
	size_t len;
	json_error_t why;

	*out = c->held;
	c->held = NULL;
	if (*out != NULL)
		return PARLOR_E_OK;
	enum parlor_err err = line_next(c, &line, &len);
	if (err != PARLOR_E_OK || line == NULL)
		return err;
	*out = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (*out == NULL)
		return fail(c, PARLOR_E_VALUE, "not a JSON object: %s", why.text);
	return PARLOR_E_OK;
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
		return fail(c, PARLOR_E_VALUE, "%s", why.text);
	if (v->room[0] == '\0' || v->from[0] == '\0')
		return fail(c, PARLOR_E_VALUE, "room and from must not be empty");
	if (!json_is_integer(v->t) && !json_is_null(v->t))
		return fail(c, PARLOR_E_VALUE, "t must be an integer or null");
	if (!word_find(role, roles, 3, &v->role))
		return fail(c, PARLOR_E_VALUE, "role is none of visitor, agent, member");
	if (!word_find(type, types, 4, &v->type))
		return fail(c, PARLOR_E_VALUE, "type is none of text, notice, join, leave");
	return PARLOR_E_OK;
}

static enum parlor_err order_check(struct corpus *c, const struct corpus_room *room,
				   const struct line_values *v)
{
	bool timed = json_is_integer(v->t);

	if (v->seq != (json_int_t)room->events_len)
		return fail(c, PARLOR_E_VALUE,
			    "seq %lld where %zu is next: events of a room must be adjacent and "
			    "without gaps",
			    (long long)v->seq, room->events_len);
	if (room->events_len > 0 && timed != room->timed)
		return fail(c, PARLOR_E_VALUE, "within a room all t are null or none is");
	if (room->events_len > 0 && timed &&
	    json_integer_value(v->t) < room->events[room->events_len - 1].t_ms)
		return fail(c, PARLOR_E_VALUE, "t goes back within the room");
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
		return fail(c, PARLOR_E_TOO_LONG,
			    "room %.64s takes more than %zu bytes of memory (see --room-bytes)",
			    room->id, c->room_bytes_max);
	if (room->events_len == r->events_cap) {
		r->events_cap = r->events_cap == 0 ? 16 : r->events_cap * 2;
		room->events = mem_resize(room->events, r->events_cap, sizeof(struct corpus_event));
	}
	room->timed = json_is_integer(v->t);
	room->events[room->events_len] = (struct corpus_event){
		.type = (enum corpus_type)v->type,
		.who = person_get(r, v),
		.t_ms = room->timed ? json_integer_value(v->t) : 0,
		.body = mem_text(v->body, strlen(v->body)),
	};
	room->events_len++;
	return PARLOR_E_OK;
}

static void faces_free(struct face *faces)
{
	struct face *face;
	struct face *next;

	HASH_ITER (hh, faces, face, next) {
		HASH_DEL(faces, face);
		free(face);
	}
}

/* Takes lines until one of another room comes, which is held. */
static enum parlor_err room_read(struct corpus *c, struct reading *r)
{
	for (;;) {
		json_t *object;
		struct line_values v;
		enum parlor_err err = object_next(c, &object);
		if (err != PARLOR_E_OK || object == NULL)
			return err;
		err = values_get(c, object, &v);
		if (err == PARLOR_E_OK && r->room != NULL && strcmp(r->room->id, v.room) != 0) {
			c->held = object;
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

enum parlor_err corpus_read(struct corpus *c, struct corpus_room **out)
{
	struct reading r = {0};

	*out = NULL;
	if (c->failed != PARLOR_E_OK)
		return c->failed;
	enum parlor_err err = room_read(c, &r);
	faces_free(r.faces);
	if (err == PARLOR_E_OK)
		*out = r.room;
	else
		corpus_room_free(r.room);
	return err;
}
