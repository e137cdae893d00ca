#include "service.h"

#include "backoff.h"
#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/mem.h"
#include "cold.h"
#include "job.h"
#include "migrate.h"
#include "reply.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLD_A_TURN 16
#define COLD_WAITING_MAX 1024
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
	struct part **parts; /* by number; NULL: not assigned */
	uint32_t parts_len;
	struct jobs jobs;
	struct jobs colds;
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

static void forget_part(struct service *s, uint32_t number)
{
	if (number >= s->parts_len || !s->parts[number])
		return;
	part_fini(s->parts[number]);
	free(s->parts[number]);
	s->parts[number] = NULL;
}

static void forget_all(struct service *s)
{
	for (uint32_t i = 0; i < s->parts_len; i++)
		forget_part(s, i);
	free(s->parts);
	s->parts = NULL;
	s->parts_len = 0;
	jobs_clear(&s->jobs);
	jobs_clear(&s->colds);
	s->job_retry_us = s->flush_retry_us = 0;
}

static void begin_session(struct service *s)
{
	forget_all(s);
	s->parts_len = link_parts(s->link);
	s->parts = mem_new(s->parts_len * sizeof(struct part *));
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
	uint32_t part;
	uint64_t epoch;
	if (job->told || !job_part(job->in.message, &part, &epoch))
		return;
	reply_failed(s->link, part, epoch, PARLOR__FAIL_CLASS__FAIL_STUCK, why);
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

/* ---- what the broker asked for ------------------------------------------- */

static enum parlor_err run_assign(struct service *s, struct job *job)
{
	const Parlor__Assign *assign = job->in.message->assign;
	if (assign->part >= s->parts_len)
		return PARLOR_E_OK;
	if (!s->parts[assign->part]) {
		s->parts[assign->part] = mem_new(sizeof(struct part));
		part_init(s->parts[assign->part], link_broker_id(s->link), assign->part);
	}
	struct part *part = s->parts[assign->part];
	char why[OWNER_WHY_MAX] = "";
	enum parlor_err err = part_claim(part, s->db, link_owner(s->link), assign->epoch, why);
	if (!err)
		reply_part_state(s->link, part);
	if (err != PARLOR_E_DB_OWNER)
		return err;
	/* Answered: the broker asks again after a while. */
	reply_failed(s->link, assign->part, assign->epoch, PARLOR__FAIL_CLASS__FAIL_OWNER, why);
	forget_part(s, assign->part);
	return PARLOR_E_OK;
}

/* Tells where the database stands instead. A part we do not have is read, too. */
static enum parlor_err answer_fenced(struct service *s, uint32_t number, uint64_t epoch)
{
	struct part stranger;
	struct part *part = number < s->parts_len ? s->parts[number] : NULL;
	part_init(&stranger, link_broker_id(s->link), number);
	stranger.epoch = epoch;
	if (!part)
		part = &stranger;
	enum parlor_err err = part_load(part, s->db);
	if (!err) {
		reply_failed(s->link, number, epoch, PARLOR__FAIL_CLASS__FAIL_FENCED,
			     parlor_err_text(PARLOR_E_DB_FENCED));
		reply_part_state(s->link, part);
	}
	part_fini(&stranger);
	return err;
}

/* The part, if it is ours under that epoch. */
static struct part *owned_part(const struct service *s, uint32_t number, uint64_t epoch)
{
	struct part *part = number < s->parts_len ? s->parts[number] : NULL;
	return part && part->epoch == epoch && part_owned(part) ? part : NULL;
}

static enum parlor_err apply_batch(struct service *s, struct job *job, struct part *part)
{
	const Parlor__Batch *batch = job->in.message->batch;
	bool refused = false;
	if (part->mark.position != batch->after || batch->upto < batch->after)
		return PARLOR_E_DB_FENCED;
	enum parlor_err err = part_apply(part, s->db, batch, &refused);
	if (err)
		return err;
	/* The broker must know of a refused room before it believes the batch done. */
	if (refused)
		reply_part_state(s->link, part);
	reply_batch_done(s->link, part);
	die_at("batch_told");
	return PARLOR_E_OK;
}

static enum parlor_err run_batch(struct service *s, struct job *job)
{
	const Parlor__Batch *batch = job->in.message->batch;
	struct part *part = owned_part(s, batch->part, batch->epoch);
	if (!part)
		return answer_fenced(s, batch->part, batch->epoch);
	if (job->uncertain) {
		enum parlor_err err = part_load(part, s->db);
		if (err)
			return err;
		job->uncertain = false;
		if (!part_owned(part))
			return answer_fenced(s, batch->part, batch->epoch);
		if (part->mark.position == batch->upto && part->mark.digest == batch->digest) {
			if (quarantine_count(&part->quarantine))
				reply_part_state(s->link, part);
			reply_batch_done(s->link, part);
			return PARLOR_E_OK;
		}
	}
	enum parlor_err err = apply_batch(s, job, part);
	if (err == PARLOR_E_DB_FENCED)
		return answer_fenced(s, batch->part, batch->epoch);
	if (err == PARLOR_E_DB_TOO_LARGE && !db_statement_halve(s->db) && batch->n_records > 1) {
		reply_failed(s->link, batch->part, batch->epoch, PARLOR__FAIL_CLASS__FAIL_TOO_LARGE,
			     db_error(s->db));
		return PARLOR_E_OK;
	}
	return err;
}

static enum parlor_err run_release(struct service *s, struct job *job)
{
	const Parlor__Release *release = job->in.message->release;
	struct part *part = owned_part(s, release->part, release->epoch);
	if (!part)
		return answer_fenced(s, release->part, release->epoch);
	bool again = job->uncertain;
	if (again) {
		enum parlor_err err = part_load(part, s->db);
		if (err)
			return err;
		job->uncertain = false;
		if (!part_owned(part))
			return answer_fenced(s, release->part, release->epoch);
	}
	enum parlor_err err = part_release(part, s->db, release);
	/* It had gone through after all. */
	if (again && err == PARLOR_E_NOT_QUARANTINED)
		err = PARLOR_E_OK;
	switch (err) {
	case PARLOR_E_OK:
		reply_release(s->link, release, "");
		return PARLOR_E_OK;
	case PARLOR_E_DB_FENCED:
		return answer_fenced(s, release->part, release->epoch);
	case PARLOR_E_DB_DATA:
		reply_release(s->link, release, db_error(s->db));
		return PARLOR_E_OK;
	case PARLOR_E_NOT_QUARANTINED:
		reply_release(s->link, release, parlor_err_text(err));
		return PARLOR_E_OK;
	case PARLOR_E_VALUE:
		reply_release(s->link, release, "records before or behind these are missing");
		return PARLOR_E_OK;
	default:
		return err;
	}
}

static enum parlor_err run_job(struct service *s, struct job *job)
{
	switch (job->in.message->op_case) {
	case PARLOR__TO_WORKER__OP_ASSIGN:
		return run_assign(s, job);
	case PARLOR__TO_WORKER__OP_BATCH:
		return run_batch(s, job);
	default:
		return run_release(s, job);
	}
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
	enum parlor_err err = run_job(s, job);
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

static enum parlor_err answer_cold(struct service *s, const Parlor__ColdQuery *query)
{
	Parlor__FromWorker message = PARLOR__FROM_WORKER__INIT;
	Parlor__ColdPage page;
	enum parlor_err err = cold_read(s->db, query, &page);
	if (!err) {
		message.op_case = PARLOR__FROM_WORKER__OP_COLD_PAGE;
		message.cold_page = &page;
		link_send(s->link, &message);
	} else {
		reply_cold_refused(s->link, query->query, PARLOR_E_WORKER, db_error(s->db));
	}
	cold_page_fini(&page);
	return err;
}

/* Queries are answered at once, or refused: the asker may ask again. */
static void work_colds(struct service *s)
{
	for (int i = 0; s->colds.first && i < COLD_A_TURN; i++) {
		const Parlor__ColdQuery *query = s->colds.first->in.message->cold_query;
		if (!s->usable)
			reply_cold_refused(s->link, query->query, PARLOR_E_WORKER,
					   parlor_err_text(PARLOR_E_DB_AWAY));
		else if (answer_cold(s, query) && !db_is_open(s->db))
			database_lost(s);
		jobs_pop(&s->colds);
	}
}

/* ---- stale rooms --------------------------------------------------------- */

static uint64_t flush_due_us(const struct service *s, struct part **which)
{
	uint64_t first = UINT64_MAX;
	for (uint32_t i = 0; i < s->parts_len; i++) {
		struct part *part = s->parts[i];
		if (!part || !part_owned(part))
			continue;
		uint64_t due = stale_due_us(&part->stale, s->flush_free_us);
		if (due >= first)
			continue;
		first = due;
		*which = part;
	}
	return first != UINT64_MAX && first < s->flush_retry_us ? s->flush_retry_us : first;
}

static void flush_part(struct service *s, struct part *part)
{
	uint32_t number = part->mark.part;
	enum parlor_err err = part_flush(part, s->db);
	if (!err) {
		reply_batch_done(s->link, part);
		return;
	}
	if (err == PARLOR_E_DB_FENCED)
		err = answer_fenced(s, number, part->epoch);
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
	struct part *part = NULL;
	uint64_t begin = clock_mono_us();
	if (flush_due_us(s, &part) > begin)
		return;
	flush_part(s, part);
	uint64_t end = clock_mono_us();
	s->flush_free_us = end + FLUSH_PAUSE * (end - begin);
}

/* ---- the link ------------------------------------------------------------ */

static void take_cold(struct service *s, struct link_message *in)
{
	uint64_t query = in->message->cold_query->query;
	if (s->colds.len < COLD_WAITING_MAX && jobs_push(&s->colds, in))
		return;
	reply_cold_refused(s->link, query, PARLOR_E_BUSY, parlor_err_text(PARLOR_E_BUSY));
	arena_fini(&in->arena);
}

static void take_job(struct service *s, struct link_message *in)
{
	uint32_t part;
	uint64_t epoch;
	if (jobs_push(&s->jobs, in))
		return;
	if (job_part(in->message, &part, &epoch))
		reply_failed(s->link, part, epoch, PARLOR__FAIL_CLASS__FAIL_TOO_LARGE,
			     "as many batches wait here as may");
	log_warn("refused a batch: %zu wait here (%zu bytes), %" PRIu64 " refused so far",
		 s->jobs.len, s->jobs.bytes, s->jobs.refused);
	arena_fini(&in->arena);
}

static void take_revoke(struct service *s, const Parlor__Revoke *revoke)
{
	struct job *first = s->jobs.first;
	jobs_drop_part(&s->jobs, revoke->part, revoke->epoch);
	if (s->jobs.first != first)
		s->job_retry_us = 0;
	if (revoke->part < s->parts_len && s->parts[revoke->part] &&
	    s->parts[revoke->part]->epoch <= revoke->epoch)
		forget_part(s, revoke->part);
}

static void take_message(struct service *s, struct link_message *in)
{
	switch (in->message->op_case) {
	case PARLOR__TO_WORKER__OP_ASSIGN:
	case PARLOR__TO_WORKER__OP_BATCH:
	case PARLOR__TO_WORKER__OP_RELEASE:
		take_job(s, in);
		break;
	case PARLOR__TO_WORKER__OP_COLD_QUERY:
		take_cold(s, in);
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
		other = s->colds.first ? 0 : s->db_retry_us;
	else if (s->colds.first)
		other = 0;
	else if (s->jobs.first)
		other = s->job_retry_us;
	if (other < due)
		due = other;
	if (s->usable) {
		struct part *part;
		other = flush_due_us(s, &part);
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
		work_colds(&s);
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
