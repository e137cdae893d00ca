/* Memory that is there or the process ends. The core and the tables use it:
 * everything acknowledged is in the journal, so stopping at once is the safe
 * answer to an exhausted machine (README, "What is promised": durability never degrades
 * silently). Sizes that a peer can choose are bounded before they get here. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#define MEM_EXIT_STATUS 70

/* Zeroed. Free with free(). On failure logs and leaves with MEM_EXIT_STATUS. */
void *mem_new(size_t size) __attribute__((malloc, returns_nonnull));
/* As realloc; the added part is not zeroed. count * size must not overflow. */
void *mem_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
/* A list of cap items gets a place behind the len that it has: it doubles, `least` at first. */
#define MEM_GROW(list, len, cap, least)                                     \
	do {                                                                \
		if ((len) == (cap)) {                                       \
			(cap) = (cap) ? 2 * (cap) : (least);                \
			(list) = mem_resize((list), (cap), sizeof *(list)); \
		}                                                           \
	} while (0)
/* All of a table of uthash's whose entries own nothing. */
#define MEM_FREE_TABLE(head)                              \
	do {                                              \
		while (head) {                            \
			__typeof__(head) first_ = (head); \
			HASH_DEL(head, first_);           \
			free(first_);                     \
		}                                         \
	} while (0)
/* Memory that is about to be written from end to end: its pages come with one call, which
 * takes a small part of the time that a fault for each of them does. Nothing is done for
 * less than MEM_LARGE. */
#define MEM_LARGE ((size_t)128 << 10)
void mem_ready(void *memory, size_t size);
/* Zeroed and for itself: not by malloc, which would keep it. It begins at a multiple of
 * MEM_HUGE, and takes whole ones of these: huge pages where the system has any and huge is
 * set, so that what lies in it is found without a walk through tables of pages. */
#define MEM_HUGE ((size_t)2 << 20)
void *mem_map(size_t size, bool huge) __attribute__((malloc, returns_nonnull));
void mem_unmap(void *, size_t size);
/* Copy of bytes with a NUL behind. */
char *mem_text(const void *bytes, size_t len) __attribute__((malloc, returns_nonnull));

#endif
