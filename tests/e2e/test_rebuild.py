"""The broker's data directory is lost: one is made from the database alone, and
everybody carries on. The database is lost: its tables are made from the journal."""

import json
import os
import shutil
import time

import oracle
import pytest
import recording
from client import Client
from conftest import check_rooms, people, say, spec, unreads, whole_history
from proc import Broker, Worker, ctl, environment, play, program, run
from test_mysql import SMALL_WINDOW, Stack, until_trimmed

NOTICE = 2
CLOSED, DISSOLVED = 2, 3
POST_CONFLICT, ROOM_CONFLICT, ROOM_DISSOLVED = 29, 21, 23
MEMBER_FIELDS = "member type name avatar read_seq unread joined_us joined_seq".split()
ROOMS = ["desk", "quiet", "closed", "open", "rejoined"]


@pytest.fixture
def stack(database):
    with Stack(database, {"sync.partitions": 4}) as stack:
        yield stack


def rebuild(what, stack, *more, status=0, data=None):
    return run(program("parlor-replay"), "rebuild", what, "--data", data or stack.broker.data,
               *more, status=status, env=environment(PARLOR_MYSQL=stack.url))


def stop_all(stack):
    dismiss(stack)
    stack.broker.stop()


def dismiss(stack):
    """The workers leave."""
    for worker in stack.workers:
        worker.stop()
    stack.workers.clear()


def lose_data(stack):
    stop_all(stack)
    shutil.rmtree(stack.broker.data)


def carry_on(stack):
    stack.broker.start()
    stack.hire()


def scene(stack):
    """Everything that can happen in a room; what was acknowledged, by client id."""
    acknowledged = {}

    def post(room, sender, client_id, body, **more):
        posted = client.post(room=room, sender=sender, client_id=client_id, body=body, **more)
        acknowledged[room, sender, client_id, body] = posted.seq, posted.time_us

    with stack.client() as client:
        for room in ROOMS + ["gone"]:
            client.room_create(room=room, name=f"Room {room} 🛎", history_open=room == "open",
                               members=people("alice", "bob", "carol"))
        for n in range(40):
            post("desk", ("alice", "bob")[n % 2], f"d{n}", f"消息 {n} 👋🏽")
        post("desk", "bob", "mention", "look", mentions=["alice", "carol"], content_type=1)
        post("desk", "alice", "notice", "a notice", type=NOTICE)
        client.read(room="desk", member="alice", seq=20)
        client.read(room="desk", member="carol", seq=0)
        client.unread_mark(room="desk", member="carol", seq=30)
        post("desk", "carol", "own", "mine")
        post("desk", "alice", "secret", "secret")
        client.recall(room="desk", seq=44, by="alice")
        client.members_change(room="desk", members=[dict(member="bob", set_name=True, name="Bo")])
        post("desk", "bob", "renamed", "by another name")
        client.members_add(room="desk", members=[spec("dave")], notice=dict(body="dave is here"))
        post("desk", "dave", "hello", "hello")
        post("rejoined", "bob", "1", "one")
        client.members_remove(room="rejoined", members=["bob"])
        post("rejoined", "alice", "2", "two")
        client.members_add(room="rejoined", members=[spec("bob")])
        post("rejoined", "bob", "3", "three")
        post("rejoined", "alice", "4", "four")
        post("closed", "alice", "1", "last words")
        client.room_rename(room="closed", name="done")
        client.room_labels(room="closed", add=["done", "bill", "客"])
        client.room_labels(room="closed", remove=["bill"])
        client.room_labels(room="gone", add=["over"])
        client.room_close(room="closed")
        post("gone", "alice", "1", "nobody knows")
        client.room_dissolve(room="gone", notice=dict(body="the end"))
        post("open", "carol", "1", "first")
        client.members_add(room="open", members=[spec("eve")])
        client.read(room="open", member="bob", seq=0)
    with stack.client("bob", tenant="bolt") as other:
        other.room_create(room="desk", members=people("alice", "bob"))
        other.post(room="desk", sender="bob", client_id="d1", body="another tenant")
        other.goodbye()
    return acknowledged


def seen_by(stack, tenant="default"):
    """What a client can ask about the rooms."""
    found = {}
    with stack.client(tenant=tenant) as client:
        for room in ROOMS if tenant == "default" else ["desk"]:
            shown = client.room_show(room=room)
            found[room] = (
                shown.name, shown.state, shown.history_open, shown.members, shown.last_seq,
                shown.counted, shown.created_us, shown.active_us, list(shown.labels),
                [tuple(getattr(m, name) for name in MEMBER_FIELDS)
                 for m in client.members_list(room=room).members],
                [(m.seq, m.sender, m.sender_name, m.sender_avatar, m.type, m.content_type, m.body,
                  m.client_id, list(m.mentions), m.recalled, m.time_us)
                 for m in whole_history(client, room)])
        for member in ("alice", "bob"):
            found[member] = [
                (c.room, c.name, c.member_type, c.state, c.unread, c.read_seq, c.last_seq,
                 c.active_us, c.mentioned, c.last.body)
                for c in client.list(member=member).items]
        found["presence"] = [(m.member, m.presence, m.last_seen_us)
                             for m in client.presence_get(members=["bob"]).members]
    return found


def tables(stack):
    """The rows, but for what is of one journal."""
    return {what: stack.rows(f"SELECT {columns} FROM {what} ORDER BY 1, 2, 3") for what, columns in {
        "room": "ent_id, uuid, group_name, state, history_open, last_seq, counted, created_at",
        "chat_group": "ent_id, uuid, member_id, group_name, member_type, unread, seen, read_seq,"
                      " joined_seq, created_at",
        "group_member": "*",
        "group_message": "ent_id, group_id, seq, sender, sender_name, sender_avatar, message_type,"
                         " content_type, message_content, client_id, mentions, recalled, created_at",
        "member": "ent_id, uuid, name, avator",
    }.items()}


def test_a_data_directory_made_from_the_database_is_what_it_was(stack):
    acknowledged = scene(stack)
    stack.settle()
    before, other, rows = seen_by(stack), seen_by(stack, "bolt"), tables(stack)
    lose_data(stack)
    made = rebuild("lmdb", stack, "--json").json()
    assert made["messages"] == len(rows["group_message"]) and made["recalled"] == 1
    assert os.listdir(stack.broker.data), "it stands in its place"
    assert tables(stack) == rows

    carry_on(stack)
    assert seen_by(stack) == before
    assert seen_by(stack, "bolt") == other and other["presence"][0][2] > 0
    with stack.client() as client:
        for (room, sender, client_id, body), (seq, time_us) in acknowledged.items():
            more = {"type": NOTICE} if client_id == "notice" else {}
            if client_id == "mention":
                more = dict(mentions=["alice", "carol"], content_type=1)
            again = client.post(room=room, sender=sender, client_id=client_id, body=body, **more)
            assert (again.seq, again.time_us) == (seq, time_us), (room, client_id)
        assert client.refusal("post", room="desk", sender="bob", client_id="d1",
                              body="other") == POST_CONFLICT
        assert client.refusal("post", room="gone", sender="alice", client_id="new",
                              body="x") == ROOM_DISSOLVED
        assert client.room_create(room="desk", members=people("alice")).room == "desk"
        last = client.room_show(room="desk").last_seq
        assert client.post(room="desk", sender="dave", client_id="next", body="on").seq == last + 1


def test_workers_carry_on_and_send_nothing_twice(stack):
    scene(stack)
    stack.settle()
    lose_data(stack)
    rebuild("lmdb", stack)
    carry_on(stack)
    stack.settle()
    with stack.client() as client:
        say(client, *(f"after {n}" for n in range(7)), room="desk")
        client.read(room="desk", member="carol", seq=0)
        client.members_remove(room="desk", members=["bob"])
        stack.settle()
        status = client.sync_status()
        assert status.position == status.synced and not any(p.error for p in status.partitions)
        history = [(m.seq, m.body) for m in whole_history(client, "desk")]
        unread = unreads(client, "desk")
        counters = {c.name: c.value for c in client.stats().counters}
    assert counters["sync_batch_records"] < 20, "the past is there already"
    assert counters["sync_marks_back"] == 0
    assert [(seq, body) for seq, body in stack.rows(
        "SELECT seq, message_content FROM group_message WHERE ent_id = 'default'"
        " AND group_id = 'desk' ORDER BY seq")] == history
    assert dict(stack.rows("SELECT member_id, unread FROM chat_group WHERE ent_id = 'default'"
                           " AND uuid = 'desk'")) == unread
    ((positions, messages),) = stack.rows("SELECT COUNT(DISTINCT position), COUNT(*) FROM group_message")
    assert positions == messages, "each is at its place in the new journal"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return recording.make(tmp_path_factory.mktemp("made") / "made.ndjson", rooms=60, events=80)


def test_a_replay_stands_again_and_goes_on(stack, file):
    assert play(stack.broker, file, "--read-every", "3")["good"]
    stack.settle()
    lose_data(stack)
    rebuild("lmdb", stack)
    carry_on(stack)
    rooms = list(oracle.rooms(file, read_every=3))
    with stack.client() as client:
        check_rooms(client, rooms)
    assert stack.differences(rooms) == []
    summary = play(stack.broker, file, "--read-every", "3")
    assert summary["good"] and summary["already_there"] == sum(len(r.messages) for r in rooms)
    stack.settle()
    assert stack.differences(rooms) == []


def test_what_the_database_did_not_have_yet_is_lost_and_the_rest_is_whole(stack):
    with stack.client() as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, "one", "two")
        stack.settle()
        dismiss(stack)
        say(client, "three", "four")
    lose_data(stack)
    rebuild("lmdb", stack)
    carry_on(stack)
    with stack.client() as client:
        assert [m.body for m in whole_history(client, "r")] == ["one", "two"]
        assert unreads(client, "r") == {"alice": 0, "bob": 2}
        say(client, "again")
        stack.settle()
    assert [b for (b,) in stack.rows("SELECT message_content FROM group_message ORDER BY seq")] == [
        "one", "two", "again"]


def test_a_session_of_before_is_told_to_begin_anew(stack):
    with stack.client("bob") as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, "one")
        client.bodies(1)
        stack.settle()
        resume = client.drop()
    lose_data(stack)
    rebuild("lmdb", stack)
    carry_on(stack)
    with stack.client("bob", resume=resume) as client:
        assert client.welcome.reset


def test_the_lost_journal_cannot_write_when_it_comes_back(stack):
    with stack.client() as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, "one")
        stack.settle()
    stop_all(stack)
    found = stack.broker.data + ".found"
    os.rename(stack.broker.data, found)
    rebuild("lmdb", stack)
    with Broker(data=found) as old, Client(old.client) as client:
        worker = Worker(old, stack.url)
        try:
            say(client, "from the past")
            deadline = time.monotonic() + 60
            while not all("epoch" in part.error for part in client.sync_status().partitions):
                assert time.monotonic() < deadline, client.sync_status()
            worker.stop()
        finally:
            worker.end()
    assert stack.rows("SELECT COUNT(*) FROM group_message") == ((1,),)
    carry_on(stack)
    with stack.client() as client:
        say(client, "two")
        stack.settle()
    assert stack.rows("SELECT seq, message_content FROM group_message ORDER BY seq") == (
        (1, "one"), (2, "two"))


# ---- what is refused --------------------------------------------------------------------


def test_a_directory_that_holds_something_is_not_touched(stack):
    stack.settle()
    stop_all(stack)
    before = sorted(os.listdir(stack.broker.data))
    said = rebuild("lmdb", stack, status=1).err
    assert "not empty" in said and "CONFIG" in said
    assert sorted(os.listdir(stack.broker.data)) == before
    assert os.listdir(os.path.dirname(stack.broker.data)).count("data") == 1


def test_a_database_in_use_is_refused(stack, tmp_path):
    stack.settle()
    place = str(tmp_path / "made")
    said = rebuild("lmdb", stack, status=1, data=place).err
    assert "other sessions" in said
    assert os.listdir(tmp_path) == []


def test_a_worker_that_writes_meanwhile_is_noticed(stack):
    with stack.client() as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, "one")
        stack.settle()
    lose_data(stack)
    stack.rows("CREATE TRIGGER meanwhile BEFORE UPDATE ON group_message FOR EACH ROW"
               " UPDATE sync_mark SET position = position + 1")
    said = rebuild("lmdb", stack, status=1).err
    assert "DB_FENCED" in said and "meanwhile" in said
    assert not os.path.exists(stack.broker.data)
    assert stack.rows("SELECT COUNT(DISTINCT broker_id) FROM sync_mark") == ((1,),)


def test_the_rooms_of_several_brokers_only_by_force(stack):
    with stack.client() as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, "one")
        stack.settle()
    lose_data(stack)
    stack.rows("INSERT INTO sync_mark (broker_id, part, epoch, position) VALUES (12345, 0, 1, 5)")
    assert "2 brokers write" in rebuild("lmdb", stack, status=1).err
    rebuild("lmdb", stack, "--force")
    carry_on(stack)
    stack.settle()


def test_by_force_a_living_broker_is_shut_out(stack, tmp_path):
    with stack.client() as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, "one")
        stack.settle()
        place = str(tmp_path / "made")
        rebuild("lmdb", stack, "--force", data=place)
        say(client, "shut out")
        ctl(stack.broker, "sync", "wait", "--timeout", "2", status=3)
    assert stack.rows("SELECT message_content FROM group_message") == (("one",),)
    stop_all(stack)
    with Broker(data=place) as made, Client(made.client) as client:
        assert [m.body for m in whole_history(client, "r")] == ["one"]


@pytest.mark.parametrize("harm, words", [
    ("DELETE FROM group_message WHERE seq = 2", "message 3 stands where 2"),
    ("DELETE FROM group_message WHERE seq = 3", "its row says 3 messages"),
    ("UPDATE chat_group SET seen = seen + 1 WHERE member_id = 'bob'", "read up to 0, seen"),
    ("DELETE FROM room", "ROOM_UNKNOWN"),
    # Only a column of bytes can hold it.
    ("ALTER TABLE group_message MODIFY message_content MEDIUMBLOB NOT NULL;"
     "UPDATE group_message SET message_content = X'74E961' WHERE seq = 2", "seq 2 there is no UTF-8 in its body"),
    ("ALTER TABLE group_message MODIFY mentions MEDIUMBLOB;"
     "UPDATE group_message SET mentions = X'5B22E9225D' WHERE seq = 3", "seq 3 there is no UTF-8 in its mentions"),
], ids=["gap", "short", "seen", "room", "body", "mentions"])
def test_tables_that_do_not_fit_together_are_refused_by_name(stack, harm, words):
    with stack.client() as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, "one", "two", "three")
        stack.settle()
    lose_data(stack)
    for statement in harm.split(";"):
        stack.rows(statement)
    marks = stack.rows("SELECT * FROM sync_mark")
    said = rebuild("lmdb", stack, status=1).err
    assert words in said
    assert not os.path.exists(stack.broker.data) and stack.rows("SELECT * FROM sync_mark") == marks


@pytest.mark.parametrize("words", [
    ("rebuild",), ("rebuild", "lmdb"), ("rebuild", "postgres", "--data", "x"),
    ("rebuild", "lmdb", "--data", "x"), ("rebuild", "lmdb", "--data", "x", "--mysql", "http://x"),
], ids=["what", "where", "which", "no-url", "bad-url"])
def test_bad_usage(words, tmp_path):
    env = environment()
    env.pop("PARLOR_MYSQL", None)
    assert run(program("parlor-replay"), *words, status=2, env=env).err
    assert not os.path.exists("x")


# ---- the other way round ------------------------------------------------------------------


def test_a_lost_database_is_made_from_the_journal(stack, file):
    assert play(stack.broker, file, "--read-every", "3")["good"]
    scene(stack)
    stack.settle()
    rows = tables(stack)
    dismiss(stack)
    stack.rows(f"DROP DATABASE {stack.name}")
    stack.server.query(f"CREATE DATABASE {stack.name}", database=None)
    rebuild("mysql", stack)
    stack.hire()
    stack.settle()
    rooms = list(oracle.rooms(file, read_every=3))
    assert all("never played" in line for line in stack.differences(rooms))
    assert tables(stack) == rows


def test_damaged_tables_are_made_anew_beside_a_running_broker(stack):
    scene(stack)
    stack.settle()
    rows = tables(stack)
    stack.rows("DELETE FROM group_message WHERE seq IN (2, 4, 6)")
    stack.rows("UPDATE chat_group SET unread = 99, seen = 0")
    stack.rows("INSERT INTO chat_group (ent_id, uuid, member_id) VALUES ('default', 'desk', 'ghost')")
    stack.rows("INSERT INTO desk (ent_id, desk) VALUES ('default', 'ghost')")
    stack.rows("INSERT INTO desk_conversation (ent_id, conversation_id) VALUES ('default', 'ghost')")
    assert "other sessions" in rebuild("mysql", stack, status=1).err
    dismiss(stack)
    said = rebuild("mysql", stack, status=1).err
    assert "7 rooms of this journal" in said
    removed = json.loads(rebuild("mysql", stack, "--force", "--json").out)["removed_rooms"]
    assert removed == 7
    with stack.client() as client:
        say(client, "meanwhile", room="quiet")
        stack.hire()
        stack.settle()
    assert stack.rows("SELECT desk FROM desk UNION SELECT conversation_id FROM desk_conversation") == ()
    made = tables(stack)
    for what in ("group_member", "member"):
        assert made[what] == rows[what]
    assert len(made["group_message"]) == len(rows["group_message"]) + 1
    assert [row for row in made["chat_group"] if row[1] != "quiet"] == [
        row for row in rows["chat_group"] if row[1] != "quiet"]


def test_a_journal_that_was_found_again_takes_its_database_back(stack):
    with stack.client() as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, "one")
        stack.settle()
        say(client, "two")
    stop_all(stack)
    found = stack.broker.data + ".found"
    os.rename(stack.broker.data, found)
    stack.rows("DELETE FROM group_message WHERE seq = 2")
    stack.rows("UPDATE room SET last_seq = 1, counted = 1")
    stack.rows("UPDATE chat_group SET seen = 1 WHERE member_id = 'alice'")
    rebuild("lmdb", stack)
    stack.broker.start()
    stack.hire()
    with stack.client() as client:
        client.members_add(room="r", members=[spec("carol")])
        say(client, "of the rebuilt one")
        stack.settle()
    lose_data(stack)
    os.rename(found, stack.broker.data)
    assert "1 of others" in rebuild("mysql", stack, status=1).err
    rebuild("mysql", stack, "--force")
    carry_on(stack)
    stack.settle()
    assert [b for (b,) in stack.rows("SELECT message_content FROM group_message ORDER BY seq")] == [
        "one", "two"]
    assert stack.rows("SELECT member_id, unread FROM chat_group ORDER BY 1") == (
        ("alice", 0), ("bob", 2))


def test_an_empty_database_makes_an_empty_directory(stack):
    lose_data(stack)
    assert rebuild("lmdb", stack, "--json").json()["rooms"] == 0
    carry_on(stack)
    with stack.client() as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, "one")
        stack.settle()
    assert stack.rows("SELECT seq FROM group_message") == ((1,),)


def test_what_was_trimmed_comes_back_from_the_database_and_not_the_other_way(database):
    with Stack(database, SMALL_WINDOW, name="trimmed") as stack:
        with stack.client() as client:
            client.room_create(room="r", history_open=True, members=people("alice", "bob"))
            for n in range(1000):
                client.send("post", room="r", sender="alice", client_id=str(n), body=f"m{n}")
            stack.settle()
            until_trimmed(client, 900)
        stop_all(stack)
        said = rebuild("mysql", stack, "--force", status=1).err
        assert "the journal begins at" in said
        shutil.rmtree(stack.broker.data)
        rebuild("lmdb", stack)
        carry_on(stack)
        with stack.client() as client:
            assert [m.body for m in whole_history(client, "r")] == [f"m{n}" for n in range(1000)]
