#include "frames.h"

#include "wire.h"

#include <parlor/parlor.pb-c.h>
#include <parlor/worker.pb-c.h>

/* Generated structs hold char *, though encoding only reads. */
#define TEXT(s) ((char *)(s))

static void put_request(struct buf *b, Parlor__Request *request)
{
	Parlor__ToBroker frame = PARLOR__TO_BROKER__INIT;
	frame.requests = &request;
	frame.n_requests = 1;
	wire_put(b, &frame.base);
}

static void put_hello(struct buf *b)
{
	char *members[] = {TEXT("agent-1"), TEXT("agent-2"), TEXT("客服小李")};
	Parlor__Hello hello = PARLOR__HELLO__INIT;
	hello.version = 1;
	hello.tenant = TEXT("acme");
	hello.client = TEXT("gateway");
	hello.members = members;
	hello.n_members = 3;
	hello.resume = true;
	hello.journal = UINT64_C(0xfedcba9876543210);
	hello.position = 300;
	hello.credit = 4096;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	request.id = 1;
	request.op_case = PARLOR__REQUEST__OP_HELLO;
	request.hello = &hello;
	put_request(b, &request);
}

static void put_post(struct buf *b)
{
	char *mentions[] = {TEXT("agent-2")};
	Parlor__Post post = PARLOR__POST__INIT;
	post.room = TEXT("room-7");
	post.sender = TEXT("visitor-9");
	post.client_id = TEXT("c-0001");
	post.type = PARLOR__MESSAGE_TYPE__MESSAGE_MESSAGE;
	post.content_type = PARLOR__CONTENT_TYPE__CONTENT_IMAGE;
	post.body = TEXT("你好, café 👋");
	post.mentions = mentions;
	post.n_mentions = 1;
	post.level = PARLOR__LEVEL__LEVEL_STORED;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	request.id = 2;
	request.op_case = PARLOR__REQUEST__OP_POST;
	request.post = &post;
	put_request(b, &request);
}

static void put_posted(struct buf *b)
{
	Parlor__Posted posted = PARLOR__POSTED__INIT;
	posted.seq = 12;
	posted.position = 123456789;
	posted.time_us = UINT64_C(1700000000000000);
	Parlor__Reply reply = PARLOR__REPLY__INIT;
	reply.id = 2;
	reply.result_case = PARLOR__REPLY__RESULT_POSTED;
	reply.posted = &posted;
	Parlor__Reply *replies[] = {&reply};
	Parlor__FromBroker frame = PARLOR__FROM_BROKER__INIT;
	frame.replies = replies;
	frame.n_replies = 1;
	wire_put(b, &frame.base);
}

static void put_listed(struct buf *b)
{
	Parlor__InboxRoom room = PARLOR__INBOX_ROOM__INIT;
	room.room = TEXT("room-7");
	room.state = PARLOR__ROOM_STATE__ROOM_OPEN;
	room.unread = 1;
	room.last_seq = 12;
	Parlor__InboxRoom *items[] = {&room};
	Parlor__InboxPage page = PARLOR__INBOX_PAGE__INIT;
	page.items = items;
	page.n_items = 1;
	Parlor__Reply reply = PARLOR__REPLY__INIT;
	reply.id = 3;
	reply.as_of = 123456789;
	reply.result_case = PARLOR__REPLY__RESULT_LIST;
	reply.list = &page;
	Parlor__Reply *replies[] = {&reply};
	Parlor__FromBroker frame = PARLOR__FROM_BROKER__INIT;
	frame.replies = replies;
	frame.n_replies = 1;
	wire_put(b, &frame.base);
}

/* An offer, as desk_why answers it. */
static void put_steps(struct buf *b)
{
	Parlor__Conversation conversation = PARLOR__CONVERSATION__INIT;
	conversation.no = 70001;
	conversation.conversation = TEXT("c-1");
	conversation.state = PARLOR__CONVERSATION_STATE__CONVERSATION_OFFERED;
	conversation.position = 123456789;
	Parlor__Offer offer = PARLOR__OFFER__INIT;
	offer.offer = 8812;
	offer.agent = TEXT("客服小李");
	offer.why = PARLOR__OFFER_WHY__WHY_STRATEGY;
	offer.expires_ms = 20000;
	Parlor__Decision decision = PARLOR__DECISION__INIT;
	decision.strategy = PARLOR__DESK_STRATEGY__STRATEGY_MOST_IDLE;
	decision.why = PARLOR__OFFER_WHY__WHY_STRATEGY;
	decision.ready = 3;
	decision.score = 1;
	decision.of = 10;
	decision.second_seat = 12;
	decision.second_score = 2;
	decision.second_of = 10;
	decision.full = 5;
	decision.place = 4;
	decision.second_agent = TEXT("chen");
	Parlor__ConversationChanged change = PARLOR__CONVERSATION_CHANGED__INIT;
	change.conversation = &conversation;
	change.offer = &offer;
	change.decision = &decision;
	change.before = 123456700;
	Parlor__Event event = PARLOR__EVENT__INIT;
	event.position = 123456789;
	event.time_us = UINT64_C(1700000000000000);
	event.room = TEXT("room-7");
	event.kind_case = PARLOR__EVENT__KIND_OFFER;
	event.offer = &change;
	Parlor__Event *events[] = {&event};
	Parlor__DeskSteps steps = PARLOR__DESK_STEPS__INIT;
	steps.steps = events;
	steps.n_steps = 1;
	steps.more = true;
	steps.before = 123456700;
	Parlor__Reply reply = PARLOR__REPLY__INIT;
	reply.id = 4;
	reply.as_of = 123456790;
	reply.result_case = PARLOR__REPLY__RESULT_STEPS;
	reply.steps = &steps;
	Parlor__Reply *replies[] = {&reply};
	Parlor__FromBroker frame = PARLOR__FROM_BROKER__INIT;
	frame.replies = replies;
	frame.n_replies = 1;
	wire_put(b, &frame.base);
}

/* The message of put_post as sessions see it. */
static void make_event(Parlor__Event *event, Parlor__Message *message)
{
	static char *mentions[] = {TEXT("agent-2")};
	parlor__message__init(message);
	message->seq = 12;
	message->sender = TEXT("visitor-9");
	message->sender_name = TEXT("Ann");
	message->sender_avatar = TEXT("https://example.com/a.png");
	message->type = PARLOR__MESSAGE_TYPE__MESSAGE_MESSAGE;
	message->content_type = PARLOR__CONTENT_TYPE__CONTENT_IMAGE;
	message->body = TEXT("你好, café 👋");
	message->client_id = TEXT("c-0001");
	message->mentions = mentions;
	message->n_mentions = 1;
	parlor__event__init(event);
	event->position = 123456789;
	event->time_us = UINT64_C(1700000000000000);
	event->room = TEXT("room-7");
	event->kind_case = PARLOR__EVENT__KIND_POSTED;
	event->posted = message;
}

static void put_event(struct buf *b)
{
	Parlor__Message message;
	Parlor__Event event;
	make_event(&event, &message);
	Parlor__Event *events[] = {&event};
	Parlor__FromBroker frame = PARLOR__FROM_BROKER__INIT;
	frame.events = events;
	frame.n_events = 1;
	wire_put(b, &frame.base);
}

static void put_batch(struct buf *b)
{
	Parlor__Message message;
	Parlor__Event event;
	make_event(&event, &message);
	Parlor__SyncRecord record = PARLOR__SYNC_RECORD__INIT;
	record.kind = PARLOR__RECORD_KIND__RECORD_POSTED;
	record.tenant = TEXT("acme");
	record.counted = 11;
	record.seen = 4;
	record.members = 3;
	record.event = &event;
	record.topic_kind = PARLOR__TOPIC_KIND__TOPIC_ROOM;
	record.topic = TEXT("room-7");
	Parlor__SyncRecord boot = PARLOR__SYNC_RECORD__INIT;
	boot.kind = PARLOR__RECORD_KIND__RECORD_BOOT;
	Parlor__SyncRecord *records[] = {&boot, &record};
	Parlor__Batch batch = PARLOR__BATCH__INIT;
	batch.partition = 5;
	batch.epoch = 7;
	batch.after = 123456000;
	batch.upto = 123456789;
	batch.digest = 0x0123456789ABCDEF;
	batch.records = records;
	batch.n_records = 2;
	Parlor__ToWorker frame = PARLOR__TO_WORKER__INIT;
	frame.op_case = PARLOR__TO_WORKER__OP_BATCH;
	frame.batch = &batch;
	wire_put(b, &frame.base);
}

static void put_worker_welcome(struct buf *b)
{
	Parlor__Ancestor parent = PARLOR__ANCESTOR__INIT, grandparent = PARLOR__ANCESTOR__INIT;
	parent.broker_id = 0x7EDCBA9876543213;
	parent.position = 123456789;
	grandparent.broker_id = 0x7EDCBA9876543215;
	grandparent.position = 1001;
	Parlor__Ancestor *ancestors[] = {&parent, &grandparent};
	Parlor__WorkerWelcome welcome = PARLOR__WORKER_WELCOME__INIT;
	welcome.broker_id = 0x7EDCBA9876543211;
	welcome.partitions = 16;
	welcome.heartbeat_ms = 2000;
	welcome.lease_ms = 10000;
	welcome.ancestors = ancestors;
	welcome.n_ancestors = 2;
	Parlor__ToWorker frame = PARLOR__TO_WORKER__INIT;
	frame.op_case = PARLOR__TO_WORKER__OP_WELCOME;
	frame.welcome = &welcome;
	wire_put(b, &frame.base);
}

static void put_partition_state(struct buf *b)
{
	Parlor__QuarantinedTopic room = PARLOR__QUARANTINED_TOPIC__INIT;
	room.tenant = TEXT("acme");
	room.topic_kind = PARLOR__TOPIC_KIND__TOPIC_ROOM;
	room.topic = TEXT("room-7");
	room.position = 12;
	room.error = TEXT("Data too long for column");
	Parlor__QuarantinedTopic *rooms[] = {&room};
	Parlor__PartitionState state = PARLOR__PARTITION_STATE__INIT;
	state.partition = 5;
	state.epoch = 7;
	state.db_epoch = 7;
	state.position = 123456000;
	state.unread_position = 123455000;
	state.quarantined = rooms;
	state.n_quarantined = 1;
	state.digest = 0xFEDCBA9876543210;
	Parlor__FromWorker frame = PARLOR__FROM_WORKER__INIT;
	frame.op_case = PARLOR__FROM_WORKER__OP_PARTITION_STATE;
	frame.partition_state = &state;
	wire_put(b, &frame.base);
}

static void put_journal_read(struct buf *b)
{
	Parlor__JournalRead read = PARLOR__JOURNAL_READ__INIT;
	read.query = 3;
	read.from = 123456700;
	read.max = 500;
	read.wait_ms = 5000;
	Parlor__FromWorker frame = PARLOR__FROM_WORKER__INIT;
	frame.op_case = PARLOR__FROM_WORKER__OP_JOURNAL_READ;
	frame.journal_read = &read;
	wire_put(b, &frame.base);
}

static void put_journal_page(struct buf *b)
{
	static uint8_t named[] = {1, 0, 255};
	static uint8_t posted[] = {2};
	Parlor__Message message;
	Parlor__Event event;
	make_event(&event, &message);
	Parlor__JournalEntry member = PARLOR__JOURNAL_ENTRY__INIT;
	member.position = 123456788;
	member.partition = 255;
	member.tenant = TEXT("acme");
	member.head = (ProtobufCBinaryData){sizeof named, named};
	Parlor__JournalEntry post = PARLOR__JOURNAL_ENTRY__INIT;
	post.position = 123456789;
	post.partition = 5;
	post.tenant = TEXT("acme");
	post.head = (ProtobufCBinaryData){sizeof posted, posted};
	post.event = &event;
	Parlor__JournalEntry *entries[] = {&member, &post};
	Parlor__JournalPage page = PARLOR__JOURNAL_PAGE__INIT;
	page.query = 3;
	page.journal = 0x7EDCBA9876543211;
	page.first = 1001;
	page.last = 123456789;
	page.entries = entries;
	page.n_entries = 2;
	Parlor__ToWorker frame = PARLOR__TO_WORKER__INIT;
	frame.op_case = PARLOR__TO_WORKER__OP_JOURNAL_PAGE;
	frame.journal_page = &page;
	wire_put(b, &frame.base);
}

const struct frame frames[] = {
	{"hello", &parlor__to_broker__descriptor, put_hello},
	{"post", &parlor__to_broker__descriptor, put_post},
	{"posted", &parlor__from_broker__descriptor, put_posted},
	{"listed", &parlor__from_broker__descriptor, put_listed},
	{"steps", &parlor__from_broker__descriptor, put_steps},
	{"event", &parlor__from_broker__descriptor, put_event},
	{"worker_welcome", &parlor__to_worker__descriptor, put_worker_welcome},
	{"batch", &parlor__to_worker__descriptor, put_batch},
	{"partition_state", &parlor__from_worker__descriptor, put_partition_state},
	{"journal_read", &parlor__from_worker__descriptor, put_journal_read},
	{"journal_page", &parlor__to_worker__descriptor, put_journal_page},
	{0},
};
