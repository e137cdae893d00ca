#include "desk/ledger_state.h"

#include <stdarg.h>
#include <stdio.h>

void ledger_fault(struct ledger *l, enum ledger_check check, const char *format, ...)
{
	char text[LEDGER_TEXT];
	va_list args;
	/* Retold: with rows as they were at the end, and no finer ordered than by time. */
	if (!l->booted)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	l->faults[check]++;
	l->fault(l->fault_ctx, check, l->position, text);
}

struct visit *ledger_visit(const struct ledger *l, uint64_t no)
{
	struct visit *v;
	HASH_FIND(hh, l->visits, &no, sizeof no, v);
	return v;
}
