"""A database that is put back from a dump, under living workers or while nobody
writes: the mark says where it stands, and it is brought up to date from there,
or left alone when the journal no longer holds what it lacks."""

import time

from conftest import stat
from db_story import Story
from dumps import dump, put_back, restore
from proc import ctl


def test_a_database_restored_from_a_dump_is_brought_up_to_date(database):
    with Story(database) as story:
        story.hire()
        story.talk.go_on()
        story.check()
        dumped = dump(story.stack)
        story.stack.workers.pop().kill()  # who comes now has a higher epoch than the dump
        story.hire("heir")
        story.talk.go_on(100)
        story.check()
        for n in range(3):
            put_back(story.stack, dumped)
            story.talk.go_on(20)
            story.check()
            assert stat(story.client, "sync_marks_back") >= n + 1
        with story.talking():
            for _ in range(3):
                put_back(story.stack, dumped)
                story.stack.settle()
        story.check()


def test_a_dump_restored_while_nobody_writes(database):
    """The worker that finds it is another, and so is the broker."""
    with Story(database) as story:
        story.hire()
        story.talk.go_on()
        story.check()
        dumped = dump(story.stack)
        story.talk.go_on()
        story.check()
        story.stack.dismiss()
        story.stack.broker.stop()
        restore(story.stack, dumped)
        story.stack.broker.start()
        story.hire()
        story.check()


def test_a_room_in_quarantine_in_the_dump_is_so_again_and_can_be_released_again(database):
    with Story(database) as story:
        stack, talk, bad = story.stack, story.talk, story.talk.room(0)
        story.hire()
        talk.go_on()
        stack.rows("ALTER TABLE group_message MODIFY message_content VARCHAR(40) NOT NULL")
        talk.say(bad, "x" * 41)
        stack.settle()
        dumped = dump(stack)
        stack.rows("ALTER TABLE group_message MODIFY message_content MEDIUMTEXT NOT NULL")
        ctl(stack.broker, "sync", "release", bad.id)
        story.check()
        put_back(stack, dumped)  # of the same position, and yet of before
        talk.go_on()
        stack.settle()
        assert ctl(stack.broker, "sync", "status").json()["quarantined"] == [bad.id]
        stack.rows("ALTER TABLE group_message MODIFY message_content MEDIUMTEXT NOT NULL")
        ctl(stack.broker, "sync", "release", bad.id)
        story.check()


def test_a_dump_from_between_messages_and_their_unread_columns(database):
    """Where the mark stands it says that; what the worker knew is no more so."""
    with Story(database) as story:
        story.hire()
        story.talk.go_on(100)
        story.check()
        with story.stack.server.connect(story.stack.name, autocommit=False) as put_back, put_back.cursor() as cursor:
            cursor.execute("UPDATE chat_group SET unread = 0, unread_seq = 0")
            cursor.execute("UPDATE sync_mark SET projected = 0")
            put_back.commit()
        assert story.stack.differences(story.talk.rooms) != []
        story.talk.say(story.talk.room(0), "one more")
        story.check()


def test_a_dump_from_before_what_the_journal_holds_is_an_alarm_and_changes_nothing(database):
    with Story(database, {"history.hot_records": 200, "store.dirty_rows_max": 1000}) as story:
        stack, talk = story.stack, story.talk
        story.hire()
        talk.go_on()
        story.check()
        too_old = dump(stack)
        until_trimmed(story, story.client.sync_status().position)
        story.check()
        good = dump(stack)
        talk.go_on()
        put_back(stack, too_old)
        talk.go_on()
        status = story.await_trouble("the journal begins at")
        assert status.synced == 0
        assert "the journal begins at" in ctl(stack.broker, "sync", "status").json()["partitions"][0]["error"]
        before = story.dump()
        talk.go_on(100)
        story.await_trouble("the journal begins at")
        assert story.dump() == before
        put_back(stack, good)
        story.check()


def until_trimmed(story, position):
    deadline = time.monotonic() + 60
    while stat(story.client, "journal_first") <= position + 1:
        story.talk.go_on(200)
        story.stack.settle()
        assert time.monotonic() < deadline
