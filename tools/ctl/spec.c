#include "spec.h"

#include "base/mem.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 4

/* One allocation: the message, and its text behind it. */
struct spec {
	Parlor__MemberSpec member;
	char text[];
};

/* Cuts the text in place. Returns how many parts there are. */
static size_t cut(char *text, char *parts[PARTS])
{
	size_t n = 0;
	char *to = text;

	parts[n++] = text;
	for (const char *at = text; *at; at++) {
		if (n < PARTS && at[0] == '\\' && at[1] == ':') {
			*to++ = *++at;
		} else if (n < PARTS && *at == ':') {
			*to++ = '\0';
			parts[n++] = to;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
	return n;
}

bool spec_add(struct spec_list *list, const char *text)
{
	struct spec *s = mem_new(sizeof *s + strlen(text) + 1);
	char none[] = "", *parts[PARTS] = {none, none, none, none};
	int type = PARLOR__MEMBER_TYPE__MEMBER_MEMBER;

	parlor__member_spec__init(&s->member);
	strcpy(s->text, text);
	cut(s->text, parts);
	if (*parts[1] && !enum_parse(&parlor__member_type__descriptor, parts[1], &type)) {
		fprintf(stderr, "parlor: the type of a member is manager or member, not \"%s\"\n",
			parts[1]);
		free(s);
		return false;
	}
	s->member.member = parts[0];
	s->member.type = (Parlor__MemberType)type;
	if (*parts[2])
		s->member.name = parts[2];
	if (*parts[3])
		s->member.avatar = parts[3];
	list->members = mem_resize(list->members, list->len + 1, sizeof *list->members);
	list->members[list->len++] = &s->member;
	return true;
}

void spec_fini(struct spec_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->members[i]);
	free(list->members);
	*list = (struct spec_list){0};
}
