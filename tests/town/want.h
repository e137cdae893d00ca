/* What a town wants: said by the town's chance when it is not so. */
#ifndef TOWN_WANT_H
#define TOWN_WANT_H

#include "chance.h"

#define WANT(c, condition, ...)                                                     \
	do {                                                                        \
		if (!(condition))                                                   \
			fail((c), __FILE__, __LINE__, #condition ": " __VA_ARGS__); \
	} while (0)
#define WANT_SAME(c, a, b)                                                                    \
	do {                                                                                  \
		unsigned long long got_ = (unsigned long long)(a),                            \
				   want_ = (unsigned long long)(b);                           \
		if (got_ != want_)                                                            \
			fail((c), __FILE__, __LINE__, "%s is %llu, %s is %llu", #a, got_, #b, \
			     want_);                                                          \
	} while (0)

#endif
