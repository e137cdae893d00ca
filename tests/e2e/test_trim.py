"""Trimming: the journal stays within its limits under endless load, nothing goes
that somebody still needs, and what is left can be verified from a snapshot."""

import itertools
import os
import shutil
import time

import pytest
from client import PATIENCE, Client
from conftest import counters, people, unreads
from proc import Broker, Process, environment, program, run
from test_mysql import Stack

EQUAL, ROWS, UNREAD, TRIMMED = 0, 4, 5, 8
NOT_FOUND = 66
KIB, MIB = 1 << 10, 1 << 20
SMALL = {"store.map_init_bytes": 4 * MIB, "store.headroom_bytes": MIB, "store.dirty_rows_max": 1000}
ALONE = {**SMALL, "history.without_mysql": "on"}
serial = itertools.count(1)


def replay(*words, status=EQUAL):
    return run(program("parlor-replay"), *map(str, words), status=status, env=environment())


def verify(data, *more, status=EQUAL):
    return replay("verify", "--data", data, "--json", *more, status=status).json()


def snapshot(data, *more, status=EQUAL):
    return replay("snapshot", "--data", data, *more, status=status).out


def load(client, posts, body="x" * 400, room="r", many=250):
    """Posts, many in flight; some reading between. So many have to be answered in time together."""
    for _ in range(0, posts, many):
        deadline = time.monotonic() + PATIENCE
        sent = [client.send("post", room=room, sender="alice", client_id=str(next(serial)), body=body)
                for _ in range(many)]
        replies = [client.wait(id, deadline - time.monotonic()) for id in sent]
        assert [reply.code for reply in replies] == [0] * many
        client.read(room=room, member="bob", seq=replies[many // 2].posted.seq)


def until(client, holds, what):
    """Small commits go on until the counters say so: trimming follows them."""
    deadline = time.monotonic() + PATIENCE
    while not holds(now := counters(client)):
        assert time.monotonic() < deadline, (what, now)
        load(client, 1, body="tick", room="busy", many=1)
    return now


def until_idle(client, holds):
    """The same while nothing happens: what is left to do is done then."""
    deadline = time.monotonic() + PATIENCE
    while not holds(now := counters(client)):
        assert time.monotonic() < deadline, now
    return now


def begin(client):
    client.room_create(room="r", history_open=True, members=people("alice", "bob", "carol"))
    client.room_create(room="busy", members=people("alice", "bob"))


# ---- how much is kept -----------------------------------------------------------------------


def test_the_journal_keeps_to_its_size_under_endless_load():
    limit = 512 * KIB
    with Broker({**ALONE, "history.hot_bytes": limit}) as broker, Client(broker.client) as client:
        begin(client)
        seen = []
        for _ in range(10):
            load(client, 2000)
            seen.append(counters(client))
        # 20,000 posts are 20 times the limit; what waits for rows comes on top.
        assert all(now["journal_bytes"] < 4 * limit for now in seen), seen
        firsts = [now["journal_first"] for now in seen]
        assert firsts == sorted(firsts) and firsts[-1] > 15000
        # The index of messages grows, by some 50 bytes each, and nothing else does.
        grown = seen[-1]["store_used_bytes"] - seen[4]["store_used_bytes"]
        assert grown < 10000 * 150 + MIB / 2, seen
        until(client, lambda now: now["journal_bytes"] <= limit, "to the limit")
        kept = until(client, lambda now: now["journal_bytes"] <= limit, "and no further")
        assert kept["journal_bytes"] > limit / 3


@pytest.mark.parametrize("how", [{"history.hot_records": 300}, {"history.hot_seconds": 1}],
                         ids=["records", "age"])
def test_the_journal_keeps_to_its_number_and_age(how):
    with Broker({**ALONE, **how}) as broker, Client(broker.client) as client:
        begin(client)
        load(client, 1000)
        until(client, lambda now: now["journal_first"] > 700, "trimmed")
        broker.crash()
        load(client, 250)
        assert unreads(client, "r")["carol"] == 1250


def test_quiet_is_no_reason_to_keep():
    with Broker({**ALONE, "history.hot_seconds": 1}) as broker, Client(broker.client) as client:
        begin(client)
        load(client, 500)
        until_idle(client, lambda now: now["journal_first"] > 500)


# ---- what is no longer there ----------------------------------------------------------------


def test_who_asks_for_what_is_gone_is_told():
    with Broker({**ALONE, "history.hot_records": 100}) as broker, Client(broker.client) as client:
        begin(client)
        where = (client.journal, client.position)
        load(client, 1000)
        until_idle(client, lambda now: now["journal_first"] > 900)
        assert client.refusal("history", room="r", **{"from": 1}) == NOT_FOUND
        page = client.history(room="r", backwards=True, limit=10)
        assert [m.seq for m in page.messages] == list(range(1000, 990, -1))
        with Client(broker.client, members=["bob"], resume=where) as late:
            assert late.welcome.reset
        client.read(room="r", member="carol", seq=500)
        assert unreads(client, "r")["carol"] == 500, "the index is kept"


# ---- snapshots ------------------------------------------------------------------------------


def test_nothing_goes_that_no_snapshot_has():
    with Broker({**ALONE, "history.hot_records": 100, "history.snapshots": "on"}) as broker:
        with Client(broker.client) as client:
            begin(client)
            load(client, 1000)
            until_idle(client, lambda now: now["journal_covered"] > 1000)
            assert counters(client)["journal_first"] == 1
            assert "snapshot" not in verify(broker.data)
            assert "snapshot of position" in snapshot(broker.data)
            at = until_idle(client, lambda now: now["journal_first"] > 900)["journal_snapshot"]
            found = verify(broker.data)
            assert found["snapshot"] == at and found["messages"] == 1000
            load(client, 1000)
            assert counters(client)["journal_first"] <= at + 1, "no further than the snapshot"
            snapshot(broker.data)
            until_idle(client, lambda now: now["journal_first"] > 1900)
            assert verify(broker.data)["snapshot"] > at
        broker.restart()
        with Client(broker.client) as client:
            load(client, 250)
            assert unreads(client, "r")["carol"] == 2250
        assert verify(broker.data)["messages"] == 2250
        assert snapshot(broker.data) != "" and snapshot(broker.data) == "", "nothing is new"


def test_a_backup_has_its_snapshot(tmp_path):
    settings = {**ALONE, "history.hot_records": 100, "history.snapshots": "on"}
    with Broker(settings) as broker, Client(broker.client) as client:
        begin(client)
        load(client, 1000)
        snapshot(broker.data)
        until_idle(client, lambda now: now["journal_first"] > 900)
        load(client, 250)
        done = replay("backup", broker.data, tmp_path / "copy")
        assert not done.err
        assert verify(tmp_path / "copy")["messages"] == 1250
        os.unlink(os.path.join(broker.data, "snapshot"))
        assert "without a snapshot" in replay("backup", broker.data, tmp_path / "without").err
        verify(tmp_path / "without", status=TRIMMED)


def test_endless_load_with_snapshots_made_and_killed_beside_it():
    settings = {**ALONE, "history.hot_records": 500, "history.snapshots": "on"}

    def maker():
        return Process(program("parlor-replay"), "snapshot", "--data", broker.data, "--every", "1",
                       env=environment())

    with Broker(settings) as broker, Client(broker.client) as client:
        begin(client)
        making = maker()
        try:
            for _ in range(6):
                load(client, 2000)
                position = client.call("sync_status").position
                until(client, lambda now: now["journal_first"] > position - 1000, "it follows")
                making.kill()
                making = maker()
        finally:
            making.end()
        found = verify(broker.data)
        assert found["messages"] > 12000 and found["snapshot"] > 11000
        assert counters(client)["journal_bytes"] < 4 * MIB


def test_the_database_is_compared_from_the_snapshot_on(database):
    with Stack(database, {**SMALL, "history.hot_records": 100, "history.snapshots": "on"}) as stack:
        with stack.client() as client:
            begin(client)
            load(client, 1000)
            snapshot(stack.broker.data)
            until_idle(client, lambda now: now["journal_first"] > 900)
            load(client, 250)
        stack.settle()
        found = verify(stack.broker.data, "--mysql", stack.url)
        assert found["mysql"]["messages"] == 1250 and found["snapshot"] > 900

        stack.workers.pop().stop()
        with stack.client() as client:
            load(client, 250)
            at = counters(client)["journal_snapshot"]
            snapshot(stack.broker.data)
            until_idle(client, lambda now: now["journal_snapshot"] > at)
            assert counters(client)["journal_first"] <= 1300, "MySQL has no more"
        late = replay("verify", "--data", stack.broker.data, "--mysql", stack.url, status=TRIMMED)
        assert "before the snapshot" in late.err
        stack.hire()
        stack.settle()
        assert verify(stack.broker.data, "--mysql", stack.url)["mysql"]["messages"] == 1500
        stack.rows("UPDATE chat_group SET seen = seen + 1 WHERE uuid = 'r' AND member_id = 'carol'")
        broken = verify(stack.broker.data, "--mysql", stack.url, status=6)
        assert (broken["room"], broken["member"]) == ("r", "carol")


# ---- what is wrong is found from there, too -------------------------------------------------


@pytest.fixture(scope="module")
def trimmed():
    with Broker({**ALONE, "history.hot_records": 100, "history.snapshots": "on"}) as broker:
        with Client(broker.client) as client:
            begin(client)
            load(client, 1000)
            snapshot(broker.data)
            until_idle(client, lambda now: now["journal_first"] > 900)
            load(client, 250)
        broker.stop()
        yield broker


@pytest.fixture
def copy(trimmed, tmp_path):
    return shutil.copytree(trimmed.data, tmp_path / "copy")


@pytest.mark.parametrize("way, code, what, member", [
    ("seen", ROWS, "row of the membership", "carol"),
    ("message", ROWS, "the index of message 1", None),
    ("last-seq", ROWS, "row of the room", None),
    ("wrong-read", UNREAD, "unread after a reading", "carol"),
])
def test_what_was_broken_is_found(copy, way, code, what, member):
    assert verify(copy)["result"] == "equal"
    run(os.environ["PARLOR_SPOIL"], way, str(copy), "default", "r", "carol")
    found = verify(copy, status=code)
    assert what in found["what"]
    assert (found["room"], found.get("member")) == ("r", member)


def test_a_desk_is_not_told_from_a_journal_whose_beginning_is_gone(copy):
    assert "the journal begins at position" in replay("desk", "--data", copy, status=TRIMMED).err


def test_a_snapshot_that_is_damaged_missing_or_foreign_is_not_believed(copy, past_snapshot):
    path = copy / "snapshot"
    whole = path.read_bytes()
    for at in (0, 20, 70, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        assert verify(copy, status=TRIMMED)["result"] == "trimmed"
    path.write_bytes(whole[:-1])
    verify(copy, status=TRIMMED)
    path.write_bytes(past_snapshot)
    assert "another journal" in replay("verify", "--data", copy, status=TRIMMED).err
    path.unlink()
    assert "no snapshot" in replay("snapshot", "--data", copy, status=TRIMMED).err
    snapshot(copy, "--from-rows")
    assert verify(copy)["snapshot"] > 1250, "from where it was taken on"


def test_a_whole_journal_needs_no_snapshot_and_makes_a_damaged_one_good(tmp_path):
    with Broker() as broker:
        with Client(broker.client) as client:
            begin(client)
            load(client, 250)
        broker.stop()
        copy = shutil.copytree(broker.data, tmp_path / "copy")
    snapshot(copy)
    path = copy / "snapshot"
    good = path.read_bytes()
    path.write_bytes(good[:100])
    assert "snapshot" not in verify(copy)
    snapshot(copy)
    assert path.read_bytes() == good


def test_the_snapshot_of_a_journal_that_went_on_elsewhere_is_not_believed():
    settings = {**ALONE, "history.hot_records": 100, "history.snapshots": "on"}
    with Broker(settings) as broker:
        with Client(broker.client) as client:
            begin(client)
            load(client, 250)
        broker.stop()
        kept = shutil.copytree(broker.data, broker.data + ".kept")
        broker.start()
        with Client(broker.client) as client:
            load(client, 250)
        snapshot(broker.data)
        broker.stop()
        shutil.copy(os.path.join(broker.data, "snapshot"), os.path.join(kept, "snapshot"))
        shutil.rmtree(broker.data)
        os.rename(kept, broker.data)
        broker.start()
        with Client(broker.client) as client:
            load(client, 1000)
            until_idle(client, lambda now: now["journal_covered"] > 1000)
            assert counters(client)["journal_first"] == 1
            assert "went on elsewhere" in broker.process.stderr()
            assert "snapshot of position" in snapshot(broker.data), "the journal is whole"
            until_idle(client, lambda now: now["journal_first"] > 1000)
        assert verify(broker.data)["snapshot"] > 1000


@pytest.fixture(scope="module")
def past_snapshot():
    with Broker() as broker:
        with Client(broker.client) as client:
            begin(client)
        snapshot(broker.data)
        with open(os.path.join(broker.data, "snapshot"), "rb") as file:
            yield file.read()


def test_a_room_is_shown_and_explained_from_the_snapshot_on(copy):
    end = verify(copy)
    shown = replay("at", end["position"], "r", "--data", copy, "--json").out
    assert '"unread":1250' in shown
    explained = replay("explain", "r", "bob", "--data", copy).out
    assert "read up to" in explained
    assert replay("at", 5, "r", "--data", copy, status=TRIMMED).err
