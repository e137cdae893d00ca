#include "client/waker.h"

#include "base/clock.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

void waker_init(struct waker *w)
{
	*w = (struct waker){.fd = -1, .timer = -1, .watched = -1, .set_us = WAKER_NEVER};
}

static void shut(int fd)
{
	if (fd >= 0)
		close(fd);
}

void waker_fini(struct waker *w)
{
	shut(w->timer);
	shut(w->fd);
	waker_init(w);
}

static bool watch(struct waker *w, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(w->fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool waker_start(struct waker *w)
{
	if (w->fd >= 0)
		return true;
	w->fd = epoll_create1(EPOLL_CLOEXEC);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->fd >= 0 && w->timer >= 0 && watch(w, w->timer))
		return true;
	waker_fini(w);
	return false;
}

void waker_watch(struct waker *w, int fd)
{
	if (w->fd < 0)
		return;
	if (w->watched >= 0)
		epoll_ctl(w->fd, EPOLL_CTL_DEL, w->watched, NULL);
	w->watched = fd >= 0 && watch(w, fd) ? fd : -1;
}

void waker_set(struct waker *w, uint64_t at_us)
{
	struct itimerspec when = {0};
	uint64_t now_us;

	if (w->fd < 0)
		return;
	/* A burst of requests or polls costs one call: once due, due now needs
	 * none, and to wake too early, once, does no harm. */
	now_us = clock_mono_us();
	if (w->set_us <= at_us && (at_us <= now_us || now_us < w->set_us))
		return;
	w->set_us = at_us;
	if (at_us != WAKER_NEVER) {
		when.it_value.tv_sec = (time_t)(at_us / 1000000);
		/* A time of zero would switch the timer off. */
		when.it_value.tv_nsec = (long)(at_us % 1000000) * 1000 + 1;
	}
	timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &when, NULL);
}
