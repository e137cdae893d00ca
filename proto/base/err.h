/* The error table as every process uses it: the public one. Owns the texts of
 * all codes; never maps foreign errors, which is done where they arise. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <parlor/error.h>

#endif
