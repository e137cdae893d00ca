#include "service.h"

#include "archive.h"
#include "backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "batches.h"
#include "migrate.h"
#include "reply.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARCHIVE_A_TURN 16
#define ARCHIVE_WAITING_MAX 1024
#define SAY_AGAIN_US 30000000
/* A deadlock is tried again this often before the broker hears of it. */
#define QUIET_RETRIES 5
/* Times that a flush took, until the next. */
#define FLUSH_PAUSE 4

struct service {
	struct link *link;
	struct db *db;
	const char *name;
	const char *endpoint;
	struct batches batches;
	struct jobs jobs;
	struct jobs archives;
	bool usable;          /* connected, and the schema is ours */
	bool announced;       /* the ready line is out */
	enum parlor_err fate; /* why to leave, other than being asked to */
	unsigned db_attempts;
	uint64_t db_retry_us;
	uint64_t job_retry_us;
	uint64_t flush_free_us;  /* what can wait for its flush waits until then */
	uint64_t flush_retry_us; /* no flush before, after a failure */
	uint64_t said_us;        /* when the last complaint about the database was logged */
};

static void forget_all(struct service *s)
{
	batches_end(&s->batches);
	jobs_clear(&s->jobs);
	jobs_clear(&s->archives);
	s->job_retry_us = s->flush_retry_us = 0;
}

static void begin_session(struct service *s)
{
	forget_all(s);
	s->batches.link = s->link;
	s->batches.db = s->db;
	batches_begin(&s->batches);
}

/* ---- the database comes and goes ----------------------------------------- */

static void complain(struct service *s, const char *what)
{
	uint64_t now = clock_mono_us();
	if (s->said_us && now - s->said_us < SAY_AGAIN_US)
		return;
	log_warn("%s; trying on", what);
	s->said_us = now;
}

static void database_lost(struct service *s)
{
	db_close(s->db);
	s->usable = false;
	s->db_retry_us = clock_mono_us() + backoff_us(s->db_attempts++);
}

/* The broker hears once of each job why it takes long. */
static void tell_stuck(struct service *s, struct job *job, const char *why)
{
	uint32_t partition;
	uint64_t epoch;
	if (job->told || !job_partition(job->in.message, &partition, &epoch))
		return;
	reply_failed(s->link, partition, epoch, PARLOR__FAIL_CLASS__FAIL_STUCK, why);
	job->told = true;
}

static void connect_database(struct service *s)
{
	char why[MIGRATE_WHY_MAX] = "";
	enum parlor_err err = db_open(s->db);
	if (!err)
		err = migrate_check(s->db, why);
	if (err == PARLOR_E_DB_VERSION) {
		log_fatal("%s", why);
		s->fate = err;
		return;
	}
	if (err) {
		char text[sizeof why + 64];
		snprintf(text, sizeof text, "the database cannot be used: %s (%s)",
			 *why ? why : db_error(s->db), parlor_err_name((int)err));
		complain(s, text);
		if (s->jobs.first)
			tell_stuck(s, s->jobs.first, text);
		database_lost(s);
		return;
	}
	if (s->said_us)
		log_info("the database is reachable");
	s->said_us = 0;
	s->db_attempts = 0;
	s->usable = true;
}

/* The job stays, and is tried again. */
static void job_failed(struct service *s, struct job *job, enum parlor_err err)
{
	char why[512];
	snprintf(why, sizeof why, "%s (%s)", parlor_err_text(err), db_error(s->db));
	job->uncertain |= err == PARLOR_E_DB_UNKNOWN;
	if (!db_is_open(s->db))
		database_lost(s);
	s->job_retry_us = clock_mono_us() + backoff_us(job->attempts++);
	if (err == PARLOR_E_DB_RETRY && job->attempts < QUIET_RETRIES)
		return;
	tell_stuck(s, job, why);
	complain(s, why);
}

static void work_job(struct service *s)
{
	struct job *job = s->jobs.first;
	if (!job || clock_mono_us() < s->job_retry_us)
		return;
	enum parlor_err err = batches_run(&s->batches, job);
	if (err) {
		job_failed(s, job, err);
		return;
	}
	if (job->told)
		log_info("the database takes records again");
	if (s->usable)
		s->said_us = 0;
	jobs_pop(&s->jobs);
}

static enum parlor_err answer_archive(struct service *s, const Parlor__ArchiveQuery *query)
{
	Parlor__ArchivePage page;
	enum parlor_err err = archive_read(s->db, query, &page);
	if (!err)
		link_send(s->link, PARLOR__FROM_WORKER__OP_ARCHIVE_PAGE, &page.base);
	else
		reply_archive_refused(s->link, query->query, PARLOR_E_WORKER, db_error(s->db));
	archive_page_fini(&page);
	return err;
}

/* Queries are answered at once, or refused: the asker may ask again. */
static void work_archives(struct service *s)
{
	for (int i = 0; s->archives.first && i < ARCHIVE_A_TURN; i++) {
		const Parlor__ArchiveQuery *query = s->archives.first->in.message->archive_query;
		if (!s->usable)
			reply_archive_refused(s->link, query->query, PARLOR_E_WORKER,
					      parlor_err_text(PARLOR_E_DB_AWAY));
		else if (answer_archive(s, query) && !db_is_open(s->db))
			database_lost(s);
		jobs_pop(&s->archives);
	}
}

/* ---- stale rooms --------------------------------------------------------- */

static uint64_t flush_due_us(const struct service *s, struct partition **which)
{
	uint64_t first = UINT64_MAX;
	for (uint32_t i = 0; i < s->batches.partitions_len; i++) {
		struct partition *partition = s->batches.partitions[i];
		if (!partition || !partition_owned(partition))
			continue;
		uint64_t due = stale_due_us(&partition->stale, s->flush_free_us);
		if (due >= first)
			continue;
		first = due;
		*which = partition;
	}
	return first != UINT64_MAX && first < s->flush_retry_us ? s->flush_retry_us : first;
}

static void flush_partition(struct service *s, struct partition *partition)
{
	uint32_t number = partition->mark.partition;
	enum parlor_err err = partition_flush(partition, s->db);
	if (!err) {
		reply_batch_done(s->link, partition);
		return;
	}
	if (err == PARLOR_E_DB_FENCED)
		err = batches_answer_fenced(&s->batches, number, partition->epoch);
	if (!err)
		return;
	complain(s, db_error(s->db));
	s->flush_retry_us = clock_mono_us() + BACKOFF_MAX_US / 2;
	if (!db_is_open(s->db))
		database_lost(s);
}

/* One flush between two batches. The pause behind it is in proportion to what
 * it cost, so that a busy database is asked for fewer of them and each settles
 * more posts. */
static void work_flush(struct service *s)
{
	struct partition *partition = NULL;
	uint64_t begin = clock_mono_us();
	if (flush_due_us(s, &partition) > begin)
		return;
	flush_partition(s, partition);
	uint64_t end = clock_mono_us();
	s->flush_free_us = end + FLUSH_PAUSE * (end - begin);
}

/* ---- the link ------------------------------------------------------------ */

static void take_archive(struct service *s, struct link_message *in)
{
	uint64_t query = in->message->archive_query->query;
	if (s->archives.len < ARCHIVE_WAITING_MAX && jobs_push(&s->archives, in))
		return;
	reply_archive_refused(s->link, query, PARLOR_E_BUSY, parlor_err_text(PARLOR_E_BUSY));
	arena_fini(&in->arena);
}

static void take_job(struct service *s, struct link_message *in)
{
	uint32_t partition;
	uint64_t epoch;
	if (jobs_push(&s->jobs, in))
		return;
	if (job_partition(in->message, &partition, &epoch))
		reply_failed(s->link, partition, epoch, PARLOR__FAIL_CLASS__FAIL_TOO_LARGE,
			     "as many batches wait here as may");
	log_warn("refused a batch: %zu wait here (%zu bytes), %" PRIu64 " refused so far",
		 s->jobs.len, s->jobs.bytes, s->jobs.refused);
	arena_fini(&in->arena);
}

static void take_revoke(struct service *s, const Parlor__Revoke *revoke)
{
	struct job *first = s->jobs.first;
	jobs_drop_partition(&s->jobs, revoke->partition, revoke->epoch);
	if (s->jobs.first != first)
		s->job_retry_us = 0;
	if (revoke->partition < s->batches.partitions_len &&
	    s->batches.partitions[revoke->partition] &&
	    s->batches.partitions[revoke->partition]->epoch <= revoke->epoch)
		batches_forget(&s->batches, revoke->partition);
}

static void take_message(struct service *s, struct link_message *in)
{
	switch (in->message->op_case) {
	case PARLOR__TO_WORKER__OP_ASSIGN:
	case PARLOR__TO_WORKER__OP_BATCH:
	case PARLOR__TO_WORKER__OP_RELEASE:
		take_job(s, in);
		break;
	case PARLOR__TO_WORKER__OP_ARCHIVE_QUERY:
		take_archive(s, in);
		break;
	default:
		take_revoke(s, in->message->revoke);
		arena_fini(&in->arena);
		break;
	}
}

static void listen_broker(struct service *s)
{
	struct link_message in;
	for (;;) {
		switch (link_next(s->link, &in)) {
		case LINK_NOTHING:
			return;
		case LINK_WELCOME:
			begin_session(s);
			break;
		case LINK_LOST:
			forget_all(s);
			break;
		case LINK_MESSAGE:
			take_message(s, &in);
			break;
		}
	}
}

static void announce(struct service *s)
{
	if (s->announced || !s->usable || !link_has_session(s->link))
		return;
	printf("ready worker %s broker %s database %s\n", s->name, s->endpoint, db_database(s->db));
	fflush(stdout);
	s->announced = true;
}

static uint64_t due_us(const struct service *s)
{
	uint64_t due = link_due_us(s->link);
	uint64_t other = UINT64_MAX;
	if (!s->usable)
		other = s->archives.first ? 0 : s->db_retry_us;
	else if (s->archives.first)
		other = 0;
	else if (s->jobs.first)
		other = s->job_retry_us;
	if (other < due)
		due = other;
	if (s->usable) {
		struct partition *partition;
		other = flush_due_us(s, &partition);
		if (other < due)
			due = other;
	}
	return due;
}

static bool must_stop(int stop_fd)
{
	struct pollfd fd = {.fd = stop_fd, .events = POLLIN};
	return poll(&fd, 1, 0) > 0;
}

enum parlor_err service_run(struct link *link, struct db *db, const char *name,
			    const char *endpoint, int stop_fd)
{
	struct service s = {.link = link, .db = db, .name = name, .endpoint = endpoint};
	while (!s.fate && !must_stop(stop_fd)) {
		listen_broker(&s);
		if (!s.usable && clock_mono_us() >= s.db_retry_us)
			connect_database(&s);
		work_archives(&s);
		if (s.usable)
			work_job(&s);
		if (s.usable)
			work_flush(&s);
		announce(&s);
		log_tick();
		if (!s.fate)
			link_wait(link, stop_fd, due_us(&s));
	}
	forget_all(&s);
	return s.fate;
}
