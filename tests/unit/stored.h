/* What is stored, in hex, and the few values that records and rows share. */
#ifndef STORED_H
#define STORED_H

#include "base/buf.h"

#define TIME_US 1700000000000000
#define CONTENT 0x0123456789abcdef
#define DEDUP                                                         \
	{                                                             \
		.low = 0x1111111122222222, .high = 0x3333333344444444 \
	}

/* Fails the test when it is not that. */
void assert_hex(const char *what, const void *bytes, size_t len, const char *hex);

#endif
