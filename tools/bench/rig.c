#include "rig.h"

#include "fail.h"

#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 64
#define START_MS 120000
#define STOP_MS 120000
#define ARGS_MAX 48

static struct process processes[PROCESSES_MAX];
static char own_dir[RIG_PATH_MAX];

/* ---- directories ------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_dir(const char *path)
{
	if (*path)
		(void)nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

static void show_log(const char *dir, const char *name)
{
	char path[RIG_PATH_MAX], line[512];
	snprintf(path, sizeof path, "%.400s/%s.log", dir, name);
	FILE *log = fopen(path, "re");
	if (!log)
		return;
	while (fgets(line, sizeof line, log))
		fprintf(stderr, "  %s: %s", name, line);
	fclose(log);
}

static bool has_left(const struct process *p)
{
	siginfo_t info = {0};
	return p->pid <= 0 ||
	       (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		info.si_pid);
}

/* On the way out, whatever the reason: nothing of ours stays. Who had left by
 * himself has a reason in his log. */
static void clean_up(void)
{
	for (size_t i = 0; i < PROCESSES_MAX; i++) {
		if (processes[i].pid <= 0)
			continue;
		if (has_left(&processes[i]))
			show_log(own_dir, processes[i].name);
		rig_kill(&processes[i]);
	}
	remove_dir(own_dir);
	own_dir[0] = 0;
}

void rig_setup(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	atexit(clean_up);
	fail_catch_signals();
}

void rig_init(struct rig *r, const struct options *o)
{
	const char *tmp = o->dir ? o->dir : getenv("TMPDIR");
	*r = (struct rig){.options = o};
	check(!*own_dir, "two rigs at once");
	snprintf(r->dir, sizeof r->dir, "%s/parlor-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	check(mkdtemp(r->dir), "%s: %s", r->dir, strerror(errno));
	memcpy(own_dir, r->dir, sizeof own_dir);
}

void rig_fini(struct rig *r)
{
	for (size_t i = PROCESSES_MAX; i-- > 0;)
		if (processes[i].pid > 0)
			rig_stop(&processes[i]);
	remove_dir(r->dir);
	own_dir[0] = 0;
}

void rig_path(const struct rig *r, char out[RIG_PATH_MAX], const char *name)
{
	int n = snprintf(out, RIG_PATH_MAX, "%s/%s", r->dir, name);
	check(n < RIG_PATH_MAX, "path too long: %s/%s", r->dir, name);
}

void rig_beside(char out[RIG_PATH_MAX], const char *name)
{
	char self[RIG_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	check(n > 0, "/proc/self/exe: %s", strerror(errno));
	self[n] = 0;
	char *slash = strrchr(self, '/');
	*slash = 0;
	check(snprintf(out, RIG_PATH_MAX, "%s/%s", self, name) < RIG_PATH_MAX, "path too long");
}

static uint64_t disk_sum;

static int add_size(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path;
	(void)ftw;
	if (type == FTW_F)
		disk_sum += (uint64_t)st->st_blocks * 512;
	return 0;
}

uint64_t rig_disk_bytes(const struct rig *r, const char *name)
{
	char path[RIG_PATH_MAX];
	rig_path(r, path, name);
	disk_sum = 0;
	check(nftw(path, add_size, 32, FTW_PHYS) == 0, "%s: %s", path, strerror(errno));
	return disk_sum;
}

/* ---- starting ----------------------------------------------------------------------- */

static struct process *free_slot(void)
{
	for (size_t i = 0; i < PROCESSES_MAX; i++)
		if (processes[i].pid == 0)
			return &processes[i];
	fail("more processes than %d", PROCESSES_MAX);
}

static void put_slow_sync(const struct rig *r)
{
	char shim[RIG_PATH_MAX], ms[24];
	rig_beside(shim, "parlor_slow_sync.so");
	snprintf(ms, sizeof ms, "%llu", (unsigned long long)r->options->fsync_ms);
	check(access(shim, R_OK) == 0, "--fsync-ms: %s: %s", shim, strerror(errno));
	setenv("LD_PRELOAD", shim, 1);
	setenv("SLOW_SYNC_MS", ms, 1);
}

static void in_child(const struct rig *r, const char *name, const char *const argv[], bool slow,
		     int out, pid_t parent)
{
	char path[RIG_PATH_MAX];
	snprintf(path, sizeof path, "%.400s/%s.log", r->dir, name);
	int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int none = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (log < 0 || none < 0 || dup2(none, 0) < 0 || dup2(out, 1) < 0 || dup2(log, 2) < 0)
		_exit(127);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (slow && r->options->fsync_ms)
		put_slow_sync(r);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static bool line_complete(int fd, char *line, size_t *len)
{
	ssize_t n = read(fd, line + *len, RIG_LINE_MAX - 1 - *len);
	if (n <= 0)
		return false;
	*len += (size_t)n;
	line[*len] = 0;
	return true;
}

static bool await_line(const struct process *p, const char *ready, char *line)
{
	size_t len = 0;
	uint64_t until = clock_mono_us() + START_MS * 1000;
	*line = 0;
	while (clock_mono_us() < until) {
		struct pollfd item = {.fd = p->out, .events = POLLIN};
		fail_if_interrupted();
		if (poll(&item, 1, 100) <= 0)
			continue;
		if (!line_complete(p->out, line, &len))
			return false;
		char *end;
		while ((end = strchr(line, '\n'))) {
			*end = 0;
			if (strncmp(line, ready, strlen(ready)) == 0)
				return true;
			len -= (size_t)(end + 1 - line);
			memmove(line, end + 1, len + 1);
		}
	}
	return false;
}

struct process *rig_start(struct rig *r, const char *name, const char *const argv[], bool slow,
			  const char *ready, char *line)
{
	struct process *p = free_slot();
	int ends[2];
	pid_t parent = getpid();
	check(pipe2(ends, O_CLOEXEC) == 0, "pipe: %s", strerror(errno));
	fflush(stdout);
	pid_t pid = fork();
	check(pid >= 0, "fork: %s", strerror(errno));
	if (pid == 0)
		in_child(r, name, argv, slow, ends[1], parent);
	close(ends[1]);
	p->pid = pid;
	p->out = ends[0];
	snprintf(p->name, sizeof p->name, "%s", name);
	if (r->options->verbose)
		fprintf(stderr, "%s is process %ld\n", name, (long)pid);
	if (ready && !await_line(p, ready, line)) {
		show_log(r->dir, name);
		fail("%s did not get ready", name);
	}
	return p;
}

/* ---- stopping ------------------------------------------------------------------------- */

static int ended(struct process *p)
{
	int status = 0;
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	if (p->out >= 0)
		close(p->out);
	p->out = -1;
	return status;
}

void rig_kill(struct process *p)
{
	if (p->pid <= 0)
		return;
	kill(p->pid, SIGKILL);
	(void)ended(p);
}

void rig_stop(struct process *p)
{
	uint64_t until = clock_mono_us() + STOP_MS * 1000;
	if (p->pid <= 0)
		return;
	kill(p->pid, SIGTERM);
	while (!has_left(p)) {
		check(clock_mono_us() < until, "%s does not stop", p->name);
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	int status = ended(p);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		show_log(own_dir, p->name);
		fail("%s left with status %d", p->name, status);
	}
}

void rig_interrupt(struct process *p)
{
	if (p->pid <= 0)
		return;
	kill(p->pid, SIGINT);
	(void)ended(p);
}

void rig_check(const struct process *p)
{
	check(!has_left(p), "%s has left by itself", p->name);
}

void rig_run(struct rig *r, const char *name, const char *const argv[])
{
	struct process *p = rig_start(r, name, argv, false, NULL, NULL);
	int status = ended(p);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		show_log(r->dir, name);
		fail("%s left with status %d", name, status);
	}
}

/* ---- Parlor's own ------------------------------------------------------------------------ */

static void add_word(const char **argv, size_t *n, const char *word)
{
	check(*n + 1 < ARGS_MAX, "too many words for parlord");
	argv[(*n)++] = word;
}

/* NAME=VALUE, comma between: cut up where they stand. */
static void add_settings(const char **argv, size_t *n, char *text)
{
	char *rest = NULL;
	for (char *word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		add_word(argv, n, "--set");
		add_word(argv, n, word);
	}
}

void rig_broker(struct rig *r, const char *const *before, const char *const *more)
{
	const char *argv[ARGS_MAX] = {0};
	char program[RIG_PATH_MAX], data[RIG_PATH_MAX], line[RIG_LINE_MAX];
	char settings[1024];
	size_t n = 0;
	snprintf(settings, sizeof settings, "%s", r->options->set ? r->options->set : "");
	rig_beside(program, "parlord");
	rig_path(r, data, "data");
	for (; before && *before; before++)
		add_word(argv, &n, *before);
	const char *own[] = {program,
			     "--data",
			     data,
			     "--listen",
			     *r->client ? r->client : "tcp://127.0.0.1:*",
			     "--worker-listen",
			     *r->worker ? r->worker : "tcp://127.0.0.1:*",
			     "--set",
			     "broker.log_level=warn",
			     "--set",
			     "session.timeout_ms=600000"};
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		add_word(argv, &n, own[i]);
	for (; more && *more; more++)
		add_word(argv, &n, *more);
	add_settings(argv, &n, settings);
	r->broker = rig_start(r, "parlord", argv, true, "ready client ", line);
	check(sscanf(line, "ready client %511s worker %511s", r->client, r->worker) == 2,
	      "parlord said: %s", line);
}

struct process *rig_worker(struct rig *r, const char *mysql_url, unsigned number)
{
	char program[RIG_PATH_MAX], name[32], line[RIG_LINE_MAX];
	snprintf(name, sizeof name, "parlor-worker-%u", number);
	rig_beside(program, "parlor-worker");
	const char *argv[] = {program,  "--broker", r->worker, "--mysql", mysql_url,
			      "--name", name,       "--log",   "warn",    NULL};
	return rig_start(r, name, argv, false, "ready worker ", line);
}

/* ---- /proc ----------------------------------------------------------------------------------- */

static uint64_t on_cpu_ns(const char *path)
{
	unsigned long long ns = 0;
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%llu", &ns) != 1)
		ns = 0;
	fclose(file);
	return (uint64_t)ns;
}

struct usage usage_of(pid_t pid)
{
	struct usage u = {0};
	char path[128];
	snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
	DIR *tasks = opendir(path);
	check(tasks, "%s: %s", path, strerror(errno));
	for (struct dirent *entry; (entry = readdir(tasks));) {
		long tid = strtol(entry->d_name, NULL, 10);
		if (tid <= 0)
			continue;
		snprintf(path, sizeof path, "/proc/%ld/task/%ld/schedstat", (long)pid, tid);
		uint64_t ns = on_cpu_ns(path);
		u.cpu_ns += ns;
		if (tid == pid)
			u.main_ns = ns;
	}
	closedir(tasks);
	return u;
}

struct usage usage_since(struct usage then, struct usage now)
{
	return (struct usage){.cpu_ns = now.cpu_ns - then.cpu_ns,
			      .main_ns = now.main_ns - then.main_ns};
}

uint64_t usage_own_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static double status_mb(pid_t pid, const char *name)
{
	size_t len = strlen(name);
	char path[64], line[256];
	double kib = 0;
	snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
	FILE *file = fopen(path, "re");
	check(file, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, file))
		if (strncmp(line, name, len) == 0) {
			kib = strtod(line + len, NULL);
			break;
		}
	fclose(file);
	return kib / 1024.0;
}

double rss_mb(pid_t pid)
{
	return status_mb(pid, "VmRSS:");
}

double anon_mb(pid_t pid)
{
	return status_mb(pid, "RssAnon:");
}

void account_mark(void *account, bool begins)
{
	struct account *a = account;
	struct usage now = usage_of(a->of->pid);
	if (begins) {
		a->then = now;
		a->own_then = usage_own_ns();
		return;
	}
	a->used = usage_since(a->then, now);
	a->own_ns = usage_own_ns() - a->own_then;
	a->rss_mb = rss_mb(a->of->pid);
	a->anon_mb = anon_mb(a->of->pid);
}

void account_figures(const struct account *a, uint64_t acked, struct row *row)
{
	row_set(row, "broker_rss_mb", a->rss_mb);
	row_set(row, "broker_cpu_s", (double)a->used.cpu_ns / 1e9);
	row_set(row, "bench_cpu_s", (double)a->own_ns / 1e9);
	if (acked == 0)
		return;
	row_set(row, "broker_cpu_us_per_post", (double)a->used.cpu_ns / 1e3 / (double)acked);
	row_set(row, "bench_cpu_us_per_post", (double)a->own_ns / 1e3 / (double)acked);
}
