"""One journal and its copies: a directory that was restored or copied is another
journal from there on, for sessions, for readers and for databases. A database has one
journal; others write nothing there."""

import errno
import os
import shutil
import time

import pytest
from client import Client
from conftest import counters, people, say, unreads, until, whole_history
from proc import Broker, Process, Worker, ctl, environment, preloaded, program, run
from stack import Stack
from test_trim import ALONE, begin, load, snapshot, until_idle, verify

STORED = 1
STORE_FULL = 41
TABLES = ("room", "chat_group", "group_member", "group_message", "member", "sync_mark",
          "sync_quarantine")


def backup(data, dest):
    run(program("parlor-replay"), "backup", data, str(dest))


def by_backup(broker, place):
    backup(broker.data, place)


def by_cp(broker, place):
    """Of a stopped broker, as anybody would."""
    broker.stop()
    shutil.copytree(broker.data, place)
    broker.start()


def restore(broker, place):
    """As README says; the broker runs again."""
    broker.stop()
    shutil.rmtree(broker.data + ".old", ignore_errors=True)
    os.rename(broker.data, broker.data + ".old")
    shutil.copytree(place, broker.data)
    broker.start()


def open_desk(client):
    client.room_create(room="r", members=people("alice", "bob"))
    say(client, "one", "two")


# ---- sessions and readers -------------------------------------------------------------------


@pytest.mark.parametrize("copy", [by_backup, by_cp], ids=["backup", "cp"])
def test_a_session_of_after_the_copy_begins_anew_when_it_is_put_back(copy, tmp_path):
    """At its position there is something else now."""
    with Broker() as broker:
        with Client(broker.client) as client:
            open_desk(client)
        copy(broker, tmp_path / "copy")
        with Client(broker.client) as client, Client(broker.client, members=["bob"]) as bob:
            say(client, *(f"lost {n}" for n in range(10)))
            assert len(bob.bodies(10)) == 10
            resume = bob.drop()
        restore(broker, tmp_path / "copy")
        with Client(broker.client) as client:
            say(client, *(f"new {n}" for n in range(30)))
            assert client.sync_status().position > resume[1], "it would pass for one of now"
            with Client(broker.client, members=["bob"], resume=resume) as bob:
                assert bob.welcome.reset and bob.welcome.journal != resume[0]
                resume = bob.drop()
        broker.restart()
        with Client(broker.client, members=["bob"], resume=resume) as bob:
            assert not bob.welcome.reset, "it is a copy once, not at each start"


def test_a_directory_that_was_only_moved_is_what_it_was(tmp_path):
    with Broker() as broker:
        with Client(broker.client, members=["bob"]) as client:
            open_desk(client)
            client.bodies(2)
            resume = client.drop()
        broker.stop()
        os.rename(broker.data, broker.data + ".moved")
        os.rename(broker.data + ".moved", broker.data)
        broker.start()
        with Client(broker.client, members=["bob"], resume=resume) as client:
            assert not client.welcome.reset


def test_each_restored_copy_of_a_backup_is_a_journal_of_its_own(tmp_path):
    journals = set()
    with Broker() as broker:
        with Client(broker.client) as client:
            open_desk(client)
            journals.add(client.welcome.journal)
        backup(broker.data, tmp_path / "copy")
        for _ in range(2):
            restore(broker, tmp_path / "copy")
            with Client(broker.client) as client:
                journals.add(client.welcome.journal)
        with Broker(data=str(tmp_path / "copy")) as there, Client(there.client) as client:
            journals.add(client.welcome.journal)
    assert len(journals) == 4


def test_whoever_records_does_not_go_on_in_another_history(tmp_path):
    with Broker() as broker:
        with Client(broker.client) as client:
            open_desk(client)
        backup(broker.data, tmp_path / "copy")
        recorder = Process(program("parlor-replay"), "record", "--broker", broker.worker, "--follow",
                           "--out", str(tmp_path / "recording"))
        try:
            with Client(broker.client) as client:
                say(client, "lost")
                deadline = time.monotonic() + 60
                while "lost" not in read(tmp_path / "recording"):
                    assert time.monotonic() < deadline
            restore(broker, tmp_path / "copy")
            with Client(broker.client) as client:
                say(client, "new", "newer")
            assert recorder.wait() != 0
            assert "another journal" in recorder.stderr()
        finally:
            recorder.end()
        assert "newer" not in read(tmp_path / "recording")


def read(path):
    return path.read_text() if path.exists() else ""


def test_a_copy_is_verified_from_the_snapshot_that_came_with_it(tmp_path):
    with Broker({**ALONE, "history.hot_records": 100, "history.snapshots": "on"}) as broker:
        with Client(broker.client) as client:
            begin(client)
            load(client, 1000)
            snapshot(broker.data)
            until_idle(client, lambda now: now["journal_first"] > 900)
            load(client, 250)
        backup(broker.data, tmp_path / "copy")
        restore(broker, tmp_path / "copy")
        with Client(broker.client) as client:
            load(client, 1000)
            assert verify(broker.data)["snapshot"] > 900
            snapshot(broker.data)
            until_idle(client, lambda now: now["journal_first"] > 2000)
        assert verify(broker.data)["messages"] == 2250


# ---- databases ---------------------------------------------------------------------------------


def dump(stack):
    return [stack.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in TABLES]


def await_error(client, words):
    """Until every partition stands still for that reason."""
    deadline = time.monotonic() + 60
    while not all(words in part.error for part in client.sync_status().partitions):
        assert time.monotonic() < deadline, client.sync_status()


@pytest.fixture
def stack(database):
    with Stack(database, {"sync.partitions": 3}) as stack:
        yield stack


def test_an_unknown_journal_writes_nothing_over_anothers_rooms(stack):
    """A data directory that was forgotten: the same rooms begin anew, in the broker."""
    with stack.client() as client:
        open_desk(client)
        stack.settle()
        journal = client.welcome.journal
    before = dump(stack)
    stack.dismiss()
    with Broker({"sync.partitions": 3}) as stranger, Client(stranger.client) as client:
        worker = Worker(stranger, stack.url)
        try:
            client.room_create(room="r", members=people("alice", "bob"))
            waiting = client.send("post", room="r", sender="alice", client_id="1", body="new",
                                  level=STORED)
            await_error(client, f"the database has rooms of broker {journal}")
            assert waiting not in client.replies
            ctl(stranger, "sync", "wait", "--timeout", "1", status=3)
            assert dump(stack) == before
            worker.stop()
        finally:
            worker.end()
        # Whoever wants it so says so.
        told = run(program("parlor-replay"), "rebuild", "mysql", "--data", stranger.data, status=1,
                   env=environment(PARLOR_MYSQL=stack.url))
        assert "1 of others" in told.err
        run(program("parlor-replay"), "rebuild", "mysql", "--data", stranger.data, "--force",
            env=environment(PARLOR_MYSQL=stack.url))
        worker = Worker(stranger, stack.url)
        try:
            assert client.wait(waiting).code == 0
            ctl(stranger, "sync", "wait", "--timeout", "60")
            worker.stop()
        finally:
            worker.end()
    assert stack.rows("SELECT seq, message_content FROM group_message") == ((1, "new"),)
    stack.hire()
    with stack.client() as client:
        say(client, "of the former owner")
        await_error(client, "epoch")
    assert stack.rows("SELECT seq, message_content FROM group_message") == ((1, "new"),)


def test_of_two_brokers_that_begin_on_one_database_one_has_it(database):
    with Stack(database, {"sync.partitions": 3}, workers=0) as stack, Broker({"sync.partitions": 3}) as other:
        workers = [stack.hire(), Worker(other, stack.url)]
        try:
            clients = [Client(stack.broker.client), Client(other.client)]
            for n, client in enumerate(clients):
                client.room_create(room="r", members=people("alice", "bob"))
                say(client, *(f"{n}: {m}" for m in range(5 + n)))
            deadline, errors = time.monotonic() + 60, [""]
            while sum("the database has rooms of broker" in error for error in errors) != 3:
                assert time.monotonic() < deadline, errors
                errors = [part.error for client in clients for part in client.sync_status().partitions]
            told = [any(part.error for part in client.sync_status().partitions) for client in clients]
            owner = told.index(False)
            assert told.count(True) == 1
            ctl([stack.broker, other][owner], "sync", "wait", "--timeout", "60")
            assert stack.rows("SELECT message_content FROM group_message ORDER BY seq") == tuple(
                (f"{owner}: {m}",) for m in range(5 + owner))
            assert stack.rows("SELECT COUNT(DISTINCT broker_id) FROM sync_mark") == ((1,),)
            for client in clients:
                client.close()
        finally:
            workers[1].stop()


def test_rooms_whose_marks_were_deleted_are_anothers_too(stack):
    with stack.client() as client:
        open_desk(client)
        stack.settle()
        journal = client.welcome.journal
    stack.dismiss()
    stack.rows("DELETE FROM sync_mark")
    before = dump(stack)
    with Broker({"sync.partitions": 3}) as stranger, Client(stranger.client) as client:
        worker = Worker(stranger, stack.url)
        try:
            await_error(client, f"the database has rooms of broker {journal}")
            worker.stop()
        finally:
            worker.end()
    assert dump(stack) == before
    stack.hire()
    stack.settle()
    assert stack.rows("SELECT COUNT(*) FROM group_message") == ((2,),)


def test_a_restored_broker_goes_on_in_a_database_that_is_no_newer(stack, tmp_path):
    """It is known there as a copy: nothing is sent twice, and its marks and rooms have
    its number. The journal it replaced is a stranger then."""
    with stack.client("bob") as client:
        open_desk(client)
        say(client, *(f"message {n}" for n in range(100)))
        stack.settle()
        backup(stack.broker.data, tmp_path / "copy")
    stack.dismiss()
    with stack.client() as client:
        say(client, "lost")
    restore(stack.broker, tmp_path / "copy")
    stack.hire()
    with stack.client() as client:
        say(client, "goes on", level=STORED)
        stack.settle()
        journal = client.welcome.journal
        assert counters(client)["sync_batch_records"] < 20, "the past is there already"
        assert [(seq, body) for seq, body in stack.rows(
            "SELECT seq, message_content FROM group_message ORDER BY seq")] == [
            (m.seq, m.body) for m in whole_history(client, "r")]
        assert dict(stack.rows("SELECT member_id, unread FROM chat_group")) == unreads(client, "r")
    assert stack.rows("SELECT DISTINCT broker_id FROM sync_mark") == ((journal,),)
    assert stack.rows("SELECT broker_id FROM room") == ((journal,),)
    assert stack.rows("SELECT uuid, online_status FROM member ORDER BY 1") == (
        ("alice", "offline"), ("bob", "offline"))
    run(program("parlor-replay"), "verify", "--data", stack.broker.data, "--mysql", stack.url)
    before = dump(stack)
    stack.dismiss()
    stack.broker.stop()
    with Broker(data=stack.broker.data + ".old") as old, Client(old.client) as client:
        worker = Worker(old, stack.url)
        try:
            say(client, "out of the past")
            await_error(client, f"the database has rooms of broker {journal}")
            worker.stop()
        finally:
            worker.end()
    assert dump(stack) == before


def test_a_copy_on_a_full_disk_is_read_and_takes_no_database_before_its_identity_is_on_disk(stack, tmp_path):
    """Each start has another one until there is room: a database or a recording that had
    been told one of them would know none of the next."""
    fault, recording = tmp_path / "fault", tmp_path / "recording"
    with stack.client("bob") as bob:
        open_desk(bob)
        stack.settle()
        journals, resume = [bob.welcome.journal], bob.drop()
    backup(stack.broker.data, tmp_path / "copy")
    stack.dismiss()
    before = dump(stack)
    fault.write_text(f"write {errno.ENOSPC}")
    stack.broker.env = preloaded("PARLOR_FAULT", FAULT_FILE=fault)
    restore(stack.broker, tmp_path / "copy")
    worker = Worker(stack.broker, stack.url, ready=None)
    stack.workers.append(worker)
    recorder = Process(program("parlor-replay"), "record", "--broker", stack.broker.worker, "--follow",
                       "--out", str(recording))
    try:
        for _ in range(2):
            with stack.client("bob", resume=resume) as bob:
                assert bob.welcome.reset
                assert [m.body for m in whole_history(bob, "r")] == ["one", "two"]
                assert bob.refusal("post", room="r", sender="bob", client_id="x", body="y") == STORE_FULL
                worker.await_said("disk or map is full")
                assert bob.sync_status().workers == 0
                journals.append(bob.welcome.journal)
                resume = bob.drop()
            stack.broker.crash()
        assert dump(stack) == before and read(recording) == ""
        fault.unlink()
        with stack.client("bob", resume=resume) as bob:
            assert bob.welcome.reset
            until(lambda: bob.refusal("post", room="r", sender="bob", client_id="x", body="y") == 0)
            journals.append(bob.welcome.journal)
            stack.settle()
            until(lambda: '"y"' in read(recording))
            resume = bob.drop()
        recorder.stop()
    finally:
        recorder.end()
    assert len(set(journals)) == 4
    assert stack.rows("SELECT DISTINCT broker_id FROM sync_mark") == ((journals[-1],),)
    stack.broker.restart()
    with stack.client("bob", resume=resume) as bob:
        assert not bob.welcome.reset


def test_partitions_that_the_lost_history_left_alone_stay_alone_too(stack, tmp_path):
    """One partition went on after the backup: no partition is written by the copy."""
    with stack.client() as client:
        for n in range(9):
            client.room_create(room=f"r{n}", members=people("alice", "bob"))
        stack.settle()
        backup(stack.broker.data, tmp_path / "copy")
        say(client, "lost", room="r1")
        stack.settle()
    stack.dismiss()
    before = dump(stack)
    restore(stack.broker, tmp_path / "copy")
    stack.hire()
    with stack.client() as client:
        say(client, *(f"new {n}" for n in range(20)), room="r2")
        await_error(client, "another history")
    assert dump(stack) == before


def test_a_journal_that_takes_a_database_leaves_nobody_online_there(stack):
    with stack.client("bob") as bob:
        open_desk(bob)
        stack.settle()
        assert ("bob", "online") in stack.rows("SELECT uuid, online_status FROM member")
        stack.dismiss()
    with Broker() as other:
        with Client(other.client) as client:
            client.room_create(room="other", members=people("carol"))
        run(program("parlor-replay"), "rebuild", "mysql", "--data", other.data, "--force",
            env=environment(PARLOR_MYSQL=stack.url))
    assert stack.rows("SELECT online_status FROM member WHERE uuid = 'bob'") == (("offline",),)
