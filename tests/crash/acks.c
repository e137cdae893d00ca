#include "acks.h"

#include "base/mem.h"
#include "fail.h"

static char *read_all(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		fail_errno(path);
	if (getdelim(&text, &size, '\0', file) < 0)
		fail("%s: empty", path);
	fclose(file);
	return text;
}

static struct span word(char **rest)
{
	char *text = strsep(rest, " ");

	if (!text)
		fail("acknowledgements: a word is missing");
	return SPAN_TEXT(text);
}

static uint64_t number(char **rest)
{
	char *end;
	struct span text = word(rest);
	uint64_t value = strtoull(text.data, &end, 10);

	if (!text.len || *end)
		fail("acknowledgements: no number: %s", (const char *)text.data);
	return value;
}

static enum ack_kind kind(char **rest)
{
	static const char *const names[] = {
		[ACK_POST] = "post", [ACK_POSTED] = "posted", [ACK_RECALL] = "recall",
		[ACK_READ] = "read", [ACK_JOIN] = "join",     [ACK_DESK] = "desk"};
	struct span name = word(rest);

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name.data, names[i]) == 0)
			return (enum ack_kind)i;
	fail("acknowledgements: no kind: %s", (const char *)name.data);
}

static struct ack read_line(char *line)
{
	struct ack a = {.at = number(&line)};

	a.kind = kind(&line);
	a.room = word(&line);
	a.member = word(&line);
	a.client_id = word(&line);
	a.seq = number(&line);
	a.position = number(&line);
	a.time_us = number(&line);
	a.body = word(&line);
	return a;
}

void acks_read(struct acks *acks, const char *path)
{
	size_t cap = 0;
	uint64_t highest = 0, at = 0;

	*acks = (struct acks){.text = read_all(path)};
	for (char *line, *rest = acks->text; (line = strsep(&rest, "\n")) && *line;) {
		if (acks->len == cap) {
			cap = cap ? 2 * cap : 256;
			acks->all = mem_resize(acks->all, cap, sizeof *acks->all);
		}
		struct ack a = read_line(line);
		if (a.at < at)
			fail("acknowledgements: not in order");
		at = a.at;
		highest = a.position > highest ? a.position : highest;
		a.highest = highest;
		acks->all[acks->len++] = a;
	}
}

void acks_fini(struct acks *acks)
{
	free(acks->all);
	free(acks->text);
	*acks = (struct acks){0};
}

size_t acks_before(const struct acks *acks, uint64_t length)
{
	size_t low = 0, high = acks->len;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (acks->all[middle].at <= length)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
