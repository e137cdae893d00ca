"""The auditor beside a database: rows, counts and marks are compared with the
journal as of those marks; what was changed is found, and so is a journal or a
database that cannot be compared."""

import time

import pytest
from auditor import MYSQL, TRIMMED, UNREADABLE, replay, talk, verify
from client import Client
from conftest import people, say, stat, until
from proc import Broker, Process, Worker, ctl, environment, program, run
from sql_proxy import SqlProxy
from stack import Stack


def test_a_trimmed_journal_is_said_to_begin_late(database):
    """Nothing can be re-executed from the middle: that is no difference, and not equal."""
    url = database.url("trimmed")
    run(program("parlor-worker"), "--migrate", env=environment(PARLOR_MYSQL=url))
    settings = {"history.hot_records": 50, "store.dirty_rows_max": 1000, "store.write_back_rows": 1000}
    with Broker(settings) as broker:
        worker = Worker(broker, url)
        with Client(broker.client) as client:
            talk(client, 9)
        broker.restart()  # its rows are as of the end then
        ctl(broker, "sync", "wait", "--timeout", "60")
        with Client(broker.client) as client:
            talk(client, 10, 10, prefix="more")
        worker.stop()
        for words in (["verify"], ["at", "1", "r1"], ["explain", "r1", "m1"]):
            assert "begins at position" in replay(*words, "--data", broker.data, status=TRIMMED).err


def hold_question(exchange):
    exchange.held()
    exchange.forward()


def hold_answer(exchange):
    exchange.forward()
    answer = exchange.answer()
    exchange.held()
    exchange.reply(answer)


@pytest.mark.parametrize("words, way", [("START TRANSACTION", hold_answer), ("SELECT ent_id", hold_question)],
                         ids=["before the journal is held", "while it is held"])
def test_a_journal_that_is_trimmed_beside_it_is_compared_all_the_same(database, words, way):
    """The mark of an idle partition stands before the snapshot when the comparison begins. What is
    between the two is trimmed before it can be looked at: the mark has gone on by then."""
    settings = {"history.hot_records": 100, "history.snapshots": "on", "sync.partitions": 2,
                "store.dirty_rows_max": 1000}
    with Stack(database, settings, "beside", workers=2) as stack, SqlProxy(database) as proxy, \
            stack.client() as client, database.connect("beside", autocommit=False) as locked:
        until(lambda: len({p.worker for p in client.sync_status().partitions if not p.error} - {""}) == 2)
        client.room_create(room="r", members=people("alice", "bob"))
        stack.settle()
        (journal, part), = stack.rows("SELECT broker_id, part FROM room WHERE uuid = 'r'")
        with locked.cursor() as cursor:
            cursor.execute("SELECT position FROM sync_mark WHERE broker_id = %s AND part = %s FOR UPDATE",
                           (journal, 1 - part))
            (low,), = cursor.fetchall()
        say(client, *["hello"] * 300)
        until(lambda: stack.rows("SELECT COUNT(*) FROM group_message") == ((300,),))
        replay("snapshot", "--data", stack.broker.data)
        until(lambda: stat(client, "journal_first") > 1)  # re-execution begins with the snapshot then
        held = proxy.at(words, way)
        comparing = Process(program("parlor-replay"), "verify", "--data", stack.broker.data, "--json",
                            "--mysql", proxy.url("beside"))
        held.wait()
        locked.rollback()
        until(lambda: stat(client, "journal_first") > low + 100)
        held.let_go()
        said = comparing.line()
        assert comparing.wait() == 0, (said, comparing.stderr())


def test_a_database_that_is_not_there(broker):
    err = replay("verify", "--data", broker.data, "--mysql", "mysql://nobody@localhost/x?socket=/nonexistent",
                 status=UNREADABLE).err
    assert "database" in err


@pytest.fixture(scope="module")
def synced(database):
    """A broker and a database that has everything."""
    url = database.url("verified")
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS verified")
    run(program("parlor-worker"), "--migrate", env=environment(PARLOR_MYSQL=url))
    with Broker() as broker:
        worker = Worker(broker, url)
        try:
            with Client(broker.client) as client, Client(broker.client, members=["m2"]) as m2:
                talk(client, 11)
                client.room_create(room="gone", members=people("m0", "m1"))
                client.room_dissolve(room="gone")
                say(client, "the last word", room="r1", sender="m0")
                m2.goodbye()
                # At every moment it is as far as its marks say.
                verify(broker.data, "--mysql", url)
                ctl(broker, "sync", "wait", "--timeout", "60")
                await_projection(database)
            worker.stop()
            yield broker, url, lambda sql: change(database, sql)
        finally:
            worker.end()


def await_projection(database):
    """Unread columns follow within some seconds; nothing announces the last one."""
    behind = ("SELECT COUNT(*) FROM chat_group g JOIN chat_group_current c ON c.ent_id = g.ent_id"
              " AND c.uuid = g.uuid AND c.member_id = g.member_id"
              " JOIN room r ON r.ent_id = g.ent_id AND r.uuid = g.uuid"
              " JOIN sync_mark s ON s.broker_id = r.broker_id AND s.part = r.part"
              " WHERE g.unread <> c.unread OR g.unread_seq <> c.unread_seq"
              " OR (r.uuid = 'r1' AND r.position > s.projected)")
    deadline = time.monotonic() + 60
    while database.query(behind, database="verified") != ((0,),):
        assert time.monotonic() < deadline, "unread columns are never brought up to date"


def change(database, sql):
    with database.connect("verified") as connection, connection.cursor() as cursor:
        return cursor.execute(sql)


def test_the_database_is_equal(synced):
    broker, url, _ = synced
    found = verify(broker.data, "--mysql", url)
    assert found["mysql"]["rooms"] == 5 and found["mysql"]["messages"] == found["messages"]
    assert found["mysql"]["members"] == found["memberships"] and found["mysql"]["lagging"] == 0


def test_the_address_may_stand_in_the_environment(synced):
    broker, url, _ = synced
    assert "MySQL" in replay("verify", "--data", broker.data, PARLOR_MYSQL=url).out


@pytest.mark.parametrize("spoilt, repaired, what, member", [
    ("UPDATE chat_group SET unread = unread + 1 WHERE uuid = 'r1' AND member_id = 'm1'",
     "UPDATE chat_group SET unread = unread - 1 WHERE uuid = 'r1' AND member_id = 'm1'",
     "chat_group.unread", "m1"),
    ("UPDATE chat_group SET seen = seen + 1 WHERE uuid = 'r1' AND member_id = 'm1'",
     "UPDATE chat_group SET seen = seen - 1 WHERE uuid = 'r1' AND member_id = 'm1'",
     "chat_group.seen", "m1"),
    ("UPDATE chat_group SET unread_seq = unread_seq - 1 WHERE uuid = 'r1' AND member_id = 'm1'",
     "UPDATE chat_group SET unread_seq = unread_seq + 1 WHERE uuid = 'r1' AND member_id = 'm1'",
     "chat_group.unread_seq", "m1"),
    ("INSERT INTO chat_group (ent_id, uuid, member_id) VALUES ('default', 'r1', 'stranger')",
     "DELETE FROM chat_group WHERE member_id = 'stranger'", "not in the room", "stranger"),
    ("INSERT INTO group_member (ent_id, group_id, member_id) VALUES ('default', 'r1', 'stranger')",
     "DELETE FROM group_member WHERE member_id = 'stranger'", "not in the room", "stranger"),
    ("UPDATE group_member SET member_id = 'M1' WHERE group_id = 'r1' AND member_id = 'm1'",
     "UPDATE group_member SET member_id = 'm1' WHERE group_id = 'r1' AND member_id = 'M1'",
     "not in the room", "M1"),
    ("UPDATE group_message SET seq = seq + 1000000 WHERE group_id = 'r1' AND seq = 3",
     "UPDATE group_message SET seq = seq - 1000000 WHERE group_id = 'r1' AND seq > 1000000",
     "group_message.seq", None),
    ("UPDATE group_message SET client_id = CONCAT(client_id, '!') WHERE group_id = 'r1' AND seq = 3",
     "UPDATE group_message SET client_id = TRIM('!' FROM client_id) WHERE group_id = 'r1' AND seq = 3",
     "group_message.client_id", None),
    ("UPDATE group_message SET mentions = REPLACE(mentions, '\"m', '\"n') WHERE group_id = 'r1'"
     " AND mentions IS NOT NULL ORDER BY seq LIMIT 1",
     "UPDATE group_message SET mentions = REPLACE(mentions, '\"n', '\"m') WHERE group_id = 'r1'"
     " AND mentions IS NOT NULL", "group_message.mentions", None),
    ("UPDATE member SET online_status = 'busy' WHERE uuid = 'm2' AND ent_id = 'default'",
     "UPDATE member SET online_status = 'offline' WHERE uuid = 'm2' AND ent_id = 'default'",
     "member.online_status", "m2"),
    ("UPDATE room SET counted = counted + 1 WHERE uuid = 'r1'",
     "UPDATE room SET counted = counted - 1 WHERE uuid = 'r1'", "room.counted", None),
    ("INSERT INTO group_message SELECT ent_id, 'r9', seq, sender, sender_name, sender_avatar, message_type,"
     " content_type, message_content, client_id, mentions, recalled, position, created_at"
     " FROM group_message WHERE group_id = 'r1' LIMIT 1",
     "DELETE FROM group_message WHERE group_id = 'r9'", "not in the table of rooms", None),
    ("UPDATE sync_mark SET digest = digest + 1 WHERE digest > 0 LIMIT 1",
     "SELECT 1", "another history", None),
])
def test_what_was_changed_in_the_database_is_found(synced, spoilt, repaired, what, member):
    broker, url, sql = synced
    digests = "CREATE TABLE IF NOT EXISTS kept AS SELECT broker_id, part, digest FROM sync_mark"
    sql(digests)
    assert sql(spoilt) == 1
    found = verify(broker.data, "--mysql", url, status=MYSQL)
    sql(repaired)
    sql("UPDATE sync_mark s JOIN kept k ON k.broker_id = s.broker_id AND k.part = s.part"
        " SET s.digest = k.digest")
    assert what in found["what"] and found.get("member") == member
    if "unread" in what or "seen" in what:
        assert found["room"] == "r1" and abs(int(found["expected"]) - int(found["found"])) == 1
        assert found["records"]
    verify(broker.data, "--mysql", url)


def test_a_database_of_another_journal(synced, broker, room):
    _, url, _ = synced
    assert "knows nothing" in verify(broker.data, "--mysql", url, status=MYSQL)["what"]
