#include "fanout/subscribers.h"

#include "core/engine/large_table.h"
#include "fanout/session.h"

#include "base/pool.h"

#include <assert.h>
#include <stdlib.h>

#define LARGE_TABLE_LOG2 18U

/* An entry and the slot in its session's list know each other's index, so that
 * each end finds the other without a search, and both lists stay dense: what is
 * removed is replaced by the last one. */
struct subscribers_topic {
	UT_hash_handle hh;
	uint64_t key; /* topic_key */
	struct subscribers_entry *entries;
	uint32_t len;
	uint32_t cap;
	struct subscribers_entry only; /* entries, as long as there is but one */
};

/* Slots of a session, which may have a million: none is moved but in the first block as that
 * grows. */
#define BLOCK_SLOTS 1024

struct subscribers {
	struct subscribers_topic *topics;
	struct pool pool; /* of topics */
	uint64_t entries, reserved;
	uint64_t entries_max, tenant_max;
	uint64_t shares_full;
	uint64_t looks;
};

struct subscribers *subscribers_new(uint64_t entries_max, uint64_t tenant_max)
{
	struct subscribers *a = mem_new(sizeof *a);
	a->entries_max = entries_max;
	a->tenant_max = tenant_max;
	return a;
}

static void topic_free(struct subscribers *a, struct subscribers_topic *t)
{
	HASH_DEL(a->topics, t);
	if (t->entries != &t->only)
		free(t->entries);
	pool_put(&a->pool, t);
}

void subscribers_free(struct subscribers *a)
{
	if (!a)
		return;
	assert(!a->topics);
	pool_fini(&a->pool);
	free(a);
}

unsigned subscribers_hash(struct topic topic)
{
	unsigned hash;
	uint64_t key = topic_key(topic);
	HASH_VALUE(&key, sizeof key, hash);
	return hash;
}

static struct subscribers_topic *topic_find_hashed(const struct subscribers *a, struct topic topic,
						   unsigned hash)
{
	struct subscribers_topic *t;
	uint64_t key = topic_key(topic);
	HASH_FIND_BYHASHVALUE(hh, a->topics, &key, sizeof key, hash, t);
	return t;
}

static struct subscribers_topic *topic_find(const struct subscribers *a, struct topic topic)
{
	return topic_find_hashed(a, topic, subscribers_hash(topic));
}

#define BUCKET(a, hash) \
	(&(a)->topics->hh.tbl->buckets[(hash) & ((a)->topics->hh.tbl->num_buckets - 1)])

void subscribers_prefetch(const struct subscribers *a, unsigned hash, enum subscribers_step step)
{
	if (!a->topics)
		return;
	const UT_hash_bucket *bucket = BUCKET(a, hash);
	if (step == SUBSCRIBERS_BUCKET) {
		__builtin_prefetch(bucket);
		return;
	}
	/* A chain is short: its first topic is most likely the one. */
	if (!bucket->hh_head)
		return;
	const struct subscribers_topic *t = ELMT_FROM_HH(a->topics->hh.tbl, bucket->hh_head);
	if (step == SUBSCRIBERS_TOPIC) {
		__builtin_prefetch(t);
		__builtin_prefetch(&t->key);
	} else {
		__builtin_prefetch(t->entries);
		__builtin_prefetch((const char *)t->entries + 64);
	}
}

static struct subscribers_topic *topic_make(struct subscribers *a, struct topic topic)
{
	struct subscribers_topic *t = pool_get(&a->pool, sizeof *t);
	t->key = topic_key(topic);
	t->entries = &t->only;
	t->cap = 1;
	HASH_ADD(hh, a->topics, key, sizeof t->key, t);
	return t;
}

static struct subscribers_slot *slot_at(const struct subscribers_topics *mine, uint32_t slot)
{
	return &mine->blocks[slot / BLOCK_SLOTS][slot % BLOCK_SLOTS];
}

/* The session's entry in the topic or NULL, by the shorter of the two lists. The last ones
 * first: of many members that join a room each finds what the one before it has made. */
static struct subscribers_entry *
entry_find(struct subscribers *a, const struct subscribers_topic *t, const struct session *session)
{
	const struct subscribers_topics *mine = &session->topics;
	if (mine->len < t->len) {
		for (uint32_t i = mine->len; i > 0; i--, a->looks++)
			if (slot_at(mine, i - 1)->topic == t)
				return &t->entries[slot_at(mine, i - 1)->at];
		return NULL;
	}
	for (uint32_t i = t->len; i > 0; i--, a->looks++)
		if (t->entries[i - 1].session == session)
			return &t->entries[i - 1];
	return NULL;
}

static uint32_t grown(uint32_t cap)
{
	return cap ? cap + cap / 2 + 1 : 2;
}

static void grow_entries(struct subscribers_topic *t)
{
	bool only = t->entries == &t->only;
	t->cap = grown(t->cap);
	t->entries = mem_resize(only ? NULL : t->entries, t->cap, sizeof *t->entries);
	if (only)
		t->entries[0] = t->only;
}

static void grow_slots(struct subscribers_topics *mine)
{
	uint32_t block = mine->cap / BLOCK_SLOTS, len = mine->cap % BLOCK_SLOTS;
	uint32_t cap = block ? BLOCK_SLOTS : grown(len);
	if (cap > BLOCK_SLOTS)
		cap = BLOCK_SLOTS;
	/* Room for as many blocks again. */
	if (len == 0 && (block & (block - 1)) == 0)
		mine->blocks =
			mem_resize(mine->blocks, block ? 2 * block : 1, sizeof *mine->blocks);
	mine->blocks[block] =
		mem_resize(len ? mine->blocks[block] : NULL, cap, sizeof **mine->blocks);
	mine->cap = block * BLOCK_SLOTS + cap;
}

/* The last slot: its block goes with the first of it. */
static void slot_pop(struct subscribers_topics *mine)
{
	if (--mine->len % BLOCK_SLOTS)
		return;
	mine->cap = mine->len;
	free(mine->blocks[mine->len / BLOCK_SLOTS]);
	if (mine->len)
		return;
	free(mine->blocks);
	*mine = (struct subscribers_topics){0};
}

static void entry_make(struct subscribers *a, struct subscribers_topic *t, struct session *session,
		       uint64_t since)
{
	struct subscribers_topics *mine = &session->topics;
	if (t->len == t->cap)
		grow_entries(t);
	if (mine->len == mine->cap)
		grow_slots(mine);
	t->entries[t->len] = (struct subscribers_entry){
		.session = session, .since = since, .refs = 1, .slot = mine->len};
	*slot_at(mine, mine->len++) = (struct subscribers_slot){.topic = t, .at = t->len++};
	a->entries++;
	a->shares_full += ++session->tenant->entries == a->tenant_max;
}

/* Takes the slot out of its session's list. */
static void slot_remove(struct session *session, uint32_t slot)
{
	struct subscribers_topics *mine = &session->topics;
	struct subscribers_slot last = *slot_at(mine, mine->len - 1);
	if (slot != mine->len - 1) {
		*slot_at(mine, slot) = last;
		last.topic->entries[last.at].slot = slot;
	}
	slot_pop(mine);
}

/* Takes the entry out of its topic, and the topic out of the table with its last. */
static void entry_remove(struct subscribers *a, struct subscribers_topic *t, uint32_t at)
{
	struct subscribers_entry last = t->entries[--t->len];
	t->entries[at].session->tenant->entries--;
	if (at != t->len) {
		t->entries[at] = last;
		slot_at(&last.session->topics, last.slot)->at = at;
	}
	a->entries--;
	if (t->len == 0)
		topic_free(a, t);
}

/* NULL when the session does not listen to the topic (*t, NULL: nobody does). */
static struct subscribers_entry *look_up(struct subscribers *a, struct topic topic,
					 const struct session *session,
					 struct subscribers_topic **t)
{
	*t = topic_find(a, topic);
	return *t ? entry_find(a, *t, session) : NULL;
}

static enum parlor_err add(struct subscribers *a, struct topic topic, struct session *session,
			   uint64_t since, bool beyond)
{
	struct subscribers_topic *t;
	struct subscribers_entry *entry = look_up(a, topic, session, &t);
	if (entry) {
		entry->refs++;
		if (since < entry->since)
			entry->since = since;
		return PARLOR_E_OK;
	}
	if (!beyond && !subscribers_left(a, session))
		return PARLOR_E_TOO_MANY;
	if (!t)
		t = topic_make(a, topic);
	entry_make(a, t, session, since);
	return PARLOR_E_OK;
}

enum parlor_err subscribers_add(struct subscribers *a, struct topic topic, struct session *session,
				uint64_t since)
{
	return add(a, topic, session, since, false);
}

void subscribers_put(struct subscribers *a, struct topic topic, struct session *session,
		     uint64_t since)
{
	enum parlor_err err = add(a, topic, session, since, true);
	assert(!err);
}

enum parlor_err subscribers_reserve(struct subscribers *a, struct session *session, uint64_t n)
{
	if (n > subscribers_left(a, session))
		return PARLOR_E_TOO_MANY;
	a->reserved += n;
	session->tenant->entries_reserved += n;
	return PARLOR_E_OK;
}

void subscribers_unreserve(struct subscribers *a, struct session *session, uint64_t n)
{
	assert(session->tenant->entries_reserved >= n);
	a->reserved -= n;
	session->tenant->entries_reserved -= n;
}

bool subscribers_drop(struct subscribers *a, struct topic topic, struct session *session)
{
	struct subscribers_topic *t;
	struct subscribers_entry *entry = look_up(a, topic, session, &t);
	if (!entry)
		return false;
	if (--entry->refs == 0) {
		uint32_t slot = entry->slot;
		entry_remove(a, t, (uint32_t)(entry - t->entries));
		slot_remove(session, slot);
	}
	return true;
}

void subscribers_drop_session(struct subscribers *a, struct session *session, uint32_t max)
{
	struct subscribers_topics *mine = &session->topics;
	for (; mine->len && max > 0; max--) {
		const struct subscribers_slot *last = slot_at(mine, mine->len - 1);
		entry_remove(a, last->topic, last->at);
		slot_pop(mine);
	}
}

void subscribers_drop_topic(struct subscribers *a, struct topic topic)
{
	struct subscribers_topic *t = topic_find(a, topic);
	if (!t)
		return;
	for (uint32_t i = 0; i < t->len; i++) {
		t->entries[i].session->tenant->entries--;
		slot_remove(t->entries[i].session, t->entries[i].slot);
	}
	a->entries -= t->len;
	topic_free(a, t);
}

const struct subscribers_entry *subscribers_of_hashed(const struct subscribers *a,
						      struct topic topic, unsigned hash, size_t *n)
{
	const struct subscribers_topic *t = topic_find_hashed(a, topic, hash);
	*n = t ? t->len : 0;
	return t ? t->entries : NULL;
}

const struct subscribers_entry *subscribers_of(const struct subscribers *a, struct topic topic,
					       size_t *n)
{
	return subscribers_of_hashed(a, topic, subscribers_hash(topic), n);
}

bool subscribers_since(struct subscribers *a, struct topic topic, const struct session *session,
		       uint64_t *since)
{
	struct subscribers_topic *t;
	const struct subscribers_entry *entry = look_up(a, topic, session, &t);
	if (!entry)
		return false;
	*since = entry->since;
	return true;
}

uint64_t subscribers_entries(const struct subscribers *a)
{
	return a->entries;
}

static uint64_t less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

uint64_t subscribers_left(const struct subscribers *a, const struct session *session)
{
	const struct session_tenant *tenant = session->tenant;
	uint64_t all = less(a->entries_max, a->entries + a->reserved);
	uint64_t mine = less(a->tenant_max, tenant->entries + tenant->entries_reserved);
	return mine < all ? mine : all;
}

bool subscribers_over_limit(const struct subscribers *a, const struct session *session)
{
	const struct session_tenant *tenant = session->tenant;
	return a->entries + a->reserved > a->entries_max ||
	       tenant->entries + tenant->entries_reserved > a->tenant_max;
}

uint64_t subscribers_shares_full(const struct subscribers *a)
{
	return a->shares_full;
}

uint64_t subscribers_looks(const struct subscribers *a)
{
	return a->looks;
}
