/* One descriptor for a caller's event loop that stays the same while sockets
 * come and go: readable when the socket has news or a timer is due. Costs
 * nothing until it is asked for. */
#ifndef CLIENT_WAKER_H
#define CLIENT_WAKER_H

#include <stdbool.h>
#include <stdint.h>

#define WAKER_NEVER UINT64_MAX

struct waker {
	int fd; /* epoll over the two below; -1: never asked for */
	int timer;
	int watched;     /* the socket's, -1: none */
	uint64_t set_us; /* what the timer is set to */
};

void waker_init(struct waker *);
void waker_fini(struct waker *);
/* Makes the descriptor; false when the system has none left. */
bool waker_start(struct waker *);
/* The socket's descriptor to watch from now on, -1: none. To be called with -1
 * before that one is closed. */
void waker_watch(struct waker *, int fd);
/* Monotonic time at which to become readable, at the latest; WAKER_NEVER. */
void waker_set(struct waker *, uint64_t at_us);

#endif
