#include "db/url.h"

#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "mysql://"
#define DATABASE_MAX 64
#define PORT_MAX 65535

static unsigned hex_value(char c)
{
	if (c <= '9')
		return (unsigned)(c - '0');
	return (unsigned)(tolower((unsigned char)c) - 'a') + 10;
}

/* A decoded copy; NULL when an escape is broken or the result is not text. */
static char *decode(const char *text, size_t len)
{
	char *out = mem_new(len + 1);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '%') {
			out[n++] = text[i];
			continue;
		}
		if (len - i < 3 || !isxdigit((unsigned char)text[i + 1]) ||
		    !isxdigit((unsigned char)text[i + 2]))
			goto bad;
		out[n++] = (char)(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
		i += 2;
	}
	if (text_valid(out, n))
		return out;
bad:
	free(out);
	return NULL;
}

static enum parlor_err refuse(char *why, size_t why_size, const char *text)
{
	snprintf(why, why_size, "database URL: %s", text);
	return PARLOR_E_CONFIG;
}

/* user[:password] */
static const char *take_user(struct url *url, const char *at, const char *end)
{
	const char *colon = memchr(at, ':', (size_t)(end - at));
	const char *user_end = colon ? colon : end;
	url->user = decode(at, (size_t)(user_end - at));
	url->password = colon ? decode(colon + 1, (size_t)(end - colon - 1)) : mem_text("", 0);
	if (!url->user || !url->password)
		return "a %-escape in user or password is broken";
	return *url->user ? NULL : "a user is missing (mysql://user@...)";
}

/* host[:port], [v6]:port */
static const char *take_host(struct url *url, const char *at, const char *end)
{
	const char *host_end = end;
	if (at < end && *at == '[') {
		at++;
		host_end = memchr(at, ']', (size_t)(end - at));
		if (!host_end)
			return "the host's ] is missing";
	}
	const char *colon = memchr(host_end == end ? at : host_end, ':',
				   (size_t)(end - (host_end == end ? at : host_end)));
	if (host_end == end && colon)
		host_end = colon;
	url->host = decode(at, (size_t)(host_end - at));
	if (!url->host || !*url->host)
		return "a host is missing";
	url->port = URL_PORT_DEFAULT;
	if (!colon)
		return NULL;
	url->port = 0;
	for (const char *p = colon + 1; p < end; p++) {
		if (!isdigit((unsigned char)*p) || url->port > PORT_MAX)
			return "the port is not a number up to 65535";
		url->port = url->port * 10 + (unsigned)(*p - '0');
	}
	return url->port >= 1 && url->port <= PORT_MAX ? NULL
						       : "the port is not a number up to 65535";
}

static const char *take_database(struct url *url, const char *at, size_t len)
{
	url->database = decode(at, len);
	if (!url->database || !*url->database)
		return "a database name is missing (mysql://user@host/database)";
	if (strlen(url->database) > DATABASE_MAX || strpbrk(url->database, "`/\\."))
		return "that database name cannot be used";
	return NULL;
}

/* The value of key=value, NULL if it is another key. */
static const char *value_of(const char *at, const char *key)
{
	size_t len = strlen(key);
	return strncmp(at, key, len) == 0 && at[len] == '=' ? at + len + 1 : NULL;
}

/* key=value&... */
static const char *take_options(struct url *url, const char *at)
{
	while (*at) {
		const char *end = at + strcspn(at, "&");
		const char *value = value_of(at, "socket");
		char **to = &url->socket;
		if (!value) {
			value = value_of(at, "server-key");
			to = &url->server_key;
		}
		if (!value)
			return "unknown option (there are socket=/path and server-key=/path)";
		free(*to);
		*to = decode(value, (size_t)(end - value));
		if (!*to || !**to)
			return "an option's path is empty or its %-escapes are broken";
		at = end + (*end == '&');
	}
	return NULL;
}

static const char *take(struct url *url, const char *text)
{
	if (strlen(text) > URL_MAX)
		return "too long";
	if (strncmp(text, SCHEME, sizeof SCHEME - 1) != 0)
		return "must begin with mysql://";
	const char *at = text + sizeof SCHEME - 1;
	const char *slash = strchr(at, '/');
	/* A password may hold an unescaped @, but the path begins at the first slash. */
	const char *end = slash ? slash : at + strlen(at);
	const char *sign = memrchr(at, '@', (size_t)(end - at));
	if (!sign)
		return "a user is missing (mysql://user@...)";
	const char *wrong = take_user(url, at, sign);
	if (!wrong)
		wrong = take_host(url, sign + 1, end);
	if (wrong)
		return wrong;
	if (!slash)
		return "a database name is missing (mysql://user@host/database)";
	size_t len = strcspn(slash + 1, "?");
	wrong = take_database(url, slash + 1, len);
	const char *options = slash + 1 + len;
	if (!wrong && *options)
		wrong = take_options(url, options + 1);
	return wrong;
}

enum parlor_err url_parse(struct url *url, const char *text, char *why, size_t why_size)
{
	memset(url, 0, sizeof *url);
	const char *wrong = take(url, text);
	if (!wrong)
		return PARLOR_E_OK;
	url_fini(url);
	return refuse(why, why_size, wrong);
}

void url_fini(struct url *url)
{
	if (url->password)
		explicit_bzero(url->password, strlen(url->password));
	free(url->user);
	free(url->password);
	free(url->host);
	free(url->database);
	free(url->socket);
	free(url->server_key);
	memset(url, 0, sizeof *url);
}
