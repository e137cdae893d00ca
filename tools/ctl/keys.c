#include "keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_BYTES 256

static char *place_of(struct keys *keys, const char *name)
{
	if (strcmp(name, "server") == 0)
		return keys->server;
	if (strcmp(name, "public") == 0)
		return keys->public;
	return strcmp(name, "secret") == 0 ? keys->secret : NULL;
}

/* What is wrong with the line; NULL: nothing. */
static const char *read_line(struct keys *keys, char *line)
{
	char *rest, *name, *key, *place;

	line[strcspn(line, "#\r\n")] = '\0';
	name = strtok_r(line, " \t", &rest);
	if (!name)
		return NULL;
	key = strtok_r(NULL, " \t", &rest);
	place = place_of(keys, name);
	if (!place)
		return "a line begins with server, public or secret";
	if (!key || strlen(key) != KEYS_TEXT_BYTES - 1 || strtok_r(NULL, " \t", &rest))
		return "a key has 40 characters";
	memcpy(place, key, KEYS_TEXT_BYTES);
	return NULL;
}

static bool read_lines(struct keys *keys, FILE *file, const char *path)
{
	char line[LINE_BYTES];
	unsigned number = 0;

	while (fgets(line, sizeof line, file)) {
		const char *wrong = read_line(keys, line);

		number++;
		if (wrong) {
			fprintf(stderr, "parlor: %s:%u: %s\n", path, number, wrong);
			return false;
		}
	}
	if (ferror(file) || !*keys->server || !*keys->public || !*keys->secret) {
		fprintf(stderr, "parlor: %s: needs a server, a public and a secret key\n", path);
		return false;
	}
	return true;
}

bool keys_read(struct keys *keys, const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat info;
	bool ok = false;

	*keys = (struct keys){{0}, {0}, {0}};
	if (!file || fstat(fileno(file), &info))
		fprintf(stderr, "parlor: %s: %s\n", path, strerror(errno));
	else if (info.st_mode & (S_IRWXG | S_IRWXO))
		fprintf(stderr, "parlor: %s: others may read it\n", path);
	else
		ok = read_lines(keys, file, path);
	if (file)
		fclose(file);
	return ok;
}
