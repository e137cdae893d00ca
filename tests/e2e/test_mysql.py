"""MySQL behind the broker: what is posted stands there, in order and once, and
every unread count is exact, whatever is killed meanwhile. Asked by SQL, and
compared with a count made from the recorded file."""

import itertools
import json
import os
import random
import shutil
import time

import oracle
import pytest
import recording
from client import Client
from conftest import people, whole_history
from mariadb import MariaDB
from proc import Broker, Process, Worker, ctl, environment, play, play_argv, program
from stack import Stack, migrate

STORED = 1
NOTICE = 2


@pytest.fixture
def stack(database):
    with Stack(database) as stack:
        yield stack


def test_rooms_members_and_messages_stand_in_the_tables_people_query(stack):
    with stack.client() as client:
        client.room_create(room="r", name="Desk 🛎", members=people("alice", "bob", "carol"))
        client.post(room="r", sender="alice", client_id="a", body="你好 👋🏽", mentions=["bob"])
        client.post(room="r", sender="bob", client_id="b", body="a notice", type=NOTICE)
        client.post(room="r", sender="bob", client_id="c", body="hi", content_type=3)
        client.members_change(room="r", members=[dict(member="carol", set_name=True, name="Caro")])
        stack.settle()
    assert stack.rows("SELECT seq, sender, sender_name, message_type, content_type, message_content,"
                      " client_id FROM group_message WHERE ent_id='default' AND group_id='r'"
                      " ORDER BY seq") == (
        (1, "alice", "Alice", 1, 0, "你好 👋🏽", "a"),
        (2, "bob", "Bob", 2, 0, "a notice", "b"),
        (3, "bob", "Bob", 1, 3, "hi", "c"))
    assert [json.loads(m) for (m,) in stack.rows(
        "SELECT mentions FROM group_message WHERE mentions IS NOT NULL AND seq = 1")] == [["bob"]]
    assert stack.rows("SELECT member_id, group_name, member_type, unread FROM chat_group"
                      " WHERE ent_id='default' AND uuid='r' ORDER BY member_id") == (
        ("alice", "Desk 🛎", 1, 1), ("bob", "Desk 🛎", 2, 1), ("carol", "Desk 🛎", 2, 2))
    assert stack.rows("SELECT member_id, member_name, member_avatar, member_type FROM group_member"
                      " ORDER BY member_id") == (
        ("alice", "Alice", "/alice.png", 1), ("bob", "Bob", "/bob.png", 2),
        ("carol", "Caro", "/carol.png", 2))
    assert ("alice", "Alice", "/alice.png") in stack.rows("SELECT uuid, name, avator FROM member")


def test_times_in_mysql_are_those_that_were_acknowledged(stack):
    with stack.client() as client:
        client.room_create(room="r", members=people("alice"))
        posted = client.post(room="r", sender="alice", client_id="1", body="x", level=STORED)
    ((us, position),) = stack.rows(
        "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', created_at), position FROM group_message")
    assert (us, position) == (posted.time_us, posted.position)


def test_reading_leaving_renaming_and_dissolving_reach_mysql(stack):
    with stack.client() as client:
        client.room_create(room="r", name="old", members=people("alice", "bob", "carol"))
        client.room_create(room="gone", members=people("alice", "bob"))
        for n in range(5):
            client.post(room="r", sender="alice", client_id=str(n), body="x")
        client.read(room="r", member="bob", seq=3)
        client.unread_mark(room="r", member="bob", seq=2)
        client.members_remove(room="r", members=["carol"])
        client.room_rename(room="r", name="new")
        client.room_dissolve(room="gone")
        stack.settle()
    assert stack.rows("SELECT member_id, group_name, unread, read_seq FROM chat_group"
                      " ORDER BY member_id") == (("alice", "new", 0, 0), ("bob", "new", 4, 1))
    assert [m for (m,) in stack.rows("SELECT member_id FROM group_member ORDER BY 1")] == ["alice", "bob"]
    assert stack.rows("SELECT COUNT(*) FROM group_message") == ((5,),), "history stays"
    assert stack.rows("SELECT uuid, state FROM room ORDER BY uuid") == (("gone", 3), ("r", 1))


def test_presence_reaches_mysql(stack):
    def status():
        return dict(stack.rows("SELECT uuid, online_status FROM member"))

    with stack.client() as client, stack.client("bob") as bob:
        client.room_create(room="r", members=people("alice", "bob"))
        stack.settle()
        assert status() == {"alice": "offline", "bob": "online"}
        bob.goodbye()
        stack.settle()
        assert status()["bob"] == "offline"
        ((seen,),) = stack.rows("SELECT last_seen IS NOT NULL FROM member WHERE uuid='bob'")
        assert seen == 1


def test_stored_means_that_mysql_has_it(stack):
    with stack.client() as client:
        client.room_create(room="r", members=people("alice", "bob"))
        for n in range(20):
            posted = client.post(room="r", sender="alice", client_id=str(n), body=f"body {n}",
                                 level=STORED)
            assert stack.rows("SELECT message_content FROM group_message WHERE seq = %s",
                              posted.seq) == ((f"body {n}",),)


def test_stored_waits_for_a_worker_and_others_do_not_wait(stack):
    with stack.client() as client, stack.client("bob") as bob:
        client.room_create(room="r", members=people("alice", "bob"))
        (worker,) = stack.workers
        worker.stop()
        stack.workers.clear()
        waiting = client.send("post", room="r", sender="alice", client_id="1", body="stored",
                              level=STORED)
        assert client.post(room="r", sender="alice", client_id="2", body="journal").seq == 2
        assert bob.bodies(2) == ["stored", "journal"]
        client.call("ping")
        assert waiting not in client.replies
        stack.hire()
        assert client.wait(waiting, patience=60).posted.seq == 1
        assert stack.rows("SELECT COUNT(*) FROM group_message WHERE seq = 1") == ((1,),)


def test_a_recall_takes_the_body_out_of_mysql(stack):
    with stack.client() as client:
        client.room_create(room="r", members=people("alice", "bob"))
        client.post(room="r", sender="alice", client_id="1", body="secret", level=STORED)
        client.recall(room="r", seq=1, by="alice")
        stack.settle()
    assert stack.rows("SELECT seq, message_content, recalled FROM group_message") == ((1, "", 1),)
    assert stack.rows("SELECT unread FROM chat_group WHERE member_id='bob'") == ((1,),)


def test_a_text_that_was_recalled_before_never_comes_to_mysql(stack):
    (worker,) = stack.workers
    worker.stop()
    stack.workers.clear()
    with stack.client() as client:
        client.room_create(room="r", members=people("alice"))
        client.post(room="r", sender="alice", client_id="1", body="secret")
        client.recall(room="r", seq=1, by="alice")
        stack.hire()
        stack.settle()
    assert stack.rows("SELECT seq, message_content, recalled FROM group_message") == ((1, "", 1),)


def test_tenants_have_rows_of_their_own(stack):
    for tenant in ("acme", "bolt"):
        with stack.client(tenant=tenant) as client:
            client.room_create(room="r", members=people("alice", "bob"))
            client.post(room="r", sender="alice", client_id="1", body=tenant, level=STORED)
    assert stack.rows("SELECT ent_id, message_content FROM group_message ORDER BY 1") == (
        ("acme", "acme"), ("bolt", "bolt"))


# ---- another history ------------------------------------------------------------------------


def test_a_broker_put_back_from_a_copy_does_not_write_into_a_database_that_went_on(database):
    def post(client, first, n):
        for i in range(first, first + n):
            client.post(room="r", sender="alice", client_id=f"{first}-{i}", body=f"message {i}")

    def dump():
        return [stack.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in (
            "room", "chat_group", "group_member", "group_message")] + [
            stack.rows("SELECT position, digest FROM sync_mark")]

    def await_trouble(words):
        deadline = time.monotonic() + 60
        while words not in client.sync_status().partitions[0].error:
            assert time.monotonic() < deadline, client.sync_status()
        assert dump() == before

    with Stack(database, {"sync.partitions": 1}) as stack:
        copy, gone = stack.broker.data + ".copy", stack.broker.data + ".gone"
        with stack.client() as client:
            client.room_create(room="r", members=people("alice", "bob"))
            post(client, 0, 5)
        stack.broker.stop()
        shutil.copytree(stack.broker.data, copy)
        stack.broker.start()
        with stack.client() as client:
            post(client, 5, 20)
            stack.settle()
            head = client.sync_status().position
        stack.broker.stop()
        before = dump()

        os.rename(stack.broker.data, gone)
        os.rename(copy, stack.broker.data)
        stack.broker.start()
        with stack.client() as client:
            await_trouble("another history")
            post(client, 100, 40)
            assert client.sync_status().position > head
            await_trouble("another history")
        stack.broker.restart()
        with stack.client() as client:
            await_trouble("another history")
            assert client.sync_status().synced == 0
        stack.broker.stop()

        shutil.rmtree(stack.broker.data)
        os.rename(gone, stack.broker.data)
        stack.broker.start()
        with stack.client() as client:
            post(client, 200, 1)
            stack.settle()
            assert [m.body for m in whole_history(client, "r")] == [
                body for (body,) in stack.rows("SELECT message_content FROM group_message ORDER BY seq")]


# ---- migrations ---------------------------------------------------------------------------


def test_migrating_twice_and_by_several_at_once_is_safe(database):
    url = database.url("migrated")
    processes = [Process(program("parlor-worker"), "--migrate", env=environment(PARLOR_MYSQL=url))
                 for _ in range(4)]
    try:
        assert [process.wait() for process in processes] == [0] * 4
    finally:
        for process in processes:
            process.end()
    tables = database.query("SHOW TABLES", database="migrated")
    assert {"room", "chat_group", "group_member", "group_message", "member", "sync_mark"} <= {
        table for (table,) in tables}
    migrate(url)
    assert database.query("SHOW TABLES", database="migrated") == tables
    versions = database.query("SELECT version FROM schema_version ORDER BY 1", database="migrated")
    assert versions == tuple((n + 1,) for n in range(len(versions)))


def test_a_database_of_a_newer_version_is_refused_by_name(database):
    url = database.url("newer")
    migrate(url)
    with database.connect("newer") as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO schema_version (version, name, started_at, applied_at)"
                       " VALUES (9999, 'of tomorrow', NOW(), NOW())")
    assert "9999" in migrate(url, status=3).err
    with Broker() as broker:
        worker = Process(program("parlor-worker"), "--broker", broker.worker,
                         env=environment(PARLOR_MYSQL=url))
        try:
            assert worker.wait() == 3
            assert "9999" in worker.stderr()
        finally:
            worker.end()


# ---- whatever is killed ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return recording.make(tmp_path_factory.mktemp("made") / "made.ndjson", rooms=150, events=120)


@pytest.mark.parametrize("more", [(), ("--read-every", "3")], ids=["unread", "read"])
def test_a_replay_comes_to_mysql_as_the_file_says(stack, file, more):
    stack.hire()
    summary = play(stack.broker, file, *more)
    assert summary["good"] and summary["refused"] == {}
    stack.settle()
    rooms = list(oracle.rooms(file, read_every=3 if more else 0))
    assert stack.differences(rooms) == []
    assert summary["texts"] == sum(room.counted() for room in rooms)


def test_workers_and_the_database_killed_at_random_during_a_replay(file):
    chance = random.Random(8)
    with MariaDB() as server, Stack(server) as stack:
        stack.hire()
        replay = Process(*play_argv(stack.broker, file, "--in-flight", "64", "--read-every", "4"))
        try:
            kills = 0
            while replay.running() or kills < 12:
                if chance.random() < 0.3:
                    server.kill9()
                    server.start()
                else:
                    stack.replace(chance.choice(stack.workers))
                kills += 1
                with stack.client() as client:  # goes on when MySQL moved, or had time to
                    advance(client)
            assert json.loads(replay.line(120))["good"]
            assert replay.wait() == 0
        finally:
            replay.end()
        stack.settle(120)
        assert stack.differences(oracle.rooms(file, read_every=4)) == []


def advance(client, steps=200):
    """Waits until the synced position rises, or for as many looks."""
    before = client.sync_status().synced
    for _ in range(steps):
        if client.sync_status().synced > before:
            return


def test_the_database_is_away_for_a_while_and_posting_goes_on(file):
    with MariaDB() as server, Stack(server) as stack:
        stack.settle()
        server.kill9()
        summary = play(stack.broker, file)
        assert summary["good"]
        status = ctl(stack.broker, "sync", "status").json()
        assert status["synced"] < status["position"]
        assert ctl(stack.broker, "sync", "wait", "--timeout", "1", status=None).status != 0
        server.start()
        stack.settle(120)
        assert stack.differences(oracle.rooms(file)) == []


def test_a_frozen_database_is_waited_for(file):
    with MariaDB() as server, Stack(server) as stack:
        stack.settle()
        server.freeze()
        assert play(stack.broker, file)["good"]
        server.cont()
        stack.settle(120)
        assert stack.differences(oracle.rooms(file)) == []


def test_the_broker_killed_during_a_replay_leaves_mysql_right(database, file):
    with Stack(database, {"session.heartbeat_ms": 100}) as stack:
        stack.hire()
        kill_broker_during_a_replay(stack, file)
        stack.settle()
        assert stack.differences(oracle.rooms(file)) == []


def kill_broker_during_a_replay(stack, file):
    replay = Process(*play_argv(stack.broker, file, "--in-flight", "64"))
    try:
        for _ in range(5):
            with stack.client() as client:
                advance(client)
            stack.broker.crash()
        assert json.loads(replay.line(120))["good"]
        assert replay.wait() == 0
    finally:
        replay.end()


# ---- old history ---------------------------------------------------------------------------------


SMALL_WINDOW = {"history.hot_records": 50, "store.dirty_rows_max": 1000}


def until_trimmed(client, position):
    """Trimming follows the commits: small ones in another room go on until it did."""
    client.room_create(room="busy", members=people("alice"))
    deadline = time.monotonic() + 60
    for n in itertools.count():
        client.post(room="busy", sender="alice", client_id=str(n), body="x")
        counters = {c.name: c.value for c in client.stats().counters}
        if counters["journal_first"] > position:
            return
        assert time.monotonic() < deadline, counters


def test_history_older_than_the_hot_window_comes_through_a_worker(database):
    with Stack(database, SMALL_WINDOW) as stack, stack.client() as client:
        client.room_create(room="r", history_open=True, members=people("alice", "bob"))
        where = (client.journal, client.position)
        for n in range(1, 1001):
            client.send("post", room="r", sender=("alice", "bob")[n % 2], client_id=str(n), body=f"m{n}")
        client.recall(room="r", seq=5, by="alice")
        stack.settle()
        until_trimmed(client, 900)
        wanted = ["" if n == 5 else f"m{n}" for n in range(1, 1001)]
        old = client.wait(client.send("history", room="r", limit=1, **{"from": 1}))
        recent = client.wait(client.send("history", room="busy", limit=1, backwards=True))
        assert old.as_of == 0 and recent.as_of > 1000, "a worker knows nothing of the journal"

        messages = whole_history(client, "r")
        assert [m.seq for m in messages] == list(range(1, 1001))
        assert [m.body for m in messages] == wanted
        assert messages[4].recalled and messages[0].sender_name == "Bob"
        assert all(m.time_us for m in messages)

        backwards, more, at = [], True, 0
        while more:
            page = client.history(room="r", backwards=True, **{"from": at})
            backwards += page.messages
            more, at = page.more, page.messages[-1].seq - 1
        assert backwards == messages[::-1]

        with Client(stack.broker.client, members=["bob"], resume=where) as late:
            assert late.welcome.reset, "what it missed was trimmed"


def test_without_a_worker_old_history_is_a_retryable_refusal(database):
    with Stack(database, SMALL_WINDOW) as stack, stack.client() as client:
        client.room_create(room="r", members=people("alice", "bob"))
        for n in range(1, 1001):
            client.send("post", room="r", sender="alice", client_id=str(n), body=f"m{n}")
        client.call("ping")
        stack.settle()
        until_trimmed(client, 900)
        stack.workers.pop().stop()
        reply = client.wait(client.send("history", room="r", **{"from": 1}))
        assert reply.code == 42 and reply.retry
        assert client.history(room="busy", backwards=True, limit=1).messages[0].body == "x"
        stack.hire()
        stack.settle()
        assert client.history(room="r", **{"from": 1}).messages[0].body == "m1"


def test_a_password_is_not_shown(stack):
    with stack.server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER shy@localhost IDENTIFIED BY 'opensesame'")
        cursor.execute(f"GRANT ALL ON {stack.name}.* TO shy@localhost")
    url = stack.server.url(stack.name, user="shy", password="opensesame")
    worker = Worker(stack.broker, url)
    try:
        with open(f"/proc/{worker.pid}/cmdline", "rb") as file:
            assert b"opensesame" not in file.read()
        worker.stop()
        assert "opensesame" not in worker.stderr() + worker.ready
    finally:
        worker.end()


def test_mysql_away_at_the_start_is_said_and_waited_for(broker, tmp_path):
    server = MariaDB(directory=str(tmp_path))
    worker = Process(program("parlor-worker"), "--broker", broker.worker,
                     env=environment(PARLOR_MYSQL=server.url()))
    try:
        worker.await_said("connect")
        with server:
            migrate(server.url())
            assert worker.line(60).startswith("ready")
            worker.stop()
    finally:
        worker.end()


def test_a_worker_stops_while_mysql_is_away(broker, tmp_path):
    worker = Process(program("parlor-worker"), "--broker", broker.worker,
                     env=environment(PARLOR_MYSQL=f"mysql://root@localhost/x?socket={tmp_path}/none"))
    try:
        worker.await_said("connect")
        worker.stop()
    finally:
        worker.end()
