#include "settings.h"

#include "fail.h"

#include <stdio.h>

void settings_text(struct settings *s, const char *name, const char *value)
{
	check(s->n < SETTINGS_MAX, "too many settings");
	int n = snprintf(s->text[s->n], SETTING_MAX, "%s=%s", name, value);
	check(n < SETTING_MAX, "%s: too long", name);
	s->n++;
}

void settings_number(struct settings *s, const char *name, unsigned value)
{
	char text[16];
	snprintf(text, sizeof text, "%u", value);
	settings_text(s, name, text);
}

void settings_path(struct settings *s, const struct rig *rig, const char *name, const char *file)
{
	char path[RIG_PATH_MAX];
	rig_path(rig, path, file);
	settings_text(s, name, path);
}

const char *const *settings_before(struct settings *s, const char *const *program)
{
	size_t n = 0;
	s->argv[n++] = "/usr/bin/env";
	for (size_t i = 0; i < s->n; i++)
		s->argv[n++] = s->text[i];
	for (; *program; program++) {
		check(n + 1 < SETTINGS_WORDS_MAX, "too many words for a program");
		s->argv[n++] = *program;
	}
	s->argv[n] = NULL;
	return s->argv;
}
