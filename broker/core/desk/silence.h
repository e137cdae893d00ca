/* Somebody is awaited who says nothing: reminded, and after longer taken away, held, handed
 * off or closed. When follows from who spoke last; what was agreed for the first answer and
 * for the end is told. Private to the core. */
#ifndef DESK_SILENCE_H
#define DESK_SILENCE_H

#include "core/desk/cause.h"

extern const struct cause silence_causes[];
extern const size_t silence_causes_len;

#endif
