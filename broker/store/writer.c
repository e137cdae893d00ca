#include "store/writer.h"

#include "base/die.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void signal_end(const struct writer *w)
{
	uint64_t one = 1;
	/* Fails only when the counter is full, and then it is readable. */
	if (write(w->fd, &one, sizeof one) < 0)
		assert(errno == EAGAIN);
}

static void *run(void *arg)
{
	struct writer *w = arg;
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->job && !w->stop)
			pthread_cond_wait(&w->cond, &w->lock);
		if (!w->job)
			break;
		void (*job)(void *) = w->job;
		pthread_mutex_unlock(&w->lock);
		job(w->arg);
		die_at("job_done");
		pthread_mutex_lock(&w->lock);
		w->job = NULL;
		w->ended = true;
		pthread_cond_broadcast(&w->cond);
		signal_end(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* The loop alone takes signals. */
static int make_thread(struct writer *w)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

enum parlor_err writer_open(struct writer *w)
{
	*w = (struct writer){.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
	if (w->fd < 0)
		return PARLOR_E_NO_MEMORY;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->cond, NULL);
	w->open = make_thread(w) == 0;
	if (w->open)
		return PARLOR_E_OK;
	pthread_cond_destroy(&w->cond);
	pthread_mutex_destroy(&w->lock);
	(void)close(w->fd);
	return PARLOR_E_NO_MEMORY;
}

void writer_close(struct writer *w)
{
	if (!w->open)
		return;
	pthread_mutex_lock(&w->lock);
	assert(!w->job);
	w->stop = true;
	pthread_cond_broadcast(&w->cond);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->cond);
	pthread_mutex_destroy(&w->lock);
	(void)close(w->fd);
	*w = (struct writer){0};
}

void writer_start(struct writer *w, void (*job)(void *), void *arg)
{
	pthread_mutex_lock(&w->lock);
	assert(w->open && !w->job);
	w->ended = false;
	w->arg = arg;
	w->job = job;
	pthread_cond_broadcast(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

int writer_fd(const struct writer *w)
{
	return w->fd;
}

bool writer_ended(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	bool ended = w->ended;
	pthread_mutex_unlock(&w->lock);
	return ended;
}

void writer_end(struct writer *w)
{
	uint64_t times;
	pthread_mutex_lock(&w->lock);
	while (!w->ended)
		pthread_cond_wait(&w->cond, &w->lock);
	pthread_mutex_unlock(&w->lock);
	/* Told under the lock: it is there. */
	ssize_t n = read(w->fd, &times, sizeof times);
	assert(n == sizeof times);
}
