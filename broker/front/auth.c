#include "front/auth.h"

#include "base/keys.h"
#include "base/log.h"
#include "base/table.h"
#include "base/text.h"
#include "front/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define KEY_BYTES 32
#define QUESTIONS_A_TURN 1024
#define REFUSED "a connection from %.*s was refused: %s"

struct tenant_rule {
	struct tenant_rule *next;
	char id[AUTH_TENANT_MAX + 1]; /* "*": any */
};

/* Handshakes of the second at hand. */
struct rate {
	uint64_t since_us;
	uint64_t n;
};

/* A public key of the other side, and what it opens. */
struct key {
	UT_hash_handle hh;
	struct rate rate;
	char text[AUTH_KEY_TEXT + 1];
	bool worker;
	struct tenant_rule *tenants;
};

struct auth {
	void *socket; /* NULL: no keys */
	char secret[AUTH_KEY_TEXT + 1];
	struct key *keys;
	size_t rules;
	uint64_t handshakes; /* of a key in a second */
	struct rate unknown; /* of all keys that are not in the file */
	struct auth_counts counts;
};

static const char *const domains[] = {
	[AUTH_CLIENT] = "parlor.client", [AUTH_WORKER] = "parlor.worker"};

/* ---- the keys file ------------------------------------------------------------------- */

static bool is_key(const char *text)
{
	uint8_t bytes[KEY_BYTES];
	bool valid = text && strlen(text) == AUTH_KEY_TEXT && zmq_z85_decode(bytes, text);
	explicit_bzero(bytes, sizeof bytes);
	return valid;
}

static struct key *key_find(const struct auth *auth, const char *text)
{
	struct key *key;
	HASH_FIND(hh, auth->keys, text, strlen(text), key);
	return key;
}

static struct key *key_make(struct auth *auth, const char *text)
{
	struct key *key = key_find(auth, text);
	if (!key) {
		key = mem_new(sizeof *key);
		memcpy(key->text, text, AUTH_KEY_TEXT);
		HASH_ADD(hh, auth->keys, text, AUTH_KEY_TEXT, key);
	}
	return key;
}

/* Each takes the words behind the first; the reason when they are refused. */
static const char *line_server(struct auth *auth, char **words)
{
	if (auth->secret[0])
		return "a second server key";
	if (!is_key(words[0]) || words[1])
		return "write: server SECRET, a CURVE key of 40 characters";
	memcpy(auth->secret, words[0], AUTH_KEY_TEXT);
	return NULL;
}

static const char *line_tenant(struct auth *auth, char **words)
{
	if (!words[0] || strlen(words[0]) > AUTH_TENANT_MAX || !is_key(words[1]) || words[2])
		return "write: tenant ID PUBLIC, a CURVE key of 40 characters";
	struct tenant_rule *rule = mem_new(sizeof *rule);
	memcpy(rule->id, words[0], strlen(words[0]));
	struct key *key = key_make(auth, words[1]);
	LL_PREPEND(key->tenants, rule);
	return NULL;
}

static const char *line_worker(struct auth *auth, char **words)
{
	if (!is_key(words[0]) || words[1])
		return "write: worker PUBLIC, a CURVE key of 40 characters";
	key_make(auth, words[0])->worker = true;
	return NULL;
}

static const struct {
	const char *word;
	const char *(*take)(struct auth *, char **words);
} line_kinds[] = {
	{"server", line_server},
	{"tenant", line_tenant},
	{"worker", line_worker},
};

static const char *read_line(void *arg, char *line)
{
	struct auth *auth = arg;
	char *words[5] = {NULL};
	size_t n = 0;
	char *rest;
	if (!text_valid(line, strlen(line)))
		return "line is not UTF-8 text";
	line[strcspn(line, "\r\n")] = '\0';
	for (char *word = strtok_r(line, " \t", &rest); word && n < 4;
	     word = strtok_r(NULL, " \t", &rest))
		words[n++] = word;
	/* A comment has its own line: '#' is a digit of Z85. */
	if (n == 0 || words[0][0] == '#')
		return NULL;
	if (++auth->rules > AUTH_KEYS_MAX)
		return "too many keys";
	for (size_t i = 0; i < sizeof line_kinds / sizeof *line_kinds; i++)
		if (strcmp(words[0], line_kinds[i].word) == 0)
			return line_kinds[i].take(auth, words + 1);
	return "a line begins with server, tenant or worker";
}

static enum parlor_err read_file(struct auth *auth, const char *path, char *why, size_t why_size)
{
	enum parlor_err err = keys_file_read(path, read_line, auth, why, why_size);
	if (err || auth->secret[0])
		return err;
	(void)snprintf(why, why_size, "%.150s: holds no server key", path);
	return PARLOR_E_CONFIG;
}

/* ---- open and close ------------------------------------------------------------------ */

enum parlor_err auth_open(struct auth **out, void *zmq_ctx, const char *path, uint64_t handshakes,
			  char *why, size_t why_size)
{
	*out = NULL;
	struct auth *auth = mem_new(sizeof *auth);
	auth->handshakes = handshakes;
	enum parlor_err err = PARLOR_E_OK;
	if (path && *path) {
		if (!zmq_has("curve")) {
			(void)snprintf(why, why_size, "this libzmq was built without CURVE");
			err = PARLOR_E_CONFIG;
			goto out;
		}
		err = read_file(auth, path, why, why_size);
		if (err)
			goto out;
		auth->socket = zmq_socket(zmq_ctx, ZMQ_REP);
		int linger = 0;
		if (!auth->socket ||
		    zmq_setsockopt(auth->socket, ZMQ_LINGER, &linger, sizeof linger) ||
		    zmq_bind(auth->socket, ZAP_ENDPOINT)) {
			(void)snprintf(why, why_size, ZAP_ENDPOINT ": %s", zmq_strerror(errno));
			err = PARLOR_E_IO;
		}
	}
out:
	if (err) {
		auth_close(auth);
		return err;
	}
	*out = auth;
	return PARLOR_E_OK;
}

void auth_close(struct auth *auth)
{
	if (!auth)
		return;
	if (auth->socket)
		(void)zmq_close(auth->socket);
	struct key *key, *next;
	HASH_ITER (hh, auth->keys, key, next) {
		HASH_DEL(auth->keys, key);
		while (key->tenants) {
			struct tenant_rule *rule = key->tenants;
			LL_DELETE(key->tenants, rule);
			free(rule);
		}
		free(key);
	}
	explicit_bzero(auth->secret, sizeof auth->secret);
	free(auth);
}

bool auth_has_keys(const struct auth *auth)
{
	return auth->socket;
}

void *auth_socket(const struct auth *auth)
{
	return auth->socket;
}

void auth_counts(const struct auth *auth, struct auth_counts *counts)
{
	*counts = auth->counts;
}

enum parlor_err auth_guard(const struct auth *auth, void *socket, enum auth_role role)
{
	if (!auth_has_keys(auth))
		return PARLOR_E_OK;
	int on = 1;
	if (zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, auth->secret, AUTH_KEY_TEXT + 1) ||
	    zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domains[role], strlen(domains[role])))
		return PARLOR_E_IO;
	return PARLOR_E_OK;
}

/* ---- ZAP (RFC 27) --------------------------------------------------------------------- */

enum zap_part {
	ZAP_VERSION,
	ZAP_REQUEST,
	ZAP_DOMAIN,
	ZAP_ADDRESS,
	ZAP_IDENTITY,
	ZAP_MECHANISM,
	ZAP_KEY,
	ZAP_PARTS,
};

static bool part_is(zmq_msg_t *part, const char *text)
{
	return zmq_msg_size(part) == strlen(text) &&
	       memcmp(zmq_msg_data(part), text, strlen(text)) == 0;
}

/* Reads one question; parts that are missing stay empty. False: none there. */
static bool zap_receive(void *socket, zmq_msg_t parts[ZAP_PARTS])
{
	for (int i = 0; i < ZAP_PARTS; i++) {
		(void)zmq_msg_close(&parts[i]);
		(void)zmq_msg_init(&parts[i]);
	}
	bool any = front_part_recv(socket, &parts[0]);
	for (int i = 0; any && i < ZAP_KEY && zmq_msg_more(&parts[i]); i++)
		any = front_part_recv(socket, &parts[i + 1]);
	/* CURVE shows a key and nothing behind it. */
	front_parts_drain(socket, &parts[ZAP_KEY]);
	return any;
}

/* The key that asks, when the socket it asks for is open to it. */
static struct key *zap_admit(const struct auth *auth, zmq_msg_t parts[ZAP_PARTS])
{
	if (!part_is(&parts[ZAP_VERSION], "1.0") || !part_is(&parts[ZAP_MECHANISM], "CURVE") ||
	    zmq_msg_size(&parts[ZAP_KEY]) != KEY_BYTES)
		return NULL;
	char text[AUTH_KEY_TEXT + 1];
	(void)zmq_z85_encode(text, zmq_msg_data(&parts[ZAP_KEY]), KEY_BYTES);
	struct key *key = key_find(auth, text);
	if (!key)
		return NULL;
	if (part_is(&parts[ZAP_DOMAIN], domains[AUTH_CLIENT]) && key->tenants)
		return key;
	if (part_is(&parts[ZAP_DOMAIN], domains[AUTH_WORKER]) && key->worker)
		return key;
	return NULL;
}

static bool zap_part_send(void *socket, const void *bytes, size_t len, int more)
{
	int sent;
	do
		sent = zmq_send(socket, bytes, len, ZMQ_DONTWAIT | more);
	while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

static bool zap_answer(void *socket, zmq_msg_t *request, const char *status, const char *text,
		       const struct key *key)
{
	const char *const texts[] = {status, text, key ? key->text : "", ""};
	if (!zap_part_send(socket, "1.0", 3, ZMQ_SNDMORE) ||
	    !zap_part_send(socket, zmq_msg_data(request), zmq_msg_size(request), ZMQ_SNDMORE))
		return false;
	for (int i = 0; i < 4; i++)
		if (!zap_part_send(socket, texts[i], strlen(texts[i]), i < 3 ? ZMQ_SNDMORE : 0))
			return false;
	return true;
}

static bool within(struct rate *rate, uint64_t max, uint64_t now_us)
{
	if (now_us - rate->since_us >= 1000000)
		*rate = (struct rate){.since_us = now_us};
	return rate->n++ < max;
}

/* ZAP's codes: 200 lets in, 300 ends the connection and libzmq tries again, 400
 * tells the peer, and libzmq gives up. */
static bool zap_judge(struct auth *auth, zmq_msg_t parts[ZAP_PARTS], uint64_t now_us)
{
	static const char unknown[] = "its key is not known";
	static const char often[] = "more handshakes than a key may in a second";
	zmq_msg_t *address = &parts[ZAP_ADDRESS];
	const char *address_text = zmq_msg_data(address);
	struct key *key = zap_admit(auth, parts);
	if (!within(key ? &key->rate : &auth->unknown, auth->handshakes, now_us)) {
		auth->counts.put_off++;
		log_warn(REFUSED, (int)zmq_msg_size(address), address_text, often);
		return zap_answer(auth->socket, &parts[ZAP_REQUEST], "300", often, NULL);
	}
	if (key) {
		auth->counts.accepted++;
		return zap_answer(auth->socket, &parts[ZAP_REQUEST], "200", "OK", key);
	}
	auth->counts.refused++;
	log_warn(REFUSED, (int)zmq_msg_size(address), address_text, unknown);
	return zap_answer(auth->socket, &parts[ZAP_REQUEST], "400", unknown, NULL);
}

void auth_serve(struct auth *auth, uint64_t now_us)
{
	if (!auth->socket)
		return;
	zmq_msg_t parts[ZAP_PARTS];
	for (int i = 0; i < ZAP_PARTS; i++)
		(void)zmq_msg_init(&parts[i]);
	for (int i = 0; i < QUESTIONS_A_TURN && zap_receive(auth->socket, parts); i++)
		if (!zap_judge(auth, parts, now_us))
			log_warn("a connection could not be answered: %s", zmq_strerror(errno));
	for (int i = 0; i < ZAP_PARTS; i++)
		(void)zmq_msg_close(&parts[i]);
}

/* ---- what a key opens ------------------------------------------------------------------ */

bool auth_tenant_allowed(const struct auth *auth, const char *user, struct span tenant)
{
	if (!auth_has_keys(auth))
		return true;
	const struct key *key = user ? key_find(auth, user) : NULL;
	if (!key)
		return false;
	const struct tenant_rule *rule;
	LL_FOREACH (key->tenants, rule)
		if (strcmp(rule->id, "*") == 0 || span_equal(SPAN_TEXT(rule->id), tenant))
			return true;
	return false;
}

/* ---- new keys -------------------------------------------------------------------------- */

/* Each "# " away, it is a keys file as base/keys.h has it. */
static void print_part(FILE *out, const char *server, const char *public, const char *secret)
{
	fprintf(out, "# server %s\n# public %s\n# secret %s\n", server, public, secret);
}

enum parlor_err auth_make_keys(FILE *out)
{
	enum { SERVER, CLIENT, WORKER, PAIRS };
	char public[PAIRS][AUTH_KEY_TEXT + 1];
	char secret[PAIRS][AUTH_KEY_TEXT + 1];
	enum parlor_err err = PARLOR_E_OK;
	for (int i = 0; i < PAIRS; i++)
		if (zmq_curve_keypair(public[i], secret[i])) {
			err = PARLOR_E_IO;
			goto out;
		}
	fprintf(out,
		"# Keys of the broker: a file of mode 600, named in broker.keys.\n"
		"server %s\n"
		"tenant * %s\n"
		"worker %s\n"
		"#\n"
		"# What goes elsewhere, into files of mode 600, without '# ' in front, and out of\n"
		"# here. Clients, such as parlor --keys FILE:\n",
		secret[SERVER], public[CLIENT], public[WORKER]);
	print_part(out, public[SERVER], public[CLIENT], secret[CLIENT]);
	fputs("# Workers, parlor-worker --keys FILE:\n", out);
	print_part(out, public[SERVER], public[WORKER], secret[WORKER]);
	if (fflush(out) || ferror(out))
		err = PARLOR_E_IO;
out:
	explicit_bzero(secret, sizeof secret);
	return err;
}
