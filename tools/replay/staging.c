#include "staging.h"

#include "base/dir.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum parlor_err fail(char *why, size_t why_size, const char *path, const char *what)
{
	snprintf(why, why_size, "%s: %s", path, what);
	return PARLOR_E_IO;
}

static bool is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static enum parlor_err check(const char *place, char *why, size_t why_size)
{
	const struct dirent *entry;
	DIR *dir = opendir(place);
	if (!dir && errno == ENOENT)
		return PARLOR_E_OK;
	if (!dir)
		return fail(why, why_size, place, strerror(errno));
	do {
		entry = readdir(dir);
	} while (entry && !is_entry(entry));
	closedir(dir);
	if (!entry)
		return PARLOR_E_OK;
	snprintf(why, why_size, "%s is not empty: name another directory, or move it away", place);
	return PARLOR_E_CONFIG;
}

enum parlor_err staging_begin(struct staging *s, const char *place, char *why, size_t why_size)
{
	size_t len = strlen(place);
	*s = (struct staging){.path = ""};
	while (len > 1 && place[len - 1] == '/')
		len--;
	if (len == 0 || len + sizeof ".XXXXXX" > sizeof s->path)
		return fail(why, why_size, place, "not a path that can be used");
	enum parlor_err err = check(place, why, why_size);
	if (err)
		return err;
	snprintf(s->place, sizeof s->place, "%.*s", (int)len, place);
	snprintf(s->path, sizeof s->path, "%.*s.XXXXXX", (int)len, place);
	if (mkdtemp(s->path))
		return PARLOR_E_OK;
	s->path[0] = '\0';
	return fail(why, why_size, place, strerror(errno));
}

enum parlor_err staging_publish(struct staging *s, char *why, size_t why_size)
{
	/* An empty directory gives way; one that was filled meanwhile does not. */
	if (rename(s->path, s->place) != 0) {
		snprintf(why, why_size, "%.200s is complete, but cannot be moved to %.200s: %s",
			 s->path, s->place, strerror(errno));
		s->path[0] = '\0';
		return PARLOR_E_IO;
	}
	s->path[0] = '\0';
	int rc = dir_sync_parent(s->place);
	return rc ? fail(why, why_size, s->place, strerror(rc)) : PARLOR_E_OK;
}

void staging_abort(struct staging *s)
{
	const struct dirent *entry;
	if (!s->path[0])
		return;
	DIR *dir = opendir(s->path);
	while (dir && (entry = readdir(dir)))
		if (is_entry(entry) && unlinkat(dirfd(dir), entry->d_name, 0) != 0)
			log_warn("%s/%s stays: %s", s->path, entry->d_name, strerror(errno));
	if (dir)
		closedir(dir);
	if (rmdir(s->path) != 0)
		log_warn("%s stays: %s", s->path, strerror(errno));
	s->path[0] = '\0';
}
