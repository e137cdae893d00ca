/* RabbitMQ: a room is a durable fan-out exchange, a member's unread messages
 * are a durable queue bound to it, and a session is a transient queue that
 * hears of every room. Messages are persistent, publishers wait for confirms,
 * which come once every queue has its copy on disk. Fan-out knows no sender:
 * his own queue gets a copy too. A queue is a process with files of its own;
 * 210,000 of them are out of reach, so there are fewer rooms, which spares it
 * scattered work and changes nothing in what a message costs it. */
#include "fail.h"
#include "peer.h"
#include "settings.h"

#include "base/clock.h"
#include "base/mem.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define START_US 30000000
#define PROGRAM "/usr/lib/rabbitmq/bin/rabbitmq-server"
#define CHANNEL 1
#define FRAME_MAX 131072
#define PERSISTENT 2
#define CONFIRMS (1U << 16) /* unconfirmed on a link at most */

struct rabbit_link {
	amqp_connection_state_t connection;
	uint64_t confirmed; /* every tag up to it */
	bool *out_of_turn;  /* by tag: confirmed beyond it */
};

struct rabbit_peer {
	uint16_t port;
	struct process *epmd;
	struct rabbit_link control;
	size_t len;
	struct rabbit_link *links; /* senders, then sessions */
};

/* ---- the server ------------------------------------------------------------------------- */

/* Erlang's own directory of nodes, which its VM would otherwise leave behind. */
static uint16_t start_epmd(struct peer_site *s, struct rabbit_peer *p)
{
	char text[16];
	uint16_t port = peer_free_port();
	uint64_t until = clock_mono_us() + START_US;
	int fd;
	snprintf(text, sizeof text, "%u", port);
	const char *argv[] = {"epmd", "-port", text, "-address", "127.0.0.1", NULL};
	p->epmd = rig_start(&s->rig, "epmd", argv, false, NULL, NULL);
	while ((fd = peer_connect(port)) < 0) {
		fail_if_interrupted();
		rig_check(p->epmd);
		check(clock_mono_us() < until, "epmd does not answer");
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	close(fd);
	return port;
}

/* Its defaults, but everything in the rig's directory and on loopback. */
static void start(struct peer_site *s, struct rabbit_peer *p)
{
	struct settings *e = mem_new(sizeof *e);
	const char *const program[] = {PROGRAM, NULL};
	char line[RIG_LINE_MAX];
	p->port = peer_free_port();
	settings_number(e, "ERL_EPMD_PORT", start_epmd(s, p));
	settings_text(e, "ERL_EPMD_ADDRESS", "127.0.0.1");
	settings_text(e, "HOME", s->rig.dir);
	settings_text(e, "RUNNING_UNDER_SYSTEMD",
		      "true"); /* the server itself, no shell before it */
	settings_text(e, "RABBITMQ_NODENAME", "bench@localhost");
	settings_text(e, "RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1");
	settings_number(e, "RABBITMQ_NODE_PORT", p->port);
	settings_number(e, "RABBITMQ_DIST_PORT", peer_free_port());
	settings_text(e, "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
		      "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}");
	settings_path(e, &s->rig, "RABBITMQ_MNESIA_BASE", "mnesia");
	settings_path(e, &s->rig, "RABBITMQ_LOG_BASE", "logs");
	settings_path(e, &s->rig, "RABBITMQ_LOGS", "rabbitmq.out");
	settings_path(e, &s->rig, "RABBITMQ_PID_FILE", "rabbitmq.pid");
	settings_path(e, &s->rig, "RABBITMQ_CONF_ENV_FILE", "none");
	settings_path(e, &s->rig, "RABBITMQ_CONFIG_FILE", "none");
	settings_path(e, &s->rig, "RABBITMQ_ADVANCED_CONFIG_FILE", "none.config");
	settings_path(e, &s->rig, "RABBITMQ_ENABLED_PLUGINS_FILE", "plugins");
	s->server = rig_start(&s->rig, "rabbitmq-server", settings_before(e, program), true,
			      "  Starting broker... completed", line);
	free(e);
}

/* ---- connections ----------------------------------------------------------------------- */

static void must(amqp_rpc_reply_t reply, const char *what)
{
	if (reply.reply_type == AMQP_RESPONSE_NORMAL)
		return;
	check(reply.reply_type != AMQP_RESPONSE_LIBRARY_EXCEPTION, "rabbitmq: %s: %s", what,
	      amqp_error_string2(reply.library_error));
	const amqp_channel_close_t *close = reply.reply.decoded;
	fail("rabbitmq: %s: refused with %u", what, close ? close->reply_code : 0U);
}

static void connect_link(const struct rabbit_peer *p, struct rabbit_link *l)
{
	l->connection = amqp_new_connection();
	amqp_socket_t *socket = amqp_tcp_socket_new(l->connection);
	check(socket && amqp_socket_open(socket, "127.0.0.1", p->port) == AMQP_STATUS_OK,
	      "rabbitmq: cannot connect");
	must(amqp_login(l->connection, "/", 0, FRAME_MAX, 0, AMQP_SASL_METHOD_PLAIN, "guest",
			"guest"),
	     "login");
	amqp_channel_open(l->connection, CHANNEL);
	must(amqp_get_rpc_reply(l->connection), "channel");
}

static amqp_bytes_t room_name(char out[32], uint32_t room)
{
	snprintf(out, 32, "room-%u", room);
	return amqp_cstring_bytes(out);
}

static amqp_bytes_t queue_name(char out[48], uint32_t room, uint32_t member)
{
	snprintf(out, 48, "room-%u-member-%u", room, member);
	return amqp_cstring_bytes(out);
}

static void make_room(struct peer_site *s, struct rabbit_peer *p, uint32_t room)
{
	amqp_connection_state_t c = p->control.connection;
	char name[32], queue[48];
	amqp_bytes_t exchange = room_name(name, room);
	amqp_exchange_declare(c, CHANNEL, exchange, amqp_cstring_bytes("fanout"), 0, 1, 0, 0,
			      amqp_empty_table);
	must(amqp_get_rpc_reply(c), "exchange");
	for (uint32_t i = 0; i < s->tally.members; i++) {
		amqp_bytes_t member = queue_name(queue, room, i);
		amqp_queue_declare(c, CHANNEL, member, 0, 1, 0, 0, amqp_empty_table);
		must(amqp_get_rpc_reply(c), "queue");
		amqp_queue_bind(c, CHANNEL, member, exchange, amqp_empty_bytes, amqp_empty_table);
		must(amqp_get_rpc_reply(c), "binding");
	}
	fail_if_interrupted();
}

/* A queue of its own in memory, bound to every room, acknowledged by itself. */
static void listen_to_all(struct peer_site *s, struct rabbit_link *l, size_t session)
{
	char name[32], room[32];
	snprintf(name, sizeof name, "session-%zu", session);
	amqp_bytes_t queue = amqp_cstring_bytes(name);
	amqp_queue_declare(l->connection, CHANNEL, queue, 0, 0, 1, 0, amqp_empty_table);
	must(amqp_get_rpc_reply(l->connection), "queue");
	for (uint32_t i = 0; i < s->tally.rooms; i++) {
		amqp_queue_bind(l->connection, CHANNEL, queue, room_name(room, i), amqp_empty_bytes,
				amqp_empty_table);
		must(amqp_get_rpc_reply(l->connection), "binding");
	}
	amqp_basic_consume(l->connection, CHANNEL, queue, amqp_empty_bytes, 0, 1, 1,
			   amqp_empty_table);
	must(amqp_get_rpc_reply(l->connection), "consume");
}

static void rabbit_open(struct peer_site *s)
{
	struct rabbit_peer *p = s->peer = mem_new(sizeof *p);
	start(s, p);
	connect_link(p, &p->control);
	for (uint32_t room = 0; room < s->tally.rooms; room++)
		make_room(s, p, room);
	p->len = s->senders + s->sessions;
	p->links = mem_new(p->len * sizeof *p->links);
	for (size_t i = 0; i < p->len; i++) {
		struct rabbit_link *l = &p->links[i];
		bool listens = i >= s->senders;
		connect_link(p, l);
		if (listens) {
			listen_to_all(s, l, i - s->senders);
		} else {
			l->out_of_turn = mem_new(CONFIRMS * sizeof *l->out_of_turn);
			amqp_confirm_select(l->connection, CHANNEL);
			must(amqp_get_rpc_reply(l->connection), "confirms");
		}
		drive_add(s->drive, amqp_get_sockfd(l->connection), !listens, listens);
	}
}

/* ---- messages ---------------------------------------------------------------------------- */

/* A post's number on its link is its delivery tag. */
static void rabbit_post(void *ctx, size_t link, const struct drive_post *post)
{
	struct rabbit_peer *p = ((struct peer_site *)ctx)->peer;
	char name[32];
	amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
					      .delivery_mode = PERSISTENT};
	amqp_bytes_t body = {.len = post->body.len, .bytes = (void *)(uintptr_t)post->body.data};
	int status =
		amqp_basic_publish(p->links[link].connection, CHANNEL, room_name(name, post->room),
				   amqp_empty_bytes, 0, 0, &properties, body);
	check(status == AMQP_STATUS_OK, "rabbitmq: %s", amqp_error_string2(status));
}

/* One tag, or all up to it. */
static void take_confirm(struct peer_site *s, size_t link, const amqp_basic_ack_t *ack)
{
	struct rabbit_link *l = &((struct rabbit_peer *)s->peer)->links[link];
	bool *done = l->out_of_turn;
	if (!ack->multiple) {
		drive_acked(s->drive, link, ack->delivery_tag);
		done[ack->delivery_tag % CONFIRMS] = true;
	}
	while (l->confirmed < ack->delivery_tag || done[(l->confirmed + 1) % CONFIRMS]) {
		uint64_t next = l->confirmed + 1;
		if (!done[next % CONFIRMS] && !ack->multiple)
			return;
		if (!done[next % CONFIRMS])
			drive_acked(s->drive, link, next);
		done[next % CONFIRMS] = false;
		l->confirmed = next;
	}
}

static void take_frame(struct peer_site *s, size_t link, const amqp_frame_t *frame)
{
	if (frame->frame_type == AMQP_FRAME_BODY) {
		drive_delivered(s->drive, link,
				(struct span){frame->payload.body_fragment.bytes,
					      frame->payload.body_fragment.len});
	} else if (frame->frame_type == AMQP_FRAME_METHOD) {
		amqp_method_number_t id = frame->payload.method.id;
		if (id == AMQP_BASIC_ACK_METHOD)
			take_confirm(s, link, frame->payload.method.decoded);
		else
			check(id == AMQP_BASIC_DELIVER_METHOD, "rabbitmq: the server said %s",
			      amqp_method_name(id));
	}
}

static void rabbit_read(void *ctx, size_t link)
{
	struct peer_site *s = ctx;
	struct rabbit_peer *p = s->peer;
	amqp_connection_state_t c = p->links[link].connection;
	struct timeval at_once = {0};
	amqp_frame_t frame;
	for (;;) {
		amqp_maybe_release_buffers(c);
		int status = amqp_simple_wait_frame_noblock(c, &frame, &at_once);
		if (status == AMQP_STATUS_TIMEOUT)
			return;
		check(status == AMQP_STATUS_OK, "rabbitmq: %s", amqp_error_string2(status));
		take_frame(s, link, &frame);
	}
}

static void rabbit_verify(struct peer_site *s)
{
	struct rabbit_peer *p = s->peer;
	char name[48];
	for (uint32_t room = 0; room < s->tally.rooms; room++)
		for (uint32_t i = 0; i < s->tally.members; i++) {
			amqp_queue_declare_ok_t *ok = amqp_queue_declare(
				p->control.connection, CHANNEL, queue_name(name, room, i), 1, 1, 0,
				0, amqp_empty_table);
			must(amqp_get_rpc_reply(p->control.connection), "queue");
			check(ok->message_count == tally_room(&s->tally, room),
			      "rabbitmq: %s holds %u messages, posted were %" PRIu64, name,
			      ok->message_count, tally_room(&s->tally, room));
		}
}

static void close_link(struct rabbit_link *l)
{
	amqp_destroy_connection(l->connection);
	free(l->out_of_turn);
}

static void rabbit_close(struct peer_site *s)
{
	struct rabbit_peer *p = s->peer;
	for (size_t i = 0; i < p->len; i++)
		close_link(&p->links[i]);
	close_link(&p->control);
	rig_stop(s->server);
	rig_kill(p->epmd); /* knows no clean end */
	free(p->links);
	free(p);
}

const struct peer peer_rabbitmq = {
	.name = "rabbitmq",
	.program = PROGRAM,
	.does = "persistent messages, confirms; a durable queue a member (his own copy too), "
		"a transient one a session",
	.durable = true,
	.rooms_max = 50,
	.open = rabbit_open,
	.verify = rabbit_verify,
	.close = rabbit_close,
	.hooks = {.post = rabbit_post, .read = rabbit_read},
};
