#include "diff.h"

#include "audit/journal_point.h"
#include "diff_rooms.h"
#include "options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

struct named_side {
	char dir[4096];
	bool has_journal_point;
	struct journal_point journal_point;
};

/* DIR, or DIR@JOURNAL_POINT. */
static bool parse_side(struct named_side *s, const char *word)
{
	const char *sign = strrchr(word, '@');
	size_t len = strlen(word);
	s->has_journal_point = sign && journal_point_parse(&s->journal_point, sign + 1);
	if (s->has_journal_point)
		len = (size_t)(sign - word);
	if (len >= sizeof s->dir)
		return false;
	memcpy(s->dir, word, len);
	s->dir[len] = 0;
	return true;
}

static bool same_directory(const char *a, const char *b)
{
	struct stat x, y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static enum parlor_err run_side(struct diff_side *side, const struct named_side *named)
{
	struct journal_point end = {.position = side->source->last};
	uint64_t upto;
	enum parlor_err err = journal_point_position(
		named->has_journal_point ? &named->journal_point : &end, side->source, &upto);
	if (!err)
		err = engine_init(&side->engine, side->source);
	if (!err)
		err = engine_start(&side->engine, upto);
	if (!err)
		err = engine_run(&side->engine, upto, NULL, NULL);
	if (!err)
		err = engine_settle(&side->engine);
	return err;
}

/* LMDB opens a directory once in a process: two moments share the source. */
static enum parlor_err open_sides(struct diff *d, struct source sources[2],
				  const struct named_side named[2])
{
	bool shared = same_directory(named[0].dir, named[1].dir);
	enum parlor_err err = source_open(&sources[0], named[0].dir);
	d->a.source = d->failed = &sources[0];
	if (!err && !shared) {
		d->failed = &sources[1];
		err = source_open(&sources[1], named[1].dir);
	}
	d->b.source = &sources[shared ? 0 : 1];
	if (err)
		return err;
	d->failed = d->a.source;
	err = run_side(&d->a, &named[0]);
	if (err)
		return err;
	d->failed = d->b.source;
	return run_side(&d->b, &named[1]);
}

static void print_conclusion(const struct diff *d)
{
	if (d->differences)
		printf("%" PRIu64 " differences in %" PRIu64 " of %" PRIu64 " rooms",
		       d->differences, d->rooms_differing, d->rooms);
	else
		printf("no difference in %" PRIu64 " rooms", d->rooms);
	if (d->rows && d->differences)
		printf(" and %" PRIu64 " of %" PRIu64 " rows of desks", d->rows_differing, d->rows);
	else if (d->rows)
		printf(" and %" PRIu64 " rows of desks", d->rows);
	putchar('\n');
}

static json_t *conclusion_json(const struct diff *d)
{
	json_t *line = json_pack("{s:I, s:I, s:I}", "differences", (json_int_t)d->differences,
				 "rooms_differing", (json_int_t)d->rooms_differing, "rooms",
				 (json_int_t)d->rooms);
	if (line && d->rows) {
		json_object_set_new(line, "desk_rows", json_integer((json_int_t)d->rows));
		json_object_set_new(line, "desk_rows_differing",
				    json_integer((json_int_t)d->rows_differing));
	}
	return line;
}

static int conclude(struct diff *d)
{
	if (d->json)
		record_text_json_line(stdout, conclusion_json(d));
	else
		print_conclusion(d);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "parlor-replay: output cannot be written\n");
		return AUDIT_UNREADABLE;
	}
	return d->differences ? AUDIT_DIFFERENT : AUDIT_EQUAL;
}

int diff_main(int argc, char **argv)
{
	struct diff d = {0};
	struct source sources[2] = {{0}, {0}};
	struct named_side named[2];
	struct options_shared shared;
	const struct options_row rows[] = {
		{"tenant", "ID", "only its rooms (default: all)", OPTIONS_TEXT, .into = &d.tenant},
		{"json", NULL, "lines of JSON, one a difference", OPTIONS_FLAG, .into = &d.json},
		{0},
	};
	const struct options_command command = {
		.name = "diff",
		.operands = "DIR[@POSITION|@TIME] DIR[@POSITION|@TIME]",
		.about = "Prints the rooms, members, unread counts and messages that differ\n"
			 "between two data directories, or between two moments of one, and of\n"
			 "desks rows, visitors, conversations and who had them. Numbers,\n"
			 "positions and times are not compared: what was said to whom is.\n"
			 "exit: 0 no difference; 1 they differ; 2 usage; 3 a journal is damaged;\n"
			 "7 something cannot be read; 8 a journal begins behind position 1,\n"
			 "and no snapshot of before that point can be used",
		.rows = rows,
	};

	const char *const *words = options_parse(&command, &shared, argc, argv);
	for (int i = 0; i < 2; i++)
		if (!parse_side(&named[i], words[i]))
			options_misuse(&command, "path too long", words[i]);
	enum parlor_err err = open_sides(&d, sources, named);
	int code = err == PARLOR_E_VALUE ? AUDIT_USAGE : (int)audit_exit_of(err);
	if (!err) {
		err = diff_tenants(&d);
		code = err ? (int)audit_exit_of(err) : conclude(&d);
	}
	if (err)
		fprintf(stderr, "parlor-replay: %s\n",
			d.failed->why[0] ? d.failed->why : parlor_err_text(err));
	engine_fini(&d.a.engine);
	engine_fini(&d.b.engine);
	source_close(&sources[0]);
	source_close(&sources[1]);
	return code;
}
