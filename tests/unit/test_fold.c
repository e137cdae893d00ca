#include "membership.h"
#include "message.h"
#include "nouns.h"
#include "presence.h"
#include "profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TENANT "acme"
#define KIND(name) PARLOR__RECORD_KIND__RECORD_##name

/* One record and everything it points to. */
struct told {
	Parlor__SyncRecord record;
	Parlor__Event event;
	Parlor__Message message;
	Parlor__MemberSpec spec;
	Parlor__Left left;
	Parlor__HasRead read;
	Parlor__Recalled recalled;
	Parlor__RoomChanged changed;
	Parlor__MemberPresence presence;
};

static uint64_t position;

static void begin(struct told *t, Parlor__RecordKind kind, const char *room)
{
	parlor__sync_record__init(&t->record);
	parlor__event__init(&t->event);
	t->record.kind = kind;
	t->record.tenant = (char *)(uintptr_t)TENANT;
	t->record.event = &t->event;
	t->event.room = (char *)(uintptr_t)room;
	t->record.topic_kind =
		*room ? PARLOR__TOPIC_KIND__TOPIC_ROOM : PARLOR__TOPIC_KIND__TOPIC_NONE;
	t->record.topic = t->event.room;
	t->event.position = ++position;
	t->event.time_us = position * 1000;
}

static void joined(struct fold *f, struct told *t, const char *room, const char *member,
		   const char *name, uint64_t seen)
{
	begin(t, KIND(JOINED), room);
	parlor__member_spec__init(&t->spec);
	t->spec.member = (char *)(uintptr_t)member;
	t->spec.name = (char *)(uintptr_t)name;
	t->spec.type = PARLOR__MEMBER_TYPE__MEMBER_MEMBER;
	t->event.kind_case = PARLOR__EVENT__KIND_JOINED;
	t->event.joined = &t->spec;
	t->record.seen = seen;
	t->record.read_seq = seen;
	assert_true(fold_add(f, &t->record));
}

static void left(struct fold *f, struct told *t, const char *room, const char *member)
{
	begin(t, KIND(LEFT), room);
	parlor__left__init(&t->left);
	t->left.member = (char *)(uintptr_t)member;
	t->event.kind_case = PARLOR__EVENT__KIND_LEFT;
	t->event.left = &t->left;
	assert_true(fold_add(f, &t->record));
}

static void posted(struct fold *f, struct told *t, const char *room, const char *sender,
		   uint64_t seq, uint64_t counted, uint64_t seen)
{
	begin(t, KIND(POSTED), room);
	parlor__message__init(&t->message);
	t->message.sender = (char *)(uintptr_t)sender;
	t->message.seq = seq;
	t->event.kind_case = PARLOR__EVENT__KIND_POSTED;
	t->event.posted = &t->message;
	t->record.counted = counted;
	t->record.seen = seen;
	assert_true(fold_add(f, &t->record));
}

static void has_read(struct fold *f, struct told *t, const char *room, const char *member,
		     uint64_t seen, uint64_t seq)
{
	begin(t, KIND(READ), room);
	parlor__has_read__init(&t->read);
	t->read.member = (char *)(uintptr_t)member;
	t->event.kind_case = PARLOR__EVENT__KIND_READ;
	t->event.read = &t->read;
	t->record.seen = seen;
	t->record.read_seq = seq;
	assert_true(fold_add(f, &t->record));
}

static void recalled(struct fold *f, struct told *t, const char *room, uint64_t seq)
{
	begin(t, KIND(RECALLED), room);
	parlor__recalled__init(&t->recalled);
	t->recalled.seq = seq;
	t->event.kind_case = PARLOR__EVENT__KIND_RECALLED;
	t->event.recalled = &t->recalled;
	assert_true(fold_add(f, &t->record));
}

static void room_changed(struct fold *f, struct told *t, Parlor__RecordKind kind, const char *room,
			 const char *name, Parlor__RoomState state)
{
	begin(t, kind, room);
	parlor__room_changed__init(&t->changed);
	t->changed.name = (char *)(uintptr_t)name;
	t->changed.state = state;
	t->event.kind_case = PARLOR__EVENT__KIND_ROOM_CHANGED;
	t->event.room_changed = &t->changed;
	assert_true(fold_add(f, &t->record));
}

static void present(struct fold *f, struct told *t, const char *member, Parlor__Presence presence)
{
	begin(t, KIND(PRESENCE), "");
	parlor__member_presence__init(&t->presence);
	t->presence.member = (char *)(uintptr_t)member;
	t->presence.presence = presence;
	t->event.kind_case = PARLOR__EVENT__KIND_PRESENCE;
	t->event.presence = &t->presence;
	assert_true(fold_add(f, &t->record));
}

static unsigned memberships(const struct fold *f)
{
	const struct fold_memberships *all = fold_state(f, &membership_noun);
	return HASH_COUNT(all->list);
}

static const struct fold_membership *membership(const struct fold *f, const char *member)
{
	const struct fold_memberships *all = fold_state(f, &membership_noun);
	for (const struct fold_membership *s = all->list; s; s = s->hh.next)
		if (strcmp(s->member, member) == 0)
			return s;
	return NULL;
}

static void a_rooms_last_counters_stand_and_every_message_once(void **state)
{
	struct fold f = {0};
	struct told t[4];
	(void)state;
	posted(&f, &t[0], "r", "a", 5, 4, 2);
	posted(&f, &t[1], "r", "b", 6, 5, 1);
	posted(&f, &t[2], "r", "a", 7, 6, 3);
	posted(&f, &t[3], "r", "", 8, 6, 0);
	assert_int_equal(HASH_COUNT(f.rooms), 1);
	assert_int_equal(f.rooms->counted, 6);
	assert_int_equal(f.rooms->last_seq, 8);
	assert_true(f.rooms->posted);
	const struct fold_messages *m = fold_state(&f, &message_noun);
	assert_int_equal(m->messages_len, 4);
	assert_int_equal(memberships(&f), 2);
	assert_int_equal(membership(&f, "a")->seen, 3);
	assert_false(membership(&f, "a")->read_set);
	assert_int_equal(membership(&f, "b")->seen, 1);
	fold_fini(&f);
}

static void the_last_of_joining_and_leaving_counts(void **state)
{
	struct fold f = {0};
	struct told t[7];
	(void)state;
	joined(&f, &t[0], "r", "stays", "S", 3);
	left(&f, &t[1], "r", "returns");
	joined(&f, &t[2], "r", "passes", "P", 3);
	joined(&f, &t[3], "r", "returns", "R", 3);
	left(&f, &t[4], "r", "passes");
	has_read(&f, &t[5], "r", "stays", 5, 7);
	posted(&f, &t[6], "r", "returns", 8, 6, 4);
	assert_int_equal(membership(&f, "stays")->state, FOLD_MEMBERSHIP_JOINED);
	assert_int_equal(membership(&f, "stays")->seen, 5);
	assert_int_equal(membership(&f, "stays")->read_seq, 7);
	assert_int_equal(membership(&f, "stays")->joined_seq, 3);
	assert_int_equal(membership(&f, "returns")->state, FOLD_MEMBERSHIP_JOINED);
	assert_int_equal(membership(&f, "returns")->seen, 4);
	assert_int_equal(membership(&f, "passes")->state, FOLD_MEMBERSHIP_LEFT);
	fold_fini(&f);
}

static void the_same_names_in_another_room_are_others(void **state)
{
	struct fold f = {0};
	struct told t[3];
	(void)state;
	joined(&f, &t[0], "r", "a", "", 0);
	joined(&f, &t[1], "ra", "", "", 0);
	joined(&f, &t[2], "q", "a", "", 0);
	assert_int_equal(HASH_COUNT(f.rooms), 3);
	assert_int_equal(memberships(&f), 3);
	fold_fini(&f);
}

static void a_recall_blanks_here_or_in_the_table(void **state)
{
	struct fold f = {0};
	struct told t[4];
	(void)state;
	posted(&f, &t[0], "r", "a", 9, 9, 9);
	posted(&f, &t[1], "q", "a", 3, 3, 3);
	recalled(&f, &t[2], "r", 9);
	recalled(&f, &t[3], "r", 3);
	const struct fold_messages *m = fold_state(&f, &message_noun);
	assert_true(m->messages[0].recalled);
	assert_false(m->messages[1].recalled);
	assert_int_equal(m->recalls_len, 1);
	assert_int_equal(m->recalls[0].seq, 3);
	assert_string_equal(m->recalls[0].room->room, "r");
	fold_fini(&f);
}

static void dissolving_takes_everybody_out(void **state)
{
	struct fold f = {0};
	struct told t[3];
	(void)state;
	room_changed(&f, &t[0], KIND(ROOM_CREATED), "r", "Desk", PARLOR__ROOM_STATE__ROOM_OPEN);
	joined(&f, &t[1], "r", "a", "A", 0);
	room_changed(&f, &t[2], KIND(ROOM_STATE), "r", "Desk", PARLOR__ROOM_STATE__ROOM_DISSOLVED);
	assert_true(f.rooms->created);
	assert_true(f.rooms->dissolved);
	assert_int_equal(f.rooms->state, 3);
	assert_int_equal(membership(&f, "a")->state, FOLD_MEMBERSHIP_LEFT);
	fold_fini(&f);
}

static void a_profile_keeps_what_a_later_room_does_not_know(void **state)
{
	struct fold f = {0};
	struct told t[2];
	(void)state;
	joined(&f, &t[0], "r", "a", "Ada", 0);
	joined(&f, &t[1], "q", "a", "", 0);
	const struct fold_profiles *all = fold_state(&f, &profile_noun);
	assert_int_equal(HASH_COUNT(all->list), 1);
	assert_string_equal(all->list->name, "Ada");
	assert_int_equal(all->list->position, t[1].event.position);
	fold_fini(&f);
}

static void a_boot_ends_presences_before_it_only(void **state)
{
	struct fold f = {0};
	struct told t[4];
	(void)state;
	present(&f, &t[0], "a", PARLOR__PRESENCE__PRESENCE_ONLINE);
	present(&f, &t[1], "b", PARLOR__PRESENCE__PRESENCE_BUSY);
	begin(&t[2], KIND(BOOT), "");
	assert_true(fold_add(&f, &t[2].record));
	present(&f, &t[3], "b", PARLOR__PRESENCE__PRESENCE_ONLINE);
	const struct fold_presences *all = fold_state(&f, &presence_noun);
	assert_int_equal(all->boot_position, t[2].event.position);
	assert_string_equal(all->list->member, "a");
	assert_int_equal(all->list->presence, PARLOR__PRESENCE__PRESENCE_OFFLINE);
	const struct fold_presence *b = all->list->hh.next;
	assert_int_equal(b->presence, PARLOR__PRESENCE__PRESENCE_ONLINE);
	assert_int_equal(b->position, t[3].event.position);
	fold_fini(&f);
}

static void the_last_labels_of_a_room_count(void **state)
{
	struct fold f = {0};
	struct told t[2];
	static char vip[] = "vip", waits[] = "waits";
	char *names[] = {vip, waits};
	Parlor__LabelsChanged labels = PARLOR__LABELS_CHANGED__INIT;
	(void)state;
	labels.labels = names;
	labels.n_labels = 2;
	for (int i = 0; i < 2; i++) {
		begin(&t[i], KIND(ROOM_LABELS), "r");
		t[i].event.kind_case = PARLOR__EVENT__KIND_LABELS_CHANGED;
		t[i].event.labels_changed = &labels;
		assert_true(fold_add(&f, &t[i].record));
	}
	assert_int_equal(HASH_COUNT(f.rooms), 1);
	assert_int_equal(f.rooms->position, t[1].event.position);
	assert_false(f.rooms->changed || f.rooms->posted);
	fold_fini(&f);
}

static void what_is_not_understood_changes_nothing(void **state)
{
	struct fold f = {0};
	struct told t;
	(void)state;
	begin(&t, (Parlor__RecordKind)99, "r");
	assert_false(fold_add(&f, &t.record));
	begin(&t, KIND(POSTED), "r");
	assert_false(fold_add(&f, &t.record));
	t.record.event = NULL;
	assert_false(fold_add(&f, &t.record));
	assert_null(f.rooms);
	fold_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rooms_last_counters_stand_and_every_message_once),
		cmocka_unit_test(the_last_of_joining_and_leaving_counts),
		cmocka_unit_test(the_same_names_in_another_room_are_others),
		cmocka_unit_test(a_recall_blanks_here_or_in_the_table),
		cmocka_unit_test(dissolving_takes_everybody_out),
		cmocka_unit_test(a_profile_keeps_what_a_later_room_does_not_know),
		cmocka_unit_test(a_boot_ends_presences_before_it_only),
		cmocka_unit_test(the_last_labels_of_a_room_count),
		cmocka_unit_test(what_is_not_understood_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
