/* What an endpoint's text says. Owns nothing. */
#ifndef BASE_ENDPOINT_H
#define BASE_ENDPOINT_H

#include <stdbool.h>
#include <string.h>

/* An address in brackets, as tcp://[::1]:5570. Only then a socket is told of
 * IPv6 (ZMQ_IPV6): with it libzmq takes the IPv6 address of a name that has
 * both, and `localhost` would not find a broker on 127.0.0.1. */
static inline bool endpoint_is_ipv6(const char *endpoint)
{
	return strncmp(endpoint, "tcp://[", 7) == 0;
}

#endif
