/* The state machine of the broker: rooms, members, memberships, messages and
 * unread counts. A request is decided against the state, becomes records, and
 * the records are applied; whoever calls makes them durable before anyone is
 * told. Owns the state in memory and what of it is not yet written back. Does
 * no I/O: time and randomness come in, records go out through a sink, rows it
 * does not hold come through a read interface, rows it changed leave through
 * write-back.
 *
 * A request that is refused emits no record and changes nothing. One that is
 * accepted has been applied when the call returns; its records were emitted in
 * order. Texts are taken as valid UTF-8 within the wire's bounds; what they
 * mean is checked here. Spans in results borrow from the state and hold until
 * the next call that changes it or until core_evict.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "core/engine/meter.h"
#include "core/record.h"
#include "core/row.h"

struct core;

/* Where rows come from that are not in memory. Values borrow until the next
 * call. Keys of a scan come in order; stop by returning false. */
typedef bool core_scan_fn(void *arg, const void *key, size_t key_len, struct span value);
struct core_rows {
	void *ctx;
	/* PARLOR_E_OK, PARLOR_E_NOT_FOUND, or a failure of the store. */
	enum parlor_err (*get)(void *ctx, const struct row_key *, struct span *value);
	/* All rows whose key begins with the first prefix_len bytes of from,
	 * beginning at from. */
	enum parlor_err (*scan)(void *ctx, const struct row_key *from, size_t prefix_len,
				core_scan_fn *fn, void *arg);
};

struct core_sink {
	void *ctx;
	void (*record)(void *ctx, const struct record *);
};

struct core_limits {
	uint32_t name_bytes;
	uint32_t avatar_bytes;
	uint32_t body_bytes;
	uint32_t client_id_bytes;
	uint32_t room_members;
	uint32_t request_members;
	uint32_t mentions; /* <= RECORD_MENTIONS_MAX */
	uint32_t page;
	uint64_t members; /* of all tenants, known for ever */
	uint64_t rooms;   /* of all tenants, known for ever */
	uint32_t tenants;
	/* memory: clean rows beyond these are dropped and read again when needed */
	size_t rooms_resident;
	size_t memberships_resident;
	size_t members_resident;
};
extern const struct core_limits core_limits_default;

struct core *core_new(const struct core_limits *, struct core_rows, struct core_sink);
void core_free(struct core *);

/* Not OK once the store failed in the middle of a request, when records of it
 * had been emitted: what is not yet durable must be given up, that is, the
 * process ends and recovers. */
enum parlor_err core_broken(const struct core *) PARLOR_MUST_CHECK;

/* ---- recovery and write-back ---------------------------------------------- */

/* Loads the counters. Then every record behind what the store calls covered is applied
 * by core_apply, oldest first; those already contained in rows change nothing. */
enum parlor_err core_load(struct core *) PARLOR_MUST_CHECK;
enum parlor_err core_apply(struct core *, const struct record *) PARLOR_MUST_CHECK;
/* Position of the last record applied or emitted. */
uint64_t core_position(const struct core *);

/* Rows changed and not yet written. */
size_t core_dirty(const struct core *);
/* A pass of write-back has begun and not ended. */
bool core_writing(const struct core *);
/* Gives the next rows of the pass, beginning one when none is under way: about
 * rows_max of them, fewer at its end, a deletion with
 * value.data NULL. Rows given are in flight: they are clean, and stay in memory
 * until the caller says how the transaction went that has them and the records
 * emitted so far, so that meanwhile nothing is read that is older. Returns how many.
 * *covered: every change up to this position is in rows when it has landed. */
typedef void core_put_fn(void *ctx, const struct row_key *, struct span value);
size_t core_write_back(struct core *, size_t rows_max, core_put_fn *, void *ctx, uint64_t *covered);
/* The transaction with all rows given so far is durable, and rows are read as it
 * left them. */
void core_landed(struct core *);
/* It failed and changed nothing: the rows are dirty again. */
void core_unlanded(struct core *);
/* Drops clean rows beyond the limits; call when nothing is borrowed. */
void core_evict(struct core *);

struct core_counts {
	uint64_t rooms_resident, memberships_resident, members_resident, blocks_resident;
	uint64_t dirty_rows, rooms, members, tenants, evicted;
};
void core_counts(const struct core *, struct core_counts *);

/* Steps and rows of whatever is asked from now on are charged to that meter, which
 * must live on; NULL: to nobody. */
void core_charge(struct core *, struct meter *);

/* ---- who asks -------------------------------------------------------------- */

struct core_call {
	struct span tenant;
	uint64_t now_us;    /* clamped to never go back */
	uint64_t random[2]; /* of an id the core makes */
};

/* Emits the start of a broker run; returns its number. */
uint64_t core_boot(struct core *, uint64_t now_us);
uint64_t core_run(const struct core *);

/* ---- rooms ----------------------------------------------------------------- */

struct core_member_spec {
	struct span id;
	uint8_t type;
	struct span name;
	struct span avatar;
};
struct core_member_change {
	struct span id;
	uint8_t type; /* 0: as it is */
	bool set_name, set_avatar;
	struct span name, avatar;
};
/* A type 2 message that goes with a change; body empty: none. */
struct core_notice {
	struct span body;
	struct span sender; /* empty: the system */
};
struct core_room_view {
	uint64_t no;
	struct span id, name;
	uint8_t state;
	bool open;
	uint32_t members;
	uint64_t last_seq, counted, created_us, active_us;
	uint64_t position; /* of the last record of the change, 0: none was made */
};

struct core_room_create {
	struct span id; /* empty: made from call.random */
	struct span name;
	bool open;
	const struct core_member_spec *members;
	size_t members_len;
	struct core_notice notice;
};
enum parlor_err core_room_create(struct core *, const struct core_call *,
				 const struct core_room_create *,
				 struct core_room_view *) PARLOR_MUST_CHECK;
enum parlor_err core_room_rename(struct core *, const struct core_call *, struct span room,
				 struct span name, const struct core_notice *,
				 struct core_room_view *) PARLOR_MUST_CHECK;
/* close, reopen or dissolve */
enum parlor_err core_room_set_state(struct core *, const struct core_call *, struct span room,
				    uint8_t state, const struct core_notice *,
				    struct core_room_view *) PARLOR_MUST_CHECK;
enum parlor_err core_room_show(struct core *, const struct core_call *, struct span room,
			       struct core_room_view *) PARLOR_MUST_CHECK;

/* ---- members: several in one request, all or none --------------------------- */

enum parlor_err core_members_add(struct core *, const struct core_call *, struct span room,
				 const struct core_member_spec *, size_t n,
				 const struct core_notice *,
				 struct core_room_view *) PARLOR_MUST_CHECK;
enum parlor_err core_members_remove(struct core *, const struct core_call *, struct span room,
				    const struct span *ids, size_t n, const struct core_notice *,
				    struct core_room_view *) PARLOR_MUST_CHECK;
enum parlor_err core_members_change(struct core *, const struct core_call *, struct span room,
				    const struct core_member_change *, size_t n,
				    const struct core_notice *,
				    struct core_room_view *) PARLOR_MUST_CHECK;

struct core_member_view {
	struct span id, name, avatar;
	uint8_t type;
	uint64_t read_seq, unread, joined_us, joined_seq;
};
typedef void core_member_fn(void *ctx, const struct core_member_view *);
/* By id, beginning behind `after`. */
enum parlor_err core_members_list(struct core *, const struct core_call *, struct span room,
				  struct span after, size_t limit, core_member_fn *, void *ctx,
				  bool *more) PARLOR_MUST_CHECK;

/* ---- messages --------------------------------------------------------------- */

struct core_post {
	struct span room, sender, client_id, body;
	uint8_t type;
	uint8_t content_type;
	const struct span *mentions;
	size_t mentions_len;
	bool repeat_only; /* nothing can be written: a new one is STORE_FULL */
};
struct core_posted {
	uint64_t room, seq, position, time_us;
};
/* The same client id again gives the same answer and emits nothing. */
enum parlor_err core_post(struct core *, const struct core_call *, const struct core_post *,
			  struct core_posted *) PARLOR_MUST_CHECK;
/* These posts come next: what they touch is fetched into the processor's cache,
 * as far as it is in memory. Only a hint. n <= CORE_EXPECTED_MAX, else nothing. */
#define CORE_EXPECTED_MAX 16
struct core_expected {
	struct span room, sender;
};
void core_expect(struct core *, struct span tenant, const struct core_expected *, size_t n);
/* posted->position: of the recall, 0 when it was recalled before. The body that
 * must go is in the record at the position that core_message tells. */
enum parlor_err core_recall(struct core *, const struct core_call *, struct span room, uint64_t seq,
			    struct span by, struct core_posted *) PARLOR_MUST_CHECK;

/* A page of history: the messages' places, bodies are in the journal. */
struct core_history {
	uint64_t room;  /* number */
	uint64_t from;  /* as asked, clamped */
	uint64_t floor; /* lowest seq the member may see */
	uint64_t last_seq;
};
enum parlor_err core_history(struct core *, const struct core_call *, struct span room,
			     struct span member, uint64_t from, bool backwards,
			     struct core_history *) PARLOR_MUST_CHECK;
enum parlor_err core_message(struct core *, uint64_t room, uint64_t seq,
			     struct row_message *) PARLOR_MUST_CHECK;

/* ---- reading ------------------------------------------------------------------ */

struct core_unread_view {
	uint64_t room, unread, read_seq, last_seq, position;
	bool mentioned;
};
/* seq 0: all. Never back. */
enum parlor_err core_read(struct core *, const struct core_call *, struct span room,
			  struct span member, uint64_t seq,
			  struct core_unread_view *) PARLOR_MUST_CHECK;
/* seq and all behind it become unread, as far as they ever counted for the member. */
enum parlor_err core_mark_unread(struct core *, const struct core_call *, struct span room,
				 struct span member, uint64_t seq,
				 struct core_unread_view *) PARLOR_MUST_CHECK;
enum parlor_err core_unread(struct core *, const struct core_call *, struct span room,
			    struct span member, struct core_unread_view *) PARLOR_MUST_CHECK;
enum parlor_err core_unread_total(struct core *, const struct core_call *, struct span member,
				  uint64_t *unread, uint64_t *rooms) PARLOR_MUST_CHECK;

struct core_conversation {
	struct span id, name;
	uint64_t room;
	uint8_t member_type, state;
	uint64_t unread, read_seq, last_seq, active_us, active_pos;
	uint64_t last_pos; /* of the last message's record, 0 while there is none */
	bool mentioned;
};
typedef void core_conversation_fn(void *ctx, const struct core_conversation *);
/* Last active first; cursor 0 or active_pos of the last one of the page before.
 * *cursor_out: 0 when there are no more. */
enum parlor_err core_list(struct core *, const struct core_call *, struct span member,
			  uint64_t cursor, size_t limit, core_conversation_fn *, void *ctx,
			  uint64_t *cursor_out) PARLOR_MUST_CHECK;

/* ---- members and fan-out -------------------------------------------------------- */

/* Number of a member, introducing it when unknown. */
enum parlor_err core_member_intern(struct core *, const struct core_call *, struct span id,
				   uint64_t *member) PARLOR_MUST_CHECK;
/* 0 when no such member. */
enum parlor_err core_member_find(struct core *, const struct core_call *, struct span id,
				 uint64_t *member) PARLOR_MUST_CHECK;
/* Emits nothing when it is so already. */
enum parlor_err core_presence_set(struct core *, const struct core_call *, uint64_t member,
				  uint8_t presence) PARLOR_MUST_CHECK;
enum parlor_err core_presence_get(struct core *, const struct core_call *, struct span id,
				  uint8_t *presence, uint64_t *last_seen_us) PARLOR_MUST_CHECK;
/* Rooms a member is in: number and position of joining. Rooms it left behind
 * position `after`: from joining to leaving. */
typedef void core_stay_fn(void *ctx, uint64_t room, uint64_t joined_pos, uint64_t left_pos);
enum parlor_err core_member_rooms(struct core *, uint64_t member, core_stay_fn *,
				  void *ctx) PARLOR_MUST_CHECK;
enum parlor_err core_member_formers(struct core *, uint64_t member, uint64_t after, core_stay_fn *,
				    void *ctx) PARLOR_MUST_CHECK;
/* Whether the room holds the member, for typing. *no may be used for fan-out. */
enum parlor_err core_room_check(struct core *, const struct core_call *, struct span room,
				struct span member, uint64_t *no) PARLOR_MUST_CHECK;
/* Names of numbers, for records read back from the journal. */
enum parlor_err core_tenant_id(struct core *, uint32_t tenant, struct span *id) PARLOR_MUST_CHECK;
enum parlor_err core_room_names(struct core *, uint64_t room,
				struct core_room_view *) PARLOR_MUST_CHECK;
/* Number of a tenant, 0 when unknown. */
enum parlor_err core_tenant_find(struct core *, struct span id, uint32_t *tenant) PARLOR_MUST_CHECK;

#endif
