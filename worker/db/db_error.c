#include "db/db_error.h"

#include <stddef.h>

struct error_class {
	unsigned number;
	enum parlor_err err;
};

/* Errors of servers that speak the protocol: MySQL, MariaDB, TiDB, Vitess. What
 * is not named is PARLOR_E_DB. */
static const struct error_class classes[] = {
	/* the client's own: no connection, or it was lost */
	{2002 /* no socket there */, PARLOR_E_DB_AWAY},
	{2003 /* nobody listens */, PARLOR_E_DB_AWAY},
	{2005 /* no such host */, PARLOR_E_DB_AWAY},
	{2006 /* hung up */, PARLOR_E_DB_AWAY},
	{2013 /* lost */, PARLOR_E_DB_AWAY},
	{2012 /* handshake */, PARLOR_E_DB_AWAY},
	{2014 /* commands out of sync */, PARLOR_E_DB_AWAY},
	{2026 /* TLS */, PARLOR_E_DB_AWAY},
	{2027 /* malformed packet */, PARLOR_E_DB_AWAY},
	{2055 /* lost, with the system's reason */, PARLOR_E_DB_AWAY},
	{5014 /* MariaDB's client: lost while it was idle */, PARLOR_E_DB_AWAY},
	/* the server will not serve this connection any more, or not now */
	{1040 /* too many connections */, PARLOR_E_DB_AWAY},
	{1044 /* no right to the database */, PARLOR_E_DB_AWAY},
	{1045 /* wrong password */, PARLOR_E_DB_AWAY},
	{1047 /* node not ready */, PARLOR_E_DB_AWAY},
	{1053 /* shutdown in progress */, PARLOR_E_DB_AWAY},
	{1079 /* shutdown */, PARLOR_E_DB_AWAY},
	{1129 /* host blocked */, PARLOR_E_DB_AWAY},
	{1130 /* host not allowed */, PARLOR_E_DB_AWAY},
	{1158, PARLOR_E_DB_AWAY},
	{1159, PARLOR_E_DB_AWAY},
	{1160, PARLOR_E_DB_AWAY},
	{1161 /* network trouble */, PARLOR_E_DB_AWAY},
	{1203 /* too many connections of this user */, PARLOR_E_DB_AWAY},
	{1243 /* it knows nothing of a statement that it prepared */, PARLOR_E_DB_AWAY},
	{1290 /* read-only */, PARLOR_E_DB_AWAY},
	{1698 /* no such login */, PARLOR_E_DB_AWAY},
	{1792 /* read-only transaction */, PARLOR_E_DB_AWAY},
	{1836 /* read-only mode */, PARLOR_E_DB_AWAY},
	{1927 /* connection killed */, PARLOR_E_DB_AWAY},
	{4031 /* disconnected by the server */, PARLOR_E_DB_AWAY},
	/* the same transaction may pass next time */
	{1020 /* row changed since it was read */, PARLOR_E_DB_RETRY},
	{1205 /* lock wait timeout */, PARLOR_E_DB_RETRY},
	{1213 /* deadlock */, PARLOR_E_DB_RETRY},
	{1317 /* interrupted */, PARLOR_E_DB_RETRY},
	{1614 /* XA or group rollback */, PARLOR_E_DB_RETRY},
	{1615 /* a table changed under a prepared statement */, PARLOR_E_DB_RETRY},
	{1969 /* statement time */, PARLOR_E_DB_RETRY},
	{3024 /* statement time */, PARLOR_E_DB_RETRY},
	{3101 /* group replication rolled back */, PARLOR_E_DB_RETRY},
	{3572 /* lock not available */, PARLOR_E_DB_RETRY},
	{8002, PARLOR_E_DB_RETRY},
	{8022, PARLOR_E_DB_RETRY},
	{8028, PARLOR_E_DB_RETRY},
	{9007 /* TiDB: write conflict, schema just changed */, PARLOR_E_DB_RETRY},
	/* too much at once */
	{1153 /* packet */, PARLOR_E_DB_TOO_LARGE},
	{2020 /* packet, says the client */, PARLOR_E_DB_TOO_LARGE},
	{1197 /* binary log cache */, PARLOR_E_DB_TOO_LARGE},
	{1206 /* lock table */, PARLOR_E_DB_TOO_LARGE},
	{8004, PARLOR_E_DB_TOO_LARGE},
	{8025 /* TiDB: transaction, entry */, PARLOR_E_DB_TOO_LARGE},
	/* this row, whenever */
	{1048 /* NULL */, PARLOR_E_DB_DATA},
	{1062 /* duplicate of a key we do not know */, PARLOR_E_DB_DATA},
	{1118 /* row size */, PARLOR_E_DB_DATA},
	{1264 /* number out of range */, PARLOR_E_DB_DATA},
	{1265 /* truncated */, PARLOR_E_DB_DATA},
	{1292 /* value of the wrong kind */, PARLOR_E_DB_DATA},
	{1300 /* invalid characters */, PARLOR_E_DB_DATA},
	{1364 /* no default */, PARLOR_E_DB_DATA},
	{1366 /* incorrect value, character set */, PARLOR_E_DB_DATA},
	{1406 /* too long */, PARLOR_E_DB_DATA},
	{1451, PARLOR_E_DB_DATA},
	{1452 /* foreign key */, PARLOR_E_DB_DATA},
	{1526 /* no partition for the value */, PARLOR_E_DB_DATA},
	{1644 /* a trigger says no */, PARLOR_E_DB_DATA},
	{1690 /* out of range in an expression */, PARLOR_E_DB_DATA},
	{3819 /* CHECK */, PARLOR_E_DB_DATA},
	{3988 /* characters the column cannot hold */, PARLOR_E_DB_DATA},
	{4025 /* CHECK */, PARLOR_E_DB_DATA},
	/* tables, columns, rights */
	{1049, PARLOR_E_DB_SCHEMA},
	{1054, PARLOR_E_DB_SCHEMA},
	{1109, PARLOR_E_DB_SCHEMA},
	{1136, PARLOR_E_DB_SCHEMA},
	{1142, PARLOR_E_DB_SCHEMA},
	{1143, PARLOR_E_DB_SCHEMA},
	{1146, PARLOR_E_DB_SCHEMA},
	{1356, PARLOR_E_DB_SCHEMA},
	{1370, PARLOR_E_DB_SCHEMA},
};

enum parlor_err db_error_class(unsigned number)
{
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (classes[i].number == number)
			return classes[i].err;
	return PARLOR_E_DB;
}
