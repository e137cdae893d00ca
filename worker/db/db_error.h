/* What an error's number means for who asked: numbers of servers and of the
 * client library, sorted into the classes of db.h. Only a table. */
#ifndef WORKER_DB_ERROR_H
#define WORKER_DB_ERROR_H

#include "base/err.h"

/* DB for a number that is not known. */
enum parlor_err db_error_class(unsigned number);

#endif
