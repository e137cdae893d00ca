"""The auditor: what is right is found to be equal, beside a running broker and
on copies; what was broken on purpose is found, told with room and member, and
has the exit code of its kind. And the past: at, explain, diff."""

import datetime
import itertools
import json
import os
import random
import shutil
import time

import pytest
from client import Client
from conftest import people, say, spec, unreads, whole_history
from proc import Broker, Process, Worker, ctl, environment, play_argv, program, run

SOURCE = os.environ["PARLOR_SOURCE"]
SAMPLE = os.path.join(SOURCE, "tests/data/sample.ndjson")
SPOIL = os.environ["PARLOR_SPOIL"]
NOTICE = 2
EQUAL, DIFFERENT, USAGE, JOURNAL, ROWS, UNREAD, MYSQL, UNREADABLE, TRIMMED = range(9)


def replay(*words, status=EQUAL, **env):
    return run(program("parlor-replay"), *map(str, words), status=status, env=environment(**env))


def verify(data, *more, status=EQUAL):
    """The result, as the object that --json prints."""
    return replay("verify", "--data", data, "--json", *more, status=status).json()


def lines(*words, **more):
    return [json.loads(line) for line in replay(*words, "--json", **more).out.splitlines()]


def talk(client, seed, steps=300, prefix="r"):
    """Everything that can happen in rooms, at random."""
    chance, names = random.Random(seed), [f"m{n}" for n in range(6)]
    serial = itertools.count(1)
    rooms = {}  # room: members in it
    for n in range(4):
        rooms[f"{prefix}{n}"] = set(names[:4])
        client.room_create(room=f"{prefix}{n}", name=f"Room {n}", members=people(*names[:4]),
                           history_open=n % 2 == 0)
    length = dict.fromkeys(rooms, 0)
    recalled = set()
    for _ in range(steps):
        room = chance.choice(list(rooms))
        inside, outside = sorted(rooms[room]), sorted(set(names) - rooms[room])
        member = chance.choice(inside)
        match chance.randrange(12):
            case 0 | 1 | 2 | 3 | 4:
                length[room] = client.post(
                    room=room, sender=member, client_id=f"{seed}-{next(serial)}", body=f"said {seed} 你好",
                    type=NOTICE if chance.random() < 0.1 else 1,
                    mentions=[m for m in inside if m != member][:chance.randrange(2)]).seq
            case 5 | 6:
                client.read(room=room, member=member, seq=chance.randint(0, length[room]))
            case 7 if length[room]:
                client.unread_mark(room=room, member=member, seq=chance.randint(1, length[room]))
            case 8 if outside:
                client.members_add(room=room, members=[spec(outside[0])])
                rooms[room].add(outside[0])
            case 9 if member != "m0" and len(inside) > 2:
                client.members_remove(room=room, members=[member], notice=dict(body="left"))
                rooms[room].discard(member)
                length[room] += 1
            case 10 if length[room]:
                seq = chance.randint(1, length[room])
                if (room, seq) not in recalled:
                    client.recall(room=room, seq=seq, by="m0")
                    recalled.add((room, seq))
            case 11:
                client.room_rename(room=room, name=f"Named {next(serial)}")
                client.members_change(room=room, members=[
                    dict(member=member, set_name=True, name=f"Name {next(serial)}")])


@pytest.fixture(scope="module")
def past():
    """A broker that was ended in order: its rows are as of the last record."""
    with Broker() as broker:
        with Client(broker.client) as client:
            talk(client, 1)
            client.room_create(room="gone", members=people("m0", "m1"))
            say(client, "a", "b", room="gone", sender="m0")
            client.room_dissolve(room="gone", notice=dict(body="the end"))
        with Client(broker.client, tenant="other") as client:
            talk(client, 2, 100)
        broker.stop()
        yield broker


@pytest.fixture
def copy(past, tmp_path):
    """A copy of it, to be broken."""
    return shutil.copytree(past.data, tmp_path / "copy")


def spoil(way, data, room="r1", member="m1"):
    run(SPOIL, way, str(data), "default", room, member)
    return data


# ---- what is right ----------------------------------------------------------------------


def test_all_is_equal(past):
    found = verify(past.data)
    assert found["result"] == "equal" and found["messages"] > 100 and found["unread"] > 0
    assert found["covered"] == found["position"], "it was ended in order"
    text = replay("verify", "--data", past.data).out
    assert "all is equal" in text and found["hash"] in text


def test_verifying_changes_nothing(past):
    def bytes_of(name):
        with open(os.path.join(past.data, name), "rb") as file:
            return file.read()

    before = bytes_of("data.mdb")
    verify(past.data)
    assert bytes_of("data.mdb") == before


def test_beside_a_running_broker(broker, tmp_path):
    """While it writes: each time the journal is longer, and all is equal."""
    with Client(broker.client, tenant="before") as client:
        talk(client, 3, 60)
    player = Process(*play_argv(broker, SAMPLE, "--speed", "5000", "--read-every", "2",
                                tenant="live"))
    positions = []
    while not positions or player.running():
        positions.append(verify(broker.data)["position"])
    assert player.wait() == 0
    assert positions == sorted(positions)
    assert verify(broker.data)["position"] > positions[0]


def test_a_copy_of_a_killed_broker(tmp_path):
    """Its rows lag far behind its journal: they are compared as recovery has them."""
    with Broker() as broker:
        with Client(broker.client) as client:
            talk(client, 4)
        broker.kill()
        copied = shutil.copytree(broker.data, tmp_path / "copy")
        found = verify(copied)
        assert found["covered"] < found["position"]
        broker.start()
        with Client(broker.client) as client:
            assert unreads(client, "r1"), "it recovers from them"
        after = verify(broker.data)
        assert after["position"] > found["position"]


def test_rows_of_a_pass_under_way():
    """Write-back in the middle of a pass: some rows are newer than what is covered."""
    with Broker({"store.dirty_rows_max": 1000, "store.write_back_rows": 64, "store.behind_records_max": 200}) as broker:
        with Client(broker.client) as client:
            talk(client, 5)
        broker.restart()
        player = Process(*play_argv(broker, SAMPLE, "--speed", "5000", "--read-every", "2"))
        found = [verify(broker.data)]
        while player.running():
            found.append(verify(broker.data))
        assert player.wait() == 0
        assert any(0 < at["covered"] < at["position"] for at in found)


# ---- what is wrong ----------------------------------------------------------------------


@pytest.mark.parametrize("way, code, what, member", [
    ("seen", ROWS, "row of the membership", "m1"),
    ("read-seq", ROWS, "row of the membership", "m1"),
    ("no-membership", ROWS, "row of the membership", "m1"),
    ("last-seq", ROWS, "row of the room", None),
    ("garbage", ROWS, "row of the room", None),
    ("message", ROWS, "the index of message 1", None),
    ("wrong-read", UNREAD, "unread after a reading", "m1"),
    ("wrong-post", UNREAD, "unread, counted message by message", "m1"),
    ("seq-gap", JOURNAL, "seq of a message", "m1"),
])
def test_what_was_broken_is_found(copy, way, code, what, member):
    found = verify(spoil(way, copy), status=code)
    assert what in found["what"] and found["code"] == code
    assert (found["tenant"], found["room"], found.get("member")) == ("default", "r1", member)
    assert found["expected"] != found["found"]
    assert found["records"] and all("what" in record for record in found["records"])
    text = replay("verify", "--data", copy, status=code).out
    assert "DIFFERENT" in text and "r1" in text and "records around it" in text


def test_rows_that_recovery_cannot_read():
    """A broker would not start from them: verify says so, and does not fall."""
    with Broker() as broker:
        with Client(broker.client) as client:
            talk(client, 1)
            broker.restart()
            say(client, "as yet in the journal only", room="r1", sender="m0")
            broker.kill()
        what = verify(spoil("garbage", broker.data), status=ROWS)["what"]
        assert "recovery cannot" in what or "row of the room" in what


def test_differences_of_one_tenant_only(copy):
    spoil("seen", copy)
    assert verify(copy, "--tenant", "other")["result"] == "equal"
    assert verify(copy, "--tenant", "default", status=ROWS)["room"] == "r1"


def test_a_missing_entry_is_found(copy):
    verify(spoil("no-entry", copy), status=JOURNAL)


def test_a_flipped_bit_is_found(copy):
    path = copy / "data.mdb"
    data = bytearray(path.read_bytes())
    at = data.find("said 1 你好".encode())
    while at >= 0:
        data[at] ^= 0x20
        at = data.find("said 1 你好".encode(), at)
    path.write_bytes(data)
    found = verify(copy, status=JOURNAL)
    assert "checksum" in found["what"]
    assert any(record["position"] == found["position"] - 1 for record in found["records"])


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


@pytest.mark.parametrize("words, code", [
    (["verify"], USAGE), (["verify", "--data", "/nonexistent/dir"], UNREADABLE),
    (["verify", "--data", SOURCE], UNREADABLE), (["at", "1", "r", "--data", "/nonexistent"], UNREADABLE),
    (["at", "yesterday", "r", "--data", SOURCE], USAGE), (["explain", "r", "m"], USAGE),
    (["diff", SOURCE], USAGE), (["diff", SOURCE, SOURCE], UNREADABLE),
])
def test_words_and_directories_that_are_wrong(words, code):
    assert replay(*words, status=code).err


def test_a_database_that_is_not_there(past):
    err = replay("verify", "--data", past.data, "--mysql", "mysql://nobody@localhost/x?socket=/nonexistent",
                 status=UNREADABLE).err
    assert "database" in err


# ---- MySQL ------------------------------------------------------------------------------


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


def test_a_database_of_another_journal(synced, past):
    _, url, _ = synced
    assert "knows nothing" in verify(past.data, "--mysql", url, status=MYSQL)["what"]


# ---- the past -----------------------------------------------------------------------------


def test_at_every_position_it_is_as_it_was(broker, tenant, connect):
    """Unread and transcript of the past are what the broker said at the time."""
    client, then = connect(), []
    client.room_create(room="r", name="Desk", members=people("alice", "bob", "carol"))
    for n in range(12):
        sender = ("alice", "bob")[n % 2]
        position = client.post(room="r", sender=sender, client_id=str(n), body=f"body {n}").position
        if n % 4 == 3:
            position = client.read(room="r", member="carol", seq=n).position
        if n == 8:
            client.members_remove(room="r", members=["bob"])
            position = client.members_add(room="r", members=[spec("bob")]).position
        then.append((position, unreads(client, "r"), [m.body for m in whole_history(client, "r")]))
    for position, unread, bodies in then:
        room, *rest = lines("at", position, "r", "--data", broker.data, "--tenant", tenant)
        assert (room["kind"], room["name"], room["position"]) == ("room", "Desk", position)
        assert {m["member"]: m["unread"] for m in rest if m["kind"] == "member"} == unread
        assert [m["body"] for m in rest if m["kind"] == "message"] == bodies


def test_at_a_time(broker, tenant, connect):
    client = connect()
    client.room_create(room="r", members=people("alice", "bob"))
    first = client.post(room="r", sender="alice", client_id="1", body="one")
    client.call("ping")
    second = client.post(room="r", sender="alice", client_id="2", body="two")
    assert second.time_us > first.time_us
    when = datetime.datetime.fromtimestamp(first.time_us // 1000000, datetime.timezone.utc)
    exact = f"{when:%Y-%m-%dT%H:%M:%S}.{first.time_us % 1000000:06}Z"
    room, *_ = lines("at", exact, "r", "--data", broker.data, "--tenant", tenant)
    assert room["position"] == first.position and room["last_seq"] == 1
    room, *_ = lines("at", second.time_us // 1000 + 1, "r", "--data", broker.data, "--tenant", tenant)
    assert room["last_seq"] == 2, "milliseconds"
    before = replay("at", "2001-01-01T00:00:00+01:00", "r", "--data", broker.data, "--tenant", tenant,
                    status=DIFFERENT)
    assert "no such room" in before.err


def test_a_recalled_message_at_the_time_before(broker, tenant, connect):
    client = connect()
    client.room_create(room="r", members=people("alice", "bob"))
    posted = client.post(room="r", sender="alice", client_id="1", body="secret")
    recalled = client.recall(room="r", seq=1, by="alice")
    said = lines("at", posted.position, "r", "--data", broker.data, "--tenant", tenant)[-1]
    assert (said["body"], said["recalled"], said["recalled_since"]) == ("", False, True)
    said = lines("at", recalled.position, "r", "--data", broker.data, "--tenant", tenant)[-1]
    assert (said["recalled"], said["recalled_since"]) == (True, False)
    text = replay("at", posted.position, "r", "--data", broker.data, "--tenant", tenant).out
    assert "recalled since" in text and "secret" not in text


def test_explaining_an_unread_count(broker, tenant, connect):
    client = connect()
    client.room_create(room="r", members=people("alice", "bob"))
    say(client, "1", "2")
    say(client, "3", sender="bob")
    say(client, "4", type=NOTICE)
    client.read(room="r", member="bob", seq=1)
    say(client, "5")
    client.unread_mark(room="r", member="bob", seq=1)
    told = lines("explain", "r", "bob", "--data", broker.data, "--tenant", tenant)
    assert [(t["kind"], t["counted"], t["seen"], t["unread"]) for t in told] == [
        ("joined", 0, 0, 0), ("posted", 1, 0, 1), ("posted", 2, 0, 2), ("posted", 3, 1, 2),
        ("posted", 3, 1, 2), ("read", 3, 2, 1), ("posted", 4, 2, 2), ("read", 4, 1, 3)]
    assert "own" in told[3]["remark"] and "notice" in told[4]["remark"]
    assert told[-1]["unread"] == client.unread_get(room="r", member="bob").unread
    text = replay("explain", "r", "bob", "--data", broker.data, "--tenant", tenant).out
    assert "unread 3, read up to 0: messages 1, 2, 5" in text
    for room, member in [("r", "nobody"), ("nowhere", "bob")]:
        replay("explain", room, member, "--data", broker.data, "--tenant", tenant, status=DIFFERENT)


def test_explaining_to_somebody_who_left(broker, tenant, connect):
    client = connect()
    client.room_create(room="r", members=people("alice", "bob"))
    say(client, "1")
    client.members_remove(room="r", members=["bob"])
    say(client, "2")
    client.members_add(room="r", members=[spec("bob")])
    say(client, "3")
    told = lines("explain", "r", "bob", "--data", broker.data, "--tenant", tenant)
    assert [(t["kind"], t.get("unread")) for t in told] == [
        ("joined", 0), ("posted", 1), ("left", None), ("joined", 0), ("posted", 1)]


def test_no_difference_between_a_directory_and_its_copy(past, copy):
    (end,) = lines("diff", past.data, copy)
    assert end == {"differences": 0, "rooms_differing": 0, "rooms": 9}
    (end,) = lines("diff", past.data, past.data)
    assert end["differences"] == 0


def test_differences_between_two_moments(broker, tenant, connect):
    client = connect()
    client.room_create(room="r", name="old", members=people("alice", "bob"))
    client.room_create(room="same", members=people("alice"))
    posted = client.post(room="r", sender="alice", client_id="1", body="one")
    client.post(room="r", sender="bob", client_id="2", body="two")
    client.recall(room="r", seq=1, by="alice")
    client.room_rename(room="r", name="new")
    client.members_add(room="r", members=[spec("carol")])
    client.room_create(room="later", members=people("alice"))
    *found, end = lines("diff", f"{broker.data}@{posted.position}", broker.data, "--tenant", tenant,
                        status=DIFFERENT)
    assert end == {"differences": len(found), "rooms_differing": 2, "rooms": 3}
    assert [(f["room"], f.get("member"), f.get("seq"), f["what"], f["a"], f["b"]) for f in found] == [
        ("later", None, None, "room", "-", "there"),
        ("r", None, None, "name", "old", "new"),
        ("r", None, None, "counted", "1", "2"),
        ("r", None, 1, "recalled", "no", "yes"),
        ("r", None, None, "last message", "1", "2"),
        ("r", "alice", None, "unread", "0", "1"),
        ("r", "carol", None, "is in the room", "-", "there")]


def test_differences_between_two_brokers(past, tmp_path):
    """Numbers and positions may differ; what was said may not."""
    with Broker() as one, Broker() as two:
        for broker, last in ((one, "this"), (two, "that")):
            with Client(broker.client, tenant="t") as client:
                if broker is two:  # other numbers
                    with Client(broker.client, tenant="a") as first:
                        first.room_create(room="x", members=people("zoe"))
                client.room_create(room="r", members=people("alice", "bob"))
                client.post(room="r", sender="alice", client_id="1", body="hello")
                client.post(room="r", sender="alice", client_id="2", body=last)
        found = replay("diff", one.data, two.data, "--tenant", "t", status=DIFFERENT).out
        assert found == ("t/r  message 2  message: alice: this | alice: that\n"
                         "1 differences in 1 of 1 rooms\n")
        found = replay("diff", one.data, two.data, status=DIFFERENT).out
        assert "a/x  room: - | there\n" in found
