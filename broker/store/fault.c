#include "store/fault.h"

#include <errno.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
	int rc;
	enum parlor_err err;
} errors[] = {
	{0, PARLOR_E_OK},
	{MDB_NOTFOUND, PARLOR_E_NOT_FOUND},
	{MDB_MAP_FULL, PARLOR_E_STORE_FULL},
	{ENOSPC, PARLOR_E_STORE_FULL},
	{EDQUOT, PARLOR_E_STORE_FULL},
	{EFBIG, PARLOR_E_STORE_FULL},
	{MDB_CORRUPTED, PARLOR_E_STORE_CORRUPT},
	{MDB_PAGE_NOTFOUND, PARLOR_E_STORE_CORRUPT},
	{MDB_INVALID, PARLOR_E_STORE_CORRUPT},
	{MDB_INCOMPATIBLE, PARLOR_E_STORE_CORRUPT},
	{MDB_VERSION_MISMATCH, PARLOR_E_STORE_VERSION},
	{ENOMEM, PARLOR_E_NO_MEMORY},
};

enum parlor_err fault_err(int rc)
{
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (errors[i].rc == rc)
			return errors[i].err;
	return PARLOR_E_STORE;
}

enum parlor_err why_set(struct why why, enum parlor_err err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why.text, why.size, format, args);
	va_end(args);
	return err;
}
