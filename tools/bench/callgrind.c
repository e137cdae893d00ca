#include "callgrind.h"

#include "fail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void callgrind_init(struct callgrind *c, const struct options *o, const char *only)
{
	*c = (struct callgrind){.keep = o->perf};
	if (o->perf)
		snprintf(c->file, sizeof c->file, "%s", o->perf);
	else
		snprintf(c->file, sizeof c->file, "%.400s/parlor-bench-callgrind-%ld",
			 o->dir ? o->dir : "/tmp", (long)getpid());
	snprintf(c->out, sizeof c->out, "--callgrind-out-file=%s", c->file);
	c->before[0] = "valgrind";
	c->before[1] = "--tool=callgrind";
	c->before[2] = c->out;
	if (!only)
		return;
	snprintf(c->only, sizeof c->only, "--toggle-collect=%s", only);
	c->before[3] = c->only;
}

/* It stands in the line of totals. */
double callgrind_total(struct callgrind *c)
{
	char line[512];
	double total = 0;
	FILE *file = fopen(c->file, "re");
	check(file, "%s: %s", c->file, strerror(errno));
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "totals: %lf", &total) == 1)
			break;
	fclose(file);
	check(total > 0, "%s has no line of totals", c->file);
	if (!c->keep)
		(void)unlink(c->file);
	return total;
}
