#include "backoff.h"

#include <sys/random.h>

#define FIRST_US 10000
#define DOUBLINGS_MAX 16

uint64_t backoff_us(unsigned attempts)
{
	uint64_t full = (uint64_t)FIRST_US << (attempts < DOUBLINGS_MAX ? attempts : DOUBLINGS_MAX);
	uint32_t chance = 0;
	if (full > BACKOFF_MAX_US)
		full = BACKOFF_MAX_US;
	/* Without chance, as it may be early in a boot, it is merely shorter. */
	(void)getrandom(&chance, sizeof chance, GRND_NONBLOCK);
	return full / 2 + chance % (full / 2 + 1);
}
