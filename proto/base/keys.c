#include "base/keys.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_BYTES_MAX 256
#define Z85_DIGITS \
	"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

static char *place_of(struct keys *keys, const char *word)
{
	if (strcmp(word, "server") == 0)
		return keys->server;
	if (strcmp(word, "public") == 0)
		return keys->public;
	return strcmp(word, "secret") == 0 ? keys->secret : NULL;
}

static bool is_key(const char *text)
{
	return text && strlen(text) == KEYS_TEXT && text[strspn(text, Z85_DIGITS)] == '\0';
}

/* The reason when the line is refused. */
static const char *read_line(struct keys *keys, char *line)
{
	char *rest;

	line[strcspn(line, "\r\n")] = '\0';
	char *word = strtok_r(line, " \t", &rest);
	if (!word || word[0] == '#')
		return NULL;
	char *place = place_of(keys, word);
	if (!place)
		return "a line begins with server, public or secret";
	if (*place)
		return "a second key of that name";
	char *key = strtok_r(NULL, " \t", &rest);
	if (!is_key(key) || strtok_r(NULL, " \t", &rest))
		return "behind the name stands a CURVE key of 40 characters, and no more";
	memcpy(place, key, KEYS_TEXT);
	return NULL;
}

static enum parlor_err read_lines(struct keys *keys, FILE *file, const char *path, char *why,
				  size_t why_size)
{
	char line[LINE_BYTES_MAX];
	const char *reason = NULL;
	unsigned no = 0;

	while (!reason && fgets(line, sizeof line, file)) {
		size_t len = strlen(line);
		no++;
		if (len == sizeof line - 1 && line[len - 1] != '\n')
			reason = "line is too long";
		else
			reason = read_line(keys, line);
	}
	explicit_bzero(line, sizeof line);
	if (reason)
		(void)snprintf(why, why_size, "%.150s:%u: %s", path, no, reason);
	else if (ferror(file))
		(void)snprintf(why, why_size, "%.150s: cannot be read", path);
	else if (!*keys->server || !*keys->public || !*keys->secret)
		(void)snprintf(why, why_size, "%.150s: needs a server, a public and a secret key",
			       path);
	else
		return PARLOR_E_OK;
	return PARLOR_E_CONFIG;
}

enum parlor_err keys_read(struct keys *keys, const char *path, char *why, size_t why_size)
{
	enum parlor_err err = PARLOR_E_CONFIG;
	FILE *file = fopen(path, "re");
	struct stat st;

	*keys = (struct keys){{0}, {0}, {0}};
	if (!file || fstat(fileno(file), &st))
		(void)snprintf(why, why_size, "%.150s: cannot be opened: %s", path,
			       strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_mode & (S_IRWXG | S_IRWXO))
		(void)snprintf(why, why_size,
			       "%.150s: must be a file that only its owner may use (chmod 600)",
			       path);
	else
		err = read_lines(keys, file, path, why, why_size);
	if (file)
		(void)fclose(file);
	if (err)
		keys_fini(keys);
	return err;
}

void keys_fini(struct keys *keys)
{
	explicit_bzero(keys, sizeof *keys);
}
