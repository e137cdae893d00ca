"""The auditor: what is right is found to be equal, beside a running broker and
on copies; what was broken on purpose is found, told with room and member, and
has the exit code of its kind. And the past: at, explain, diff. A database beside
the journal is in test_verify_mysql."""

import datetime
import os
import shutil

import pytest
from auditor import (DIFFERENT, JOURNAL, NOTICE, ROWS, UNREAD, UNREADABLE, USAGE, lines, replay, talk, verify)
from client import Client
from conftest import people, say, spec, unreads, whole_history
from proc import Broker, Process, play_argv, run

SOURCE = os.environ["PARLOR_SOURCE"]
SAMPLE = os.path.join(SOURCE, "tests/data/sample.ndjson")
SPOIL = os.environ["PARLOR_SPOIL"]


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
    ("created", ROWS, "row of the room", None),
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


@pytest.mark.parametrize("words, code", [
    (["verify"], USAGE), (["verify", "--data", "/nonexistent/dir"], UNREADABLE),
    (["verify", "--data", SOURCE], UNREADABLE), (["at", "1", "r", "--data", "/nonexistent"], UNREADABLE),
    (["at", "yesterday", "r", "--data", SOURCE], USAGE), (["explain", "r", "m"], USAGE),
    (["diff", SOURCE], USAGE), (["diff", SOURCE, SOURCE], UNREADABLE),
])
def test_words_and_directories_that_are_wrong(words, code):
    assert replay(*words, status=code).err


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
