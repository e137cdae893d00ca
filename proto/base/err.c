#include "err.h"

#include <stddef.h>

struct err_row {
	int code;
	bool retryable;
	const char *name;
	const char *text;
};

static const struct err_row rows[] = {
#define ROW(name, code, retryable, text) {code, retryable, #name, text},
	PARLOR_ERR_TABLE(ROW)
#undef ROW
};

static const struct err_row *find(int code)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].code == code)
			return &rows[i];
	return NULL;
}

const char *parlor_err_name(int code)
{
	const struct err_row *row = find(code);
	return row ? row->name : "UNKNOWN";
}

const char *parlor_err_text(int code)
{
	const struct err_row *row = find(code);
	return row ? row->text : "unknown error";
}

bool parlor_err_retryable(int code)
{
	const struct err_row *row = find(code);
	return row && row->retryable;
}
