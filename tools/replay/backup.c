#include "backup.h"

#include "copy.h"
#include "interrupt.h"
#include "options.h"
#include "progress.h"
#include "snapshot.h"

#include <inttypes.h>
#include <stdio.h>

static const char about[] =
	"Copies a broker's data directory as of one moment, while the broker runs. The copy is a\n"
	"data directory, snapshot included: parlord opens it. DEST must not exist, or be an empty "
	"directory.\n"
	"Exit: 0 copied, and on disk; 1 not so, and nothing is left; 2 bad usage, or DEST is not\n"
	"empty.";

static bool tell(void *ctx, uint64_t done, uint64_t total)
{
	progress_tell(ctx, done, total, "bytes");
	return !interrupted();
}

static bool fits(const struct snapshot *s, const struct copy_result *copy)
{
	return s->file && s->head.position <= lineage_shared(&copy->lineage, s->head.journal_id) &&
	       s->head.position + 1 >= copy->first && s->head.position <= copy->last;
}

/* It was opened before the copy began. When the journal was trimmed in between,
 * there was a newer one in between. */
static void copy_snapshot(struct snapshot *s, const char *dir, const char *dest,
			  const struct copy_result *copy)
{
	enum parlor_err err = PARLOR_E_OK;
	if (!fits(s, copy)) {
		snapshot_close(s);
		err = snapshot_open(s, dir);
	}
	if (!err)
		err = fits(s, copy) ? snapshot_copy(s, dest) : PARLOR_E_NOT_FOUND;
	if (err && (err != PARLOR_E_NOT_FOUND || copy->first > 1))
		fprintf(stderr,
			"parlor-replay backup: copied without a snapshot, so that verify cannot "
			"begin with one (%s)\n",
			parlor_err_name((int)err));
}

static int backup(const char *dir, const char *dest, bool compact)
{
	struct progress progress = {.any = false};
	const struct copy_options options = {
		.dir = dir, .dest = dest, .compact = compact, .progress = tell, .ctx = &progress};
	struct copy_result result;
	struct snapshot snapshot;
	char why[512];

	interrupt_catch();
	/* That there is none, or a damaged one, shows when it is to be copied. */
	if (snapshot_open(&snapshot, dir))
		snapshot_close(&snapshot);
	enum parlor_err err = copy_dir(&options, &result, why, sizeof why);
	progress_end(&progress);
	if (err != PARLOR_E_OK) {
		fprintf(stderr, "parlor-replay backup: %s (%s)\n", why, parlor_err_name((int)err));
		snapshot_close(&snapshot);
		return err == PARLOR_E_CONFIG ? OPTIONS_EXIT_USAGE : 1;
	}
	copy_snapshot(&snapshot, dir, dest, &result);
	snapshot_close(&snapshot);
	printf("journal %" PRIu64 ", positions %" PRIu64 " to %" PRIu64 ", %" PRIu64 " bytes\n",
	       result.lineage.id, result.first, result.last, result.bytes);
	return 0;
}

int backup_main(int argc, char **argv)
{
	bool compact = false;
	struct options_shared shared;
	const struct options_row rows[] = {
		{"compact", NULL, "leave out free pages: smaller, and slower", OPTIONS_FLAG,
		 .into = &compact},
		{0},
	};
	const struct options_command command = {
		.name = "backup",
		.operands = "DIR DEST",
		.about = about,
		.rows = rows,
	};
	const char *const *words = options_parse(&command, &shared, argc, argv);

	return backup(words[0], words[1], compact);
}
