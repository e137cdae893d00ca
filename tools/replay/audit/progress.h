/* What takes long says on stderr how far it is, every other second; what does
 * not, says nothing. */
#ifndef AUDIT_PROGRESS_H
#define AUDIT_PROGRESS_H

#include <stdint.h>

struct progress {
	const char *what;     /* "records re-executed" */
	uint64_t done, total; /* total 0: not known */
	uint64_t said_us;
};

void progress_begin(struct progress *, const char *what, uint64_t total);
void progress_step(struct progress *);

#endif
