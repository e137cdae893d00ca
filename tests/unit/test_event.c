/* Events that are put together by hand, field by field, beside what protobuf-c
 * makes of them by the descriptors of parlor.proto. */
#include "event/event.h"

#include "wire.h"

#include "core/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <parlor/parlor.pb-c.h>

#define TEXT(s) ((struct span){(s), strlen(s)})

struct desk {
	struct buf bytes, scratch;
	struct arena arena;
};

static int make_desk(void **state)
{
	static struct desk d;
	arena_init(&d.arena, 1 << 20);
	*state = &d;
	return 0;
}

static int free_desk(void **state)
{
	struct desk *d = *state;
	arena_fini(&d->arena);
	buf_fini(&d->bytes);
	buf_fini(&d->scratch);
	return 0;
}

static const struct span mention_ids[] = {{"first", 5}, {"second", 6}};

/* Every field with a value of its own. */
static struct record record_of(enum record_kind_no kind)
{
	struct record r = {.kind = kind,
			   .position = 1001,
			   .time_us = 1002,
			   .room_id = TEXT("room"),
			   .member_id = TEXT("member")};
	switch (kind) {
	case RECORD_POSTED:
		r.posted = (struct record_posted){.seq = 1003,
						  .type = 2,
						  .content_type = 7,
						  .sender_name = TEXT("name"),
						  .sender_avatar = TEXT("avatar"),
						  .body = TEXT("body"),
						  .client_id = TEXT("client id"),
						  .mentions = {.len = 2},
						  .mention_ids = mention_ids};
		break;
	case RECORD_RECALLED:
		r.recalled.seq = 1003;
		break;
	case RECORD_JOINED:
	case RECORD_MEMBER_CHANGED:
		r.membership = (struct record_membership){
			.type = 2, .name = TEXT("name"), .avatar = TEXT("avatar")};
		break;
	case RECORD_READ:
		r.read = (struct record_read){.counts = {.read_seq = 1004}, .unread = 1005};
		break;
	case RECORD_PRESENCE:
		r.presence.now = 2;
		break;
	case RECORD_ROOM_LABELS:
		r.labels.all = (struct span){"vip\0wait", 9};
		break;
	default:
		r.room_is =
			(struct record_room){.name = TEXT("its name"), .state = 2, .open = true};
		break;
	}
	return r;
}

static const Parlor__Event *made(struct desk *d, enum record_kind_no kind)
{
	struct record r = record_of(kind);
	ProtobufCMessage *message;
	buf_clear(&d->bytes);
	arena_clear(&d->arena);
	event_put(&d->bytes, &r, &d->scratch);
	assert_int_equal(wire_decode(&parlor__event__descriptor, &d->arena, d->bytes.data,
				     d->bytes.len, &message),
			 PARLOR_E_OK);
	const Parlor__Event *e = (const Parlor__Event *)message;
	assert_int_equal(e->position, 1001);
	assert_int_equal(e->time_us, 1002);
	assert_string_equal(e->room, "room");
	return e;
}

static void a_message_has_its_fields(void **state)
{
	const Parlor__Event *e = made(*state, RECORD_POSTED);
	assert_int_equal(e->kind_case, PARLOR__EVENT__KIND_POSTED);
	const Parlor__Message *m = e->posted;
	assert_int_equal(m->seq, 1003);
	assert_string_equal(m->sender, "member");
	assert_string_equal(m->sender_name, "name");
	assert_string_equal(m->sender_avatar, "avatar");
	assert_int_equal(m->type, 2);
	assert_int_equal(m->content_type, 7);
	assert_string_equal(m->body, "body");
	assert_string_equal(m->client_id, "client id");
	assert_int_equal(m->n_mentions, 2);
	assert_string_equal(m->mentions[0], "first");
	assert_string_equal(m->mentions[1], "second");
	e = made(*state, RECORD_RECALLED);
	assert_int_equal(e->kind_case, PARLOR__EVENT__KIND_RECALLED);
	assert_int_equal(e->recalled->seq, 1003);
	assert_string_equal(e->recalled->by, "member");
}

static void a_room_has_its_fields(void **state)
{
	static const enum record_kind_no kinds[] = {RECORD_ROOM_CREATED, RECORD_ROOM_RENAMED,
						    RECORD_ROOM_STATE};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const Parlor__Event *e = made(*state, kinds[i]);
		assert_int_equal(e->kind_case, PARLOR__EVENT__KIND_ROOM_CHANGED);
		assert_string_equal(e->room_changed->name, "its name");
		assert_int_equal(e->room_changed->state, 2);
		assert_true(e->room_changed->history_open);
	}
}

static void labels_stand_one_by_one(void **state)
{
	const Parlor__Event *e = made(*state, RECORD_ROOM_LABELS);
	assert_int_equal(e->kind_case, PARLOR__EVENT__KIND_LABELS_CHANGED);
	assert_int_equal(e->labels_changed->n_labels, 2);
	assert_string_equal(e->labels_changed->labels[0], "vip");
	assert_string_equal(e->labels_changed->labels[1], "wait");
}

static void check_spec(const Parlor__MemberSpec *spec)
{
	assert_string_equal(spec->member, "member");
	assert_int_equal(spec->type, 2);
	assert_string_equal(spec->name, "name");
	assert_string_equal(spec->avatar, "avatar");
}

static void a_member_has_its_fields(void **state)
{
	const Parlor__Event *e = made(*state, RECORD_JOINED);
	assert_int_equal(e->kind_case, PARLOR__EVENT__KIND_JOINED);
	check_spec(e->joined);
	e = made(*state, RECORD_MEMBER_CHANGED);
	assert_int_equal(e->kind_case, PARLOR__EVENT__KIND_MEMBER_CHANGED);
	check_spec(e->member_changed);
	e = made(*state, RECORD_LEFT);
	assert_int_equal(e->kind_case, PARLOR__EVENT__KIND_LEFT);
	assert_string_equal(e->left->member, "member");
	e = made(*state, RECORD_READ);
	assert_int_equal(e->kind_case, PARLOR__EVENT__KIND_READ);
	assert_string_equal(e->read->member, "member");
	assert_int_equal(e->read->read_seq, 1004);
	assert_int_equal(e->read->unread, 1005);
	e = made(*state, RECORD_PRESENCE);
	assert_int_equal(e->kind_case, PARLOR__EVENT__KIND_PRESENCE);
	assert_string_equal(e->presence->member, "member");
	assert_int_equal(e->presence->presence, 2);
	assert_int_equal(e->presence->last_seen_us, 1002);
}

static void a_preview_is_the_message_with_a_shorter_body(void **state)
{
	struct desk *d = *state;
	struct buf preview = {0};
	struct span message;
	uint64_t time_us;
	ProtobufCMessage *decoded;
	made(d, RECORD_POSTED);
	struct span event = {d->bytes.data, d->bytes.len};
	assert_true(event_message(event, &message, &time_us));
	for (size_t max = 0; max < 6; max++) {
		buf_clear(&preview);
		assert_true(event_put_message(&preview, message, max, false));
		arena_clear(&d->arena);
		assert_int_equal(wire_decode(&parlor__message__descriptor, &d->arena, preview.data,
					     preview.len, &decoded),
				 PARLOR_E_OK);
		const Parlor__Message *m = (const Parlor__Message *)decoded;
		assert_int_equal(strlen(m->body), max < 4 ? max : 4);
		assert_memory_equal(m->body, "body", strlen(m->body));
		assert_int_equal(m->seq, 1003);
		assert_string_equal(m->client_id, "client id");
		assert_int_equal(m->n_mentions, 2);
	}
	buf_clear(&preview);
	assert_true(event_put_message(&preview, message, 4, true));
	assert_int_equal(wire_decode(&parlor__message__descriptor, &d->arena, preview.data,
				     preview.len, &decoded),
			 PARLOR_E_OK);
	assert_true(((const Parlor__Message *)decoded)->recalled);
	assert_string_equal(((const Parlor__Message *)decoded)->body, "");
	buf_fini(&preview);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_has_its_fields),
		cmocka_unit_test(a_room_has_its_fields),
		cmocka_unit_test(labels_stand_one_by_one),
		cmocka_unit_test(a_member_has_its_fields),
		cmocka_unit_test(a_preview_is_the_message_with_a_shorter_body),
	};
	return cmocka_run_group_tests(tests, make_desk, free_desk);
}
