#include "api/request.h"
#include "base/random.h"

#include "core/desk/room_side.h"
#include "core/message.h"
#include "turn/message.h"
#include "wire.h"

#include <parlor/fields.h>

_Static_assert((int)MESSAGE_TYPE_MESSAGE == (int)PARLOR__MESSAGE_TYPE__MESSAGE_MESSAGE &&
		       (int)MESSAGE_TYPE_NOTICE == (int)PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE,
	       "one is cast to the other");
_Static_assert((int)CONTENT_TYPE_MAX == (int)PARLOR__CONTENT_TYPE__CONTENT_CUSTOM,
	       "every content type may be posted, and no other");

/* ---- post ---------------------------------------------------------------------------------- */

static enum parlor_err read_post(struct request *a, const Parlor__Post *q, struct core_post *post)
{
	if (q->type < 0 || q->type > UINT8_MAX || q->content_type < 0 ||
	    q->content_type > UINT8_MAX || q->level < 0 || q->level > PARLOR__LEVEL__LEVEL_STORED)
		return PARLOR_E_VALUE;
	struct span *mentions;
	enum parlor_err err = request_spans(a, q->mentions, q->n_mentions,
					    a->broker->settings.core.mentions, &mentions);
	if (err)
		return err;
	*post = (struct core_post){
		.room = SPAN_TEXT(q->room),
		.sender = SPAN_TEXT(q->sender),
		.client_id = SPAN_TEXT(q->client_id),
		.body = SPAN_TEXT(q->body),
		.type = q->type ? (uint8_t)q->type : MESSAGE_TYPE_MESSAGE,
		.content_type = (uint8_t)q->content_type,
		.mentions = mentions,
		.mentions_len = q->n_mentions,
		.refusal = a->full ? PARLOR_E_STORE_FULL : PARLOR_E_OK,
	};
	return PARLOR_E_OK;
}

/* The acknowledgement waits until MySQL has the message. */
static enum parlor_err wait_stored(struct request *a, const struct core_posted *posted)
{
	struct pending_asker asker = request_asker(a);
	bool done;
	asker.seq = posted->seq;
	asker.position = posted->position;
	asker.time_us = posted->time_us;
	enum parlor_err err = sync_wait_topic(a->broker->sync, topic_room(posted->room),
					      posted->position, &asker, &done);
	a->later = !err && !done;
	return err;
}

/* Behind the end of a conversation a post may open another, which takes an id and space. */
static enum parlor_err post_anew(struct request *a, const struct core_post *post,
				 struct core_posted *posted)
{
	enum parlor_err err = random_bytes(a->call.random, sizeof a->call.random);
	if (!err)
		err = request_reserve_settling(a->broker);
	return err ? err : core_desk_post(a->broker->core, &a->call, post, posted);
}

static enum parlor_err op_post(struct request *a)
{
	const Parlor__Post *q = a->request->post;
	struct core_post post;
	struct core_posted posted;
	bool stored = q->level == PARLOR__LEVEL__LEVEL_STORED;
	/* Refused before it is posted: afterwards it could only be answered late. */
	enum parlor_err err = stored ? request_may_wait(a) : PARLOR_E_OK;
	if (!err)
		err = read_post(a, q, &post);
	if (!err)
		err = core_post(a->broker->core, &a->call, &post, &posted);
	if (err == PARLOR_E_CONVERSATION_CLOSED)
		err = post_anew(a, &post, &posted);
	if (!err && stored)
		err = wait_stored(a, &posted);
	if (err)
		return err;
	a->broker->counts.posts++;
	if (!a->later)
		reply_put_posted(a->broker, a->session, a->request->id, posted.seq, posted.position,
				 posted.time_us);
	a->done = true;
	return PARLOR_E_OK;
}

static enum parlor_err op_recall(struct request *a)
{
	const Parlor__Recall *q = a->request->recall;
	struct broker *b = a->broker;
	struct core_posted posted;
	struct row_message msg;
	enum parlor_err err = core_recall_check(b->core, &a->call, SPAN_TEXT(q->room), q->seq,
						SPAN_TEXT(q->by), &msg);
	/* Nobody could take the body out of a damaged record. */
	if (!err && !msg.recalled)
		err = message_check(&b->commit, msg.position);
	if (!err)
		err = core_recall(b->core, &a->call, SPAN_TEXT(q->room), q->seq, SPAN_TEXT(q->by),
				  &posted);
	if (err)
		return err;
	if (posted.position)
		turn_recall_body(&b->commit.turn, msg.position);
	request_done(a, posted.position);
	return PARLOR_E_OK;
}

/* ---- history: pages put together from stored bytes ---------------------------------------------
 */

static enum parlor_err put_message(struct broker *b, struct buf *page, struct buf *message,
				   const struct row_message *row)
{
	buf_clear(message);
	enum parlor_err err = message_put(&b->commit, message, row, SIZE_MAX);
	if (!err)
		wire_put_bytes_field(page, PB_HISTORY_PAGE_MESSAGES, buf_span(message));
	return err;
}

struct history_walk {
	struct core_history place;
	bool backwards;
	uint64_t at;
	size_t left;
};

static bool in_range(const struct history_walk *w)
{
	return w->left && w->at >= w->place.first_seq && w->at <= w->place.last_seq && w->at > 0;
}

static void step(struct history_walk *w)
{
	w->at = w->backwards ? w->at - 1 : w->at + 1;
	w->left--;
}

static enum parlor_err put_hot(struct request *a, struct history_walk *w, bool *archive)
{
	struct broker *b = a->broker;
	struct buf page = {0}, message = {0};
	enum parlor_err err = PARLOR_E_OK;
	size_t n = 0;
	*archive = false;
	size_t most = request_page_bytes(a);
	while (in_range(w) && page.len < most) {
		struct row_message row;
		err = core_message(b->core, w->place.room, w->at, &row);
		if (!err && row.position < store_first(b->store)) {
			*archive = n == 0;
			break;
		}
		if (!err)
			err = put_message(b, &page, &message, &row);
		if (err)
			break;
		n++;
		step(w);
	}
	if (!err && !*archive) {
		bool more = w->at >= w->place.first_seq && w->at <= w->place.last_seq && w->at > 0;
		wire_put_varint_field(&page, PB_HISTORY_PAGE_MORE, more);
		reply_put_page(b, a->session, a->request->id, core_position(b->core),
			       PB_REPLY_HISTORY, buf_span(&page));
		a->done = true;
	}
	buf_fini(&page);
	buf_fini(&message);
	return err;
}

/* How many messages from here on are in the archive: a page is never mixed. */
static size_t archive_run(struct broker *b, struct history_walk w)
{
	size_t n = 0;
	struct row_message row;
	while (in_range(&w) && core_message(b->core, w.place.room, w.at, &row) == PARLOR_E_OK &&
	       row.position < store_first(b->store)) {
		n++;
		step(&w);
	}
	return n;
}

static enum parlor_err query_archive(struct request *a, const struct history_walk *w)
{
	struct broker *b = a->broker;
	struct pending_asker asker = request_asker(a);
	if (a->session->tenant->pending.len[PENDING_ARCHIVE] >= b->settings.tenant_queries) {
		b->counts.queries_refused++;
		return PARLOR_E_BUSY;
	}
	enum parlor_err err = request_may_wait(a);
	if (err)
		return err;
	size_t run = archive_run(b, *w);
	/* What lies behind the run is there too: the page says so. */
	uint64_t end = w->backwards ? w->at - run + 1 : w->at + run - 1;
	asker.more = w->backwards ? end > w->place.first_seq : end < w->place.last_seq;
	asker.expected = run;
	struct sync_query query = {.tenant = a->session->tenant->id,
				   .room = SPAN_TEXT(a->request->history->room),
				   .from = w->at,
				   .backwards = w->backwards,
				   .limit = (uint32_t)run,
				   .bytes = (uint32_t)b->settings.page_bytes,
				   .floor = w->place.first_seq};
	err = sync_archive(b->sync, &query, &asker, b->now_us);
	a->later = !err;
	return err;
}

static enum parlor_err op_history(struct request *a)
{
	const Parlor__History *q = a->request->history;
	struct history_walk w = {.backwards = q->backwards, .left = request_limit(a, q->limit)};
	bool archive;
	enum parlor_err err = core_history(a->broker->core, &a->call, SPAN_TEXT(q->room),
					   SPAN_TEXT(q->member), q->from, q->backwards, &w.place);
	if (err)
		return err;
	w.at = w.place.from;
	err = put_hot(a, &w, &archive);
	/* What was trimmed is in no database. */
	if (!err && archive && a->broker->settings.without_mysql)
		return PARLOR_E_NOT_FOUND;
	if (!err && archive)
		err = query_archive(a, &w);
	return err;
}

void reply_put_archive(struct broker *b, const struct pending_asker *to,
		       const Parlor__ArchivePage *archive)
{
	struct buf page = {0};
	if (archive->n_messages == 0) {
		reply_refuse(b, to->session, to->request_id, PARLOR_E_WORKER,
			     "the database lacks these messages");
		return;
	}
	for (size_t i = 0; i < archive->n_messages; i++)
		wire_put_field(&page, PB_HISTORY_PAGE_MESSAGES, &archive->messages[i]->base);
	bool more = to->more || archive->more || archive->n_messages < to->expected;
	wire_put_varint_field(&page, PB_HISTORY_PAGE_MORE, more);
	reply_put_page(b, to->session, to->request_id, 0, PB_REPLY_HISTORY, buf_span(&page));
	buf_fini(&page);
}

static const struct request_kind kinds[] = {
	REQUEST(POST, NEEDS_SESSION | TRIES_SPACE, op_post, POSTED),
	REQUEST(RECALL, NEEDS_SESSION | NEEDS_SPACE, op_recall, DONE),
	REQUEST(HISTORY, NEEDS_SESSION, op_history, HISTORY),
};
const struct request_noun message_requests = REQUEST_NOUN(kinds);
