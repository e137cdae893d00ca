/* Cuts the power: from the log of what a broker did to its disk (power_shim.c)
 * it builds the data directories that a cut could leave, before each sync and
 * with every mixture of what was not synced, and recovers each.
 *
 *   power_cut --log FILE --acks FILE --data DIR --images DIR
 *             [--seed N] [--some N | --all] [--jobs N] [--image N [--build]]
 *             [--acknowledged]
 *
 * --data: the directory as it was in the end. --images: where they are built, in
 * memory if possible. --some: of the mixtures of each cut, by chance (default 8);
 * --all: each, and more by chance. --image: that one alone, and it is left there;
 * --build: as the power cut left it, not recovered. --acknowledged: no cut before
 * something was.
 * Exit status: 0 all stand, 1 one does not, 2 this test itself failed.
 *
 * Of cuts between two syncs only the last is made: what an earlier one leaves
 * is among its mixtures, and it has to hold more. */
#include "fail.h"
#include "medium.h"
#include "random.h"
#include "survivor.h"

#include "base/clock.h"
#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECTOR 512
#define PAGE 4096
#define ASKED 24
#define MORE_BY_CHANCE 24
#define JOBS_MAX 16
#define LOCK_BYTES 8192

struct options {
	const char *log, *acks, *data, *images;
	uint64_t seed, some, jobs, image; /* image: 0, all of them */
	bool all, build, acknowledged;
};

/* In shared memory: how far each process is. */
struct progress {
	uint64_t image, images, cuts, writes, durable;
	uint64_t partly; /* of the images: rows are behind the journal */
	uint64_t map_min, map_max;
};

struct run {
	const struct options *options;
	const uint8_t *log;
	size_t log_len;
	struct acks acks;
	struct reference reference;
	struct medium medium;
	struct fates fates;
	size_t fates_cap;
	uint64_t chance;
	uint64_t image; /* number of the last one, from 1 */
	uint64_t job;
	struct progress *progress;
	char dir[256];
};

/* ---- one image ------------------------------------------------------------------- */

static void remove_image(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char file[1024];

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		if (*entry->d_name != '.' && unlink(file) != 0)
			fail_errno(file);
	}
	closedir(dir);
	if (rmdir(path) != 0)
		fail_errno(path);
}

/* LMDB's table of readers is a shared map: anything may be left of it. */
static void leave_lock(const char *dir, uint64_t chance)
{
	uint64_t noise[LOCK_BYTES / sizeof(uint64_t)];
	char path[512];

	for (size_t i = 0; i < LOCK_BYTES / sizeof(uint64_t); i++)
		noise[i] = random_next(&chance);
	snprintf(path, sizeof path, "%s/lock.mdb", dir);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, noise, sizeof noise) != (ssize_t)sizeof noise)
		fail_errno(path);
	close(fd);
}

static void tell_image(const struct run *r, uint64_t cut, const char *why)
{
	static const char letters[] = {
		[FATE_GONE] = '-', [FATE_KEPT] = '+', [FATE_FRONT] = '/', [FATE_TORN] = '%'};
	const struct options *o = r->options;

	printf("image %llu, power cut at %llu of the log, %zu writes not synced: ",
	       (unsigned long long)r->image, (unsigned long long)cut, r->medium.writes_len);
	for (size_t i = 0; i < r->medium.writes_len && i < 200; i++)
		putchar(r->medium.writes[i].sure ? '!' : letters[r->fates.of[i]]);
	printf(" torn at %zu%s\n%s\n", r->fates.grain, r->fates.grown ? ", file grown" : "", why);
	printf("again with --log %s --acks %s --data %s --images DIR --seed %llu --image %llu ",
	       o->log, o->acks, o->data, (unsigned long long)o->seed, (unsigned long long)r->image);
	if (o->all)
		puts("--all");
	else
		printf("--some %llu\n", (unsigned long long)o->some);
}

static void count(struct progress *p, const struct seen *seen)
{
	p->images++;
	p->partly += seen->covered > 0 && seen->covered < seen->last;
	if (!p->map_min || seen->map_bytes < p->map_min)
		p->map_min = seen->map_bytes;
	if (seen->map_bytes > p->map_max)
		p->map_max = seen->map_bytes;
}

/* Every image has a number; a process takes those that are its own. */
static void check_image(struct run *r, uint64_t cut)
{
	const struct options *o = r->options;
	char why[SURVIVOR_WHY] = "";
	struct expected expected = {.reference = &r->reference,
				    .acks = &r->acks,
				    .received = acks_before(&r->acks, cut),
				    .asked = ASKED,
				    .chance = random_next(&r->chance)};

	r->image++;
	if (o->image ? r->image != o->image : r->image % o->jobs != r->job)
		return;
	r->progress->image = r->image;
	bool there = medium_build(&r->medium, &r->fates, r->dir);
	if (there && r->fates.chance % 2)
		leave_lock(r->dir, r->fates.chance);
	if (o->build) {
		printf("%s %llu\n", r->dir, (unsigned long long)cut);
		return;
	}
	struct seen seen;
	if (!survivor_check(r->dir, &expected, &seen, why)) {
		tell_image(r, cut, why);
		exit(EXIT_FAILURE);
	}
	count(r->progress, &seen);
	if (!o->image)
		remove_image(r->dir);
}

/* ---- the mixtures of a cut ---------------------------------------------------------- */

static void all_are(struct run *r, enum fate fate)
{
	for (size_t i = 0; i < r->medium.writes_len; i++)
		r->fates.of[i] = fate;
}

static void all_by_chance(struct run *r, unsigned fates)
{
	for (size_t i = 0; i < r->medium.writes_len; i++)
		r->fates.of[i] = (enum fate)random_below(&r->chance, fates);
}

/* Gone, kept, gone but grown; each alone kept, gone, torn small, torn large;
 * then anything. */
static uint64_t mixtures(const struct run *r)
{
	return r->medium.writes_len ? 3 + 4 * r->medium.writes_len : 1;
}

static void mix(struct run *r, uint64_t n)
{
	static const enum fate torn[] = {FATE_FRONT, FATE_TORN};
	size_t len = r->medium.writes_len;

	r->fates.chance = random_next(&r->chance);
	r->fates.grain = random_below(&r->chance, 2) ? SECTOR : PAGE;
	r->fates.grown = n == 2 || (n > 2 && random_below(&r->chance, 4) == 0);
	all_are(r, n == 1 ? FATE_KEPT : FATE_GONE);
	if (n < 3)
		return;
	size_t one = (n - 3) % len;
	switch ((n - 3) / len) {
	case 0:
		r->fates.of[one] = FATE_KEPT;
		break;
	case 1:
		all_are(r, FATE_KEPT);
		r->fates.of[one] = FATE_GONE;
		break;
	case 2:
	case 3:
		all_by_chance(r, 2);
		r->fates.grain = (n - 3) / len == 2 ? SECTOR : PAGE;
		r->fates.of[one] = torn[random_below(&r->chance, 2)];
		break;
	default:
		all_by_chance(r, 4);
	}
}

static void cut(struct run *r, uint64_t at)
{
	uint64_t n = mixtures(r), chosen = n > 1 ? 2 : 1;
	const struct options *o = r->options;

	if (o->acknowledged && acks_before(&r->acks, at) == 0)
		return;
	r->progress->cuts++;
	if (r->medium.writes_len > r->fates_cap) {
		r->fates_cap = 2 * r->medium.writes_len;
		r->fates.of = mem_resize(r->fates.of, r->fates_cap, sizeof *r->fates.of);
	}
	for (uint64_t i = 0; i < (o->all ? n : chosen); i++) {
		mix(r, i);
		check_image(r, at);
	}
	for (uint64_t i = 0; n > 1 && i < (o->all ? MORE_BY_CHANCE : o->some); i++) {
		uint64_t any = n + r->medium.writes_len;
		mix(r, o->all ? n : chosen + random_below(&r->chance, any - chosen));
		check_image(r, at);
	}
}

/* ---- the log --------------------------------------------------------------------------- */

/* LMDB has no checksum over a page that says which state is the last one: such a
 * page must not be torn, and is not where a sector is written as a whole. */
static void check_sector(const struct power_entry *e)
{
	if (e->offset / SECTOR != (e->offset + e->len - 1) / SECTOR)
		fail("%llu bytes written with O_DSYNC at %llu are in two sectors",
		     (unsigned long long)e->len, (unsigned long long)e->offset);
}

static void take(struct run *r, const struct power_entry *e, const uint8_t *bytes, uint64_t end)
{
	if (e->durable) {
		struct power_entry maybe = *e;
		maybe.durable = 0;
		check_sector(e);
		medium_take(&r->medium, &maybe, bytes, end);
		cut(r, end - sizeof *e - e->len);
		r->medium.writes_len--;
		r->progress->durable++;
	} else if (e->op == POWER_SYNC) {
		cut(r, end - sizeof *e);
	}
	r->progress->writes += e->op == POWER_WRITE;
	medium_take(&r->medium, e, bytes, end);
}

static void read_log(struct run *r)
{
	struct power_entry e;

	for (size_t at = 0; at < r->log_len; at += sizeof e + e.len) {
		if (r->log_len - at < sizeof e)
			fail("%s is cut short", r->options->log);
		memcpy(&e, r->log + at, sizeof e);
		if (r->log_len - at - sizeof e < e.len || e.op < POWER_CREATE || e.op > POWER_SYNC)
			fail("%s is damaged", r->options->log);
		take(r, &e, r->log + at + sizeof e, at + sizeof e + e.len);
	}
	cut(r, r->log_len);
}

static const uint8_t *map_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		fail_errno(path);
	*len = (size_t)st.st_size;
	void *bytes = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		fail_errno(path);
	close(fd);
	return bytes;
}

/* With everything kept the last image is the directory to the byte: nothing was
 * written that is not in the log. */
static void check_log_is_complete(struct run *r)
{
	char path[512];
	size_t is_len, want_len;

	all_are(r, FATE_KEPT);
	r->fates.grown = false;
	if (!medium_build(&r->medium, &r->fates, r->dir))
		fail("the log makes no directory");
	snprintf(path, sizeof path, "%s/data.mdb", r->dir);
	const uint8_t *is = map_file(path, &is_len);
	snprintf(path, sizeof path, "%s/data.mdb", r->options->data);
	const uint8_t *want = map_file(path, &want_len);
	if (is_len != want_len || memcmp(is, want, is_len) != 0)
		fail("the log does not make what is in %s", path);
	remove_image(r->dir);
}

/* ---- processes ---------------------------------------------------------------------------- */

static void run_job(const struct options *o, uint64_t job, struct progress *progress)
{
	struct run r = {.options = o, .chance = o->seed, .job = job, .progress = progress};

	snprintf(r.dir, sizeof r.dir, "%s/image-%d", o->images, (int)job);
	r.log = map_file(o->log, &r.log_len);
	acks_read(&r.acks, o->acks);
	reference_read(&r.reference, o->data);
	read_log(&r);
	if (!o->image)
		check_log_is_complete(&r);
	if (r.acks.len == 0 || r.acks.all[r.acks.len - 1].highest > r.reference.last)
		fail("the acknowledgements are not of this journal");
	reference_fini(&r.reference);
	acks_fini(&r.acks);
	medium_fini(&r.medium);
	free(r.fates.of);
}

static int wait_for(pid_t pid, const struct progress *p)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		fail_errno("waitpid");
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("image %llu: its reader died of signal %d\n", (unsigned long long)p->image,
	       WTERMSIG(status));
	return EXIT_FAILURE;
}

static void tell_sum(const struct options *o, const struct progress *p, uint64_t begun_us)
{
	struct progress sum = p[0];

	for (uint64_t i = 1; i < o->jobs; i++) {
		sum.images += p[i].images;
		sum.partly += p[i].partly;
		if (p[i].map_min && (!sum.map_min || p[i].map_min < sum.map_min))
			sum.map_min = p[i].map_min;
		sum.map_max = p[i].map_max > sum.map_max ? p[i].map_max : sum.map_max;
	}
	printf("%llu images of %llu cuts: %llu with rows partly "
	       "written back, maps of %llu to %llu KiB; %llu writes, %llu of them with O_DSYNC "
	       "and each in one sector; seed %llu; %.1f s\n",
	       (unsigned long long)sum.images, (unsigned long long)sum.cuts,
	       (unsigned long long)sum.partly, (unsigned long long)sum.map_min / 1024,
	       (unsigned long long)sum.map_max / 1024, (unsigned long long)sum.writes,
	       (unsigned long long)sum.durable, (unsigned long long)o->seed,
	       (double)(clock_mono_us() - begun_us) / 1e6);
}

static int run_jobs(const struct options *o)
{
	uint64_t begun_us = clock_mono_us();
	struct progress *progress = mmap(NULL, JOBS_MAX * sizeof *progress, PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[JOBS_MAX];
	int worst = 0;

	if (progress == MAP_FAILED)
		fail_errno("mmap");
	fflush(stdout);
	for (uint64_t i = 0; i < o->jobs; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			fail_errno("fork");
		if (pids[i] == 0) {
			run_job(o, i, &progress[i]);
			exit(EXIT_SUCCESS);
		}
	}
	for (uint64_t i = 0; i < o->jobs; i++) {
		int status = wait_for(pids[i], &progress[i]);
		worst = status > worst ? status : worst;
	}
	if (!o->build)
		tell_sum(o, progress, begun_us);
	return worst;
}

/* ---- the command line ------------------------------------------------------------------------ */

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (!*text || *end)
		fail("no number: %s", text);
	return value;
}

/* One option, and its value if it takes one: how many words that were. */
static int read_option(struct options *o, char **argv)
{
	const struct {
		const char *name;
		const char **text;
		uint64_t *number;
		bool *flag;
	} rows[] = {
		{"--log", .text = &o->log},
		{"--acks", .text = &o->acks},
		{"--data", .text = &o->data},
		{"--images", .text = &o->images},
		{"--seed", .number = &o->seed},
		{"--some", .number = &o->some},
		{"--jobs", .number = &o->jobs},
		{"--image", .number = &o->image},
		{"--all", .flag = &o->all},
		{"--build", .flag = &o->build},
		{"--acknowledged", .flag = &o->acknowledged},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (strcmp(rows[i].name, argv[0]) != 0)
			continue;
		if (rows[i].flag) {
			*rows[i].flag = true;
			return 1;
		}
		if (!argv[1])
			fail("%s wants a value", argv[0]);
		if (rows[i].text)
			*rows[i].text = argv[1];
		else
			*rows[i].number = number(argv[1]);
		return 2;
	}
	fail("what is that: %s", argv[0]);
}

int main(int argc, char **argv)
{
	struct options o = {.seed = 1, .some = 8, .jobs = 2};

	(void)argc;
	for (argv++; *argv;)
		argv += read_option(&o, argv);
	if (!o.log || !o.acks || !o.data || !o.images || o.jobs < 1 || o.jobs > JOBS_MAX)
		fail("wants --log, --acks, --data and --images");
	if (o.image)
		o.jobs = 1;
	return run_jobs(&o);
}
