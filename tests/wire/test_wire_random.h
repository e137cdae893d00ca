/* Random frames, from noise and from damaged good ones; a failure is repeated
 * with the seed it prints. */
#ifndef TEST_WIRE_RANDOM_H
#define TEST_WIRE_RANDOM_H

void garbage_never_harms(void **state);

#endif
