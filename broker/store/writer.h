/* The store's second thread: runs one job at a time beside the loop, so that the
 * loop goes on while a commit waits for the disk. Owns the thread and the
 * hand-over of the job and of its end; what the job touches is the job's from
 * start until wait. Knows nothing of what a job does. */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>

struct writer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int fd; /* eventfd: readable when the job has ended */
	bool open;
	bool ended; /* under lock, as the next three */
	bool stop;
	void (*job)(void *);
	void *arg;
};

/* Signals stay blocked in the thread. NO_MEMORY when it cannot be made. */
enum parlor_err writer_open(struct writer *) PARLOR_MUST_CHECK;
/* No job is under way. Zeroed is fine. */
void writer_close(struct writer *);

/* None is under way. */
void writer_start(struct writer *, void (*job)(void *), void *arg);
/* Readable once the job has ended, until writer_end. */
int writer_fd(const struct writer *);
/* Without waiting. */
bool writer_ended(struct writer *);
/* Waits for its end, once for each job: the descriptor is quiet again. */
void writer_end(struct writer *);

#endif
