/* Playing a recorded file into a broker: reads rooms as players become free,
 * keeps as many requests in flight as allowed, reports progress on stderr and
 * a summary at the end. Owns the order in which players take turns. */
#ifndef PLAY_H
#define PLAY_H

#include "base/keys.h"
#include "choice.h"
#include "pace.h"

#define PLAY_SESSIONS_DEFAULT 4
#define PLAY_IN_FLIGHT_DEFAULT 1024
#define PLAY_ROOMS_OPEN_DEFAULT 256
#define PLAY_WINDOW_BYTES (64U << 20) /* no further room is opened above */

struct play_options {
	const char *file;
	const char *broker; /* NULL: the library's default */
	const char *tenant;
	const struct keys *keys; /* NULL: none */
	struct pace pace;
	struct choice choice;
	unsigned loops; /* how often, each time in rooms of its own */
	bool no_presence;
	unsigned sessions; /* up to DELIVERY_CHECK_SESSIONS_MAX */
	unsigned in_flight;
	unsigned rooms_open;
	unsigned read_every;
	size_t room_bytes;
	bool attach;
	bool verify; /* implies attach */
	bool stored;
	bool json;
};

#define PLAY_EXIT_OK 0
#define PLAY_EXIT_BAD 1   /* something was refused, lost, unanswered, or misdelivered */
#define PLAY_EXIT_INPUT 2 /* the file is not of the format */

/* Returns the exit status of the program. SIGINT and SIGTERM end it early. */
int play_run(const struct play_options *);

#endif
