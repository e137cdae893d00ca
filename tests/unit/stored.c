#include "stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void assert_hex(const char *what, const void *bytes, size_t len, const char *hex)
{
	char got[512];
	assert_true(2 * len < sizeof got);
	got[0] = '\0';
	for (size_t i = 0; i < len; i++)
		(void)snprintf(got + 2 * i, 3, "%02x", ((const uint8_t *)bytes)[i]);
	if (strcmp(got, hex) != 0)
		fail_msg("%s is %s, stored was %s", what, got, hex);
}
