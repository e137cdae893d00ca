#include "api/request.h"

#include "core/desk/desk.h"
#include "wire.h"

#include <parlor/fields.h>

#include <assert.h>
#include <string.h>

/* ---- replies ------------------------------------------------------------------------ */

void reply_put(struct broker *b, struct session *s, const Parlor__Reply *reply)
{
	wire_put_field(replies_begin(&b->commit.turn.replies), PB_FROM_BROKER_REPLIES,
		       &reply->base);
	replies_end(&b->commit.turn.replies, s->out);
}

/* By hand: of all replies this one is given a hundred thousand times a second. */
void reply_put_posted(struct broker *b, struct session *s, uint64_t id, uint64_t seq,
		      uint64_t position, uint64_t time_us)
{
	uint8_t posted_bytes[3 * WIRE_FIELD_MAX];
	uint8_t reply_bytes[2 * WIRE_FIELD_MAX + sizeof posted_bytes];
	struct buf posted = BUF_ON(posted_bytes), reply = BUF_ON(reply_bytes);
	wire_put_varint_field(&posted, PB_POSTED_SEQ, seq);
	wire_put_varint_field(&posted, PB_POSTED_POSITION, position);
	wire_put_varint_field(&posted, PB_POSTED_TIME_US, time_us);
	wire_put_varint_field(&reply, PB_REPLY_ID, id);
	wire_put_bytes_field(&reply, PB_REPLY_POSTED, buf_span(&posted));
	wire_put_bytes_field(replies_begin(&b->commit.turn.replies), PB_FROM_BROKER_REPLIES,
			     buf_span(&reply));
	replies_end(&b->commit.turn.replies, s->out);
}

void reply_put_page(struct broker *b, struct session *s, uint64_t id, uint64_t as_of,
		    uint32_t result, struct span page)
{
	uint8_t bytes[4 * WIRE_FIELD_MAX];
	struct buf *out = replies_begin(&b->commit.turn.replies);
	/* What stands before the page; a page is large, and copied once. */
	struct buf head = BUF_ON(bytes);
	wire_put_varint_field(&head, PB_REPLY_ID, id);
	wire_put_varint_field(&head, PB_REPLY_AS_OF, as_of);
	buf_put_varint(&head, result << 3 | 2);
	buf_put_varint(&head, page.len);
	buf_put_varint(out, PB_FROM_BROKER_REPLIES << 3 | 2);
	buf_put_varint(out, head.len + page.len);
	buf_put(out, head.data, head.len);
	buf_put(out, page.data, page.len);
	replies_end(&b->commit.turn.replies, s->out);
}

static void refusal(Parlor__Reply *reply, uint64_t id, int code, const char *text)
{
	parlor__reply__init(reply);
	reply->id = id;
	reply->code = (uint32_t)code;
	reply->text = (char *)(uintptr_t)(text && *text ? text : parlor_err_text(code));
	reply->retry = parlor_err_retryable(code);
}

void reply_refuse(struct broker *b, struct session *s, uint64_t id, int code, const char *text)
{
	Parlor__Reply reply;
	refusal(&reply, id, code, text);
	b->counts.refused++;
	reply_put(b, s, &reply);
}

bool reply_refuse_stranger(struct broker *b, struct span routing, uint64_t id, int code,
			   const char *text)
{
	Parlor__Reply reply;
	refusal(&reply, id, code, text);
	b->counts.refused++;
	buf_clear(&b->scratch);
	wire_put_field(&b->scratch, PB_FROM_BROKER_REPLIES, &reply.base);
	/* Dropped when too many such replies are unread; it is counted there. */
	return outbox_send(b->outbox, routing, buf_span(&b->scratch));
}

/* ---- what one costs -------------------------------------------------------------------- */

/* What the records of a request take, against its own bytes. */
#define RECORDS_PER_NAME 10

/* Of a conversation that is opened, closed or passed on, and of the pairs that are made then. */
#define SETTLE_BYTES (8192 + CORE_DESK_PAIRS * 1024)

enum parlor_err request_reserve_settling(struct broker *b)
{
	return commit_reserve(&b->commit, SETTLE_BYTES);
}

void request_settle(struct broker *b)
{
	const struct commit *c = &b->commit;
	struct core_call call = {.now_us = c->wall_us, .served_us = c->served_us};
	if (core_desk_woken(b->core) && !request_reserve_settling(b))
		core_desk_settle(b->core, &call);
}

size_t request_cost(const struct request *a)
{
	if (a->kind->needs & SETTLES)
		return a->bytes + SETTLE_BYTES;
	if (!(a->kind->needs & NAMES_MANY))
		return a->bytes;
	return a->bytes + RECORDS_PER_NAME * protobuf_c_message_get_packed_size(&a->request->base);
}

/* ---- what handlers use --------------------------------------------------------------- */

bool request_is_operator(const struct request *a)
{
	return auth_tenant_allowed(a->broker->auth, a->user, SPAN_TEXT("*"));
}

/* What a result takes, without what it points to. */
#define RESULT_BYTES_MAX 512

void request_begin(struct request *a)
{
	arena_clear(&a->broker->reply_arena);
	a->result = request_memory(a, RESULT_BYTES_MAX);
	assert(a->result);
	parlor__reply__init(&a->reply);
	a->reply.id = a->request->id;
}

void *request_result(struct request *a)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
		&parlor__reply__descriptor, (unsigned)a->kind->reply);
	const ProtobufCMessageDescriptor *type = field->descriptor;
	assert(type->sizeof_message <= RESULT_BYTES_MAX);
	protobuf_c_message_init(type, a->result);
	a->reply.result_case = a->kind->reply;
	memcpy((char *)&a->reply + field->offset, &a->result, sizeof a->result);
	return a->result;
}

void *request_memory(struct request *a, size_t size)
{
	return arena_get(&a->broker->reply_arena, size);
}

enum parlor_err request_spans(struct request *a, char *const *texts, size_t n, size_t max,
			      struct span **out)
{
	if (n > max)
		return PARLOR_E_TOO_MANY;
	*out = request_memory(a, n * sizeof **out + 1);
	for (size_t i = 0; *out && i < n; i++)
		(*out)[i] = SPAN_TEXT(texts[i]);
	return *out ? PARLOR_E_OK : PARLOR_E_NO_MEMORY;
}

char *request_text(struct request *a, struct span text)
{
	char *copy = request_memory(a, text.len + 1);
	if (!copy)
		return NULL;
	if (text.len)
		memcpy(copy, text.data, text.len);
	copy[text.len] = 0;
	return copy;
}

char **request_texts(struct request *r, struct span texts, size_t *n)
{
	const char *at = texts.data, *end = at + texts.len;
	char **list;
	*n = 0;
	for (const char *c = at; c < end; c += strlen(c) + 1)
		++*n;
	list = request_memory(r, *n * sizeof *list);
	for (size_t i = 0; list && i < *n; i++, at += strlen(at) + 1)
		list[i] = (char *)(uintptr_t)at;
	return list;
}

enum parlor_err request_may_wait(struct request *a)
{
	const struct settings *s = &a->broker->settings;
	if (a->session->pending.len < s->session_waiting &&
	    pending_shared(&a->session->tenant->pending) < s->tenant_waiting)
		return PARLOR_E_OK;
	a->broker->counts.waits_refused++;
	return PARLOR_E_BUSY;
}

struct pending_asker request_asker(const struct request *a)
{
	return (struct pending_asker){.list = &a->session->pending,
				      .share = &a->session->tenant->pending,
				      .session = a->session,
				      .request_id = a->request->id};
}

void request_forget(struct broker *b, struct session *s)
{
	while (s->pending.first)
		sync_cancel(b->sync, s->pending.first);
}

void request_done(struct request *a, uint64_t position)
{
	Parlor__Done *done = request_result(a);
	done->position = position;
	done->time_us = position ? core_time(a->broker->core) : 0;
}

/* Where nothing is queued a reply is made whatever space there is: a small one. */
static size_t reply_space(const struct request *a)
{
	size_t space = outbox_space(a->broker->outbox, a->session->out);
	return space < OUTBOX_REPLY_SPACE ? OUTBOX_REPLY_SPACE : space;
}

size_t request_page_bytes(const struct request *a)
{
	size_t space = reply_space(a);
	size_t most = a->broker->settings.page_bytes;
	return space < most ? space : most;
}

/* What an item of a list takes, about. */
#define ITEM_BYTES 1024
_Static_assert(OUTBOX_REPLY_SPACE >= ITEM_BYTES, "a page has an item");

uint64_t request_limit(const struct request *a, uint32_t wanted)
{
	uint64_t page = a->broker->settings.core.page;
	uint64_t limit = wanted == 0 || wanted > page ? page : wanted;
	uint64_t fit = reply_space(a) / ITEM_BYTES;
	return limit < fit ? limit : fit;
}
