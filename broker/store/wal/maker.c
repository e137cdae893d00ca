#include "store/wal/maker.h"

#include "base/log.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void run(void *arg)
{
	struct maker *m = arg;

	switch (m->now.job) {
	case MAKER_MAKE:
		m->now.rc = segment_make(m->dir, m->now.to);
		break;
	case MAKER_RENAME:
		m->now.rc = segment_rename(m->dir, m->now.from, m->now.to);
		break;
	case MAKER_REMOVE:
		m->now.rc = segment_remove(m->dir, m->now.from);
		break;
	}
}

/* What is to be done next; false: nothing. An old one becomes a new one, unless there are
 * enough: then its space is given back. */
static bool choose(struct maker *m)
{
	const bool old = m->first < m->freed;

	if (!old && maker_ahead(m) >= m->ahead)
		return false;
	m->now.from = m->first;
	m->now.to = m->made + 1;
	if (!old)
		m->now.job = MAKER_MAKE;
	else
		m->now.job = maker_ahead(m) < 2 * (uint64_t)m->ahead ? MAKER_RENAME : MAKER_REMOVE;
	return true;
}

static void take_result(struct maker *m)
{
	m->now.busy = false;
	if (m->now.rc != 0) {
		m->counts.failed++;
		return;
	}
	m->made += m->now.job != MAKER_REMOVE;
	m->first += m->now.job != MAKER_MAKE;
	m->counts.made += m->now.job == MAKER_MAKE;
	m->counts.renamed += m->now.job == MAKER_RENAME;
	m->counts.removed += m->now.job == MAKER_REMOVE;
}

static void start(struct maker *m)
{
	m->now.busy = true;
	writer_start(&m->writer, run, m);
}

enum parlor_err maker_open(struct maker *m, const struct segment_dir *dir, uint32_t ahead,
			   uint64_t first, uint64_t used, uint64_t made)
{
	*m = (struct maker){.dir = dir,
			    .ahead = ahead,
			    .first = first,
			    .used = used,
			    .made = made,
			    .freed = first};
	return writer_open(&m->writer);
}

void maker_close(struct maker *m)
{
	if (m->now.busy)
		writer_end(&m->writer);
	writer_close(&m->writer);
	*m = (struct maker){0};
}

void maker_work(struct maker *m, uint64_t now_us)
{
	if (m->now.busy) {
		if (!writer_ended(&m->writer))
			return;
		writer_end(&m->writer);
		take_result(m);
		if (m->now.rc != 0) {
			m->retry_us = now_us + MAKER_RETRY_US;
			log_each(LOG_WARN, 60000, "log: segment %016" PRIx64 ": %s", m->now.to,
				 strerror(m->now.rc));
		}
	}
	if (now_us >= m->retry_us && choose(m))
		start(m);
}

int maker_fd(const struct maker *m)
{
	return writer_fd(&m->writer);
}

int maker_wait(struct maker *m, uint64_t n)
{
	assert(n <= m->ahead);
	while (maker_ahead(m) < n) {
		if (!m->now.busy && choose(m))
			start(m);
		writer_end(&m->writer);
		take_result(m);
		if (m->now.rc != 0)
			return m->now.rc;
	}
	return 0;
}

uint64_t maker_use(struct maker *m)
{
	assert(maker_ahead(m) > 0);
	return ++m->used;
}

void maker_free(struct maker *m, uint64_t below)
{
	assert(below <= m->used);
	if (below > m->freed)
		m->freed = below;
}
