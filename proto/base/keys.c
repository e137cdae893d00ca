#include "base/keys.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_BYTES_MAX 512
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

static const char *read_line(void *arg, char *line)
{
	struct keys *keys = arg;
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

static const char *read_lines(FILE *file, keys_line_fn *take, void *arg, unsigned *no)
{
	char line[LINE_BYTES_MAX];
	const char *reason = NULL;

	while (!reason && fgets(line, sizeof line, file)) {
		size_t len = strlen(line);
		++*no;
		reason = len == sizeof line - 1 && line[len - 1] != '\n' ? "line is too long"
									 : take(arg, line);
	}
	explicit_bzero(line, sizeof line);
	return reason;
}

enum parlor_err keys_file_read(const char *path, keys_line_fn *take, void *arg, char *why,
			       size_t why_size)
{
	enum parlor_err err = PARLOR_E_CONFIG;
	const char *reason = NULL;
	unsigned no = 0;
	FILE *file = fopen(path, "re");
	struct stat st;

	if (!file || fstat(fileno(file), &st))
		(void)snprintf(why, why_size, "%.150s: cannot be opened: %s", path,
			       strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_mode & (S_IRWXG | S_IRWXO))
		(void)snprintf(why, why_size,
			       "%.150s: must be a file that only its owner may use (chmod 600)",
			       path);
	else if ((reason = read_lines(file, take, arg, &no)))
		(void)snprintf(why, why_size, "%.150s:%u: %s", path, no, reason);
	else if (ferror(file))
		(void)snprintf(why, why_size, "%.150s: cannot be read", path);
	else
		err = PARLOR_E_OK;
	if (file)
		(void)fclose(file);
	return err;
}

enum parlor_err keys_read(struct keys *keys, const char *path, char *why, size_t why_size)
{
	*keys = (struct keys){{0}, {0}, {0}};
	enum parlor_err err = keys_file_read(path, read_line, keys, why, why_size);
	if (!err && (!*keys->server || !*keys->public || !*keys->secret)) {
		(void)snprintf(why, why_size, "%.150s: needs a server, a public and a secret key",
			       path);
		err = PARLOR_E_CONFIG;
	}
	if (err)
		keys_fini(keys);
	return err;
}

void keys_fini(struct keys *keys)
{
	explicit_bzero(keys, sizeof *keys);
}
