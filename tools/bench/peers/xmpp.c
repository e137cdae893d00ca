#include "xmpp.h"

#include "fail.h"
#include "peer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536
#define PUT_MAX 4096
#define LOGIN_MAX 192

/* ---- what leaves ---------------------------------------------------------------------- */

void xmpp_put(struct xmpp *x, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf((char *)buf_reserve(&x->out, PUT_MAX), PUT_MAX, format, args);
	va_end(args);
	check(n >= 0 && n < PUT_MAX, "xmpp: a stanza of %d bytes is too long", n);
	x->out.len += (size_t)n;
}

void xmpp_send(struct xmpp *x)
{
	for (size_t sent = 0; sent < x->out.len;) {
		ssize_t n = send(x->fd, x->out.data + sent, x->out.len - sent, MSG_NOSIGNAL);
		check(n > 0 || errno == EINTR, "xmpp: %s", strerror(errno));
		sent += n > 0 ? (size_t)n : 0;
	}
	buf_clear(&x->out);
}

/* ---- what comes ------------------------------------------------------------------------- */

bool xmpp_receive(struct xmpp *x, int flags)
{
	if (x->read > 0)
		memmove(x->in.data, x->in.data + x->read, x->in.len - x->read);
	x->in.len -= x->read;
	x->scanned -= x->read;
	x->read = 0;
	ssize_t n = recv(x->fd, buf_reserve(&x->in, READ_BYTES), READ_BYTES, flags);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	check(n > 0, "xmpp: %s", n == 0 ? "the server closed the connection" : strerror(errno));
	x->in.len += (size_t)n;
	return true;
}

/* The next tag that is all there, from < to >. */
static bool next_tag(struct xmpp *x, struct span *tag)
{
	const uint8_t *end = x->in.data + x->in.len, *at = x->in.data + x->scanned;
	const uint8_t *open = at < end ? memchr(at, '<', (size_t)(end - at)) : NULL;
	const uint8_t *close = open ? memchr(open, '>', (size_t)(end - open)) : NULL;
	if (!close)
		return false;
	*tag = (struct span){open, (size_t)(close + 1 - open)};
	x->scanned = (size_t)(close + 1 - x->in.data);
	return true;
}

static bool begins(struct span tag, const char *with)
{
	return tag.len >= strlen(with) && memcmp(tag.data, with, strlen(with)) == 0;
}

/* The stream's own tags hold the stanzas; they are none. */
static bool is_of_stream(struct span tag)
{
	check(!begins(tag, "</"), "xmpp: the server ended the stream");
	return begins(tag, "<?xml") || begins(tag, "<stream:stream");
}

bool xmpp_next(struct xmpp *x, struct span *stanza)
{
	struct span tag;
	while (next_tag(x, &tag)) {
		const char *bytes = tag.data;
		if (x->depth == 0)
			x->read = (size_t)((const uint8_t *)tag.data - x->in.data);
		if (x->depth == 0 && is_of_stream(tag)) {
			x->read = x->scanned;
			continue;
		}
		if (begins(tag, "</"))
			x->depth--;
		else if (bytes[tag.len - 2] != '/')
			x->depth++;
		if (x->depth > 0)
			continue;
		*stanza = (struct span){x->in.data + x->read, x->scanned - x->read};
		x->read = x->scanned;
		check(!begins(*stanza, "<stream:error") && !begins(*stanza, "<failure") &&
			      !xmpp_holds(*stanza, "type='error'"),
		      "xmpp: %.*s", (int)stanza->len, (const char *)stanza->data);
		return true;
	}
	return false;
}

struct span xmpp_await(struct xmpp *x, const char *text)
{
	struct span stanza;
	for (;;) {
		while (xmpp_next(x, &stanza))
			if (xmpp_holds(stanza, text))
				return stanza;
		fail_if_interrupted();
		(void)xmpp_receive(x, 0);
	}
}

bool xmpp_holds(struct span stanza, const char *text)
{
	return memmem(stanza.data, stanza.len, text, strlen(text));
}

bool xmpp_between(struct span stanza, const char *before, const char *behind, struct span *out)
{
	const char *end = (const char *)stanza.data + stanza.len;
	const char *at = memmem(stanza.data, stanza.len, before, strlen(before));
	if (!at)
		return false;
	at += strlen(before);
	const char *close = memmem(at, (size_t)(end - at), behind, strlen(behind));
	if (!close)
		return false;
	*out = (struct span){at, (size_t)(close - at)};
	return true;
}

/* ---- login ---------------------------------------------------------------------------------- */

static void base64(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < len; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16;
		three |= i + 1 < len ? (uint32_t)bytes[i + 1] << 8 : 0;
		three |= i + 2 < len ? bytes[i + 2] : 0;
		*out++ = digits[three >> 18];
		*out++ = digits[three >> 12 & 63];
		*out++ = i + 1 < len ? digits[three >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digits[three & 63] : '=';
	}
	*out = 0;
}

static void begin_stream(struct xmpp *x)
{
	xmpp_put(x, "<?xml version='1.0'?><stream:stream to='" XMPP_HOST "' version='1.0'"
		    " xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
	xmpp_send(x);
	(void)xmpp_await(x, "<stream:features");
}

void xmpp_open(struct xmpp *x, uint16_t port, const char *user, const char *password)
{
	char plain[LOGIN_MAX], text[LOGIN_MAX * 2];
	*x = (struct xmpp){.fd = peer_connect(port)};
	check(x->fd >= 0, "xmpp: cannot connect");
	begin_stream(x);
	int n = snprintf(plain, sizeof plain, "%c%s%c%s", 0, user, 0, password);
	check(n > 0 && n < LOGIN_MAX, "xmpp: %s: too long", user);
	base64((const uint8_t *)plain, (size_t)n, text);
	xmpp_put(x, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>",
		 text);
	xmpp_send(x);
	(void)xmpp_await(x, "<success");
	begin_stream(x);
	xmpp_put(x, "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		    "<resource>bench</resource></bind></iq>");
	xmpp_send(x);
	(void)xmpp_await(x, "<jid>");
}

void xmpp_close(struct xmpp *x)
{
	if (x->fd >= 0)
		close(x->fd);
	buf_fini(&x->in);
	buf_fini(&x->out);
}
