"""A backup of a running broker: whole as of one moment, nothing acknowledged
before it missing, and a broker carries on from it. What a database that is ahead
of it is told, and what helps."""

import os
import resource
import shutil
import signal
import threading
import time

import pytest
from client import Client
from conftest import people, unreads, whole_history
from proc import Broker, Process, Worker, ctl, environment, program, run

ROOMS, SENDERS = [f"room-{n}" for n in range(8)], ["alice", "bob"]
STORED = 1


def backup(broker, dest, *more, status=0):
    return run(program("parlor-replay"), "backup", broker.data, str(dest), *more, status=status)


def make_rooms(client):
    for room in ROOMS:
        client.room_create(room=room, members=people(*SENDERS, "carol"))


def post(client, room, number):
    sender = SENDERS[number % 2]
    body = f"{room} {number} " + "x" * (number % 400)
    return client.post(room=room, sender=sender, client_id=f"c{number}", body=body), sender, body


class Load:
    """A service that posts without a pause, and notes what was acknowledged."""

    def __init__(self, broker):
        self.broker, self.acknowledged, self.failed = broker, [], None
        self._stop = threading.Event()
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            with Client(self.broker.client) as client:
                number = 0
                while not self._stop.is_set():
                    room = ROOMS[number % len(ROOMS)]
                    posted, sender, body = post(client, room, number)
                    with self._more:
                        self.acknowledged.append((room, posted.seq, sender, f"c{number}", body))
                        self._more.notify_all()
                    if number % 7 == 0:
                        client.read(room=room, member="carol", seq=posted.seq)
                    number += 1
        except Exception as failure:  # told by __exit__, in the test's own thread
            with self._more:
                self.failed = failure
                self._more.notify_all()

    def await_more(self, count):
        """Until so many more are acknowledged; how many there are then."""
        until = len(self.acknowledged) + count
        with self._more:
            assert self._more.wait_for(lambda: len(self.acknowledged) >= until or self.failed, 60)
            assert self.failed is None
            return len(self.acknowledged)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        if self.failed is not None:
            raise self.failed


def check(client, acknowledged):
    """All of these are there, every room is dense, and every unread is a recount."""
    for room in ROOMS:
        messages = whole_history(client, room)
        assert [m.seq for m in messages] == list(range(1, len(messages) + 1))
        found = {m.client_id: (m.seq, m.sender, m.body) for m in messages}
        for _, seq, sender, id, body in (a for a in acknowledged if a[0] == room):
            assert found.get(id) == (seq, sender, body)
        read = {m.member: m.read_seq for m in client.members_list(room=room).members}
        assert unreads(client, room) == {
            member: sum(m.sender != member and m.seq > read[member] for m in messages) for member in read}


@pytest.mark.parametrize("how", [[], ["--compact"]], ids=["whole", "compact"])
def test_a_backup_under_load_is_a_broker_that_carries_on(how, tmp_path):
    with Broker({"store.map_init_bytes": "1M", "store.dirty_rows_max": 2000}) as source:
        with Client(source.client) as client:
            make_rooms(client)
        with Load(source) as load:
            for n in range(3):
                before = load.await_more(300)
                done = backup(source, tmp_path / str(n), *how)
                assert "positions 1 to" in done.out
                load.await_more(1)
                with Broker(data=str(tmp_path / str(n))) as copy, Client(copy.client) as client:
                    check(client, load.acknowledged[:before])
                    for room, seq, sender, id, body in load.acknowledged[:before:50]:
                        again = client.post(room=room, sender=sender, client_id=id, body=body)
                        assert again.seq == seq, "the same post is the same message"
                    last = client.room_show(room=ROOMS[0]).last_seq
                    assert post(client, ROOMS[0], 1000000)[0].seq == last + 1
                    copy.crash()
                    client.hello()
                    assert client.room_show(room=ROOMS[0]).last_seq == last + 1
        with Client(source.client) as client:
            check(client, load.acknowledged)


def test_what_was_open_is_closed_and_small_in_a_compact_copy(tmp_path):
    """Restored into the place of the old directory, as README says."""
    with Broker() as broker:
        with Client(broker.client) as client:
            make_rooms(client)
            for number in range(50):
                post(client, ROOMS[0], number)
        backup(broker, tmp_path / "copy", "--compact")
        with Client(broker.client) as client:
            for number in range(50, 60):
                post(client, ROOMS[0], number)
        broker.stop()
        assert os.path.getsize(tmp_path / "copy" / "data.mdb") < os.path.getsize(
            os.path.join(broker.data, "data.mdb"))
        os.rename(broker.data, broker.data + ".old")
        shutil.copytree(tmp_path / "copy", broker.data)
        broker.start()
        with Client(broker.client) as client:
            assert client.room_show(room=ROOMS[0]).last_seq == 50
            assert post(client, ROOMS[0], 50)[0].seq == 51


# ---- refusals ---------------------------------------------------------------------------------


def test_nothing_is_written_over_and_nothing_else_is_copied(broker, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a file").write_text("of somebody")
    assert "empty" in backup(broker, tmp_path / "full", status=2).err
    assert os.listdir(tmp_path / "full") == ["a file"]
    (tmp_path / "file").write_text("of somebody")
    assert "empty" in backup(broker, tmp_path / "file", status=2).err
    (tmp_path / "empty").mkdir()
    assert backup(broker, tmp_path / "empty").out
    assert backup(broker, tmp_path / "empty", status=2).err
    assert "nowhere" in backup(broker, "/nowhere/at/all", status=1).err
    argv = program("parlor-replay"), "backup"
    assert "full" in run(*argv, str(tmp_path / "full"), str(tmp_path / "x"), status=1).err
    assert not (tmp_path / "x").exists()
    assert run(*argv, broker.data, status=2).err


def small_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 10, 16 << 10))


def test_a_disk_that_is_full_leaves_nothing(broker, tmp_path):
    copier = Process(program("parlor-replay"), "backup", broker.data, str(tmp_path / "copy"),
                     limits=small_files)
    try:
        assert copier.wait() == 1
        assert "STORE_FULL" in copier.stderr()
    finally:
        copier.end()
    assert not (tmp_path / "copy").exists()


def test_a_damaged_source_is_no_backup(tmp_path):
    with Broker() as broker:
        broker.stop()
        with open(os.path.join(broker.data, "data.mdb"), "r+b") as file:
            file.truncate(9000)
        assert "cut short" in backup(broker, tmp_path / "copy", status=1).err
    assert not (tmp_path / "copy").exists()


# ---- with MySQL ---------------------------------------------------------------------------------


def migrated(database, name):
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
    url = database.url(name)
    run(program("parlor-worker"), "--migrate", env=environment(PARLOR_MYSQL=url))
    return url


def stored(database, name):
    return database.query("SELECT group_id, seq, client_id, message_content FROM group_message"
                          " ORDER BY group_id, seq", database=name)


def test_a_database_that_is_ahead_of_the_backup_is_left_as_it_is(database, tmp_path):
    """Its mark is of what came after the backup: the partition stands still and says
    so. An empty database is filled from the backup."""
    ahead, fresh = migrated(database, "backup_ahead"), migrated(database, "backup_fresh")
    with Broker({"sync.partitions": 1}) as broker:
        worker = Worker(broker, ahead)
        try:
            with Client(broker.client) as client:
                make_rooms(client)
                for number in range(20):
                    post(client, ROOMS[number % 2], number)
                backup(broker, tmp_path / "copy")
                for number in range(20, 40):
                    post(client, ROOMS[number % 2], number)
            ctl(broker, "sync", "wait", "--timeout", "60")
            before = stored(database, "backup_ahead")
            assert len(before) == 40
            broker.stop()
            shutil.rmtree(broker.data)
            shutil.copytree(tmp_path / "copy", broker.data)
            broker.start()
            with Client(broker.client) as client:
                deadline = time.monotonic() + 60
                while "another history" not in client.sync_status().partitions[0].error:
                    assert time.monotonic() < deadline, client.sync_status()
                assert client.room_show(room=ROOMS[0]).last_seq == 10
            assert stored(database, "backup_ahead") == before
        finally:
            worker.end()
        worker = Worker(broker, fresh)
        try:
            with Client(broker.client) as client:
                posted = client.post(room=ROOMS[0], sender="alice", client_id="new", body="goes on",
                                     level=STORED)
                assert posted.seq == 11
            ctl(broker, "sync", "wait", "--timeout", "60")
            rows = stored(database, "backup_fresh")
            assert len(rows) == 21 and (ROOMS[0], 11, "new", "goes on") in rows
            assert set(rows) - {(ROOMS[0], 11, "new", "goes on")} == {r for r in before
                                                                     if int(r[2][1:]) < 20}
            worker.stop()
        finally:
            worker.end()
