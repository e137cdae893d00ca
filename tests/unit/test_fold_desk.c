#include "desk_config.h"
#include "desk_conversation.h"
#include "desk_served.h"
#include "nouns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KIND(name) PARLOR__RECORD_KIND__RECORD_##name
#define STATE(name) PARLOR__CONVERSATION_STATE__CONVERSATION_##name
#define TEXT(text) ((char *)(uintptr_t)(text))

/* One record and everything it points to. */
struct told {
	Parlor__SyncRecord record;
	Parlor__Event event;
	Parlor__Message message;
	Parlor__HasRead read;
	Parlor__DeskRow row;
	Parlor__DeskSet set;
	Parlor__Desk desk;
	Parlor__DeskTeam team;
	Parlor__ConversationChanged changed;
	Parlor__Conversation conversation;
};

static uint64_t position;

static void begin(struct told *t, Parlor__RecordKind kind, const char *room)
{
	parlor__sync_record__init(&t->record);
	parlor__event__init(&t->event);
	t->record.kind = kind;
	t->record.tenant = TEXT("acme");
	t->record.event = &t->event;
	t->record.topic_kind =
		*room ? PARLOR__TOPIC_KIND__TOPIC_ROOM : PARLOR__TOPIC_KIND__TOPIC_NONE;
	t->record.topic = t->event.room = TEXT(room);
	t->event.position = ++position;
	t->event.time_us = position * 1000;
}

/* Changes that follow one another are copies of the first, with what is different. */
static void conversation(struct told *t, const char *id, uint64_t no)
{
	parlor__conversation__init(&t->conversation);
	t->conversation.no = no;
	t->conversation.conversation = TEXT(id);
	t->conversation.visitor = TEXT("ann");
	t->conversation.state = STATE(WAITING);
	t->conversation.first_seq = 1;
	t->conversation.asks = 1;
}

static void changed(struct fold *f, struct told *t, Parlor__RecordKind kind, const char *room)
{
	begin(t, kind, room);
	parlor__conversation_changed__init(&t->changed);
	t->changed.conversation = &t->conversation;
	t->event.kind_case = PARLOR__EVENT__KIND_CONVERSATION;
	t->event.conversation = &t->changed;
	assert_true(fold_add(f, &t->record));
}

static void served_by(struct told *t, const char *agent)
{
	t->conversation.agent = TEXT(agent);
	t->conversation.state = STATE(ACTIVE);
}

static void posted(struct fold *f, struct told *t, const char *room, const char *sender,
		   uint64_t seq)
{
	begin(t, KIND(POSTED), room);
	parlor__message__init(&t->message);
	t->message.sender = TEXT(sender);
	t->message.seq = seq;
	t->message.type = PARLOR__MESSAGE_TYPE__MESSAGE_MESSAGE;
	t->event.kind_case = PARLOR__EVENT__KIND_POSTED;
	t->event.posted = &t->message;
	assert_true(fold_add(f, &t->record));
}

static void has_read(struct fold *f, struct told *t, const char *room, const char *member,
		     uint64_t seq)
{
	begin(t, KIND(READ), room);
	parlor__has_read__init(&t->read);
	t->read.member = TEXT(member);
	t->event.kind_case = PARLOR__EVENT__KIND_READ;
	t->event.read = &t->read;
	t->record.read_seq = seq;
	assert_true(fold_add(f, &t->record));
}

static void desk_row(struct fold *f, struct told *t, const char *desk, const char *name,
		     bool removed)
{
	begin(t, KIND(DESK_SET), "");
	parlor__desk_row__init(&t->row);
	parlor__desk_set__init(&t->set);
	parlor__desk__init(&t->desk);
	t->desk.desk = TEXT(desk);
	t->desk.name = TEXT(name);
	t->set.row_case = PARLOR__DESK_SET__ROW_DESK;
	t->set.desk = &t->desk;
	t->set.remove = removed;
	t->row.row = &t->set;
	t->row.no = 5;
	t->event.kind_case = PARLOR__EVENT__KIND_DESK_ROW;
	t->event.desk_row = &t->row;
	assert_true(fold_add(f, &t->record));
}

/* What the only room of the fold comes to. */
static const struct desk_now *walked(struct fold *f)
{
	struct fold_conversations *all = fold_state(f, &desk_conversation_noun);
	assert_int_equal(HASH_COUNT(all->rooms), 1);
	desk_room_walk(all, all->rooms);
	return all->rooms->conversations;
}

static void what_is_said_behind_a_change_counts(void **state)
{
	struct fold f = {0};
	struct told t[6];
	(void)state;
	conversation(&t[0], "c", 1);
	changed(&f, &t[0], KIND(OPENED), "r");
	posted(&f, &t[1], "r", "ann", 1);
	posted(&f, &t[2], "r", "a stranger", 2);
	posted(&f, &t[3], "r", "ann", 3);
	const struct desk_now *now = walked(&f);
	assert_int_equal(now->asks, 3);
	assert_int_equal(now->spoke, PARLOR__SPOKE_LAST__SPOKE_VISITOR);
	assert_int_equal(now->spoke_seq, 3);
	assert_int_equal(now->last_message_us, t[3].event.time_us);
	assert_int_equal(now->first_response_us, 0);
	fold_fini(&f);
}

static void a_change_stands_over_what_was_said_before_it(void **state)
{
	struct fold f = {0};
	struct told t[4];
	(void)state;
	conversation(&t[0], "c", 1);
	changed(&f, &t[0], KIND(OPENED), "r");
	posted(&f, &t[1], "r", "ann", 1);
	conversation(&t[2], "c", 1);
	served_by(&t[2], "bob");
	t[2].conversation.asks = 9;
	t[2].conversation.spoke = PARLOR__SPOKE_LAST__SPOKE_VISITOR;
	changed(&f, &t[2], KIND(ASSIGNED), "r");
	posted(&f, &t[3], "r", "bob", 2);
	const struct desk_now *now = walked(&f);
	assert_null(now->next);
	assert_ptr_equal(now->told, &t[2].conversation);
	assert_int_equal(now->asks, 9);
	assert_int_equal(now->spoke, PARLOR__SPOKE_LAST__SPOKE_SEAT);
	assert_int_equal(now->first_response_us, t[3].event.time_us);
	assert_int_equal(now->position, t[3].event.position);
	fold_fini(&f);
}

static void who_reads_is_the_visitor_or_who_serves_at_the_time(void **state)
{
	struct fold f = {0};
	struct told t[7];
	(void)state;
	conversation(&t[0], "c", 1);
	served_by(&t[0], "bob");
	changed(&f, &t[0], KIND(ASSIGNED), "r");
	has_read(&f, &t[1], "r", "bob", 4);
	has_read(&f, &t[2], "r", "a stranger", 9);
	conversation(&t[3], "c", 1);
	t[3].conversation.state = STATE(CLOSED);
	changed(&f, &t[3], KIND(CLOSED), "r");
	has_read(&f, &t[4], "r", "bob", 8);
	has_read(&f, &t[5], "r", "ann", 7);
	has_read(&f, &t[6], "r", "ann", 6);
	const struct desk_now *now = walked(&f);
	assert_int_equal(now->agent_read_seq, 4);
	assert_int_equal(now->visitor_read_seq, 7);
	assert_int_equal(now->time_us, t[3].event.time_us);
	fold_fini(&f);
}

static void words_are_of_the_latest_conversation_of_the_room(void **state)
{
	struct fold f = {0};
	struct told t[5];
	(void)state;
	conversation(&t[0], "old", 1);
	t[0].conversation.state = STATE(CLOSED);
	changed(&f, &t[0], KIND(CLOSED), "r");
	posted(&f, &t[1], "r", "ann", 5);
	conversation(&t[2], "new", 2);
	t[2].conversation.first_seq = 6;
	changed(&f, &t[2], KIND(OPENED), "r");
	conversation(&t[3], "old", 1);
	t[3].conversation.state = STATE(CLOSED);
	changed(&f, &t[3], KIND(RATED), "r");
	posted(&f, &t[4], "r", "ann", 6);
	const struct desk_now *now = walked(&f);
	assert_string_equal(now->id, "new");
	assert_int_equal(now->asks, 2);
	assert_string_equal(now->next->id, "old");
	assert_int_equal(now->next->asks, 1);
	assert_ptr_equal(now->next->told, &t[3].conversation);
	fold_fini(&f);
}

static void a_room_that_no_change_was_told_of_is_asked_for(void **state)
{
	struct fold f = {0};
	struct told t[3];
	(void)state;
	posted(&f, &t[0], "plain", "ann", 1);
	assert_null(walked(&f));
	conversation(&t[1], "c", 1);
	changed(&f, &t[1], KIND(OPENED), "r");
	const struct fold_conversations *all = fold_state(&f, &desk_conversation_noun);
	assert_true(all->rooms->asks);
	assert_false(((struct desk_room *)all->rooms->hh.next)->asks);
	fold_fini(&f);
}

static void a_row_is_what_was_set_last_and_whether_it_was_removed(void **state)
{
	struct fold f = {0};
	struct told t[4];
	(void)state;
	desk_row(&f, &t[0], "shop", "Shop", false);
	desk_row(&f, &t[1], "shop", "Shoppe", false);
	desk_row(&f, &t[2], "shop", "", true);
	desk_row(&f, &t[3], "other", "", true);
	const struct fold_configs *all = fold_state(&f, &desk_config_noun);
	assert_int_equal(HASH_COUNT(all->list), 2);
	assert_ptr_equal(all->list->row, &t[1].desk);
	assert_true(all->list->removed);
	assert_int_equal(all->list->time_us, t[2].event.time_us);
	const struct fold_config *other = all->list->hh.next;
	assert_null(other->row);
	assert_ptr_equal(other->key, &t[3].desk);
	fold_fini(&f);
}

static void a_row_of_a_kind_that_is_not_known_changes_nothing(void **state)
{
	struct fold f = {0};
	struct told t;
	(void)state;
	desk_row(&f, &t, "shop", "", false);
	fold_fini(&f);
	t.set.row_case = PARLOR__DESK_SET__ROW__NOT_SET;
	assert_true(fold_add(&f, &t.record));
	t.row.row = NULL;
	assert_true(fold_add(&f, &t.record));
	const struct fold_configs *all = fold_state(&f, &desk_config_noun);
	assert_null(all->list);
	fold_fini(&f);
}

static void each_change_is_kept_in_order_and_a_rating_is_told_apart(void **state)
{
	struct fold f = {0};
	struct told t[2];
	(void)state;
	for (int i = 0; i < 2; i++) {
		conversation(&t[i], "c", 1);
		changed(&f, &t[i], i ? KIND(RATED) : KIND(RELEASED), "r");
	}
	const struct fold_served *all = fold_state(&f, &desk_served_noun);
	assert_int_equal(all->len, 2);
	assert_ptr_equal(all->list[0].told, &t[0].changed);
	assert_false(all->list[0].rated);
	assert_true(all->list[1].rated);
	fold_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_behind_a_change_counts),
		cmocka_unit_test(a_change_stands_over_what_was_said_before_it),
		cmocka_unit_test(who_reads_is_the_visitor_or_who_serves_at_the_time),
		cmocka_unit_test(words_are_of_the_latest_conversation_of_the_room),
		cmocka_unit_test(a_room_that_no_change_was_told_of_is_asked_for),
		cmocka_unit_test(a_row_is_what_was_set_last_and_whether_it_was_removed),
		cmocka_unit_test(a_row_of_a_kind_that_is_not_known_changes_nothing),
		cmocka_unit_test(each_change_is_kept_in_order_and_a_rating_is_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
