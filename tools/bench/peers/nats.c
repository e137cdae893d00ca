/* NATS JetStream: one stream kept in files over a subject for each room; a
 * publish is done when the stream has acknowledged it, and each session has a
 * push consumer, so that it hears only what was stored. Its protocol is spoken
 * here: lines of text. It counts nothing for anybody. The version of Debian 12
 * hands messages to the operating system without flushing each (every two
 * minutes, not to be changed), so it does less of the work than the others;
 * a newer one can be told to flush each. */
#include "fail.h"
#include "peer.h"

#include "base/clock.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define START_US 30000000
#define STREAM "posts"
#define LINE_MAX_BYTES 4096
#define READ_BYTES 65536

struct nats_link {
	int fd;
	struct buf in, out;
	size_t read; /* of in: what was taken */
};

struct nats_peer {
	uint16_t port;
	struct nats_link control;
	size_t len;
	struct nats_link *links; /* senders, then sessions */
};

/* A message, borrowed from the link's buffer. */
struct nats_message {
	char subject[128];
	struct span payload;
};

/* ---- the protocol ---------------------------------------------------------------------- */

static void put_line(struct nats_link *l, const char *line)
{
	buf_put(&l->out, line, strlen(line));
}

static void send_out(struct nats_link *l)
{
	for (size_t sent = 0; sent < l->out.len;) {
		ssize_t n = send(l->fd, l->out.data + sent, l->out.len - sent, MSG_NOSIGNAL);
		check(n > 0 || errno == EINTR, "nats: %s", strerror(errno));
		sent += n > 0 ? (size_t)n : 0;
	}
	buf_clear(&l->out);
}

/* Takes what there is; false when there is nothing now. */
static bool receive(struct nats_link *l, int flags)
{
	if (l->read > 0)
		memmove(l->in.data, l->in.data + l->read, l->in.len - l->read);
	l->in.len -= l->read;
	l->read = 0;
	ssize_t n = recv(l->fd, buf_reserve(&l->in, READ_BYTES), READ_BYTES, flags);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	check(n > 0, "nats: %s", n == 0 ? "the server closed the connection" : strerror(errno));
	l->in.len += (size_t)n;
	return true;
}

/* A line without its end; false when it is not all there. */
static bool line_of(const struct nats_link *l, char line[LINE_MAX_BYTES], size_t *bytes)
{
	const uint8_t *at = l->in.data + l->read;
	size_t left = l->in.len - l->read;
	const uint8_t *end = left ? memchr(at, '\n', left) : NULL;
	if (!end)
		return false;
	*bytes = (size_t)(end + 1 - at);
	size_t len = *bytes < LINE_MAX_BYTES ? *bytes : LINE_MAX_BYTES;
	memcpy(line, at, len);
	line[len - 1] = 0;
	return true;
}

/* MSG subject sid [reply] bytes, then the payload. */
static bool take_message(struct nats_link *l, const char *line, size_t line_bytes,
			 struct nats_message *m)
{
	const char *last = strrchr(line, ' ');
	check(last && sscanf(line, "MSG %127s", m->subject) == 1, "nats: %s", line);
	size_t len = strtoul(last, NULL, 10);
	if (l->in.len - l->read < line_bytes + len + 2)
		return false;
	m->payload = (struct span){l->in.data + l->read + line_bytes, len};
	l->read += line_bytes + len + 2;
	return true;
}

/* The next message of what was received; answers pings on the way. */
static bool next_message(struct nats_link *l, struct nats_message *m)
{
	char line[LINE_MAX_BYTES];
	size_t bytes;
	while (line_of(l, line, &bytes)) {
		if (strncmp(line, "MSG ", 4) == 0)
			return take_message(l, line, bytes, m);
		check(strncmp(line, "-ERR", 4) != 0, "nats: %s", line);
		if (strncmp(line, "PING", 4) == 0) {
			put_line(l, "PONG\r\n");
			send_out(l);
		}
		l->read += bytes;
	}
	return false;
}

/* A question to the server, and its answer, which must be no error. */
static void ask(struct nats_link *l, const char *subject, const char *question, char *answer,
		size_t size)
{
	char head[256];
	struct nats_message m;
	snprintf(head, sizeof head, "PUB %s answers %zu\r\n", subject, strlen(question));
	put_line(l, head);
	put_line(l, question);
	put_line(l, "\r\n");
	send_out(l);
	while (!next_message(l, &m)) {
		fail_if_interrupted();
		(void)receive(l, 0);
	}
	snprintf(answer, size, "%.*s", (int)m.payload.len, (const char *)m.payload.data);
	check(!strstr(answer, "\"error\""), "nats: %s: %s", subject, answer);
}

/* ---- the server -------------------------------------------------------------------------- */

/* The server leaves a file NAME_PID.ports when it serves. */
static uint16_t port_in(const char *dir)
{
	char path[RIG_PATH_MAX + 256], text[256] = "";
	unsigned port = 0;
	DIR *d = opendir(dir);
	check(d, "%s: %s", dir, strerror(errno));
	for (struct dirent *e; (e = readdir(d));) {
		if (!strstr(e->d_name, ".ports"))
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		FILE *file = fopen(path, "re");
		if (file && fgets(text, sizeof text, file) && strstr(text, "127.0.0.1:"))
			(void)sscanf(strstr(text, "127.0.0.1:"), "127.0.0.1:%u", &port);
		if (file)
			fclose(file);
	}
	closedir(d);
	return (uint16_t)port;
}

/* Each message is flushed before it is acknowledged: a setting without an option. */
static void put_config(const struct rig *rig, const char *path)
{
	FILE *file = fopen(path, "we");
	check(file, "%s: %s", path, strerror(errno));
	fprintf(file, "jetstream { store_dir: \"%s/store\", sync_interval: always }\n", rig->dir);
	check(!fclose(file), "%s: %s", path, strerror(errno));
}

static void start(struct peer_site *s, struct nats_peer *p, bool flushed)
{
	char ports[RIG_PATH_MAX], store[RIG_PATH_MAX], config[RIG_PATH_MAX];
	uint64_t until = clock_mono_us() + START_US;
	rig_path(&s->rig, ports, "ports");
	rig_path(&s->rig, store, "store");
	rig_path(&s->rig, config, "nats.conf");
	check(mkdir(ports, 0700) == 0, "%s: %s", ports, strerror(errno));
	if (flushed)
		put_config(&s->rig, config);
	const char *argv[] = {s->program,
			      "--addr",
			      "127.0.0.1",
			      "--port",
			      "-1",
			      "--ports_file_dir",
			      ports,
			      flushed ? "--config" : "--jetstream",
			      flushed ? config : "--store_dir",
			      flushed ? NULL : store,
			      NULL};
	s->server = rig_start(&s->rig, "nats-server", argv, true, NULL, NULL);
	while ((p->port = port_in(ports)) == 0) {
		fail_if_interrupted();
		rig_check(s->server);
		check(clock_mono_us() < until, "nats-server does not get ready");
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
}

static void connect_link(const struct nats_peer *p, struct nats_link *l, const char *subject)
{
	char line[256];
	l->fd = peer_connect(p->port);
	check(l->fd >= 0, "nats: cannot connect");
	put_line(l, "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\","
		    "\"version\":\"1\",\"protocol\":1}\r\n");
	snprintf(line, sizeof line, "SUB %s 1\r\n", subject);
	put_line(l, line);
	send_out(l);
}

static void make_stream(struct nats_peer *p)
{
	char answer[LINE_MAX_BYTES];
	ask(&p->control, "$JS.API.STREAM.CREATE." STREAM,
	    "{\"name\":\"" STREAM "\",\"subjects\":[\"room.*\"],\"storage\":\"file\","
	    "\"retention\":\"limits\",\"discard\":\"new\",\"max_msgs\":-1,\"max_bytes\":-1,"
	    "\"num_replicas\":1}",
	    answer, sizeof answer);
}

static void make_consumer(struct nats_peer *p, size_t session)
{
	char question[512], answer[LINE_MAX_BYTES];
	snprintf(question, sizeof question,
		 "{\"stream_name\":\"" STREAM "\",\"config\":{\"deliver_subject\":\"session.%zu\","
		 "\"deliver_policy\":\"all\",\"ack_policy\":\"none\",\"replay_policy\":"
		 "\"instant\"}}",
		 session);
	ask(&p->control, "$JS.API.CONSUMER.CREATE." STREAM, question, answer, sizeof answer);
}

static void open_with(struct peer_site *s, bool flushed)
{
	struct nats_peer *p = s->peer = mem_new(sizeof *p);
	start(s, p, flushed);
	connect_link(p, &p->control, "answers");
	make_stream(p);
	p->len = s->senders + s->sessions;
	p->links = mem_new(p->len * sizeof *p->links);
	for (size_t i = 0; i < p->len; i++) {
		bool listens = i >= s->senders;
		char subject[64];
		snprintf(subject, sizeof subject, listens ? "session.%zu" : "ack.%zu.*",
			 listens ? i - s->senders : i);
		connect_link(p, &p->links[i], subject);
		if (listens)
			make_consumer(p, i - s->senders);
		drive_add(s->drive, p->links[i].fd, !listens, listens);
	}
}

static void nats_open(struct peer_site *s)
{
	open_with(s, false);
}

static void nats_open_flushed(struct peer_site *s)
{
	open_with(s, true);
}

/* ---- messages ------------------------------------------------------------------------------ */

static void nats_post(void *ctx, size_t link, const struct drive_post *post)
{
	struct nats_peer *p = ((struct peer_site *)ctx)->peer;
	struct nats_link *l = &p->links[link];
	char head[128];
	snprintf(head, sizeof head, "PUB room.%u ack.%zu.%" PRIu64 " %zu\r\n", post->room, link,
		 post->n, post->body.len);
	put_line(l, head);
	buf_put(&l->out, post->body.data, post->body.len);
	put_line(l, "\r\n");
}

static void nats_flush(void *ctx, size_t link)
{
	send_out(&((struct nats_peer *)((struct peer_site *)ctx)->peer)->links[link]);
}

/* {"stream":"posts", "seq":17}, to ack.LINK.N */
static void take_ack(struct peer_site *s, size_t link, const struct nats_message *m)
{
	const char *n = strrchr(m->subject, '.');
	check(n && memmem(m->payload.data, m->payload.len, "\"seq\":", 6), "nats: %.*s",
	      (int)m->payload.len, (const char *)m->payload.data);
	drive_acked(s->drive, link, strtoull(n + 1, NULL, 10));
}

static void nats_read(void *ctx, size_t link)
{
	struct peer_site *s = ctx;
	struct nats_peer *p = s->peer;
	struct nats_message m;
	if (!receive(&p->links[link], MSG_DONTWAIT))
		return;
	while (next_message(&p->links[link], &m)) {
		if (link < s->senders)
			take_ack(s, link, &m);
		else
			drive_delivered(s->drive, link, m.payload);
	}
}

static void nats_verify(struct peer_site *s)
{
	struct nats_peer *p = s->peer;
	char answer[LINE_MAX_BYTES];
	ask(&p->control, "$JS.API.STREAM.INFO." STREAM, "", answer, sizeof answer);
	const char *at = strstr(answer, "\"messages\":");
	check(at, "nats: %s", answer);
	uint64_t kept = strtoull(at + strlen("\"messages\":"), NULL, 10);
	check(kept == s->tally.posts,
	      "nats: the stream holds %" PRIu64 " messages, posted were %" PRIu64, kept,
	      s->tally.posts);
}

static void close_link(struct nats_link *l)
{
	close(l->fd);
	buf_fini(&l->in);
	buf_fini(&l->out);
}

/* A clean end for it is SIGINT: after SIGTERM it leaves with 1. */
static void nats_close(struct peer_site *s)
{
	struct nats_peer *p = s->peer;
	for (size_t i = 0; i < p->len; i++)
		close_link(&p->links[i]);
	close_link(&p->control);
	rig_interrupt(s->server);
	free(p->links);
	free(p);
}

const struct peer peer_nats = {
	.name = "nats",
	.program = "nats-server",
	.does = "publish acknowledged by a stream in files, a push consumer for each session; "
		"it keeps no counters, and this version does not flush each message",
	.open = nats_open,
	.verify = nats_verify,
	.close = nats_close,
	.hooks = {.post = nats_post, .flush = nats_flush, .read = nats_read},
};

const struct peer peer_nats_2_15 = {
	.name = "nats-2.15",
	.program = "nats-2.15",
	.does = "sync_interval always: publish acknowledged by a stream in files that is flushed "
		"for each message, a push consumer for each session; it keeps no counters",
	.unstable = true,
	.durable = true,
	.open = nats_open_flushed,
	.verify = nats_verify,
	.close = nats_close,
	.hooks = {.post = nats_post, .flush = nats_flush, .read = nats_read},
};
