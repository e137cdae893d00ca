/* Breaks a data directory on purpose, in one way, as a test names it: rows that
 * are wrong or missing, records that no broker would write, entries that are
 * gone. No broker may use the directory meanwhile.
 *
 *     spoil WAY DIR TENANT ROOM MEMBER */
#include "core/block.h"
#include "core/desk/conversation_row.h"
#include "core/desk/view.h"
#include "core/kinds.h"
#include "store/store.h"

#include <lmdb.h>
#include <parlor/parlor.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct victim {
	const char *dir;
	struct store *store;
	uint32_t tenant;
	uint64_t room, member;
	struct row_room room_row;
	struct row_membership row;
	struct buf texts;  /* of the rows */
	uint64_t later_us; /* of what is appended, than the room was active */
};

static void must(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "spoil: %s\n", what);
	exit(EXIT_FAILURE);
}

static uint64_t number_of(struct victim *v, char kind, const char *id)
{
	struct row_key key;
	struct span value;
	uint64_t number = 0;
	struct core_rows rows = store_rows(v->store);
	row_key_name(&key, kind, v->tenant, SPAN_TEXT(id));
	must(!rows.get(rows.ctx, &key, &value) && row_get_number(value, &number), id);
	return number;
}

static struct span get(struct victim *v, const struct row_key *key)
{
	struct span value;
	struct core_rows rows = store_rows(v->store);
	must(!rows.get(rows.ctx, key, &value), "no such row");
	return value;
}

static void find(struct victim *v, char **names)
{
	struct row_key key;
	must(!store_read_begin(v->store), "turn");
	v->tenant = (uint32_t)number_of(v, 'T', names[0]);
	v->room = number_of(v, 'R', names[1]);
	v->member = number_of(v, 'M', names[2]);
	/* Borrowed from a page that nothing overwrites before it is put again. */
	row_key_room(&key, v->room);
	must(row_get_room(get(v, &key), &v->room_row), "room");
	row_key_membership(&key, v->room, v->member);
	must(row_get_membership(get(v, &key), &v->row), "membership");
}

static void put(struct victim *v, const struct row_key *key, const struct buf *value)
{
	must(!store_begin(v->store), "begin");
	store_put(v->store, key, (struct span){value ? value->data : NULL, value ? value->len : 0});
	must(!store_commit(v->store), "commit");
}

static void put_membership(struct victim *v)
{
	struct row_key key;
	row_key_membership(&key, v->room, v->member);
	buf_clear(&v->texts);
	row_put_membership(&v->texts, &v->row);
	put(v, &key, &v->texts);
}

static void append(struct victim *v, struct record *r)
{
	struct buf head = {0};
	r->position = store_last(v->store) + 1;
	v->later_us += v->later_us ? 0 : 1000000;
	r->time_us = v->room_row.active_us + v->later_us;
	r->tenant = v->tenant;
	r->room = v->room;
	r->member = v->member;
	record_encode(&head, r);
	struct entry entry = {
		.position = r->position, .partition = 0, .head = {head.data, head.len}};
	must(!store_begin(v->store), "begin");
	store_append(v->store, &entry);
	must(!store_commit(v->store), "commit");
	buf_fini(&head);
}

/* ---- ways ------------------------------------------------------------------------ */

static void seen(struct victim *v)
{
	v->row.seen++;
	put_membership(v);
}

static void read_seq(struct victim *v)
{
	v->row.read_seq++;
	put_membership(v);
}

static void no_membership(struct victim *v)
{
	struct row_key key;
	row_key_membership(&key, v->room, v->member);
	put(v, &key, NULL);
}

/* Bytes that are no row at all. */
static void garbage(struct victim *v)
{
	struct row_key key;
	row_key_room(&key, v->room);
	buf_put_u64(&v->texts, UINT64_MAX);
	put(v, &key, &v->texts);
}

static void last_seq(struct victim *v)
{
	struct row_key key;
	row_key_room(&key, v->room);
	v->room_row.last_seq++;
	row_put_room(&v->texts, &v->room_row);
	put(v, &key, &v->texts);
}

/* What no words of the row tell. */
static void created(struct victim *v)
{
	struct row_key key;
	row_key_room(&key, v->room);
	v->room_row.created_us++;
	row_put_room(&v->texts, &v->room_row);
	put(v, &key, &v->texts);
}

/* The index counts one more at the room's first message. */
static void message(struct victim *v)
{
	struct row_key key;
	struct row_message m;
	unsigned count;
	row_key_block(&key, v->room, 0);
	struct span block = get(v, &key);
	must(block_count(block, &count) && count > 0, "messages");
	for (unsigned at = 0; at < count; at++) {
		must(!block_get(block, at, &m), "message");
		m.counted += at == 0;
		block_append(&v->texts, &m);
	}
	put(v, &key, &v->texts);
}

/* A record that says an unread of one less than there is. */
static void wrong_read(struct victim *v)
{
	struct record r = {.kind = RECORD_READ,
			   .read = {.counts = {.counted = v->room_row.counted,
					       .seen = v->row.seen + 1,
					       .read_seq = v->row.read_seq}}};
	append(v, &r);
}

/* The sender's own message is not taken off its unread. */
static void wrong_post(struct victim *v)
{
	struct record r = {
		.kind = RECORD_POSTED,
		.posted = {.seq = v->room_row.last_seq + 1,
			   .counts = {.counted = v->room_row.counted + 1, .seen = v->row.seen},
			   .own = v->row.own + 1,
			   .own_prev = v->row.own_last,
			   .type = MESSAGE_TYPE_MESSAGE}};
	append(v, &r);
}

static void seq_gap(struct victim *v)
{
	struct record r = {.kind = RECORD_POSTED,
			   .posted = {.seq = v->room_row.last_seq + 2,
				      .counts = {.counted = v->room_row.counted},
				      .type = MESSAGE_TYPE_NOTICE}};
	r.member = 0;
	append(v, &r);
}

/* The last conversation in the room; what is stored before its row goes to `head`. */
static struct row_conversation conversation(struct victim *v, struct row_key *key, struct buf *head)
{
	struct reader in;
	struct row_conversation row;
	row_key_one(key, ROW_VISITS, v->room_row.conversation, ROW_SELF);
	struct span value = get(v, key);
	reader_init(&in, value.data, value.len);
	buf_put_varint(head, reader_varint(&in)); /* as of */
	buf_put_varint(head, reader_varint(&in)); /* tenant */
	must(conversation_get_row((struct span){in.at, reader_left(&in)}, &row), "conversation");
	return row;
}

/* It stands elsewhere in the queue. */
static void place(struct victim *v)
{
	struct row_key key;
	struct row_conversation row = conversation(v, &key, &v->texts);
	row.key++;
	conversation_put_row(&v->texts, &row);
	put(v, &key, &v->texts);
}

static void append_about(struct victim *v, enum record_kind_no kind, uint8_t how,
			 const struct row_conversation *row)
{
	buf_clear(&v->texts);
	conversation_put_row(&v->texts, row);
	struct record r = {.kind = kind,
			   .conversation = {.no = v->room_row.conversation,
					    .row = buf_span(&v->texts),
					    .seat = row->seat,
					    .how = how}};
	append(v, &r);
}

/* Records of a conversation that somebody serves. It is given away once more; */
static void served_twice(struct victim *v)
{
	struct row_key key;
	struct row_conversation row = conversation(v, &key, &v->texts);
	row.stints++;
	append_about(v, RECORD_ASSIGNED, PARLOR__ASSIGN_HOW__HOW_FORCED, &row);
}

/* it comes to stand before whoever asked before; */
static void pushed_in(struct victim *v)
{
	struct row_key key;
	struct row_conversation row = conversation(v, &key, &v->texts);
	row.key -= 1000;
	append_about(v, RECORD_MARKED, 0, &row);
}

/* its agent leaves, and it is queued nowhere; */
static void lost(struct victim *v)
{
	struct row_key key;
	struct row_conversation row = conversation(v, &key, &v->texts);
	row.seat = 0;
	append_about(v, RECORD_RELEASED, PARLOR__RELEASE_WHY__RELEASE_RETURNED, &row);
}

/* its agent, the member, leaves the room and goes on serving; */
static void left(struct victim *v)
{
	struct record r = {.kind = RECORD_LEFT};
	append(v, &r);
}

/* it is said to have a place, and stands in no queue; */
static void wrong_place(struct victim *v)
{
	struct row_key key;
	struct decision decision = {.place = 7};
	struct buf told = {0};
	struct row_conversation row = conversation(v, &key, &v->texts);
	fields_encode(&told, decision_fields, &decision);
	buf_clear(&v->texts);
	conversation_put_row(&v->texts, &row);
	struct record r = {.kind = RECORD_ASSIGNED,
			   .conversation = {.no = v->room_row.conversation,
					    .row = buf_span(&v->texts),
					    .seat = row.seat,
					    .decision = buf_span(&told)}};
	append(v, &r);
	buf_fini(&told);
}

/* it waits, its agent is there, and nothing comes of that for ten seconds; */
static void waits(struct victim *v)
{
	struct row_key key;
	struct row_conversation row = conversation(v, &key, &v->texts);
	struct row_conversation released = row;
	uint64_t seat = row.seat;
	v->later_us = 60000000;
	released.seat = released.serving_team = 0;
	buf_clear(&v->texts);
	conversation_put_row(&v->texts, &released);
	struct record r = {.kind = RECORD_RELEASED,
			   .conversation = {.no = v->room_row.conversation,
					    .row = buf_span(&v->texts),
					    .seat = seat,
					    .how = PARLOR__RELEASE_WHY__RELEASE_RETURNED}};
	append(v, &r);
	left(v);
	released.state = CONVERSATION_WAITING;
	append_about(v, RECORD_QUEUED, 0, &released);
	v->later_us += 10000000;
	append_about(v, RECORD_MARKED, 0, &released);
}

/* and it is handed over by nobody. */
static void unowned(struct victim *v)
{
	struct row_key key;
	struct row_conversation row = conversation(v, &key, &v->texts);
	row.transfer = 1;
	row.transfer_team = row.team;
	row.seat = 0;
	append_about(v, RECORD_TRANSFER, PARLOR__TRANSFER_END__TRANSFER_ASKED, &row);
}

/* An offer of it that nobody decided on. */
static void wrong_offer(struct victim *v)
{
	struct row_key key;
	struct row_conversation row = conversation(v, &key, &v->texts);
	append_about(v, RECORD_OFFERED, 0, &row);
}

static void no_stint(struct victim *v)
{
	struct row_key key;
	row_key_pair(&key, ROW_VISITS, v->room_row.conversation, ROW_STINT, 1);
	put(v, &key, NULL);
}

static void no_profile(struct victim *v)
{
	struct row_key key;
	row_key_pair(&key, ROW_MEMBERS, v->member, ROW_VISITOR, 0);
	put(v, &key, NULL);
}

/* The entry in the middle is not there any more. Without the store: it would
 * have to be asked. */
static void no_entry(struct victim *v)
{
	size_t position = store_last(v->store) / 2;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_val key = {sizeof position, &position};
	store_read_end(v->store);
	store_close(v->store);
	v->store = NULL;
	must(!mdb_env_create(&env) && !mdb_env_set_maxdbs(env, 1) &&
		     !mdb_env_open(env, v->dir, 0, 0600),
	     "environment");
	must(!mdb_txn_begin(env, NULL, 0, &txn) && !mdb_dbi_open(txn, "journal", 0, &dbi) &&
		     !mdb_del(txn, dbi, &key, NULL) && !mdb_txn_commit(txn),
	     "deletion");
	mdb_env_close(env);
}

static const struct {
	const char *name;
	void (*spoil)(struct victim *);
} ways[] = {
	{"seen", seen},
	{"read-seq", read_seq},
	{"no-membership", no_membership},
	{"last-seq", last_seq},
	{"created", created},
	{"garbage", garbage},
	{"message", message},
	{"wrong-read", wrong_read},
	{"wrong-post", wrong_post},
	{"seq-gap", seq_gap},
	{"no-entry", no_entry},
	{"place", place},
	{"no-stint", no_stint},
	{"no-profile", no_profile},
	{"served-twice", served_twice},
	{"pushed-in", pushed_in},
	{"lost", lost},
	{"unowned", unowned},
	{"left", left},
	{"wrong-place", wrong_place},
	{"waits", waits},
	{"wrong-offer", wrong_offer},
};

int main(int argc, char **argv)
{
	char why[256];
	struct victim v = {0};
	must(argc == 6, "usage: spoil WAY DIR TENANT ROOM MEMBER");
	v.dir = argv[2];
	must(!store_open(&v.store, &(struct store_options){.dir = v.dir}, 1, why, sizeof why), why);
	find(&v, argv + 3);
	size_t way = 0;
	while (way < sizeof ways / sizeof ways[0] && strcmp(ways[way].name, argv[1]) != 0)
		way++;
	must(way < sizeof ways / sizeof ways[0], "no such way");
	ways[way].spoil(&v);
	if (v.store)
		store_read_end(v.store);
	store_close(v.store);
	buf_fini(&v.texts);
	return 0;
}
