#include "fields.h"

#include "json.h"
#include "show.h"
#include "words.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 32

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);
	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

/* Of the broker: numbers of what the message names. */
static bool is_reference(const ProtobufCFieldDescriptor *f)
{
	return ends_in(f->name, "_no");
}

/* A setting that has a default, and may be off. */
static bool is_setting(const ProtobufCFieldDescriptor *f)
{
	return ends_in(f->name, "_ms") || strcmp(f->name, "misses") == 0 ||
	       strcmp(f->name, "takeaways_max") == 0 || strcmp(f->name, "max_waiting") == 0;
}

static void *at_of(const ProtobufCFieldDescriptor *f, const void *message)
{
	return (char *)(uintptr_t)message + f->offset;
}

static void swap(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

const char *fields_name(const ProtobufCFieldDescriptor *f, char name[FIELDS_NAME_BYTES])
{
	snprintf(name, FIELDS_NAME_BYTES, "%s", f->name);
	swap(name, '_', '-');
	return name;
}

const char *fields_heading(const ProtobufCFieldDescriptor *f, char name[FIELDS_NAME_BYTES])
{
	fields_name(f, name);
	for (char *c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return name;
}

const char *fields_word(const ProtobufCEnumDescriptor *kind, int value)
{
	static char typed[WORD_MAX];
	const char *word = enum_word(kind, value);
	snprintf(typed, sizeof typed, "%s", word ? word : "?");
	swap(typed, '_', '-');
	return typed;
}

/* ---- options ------------------------------------------------------------------ */

static void put_words(char *help, size_t size, const ProtobufCEnumDescriptor *kind)
{
	size_t len = 0;
	for (unsigned i = 0; i < kind->n_values && len < size; i++) {
		const char *word = fields_word(kind, kind->values[i].value);
		if (kind->values[i].value || strcmp(word, "none") != 0)
			len += (size_t)snprintf(help + len, size - len, "%s%s", len ? ", " : "",
						word);
	}
}

static const char *value_of(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		return "TEXT";
	case PROTOBUF_C_TYPE_ENUM:
		return "WORD";
	case PROTOBUF_C_TYPE_BOOL:
		return "[=no]";
	default:
		return "N";
	}
}

/* What it is for, and what it may be. */
static void put_help(char *help, size_t size, const ProtobufCFieldDescriptor *f)
{
	const char *purpose = words_of(f->name);
	size_t len = (size_t)snprintf(help, size, "%s", purpose ? purpose : "");
	assert(len < size);
	if (is_setting(f))
		snprintf(help + len, size - len, " (%soff, default)",
			 ends_in(f->name, "_ms") ? "milliseconds, " : "");
	if (f->type != PROTOBUF_C_TYPE_ENUM)
		return;
	help[len] = '\n';
	put_words(help + len + 1, size - len - 1, f->descriptor);
}

static void add_option(struct fields_options *o, const ProtobufCFieldDescriptor *f)
{
	assert(o->len < FIELDS_OPTIONS_MAX && strlen(f->name) < sizeof o->names[0]);
	put_help(o->helps[o->len], sizeof o->helps[0], f);
	o->options[o->len] = (struct args_option){.name = fields_name(f, o->names[o->len]),
						  .value = value_of(f),
						  .help = o->helps[o->len]};
	o->len++;
}

static bool is_among(const char *name, const char *const *names, size_t max)
{
	for (size_t i = 0; i < max && names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

void fields_options(struct fields_options *o, const ProtobufCMessageDescriptor *type,
		    const char *const *but, size_t but_max, const struct args_option *more)
{
	memset(o, 0, sizeof *o);
	for (unsigned i = 0; type && i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		if (f->label != PROTOBUF_C_LABEL_REPEATED && f->type != PROTOBUF_C_TYPE_MESSAGE &&
		    !is_reference(f) && !is_among(f->name, but, but_max))
			add_option(o, f);
	}
	for (; more && more->name; more++) {
		assert(o->len < FIELDS_OPTIONS_MAX);
		o->options[o->len++] = *more;
	}
}

/* ---- from words --------------------------------------------------------------- */

static bool put_bool(protobuf_c_boolean *at, const char *what, const char *text)
{
	*at = !text || strcmp(text, "yes") == 0;
	if (*at || strcmp(text, "no") == 0)
		return true;
	fprintf(stderr, "parlor: %s is yes or no\n", what);
	return false;
}

static bool put_enum(const ProtobufCEnumDescriptor *kind, int *at, const char *what,
		     const char *text)
{
	char word[WORD_MAX], words[256];
	snprintf(word, sizeof word, "%s", text);
	swap(word, '-', '_');
	if (strlen(text) < sizeof word && enum_parse(kind, word, at))
		return true;
	put_words(words, sizeof words, kind);
	fprintf(stderr, "parlor: %s is one of %s\n", what, words);
	return false;
}

static bool put_number(const ProtobufCFieldDescriptor *f, void *at, const char *what,
		       const char *text)
{
	bool small = f->type == PROTOBUF_C_TYPE_UINT32;
	uint64_t number = FIELDS_OFF;
	if (is_setting(f) && strcmp(text, "default") == 0)
		number = 0;
	else if ((!is_setting(f) || strcmp(text, "off") != 0) &&
		 !args_number(text, what, 0, small ? UINT32_MAX : UINT64_MAX, &number))
		return false;
	if (small)
		*(uint32_t *)at = (uint32_t)number;
	else
		*(uint64_t *)at = number;
	return true;
}

bool fields_put(const ProtobufCFieldDescriptor *f, void *message, const char *what,
		const char *text)
{
	void *at = at_of(f, message);
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		memcpy(at, &text, sizeof text);
		return true;
	case PROTOBUF_C_TYPE_BOOL:
		return put_bool(at, what, text);
	case PROTOBUF_C_TYPE_ENUM:
		return put_enum(f->descriptor, at, what, text);
	default:
		assert(f->type == PROTOBUF_C_TYPE_UINT32 || f->type == PROTOBUF_C_TYPE_UINT64);
		return put_number(f, at, what, text);
	}
}

bool fields_take(const struct args *args, const ProtobufCMessageDescriptor *type, void *message)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		char name[FIELDS_NAME_BYTES], what[FIELDS_NAME_BYTES + 2];
		fields_name(&type->fields[i], name);
		snprintf(what, sizeof what, "--%s", name);
		if (args_has(args, name) &&
		    !fields_put(&type->fields[i], message, what, args_value(args, name)))
			return false;
	}
	return true;
}

/* ---- shown -------------------------------------------------------------------- */

static uint64_t number_of(const ProtobufCFieldDescriptor *f, const void *message)
{
	const void *at = at_of(f, message);
	switch (f->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return *(const protobuf_c_boolean *)at != 0;
	case PROTOBUF_C_TYPE_UINT64:
		return *(const uint64_t *)at;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_ENUM:
		return *(const uint32_t *)at;
	default:
		return 0; /* lists and messages have no value here */
	}
}

static const char *text_of(const ProtobufCFieldDescriptor *f, const void *message)
{
	const char *text = *(char *const *)at_of(f, message);
	return text ? text : "";
}

bool fields_is_set(const ProtobufCFieldDescriptor *f, const void *message)
{
	if (f->label == PROTOBUF_C_LABEL_REPEATED || is_reference(f))
		return false;
	return f->type == PROTOBUF_C_TYPE_STRING ? *text_of(f, message) != '\0'
						 : number_of(f, message) != 0;
}

bool fields_equal(const ProtobufCFieldDescriptor *f, const void *a, const void *b)
{
	return f->type == PROTOBUF_C_TYPE_STRING ? strcmp(text_of(f, a), text_of(f, b)) == 0
						 : number_of(f, a) == number_of(f, b);
}

void fields_show(FILE *out, const ProtobufCFieldDescriptor *f, const void *message)
{
	uint64_t number = number_of(f, message);
	char text[SHOW_TIME_BYTES];
	if (f->type == PROTOBUF_C_TYPE_STRING)
		show_text(out, text_of(f, message));
	else if (f->type == PROTOBUF_C_TYPE_BOOL)
		fputs(number ? "yes" : "no", out);
	else if (f->type == PROTOBUF_C_TYPE_ENUM)
		fputs(fields_word(f->descriptor, (int)number), out);
	else if (ends_in(f->name, "_us"))
		fputs(show_time(number, text), out);
	else if (is_setting(f) && number == FIELDS_OFF)
		fputs("off", out);
	else
		fprintf(out, "%" PRIu64, number);
}

void fields_cell(struct table *t, const ProtobufCFieldDescriptor *f, const void *message)
{
	fields_show(table_cell(t), f, message);
	table_cell_end(t);
}

void fields_lines(struct table *t, const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &message->descriptor->fields[i];
		char name[FIELDS_NAME_BYTES];
		if (!fields_is_set(f, message))
			continue;
		fields_name(f, name);
		if (ends_in(name, "-us"))
			name[strlen(name) - 3] = '\0';
		table_text(t, name);
		fields_cell(t, f, message);
	}
}
