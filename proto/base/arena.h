/* A bump allocator over one block of fixed size: what is decoded from one
 * frame lives here and goes at once. Never grows: past the end it gives NULL,
 * which bounds what a peer can make a decoder allocate. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena {
	uint8_t *block;
	size_t size;
	size_t used;
};

void arena_init(struct arena *, size_t size);
void arena_fini(struct arena *);
void arena_clear(struct arena *);
void *arena_get(struct arena *, size_t size); /* aligned to 16, or NULL */

#endif
