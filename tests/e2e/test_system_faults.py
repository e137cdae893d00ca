"""The system fails under the broker: a disk with errors, readers that never end,
clocks that are set, too few descriptors, no memory. Whatever it does then,
nothing that was acknowledged is lost, and it says why it stops.

Damaged files are in test_damage, a full map and a full disk in test_full, a
killed broker in test_crash, a disk that loses power in tests/crash."""

import collections
import errno
import os
import resource
import signal
import socket
import sys
import time

import pytest
from books import NO_MEMORY, Books
from client import Client
from conftest import stat, until, whole_history
from proc import Broker, Process, preloaded, program, run

STORE_FULL, SESSIONS_FULL = 41, 44
OUT_OF_MEMORY = 70  # the exit status


# ---- a disk that fails ------------------------------------------------------------------


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", ["write", "sync", "meta"])
def test_a_commit_that_fails_is_acknowledged_to_nobody_and_ends_the_broker(tmp_path, call, error):
    fault, books = tmp_path / "fault", Books()
    with Broker(env=preloaded("PARLOR_FAULT", FAULT_FILE=fault)) as broker, \
            Client(broker.client) as client:
        books.make_room(client)
        books.post(client, 30)
        fault.write_text(f"{call} {error}")
        books.ask(client, 10)
        assert broker.process.wait() == 1
        said = broker.process.stderr()
        assert "commit failed: " + os.strerror(error) in said and "stopping at once" in said
        while client.wire.receive(0.2):
            raise AssertionError("answered, although nothing was committed")
        fault.unlink()
        broker.start()
        books.settle(client)
        books.check(client)
        books.post(client, 5)
        broker.crash()
        books.check(client)


def test_a_disk_that_takes_no_rows_is_waited_for_also_by_a_start(tmp_path):
    """The idle write-back, and the first record of a start, meet a full disk:
    what was acknowledged is read, nothing new is taken, and nothing ends."""
    fault, books = tmp_path / "fault", Books(again=(NO_MEMORY, STORE_FULL))

    def refused(client):
        return client.refusal("post", room="r", sender="bob", client_id="x", body="y") == STORE_FULL

    with Broker(env=preloaded("PARLOR_FAULT", FAULT_FILE=fault)) as broker:
        with Client(broker.client) as client:
            books.make_room(client)
            for _ in range(50):  # until it is idle while the disk is full
                books.post(client, 40)
                before = stat(client, "rows_put_off")
                fault.write_text(f"write {errno.ENOSPC}")
                until(lambda: stat(client, "rows_put_off") > before or not stat(client, "rows_dirty"))
                if stat(client, "rows_put_off") > before:
                    break
                fault.unlink()
                books.post(client)  # alone: it is asked again until there is space
            assert stat(client, "rows_put_off") > 0 and refused(client)
            books.check(client)
        for end in (broker.kill, broker.stop):
            end()
            broker.start()
            with Client(broker.client) as client:
                books.check(client)
                assert refused(client)
        fault.unlink()
        with Client(broker.client, members=["bob"]) as client:
            until(lambda: not refused(client))
            books.bodies["x"], books.acknowledged["x"] = "y", client.post(
                room="r", sender="bob", client_id="x", body="y")
            until(lambda: stat(client, "rows_dirty") == 0)
        broker.crash()
        with Client(broker.client) as client:
            messages = whole_history(client, "r")
            assert [m.body for m in messages] == list(books.bodies.values())
        run(program("parlor-replay"), "verify", "--data", broker.data)


def test_a_directory_that_cannot_be_synced_is_not_begun(tmp_path):
    fault = tmp_path / "fault"
    fault.write_text(f"fsync {errno.EIO}")
    broker = Broker(env=preloaded("PARLOR_FAULT", FAULT_FILE=fault))
    err = broker.refused_start()
    assert broker.data in err and os.strerror(errno.EIO) in err
    fault.unlink()
    with broker, Client(broker.client) as client:
        books = Books()
        books.make_room(client)
        books.post(client, 3)
        books.check(client)


# ---- readers that do not end ------------------------------------------------------------------

NARROW = {"store.map_init_bytes": "1M", "store.map_max_bytes": "8M", "store.headroom_bytes": "1M"}
CHANGES = 1200


def hold_reader(broker):
    """Another process with a read transaction as of now."""
    path = os.path.join(os.environ["PARLOR_SOURCE"], "tests/lib/lmdb_reader.py")
    return Process(sys.executable, path, broker.data, ready="ready")


def change(client, n):
    """Changes that leave nothing behind but pages to be used again, one commit
    each, until one is refused. Returns how many were made."""
    for i in range(n):
        reply = client.wait(client.send("members_change", room="r", members=[
            dict(member="bob", type=1 + i % 2)]))
        if reply.code:
            assert (reply.code, reply.retry) == (STORE_FULL, True)
            return i
    return n


def file_bytes(broker):
    return os.path.getsize(os.path.join(broker.data, "data.mdb"))


def fill_beside_reader(broker, client):
    """Pages cannot be used again: the file ends at its limit, and no sooner."""
    reader = hold_reader(broker)
    assert change(client, CHANGES) < CHANGES
    assert file_bytes(broker) <= 8 << 20
    return reader


def test_a_reader_that_does_not_end_costs_space_up_to_the_limit_and_nothing_else():
    books = Books()
    with Broker(NARROW) as broker, Client(broker.client) as client:
        books.make_room(client)
        books.post(client, 50)
        assert change(client, CHANGES) == CHANGES, "without it, pages are used again"
        assert file_bytes(broker) < 4 << 20
        reader = fill_beside_reader(broker, client)
        books.check(client)
        reader.signal(signal.SIGTERM)
        assert reader.wait() == 0
        until(lambda: change(client, 1) == 1)
        books.post(client, 50)
        assert change(client, CHANGES) == CHANGES
        books.check(client)


def test_a_reader_that_was_killed_is_forgotten():
    books = Books()
    with Broker(NARROW) as broker, Client(broker.client) as client:
        books.make_room(client)
        books.post(client, 50)
        hold_reader(broker).kill()
        assert change(client, CHANGES) == CHANGES, "before it could matter"
        fill_beside_reader(broker, client).kill()
        until(lambda: change(client, 1) == 1)
        assert change(client, CHANGES) == CHANGES
        books.post(client, 50)
        books.check(client)


# ---- a clock that is set -------------------------------------------------------------------------

HOUR = 3600


def test_a_clock_that_is_set_moves_no_time_back_and_no_session_out(tmp_path):
    off, books = tmp_path / "off", Books()
    settings = {"session.heartbeat_ms": 500, "session.timeout_ms": 5000}
    with Broker(settings, env=preloaded("PARLOR_SCARCE", SCARCE_CLOCK_FILE=off)) as broker, \
            Client(broker.client, members=["bob"]) as bob, Client(broker.client) as client:
        books.make_room(client)
        begun = time.time()
        done = []
        for n, seconds in enumerate((0, HOUR, -HOUR, 0, HOUR, -HOUR)):
            off.write_text(str(seconds))
            books.post(client, 5)
            done.append(bob.presence_set(member="bob", presence=3 - n % 2).time_us)
        assert done == sorted(done) and done[0] > 0
        assert len(bob.bodies(30)) == 30
        assert client.welcomes == bob.welcomes == 1, "nobody timed out"
        broker.crash()
        books.post(client, 5)
        books.check(client)
        times = [m.time_us / 1e6 for m in whole_history(client, "r")]
        assert times == sorted(times)
        assert times[0] < begun + HOUR / 2 and times[9] > begun + HOUR / 2, "it was set"


# ---- too few descriptors ----------------------------------------------------------------------------

DESCRIPTORS = 128


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


def test_with_few_descriptors_newcomers_are_refused_and_the_others_go_on():
    books, clients, strangers = Books(), [], []
    with Broker(limits=few_descriptors) as broker, Client(broker.client) as client:
        books.make_room(client)
        host, port = broker.client.removeprefix("tcp://").split(":")
        try:
            refused = None
            while refused is None:
                assert len(clients) < DESCRIPTORS
                late = Client(broker.client, hello=False)
                clients.append(late)
                reply = late.wait(late.send("hello", version=1, tenant="default"))
                refused = reply if reply.code else None
            assert (refused.code, refused.retry) == (SESSIONS_FULL, True)
            assert len(clients) > DESCRIPTORS / 4
            for _ in range(DESCRIPTORS):  # more than there are to accept with
                strangers.append(socket.create_connection((host, int(port))))
            until(lambda: stat(client, "connections_pushed") > DESCRIPTORS / 2)
            assert len(os.listdir(f"/proc/{broker.process.pid}/fd")) < DESCRIPTORS
            books.post(client, 50)
            books.check(client)
            for stranger in strangers:
                stranger.close()
            clients[0].goodbye()
            assert late.hello().version == 1, "there is room again"
            books.post(client, 5)
            broker.stop()
            broker.start()
            books.check(client)
        finally:
            for one in clients + strangers:
                one.close()


# ---- no memory -------------------------------------------------------------------------------------

# The call that fails: from the first ones of the start to those of many posts.
# A broker that is warm hardly asks for any.
MALLOCS = range(30, 620, 27)
ROUNDS = 20


def post_until_it_ends(process, books, client):
    """Posts, as long as there is a broker."""
    for _ in range(ROUNDS):
        try:
            if not client.welcomes:
                client.hello(patience=2)
            books.ask(client, 5)
            books.settle(client, patience=2)
        except TimeoutError:
            if not process.running():
                return


def test_without_memory_it_ends_and_has_lost_nothing():
    books, ends = Books(), collections.Counter()
    with Broker() as broker:
        with Client(broker.client) as client:
            books.make_room(client)
        for n in MALLOCS:
            broker.kill()
            scarce = Process(*broker.argv(), env=preloaded("PARLOR_SCARCE", SCARCE_MALLOC_AT=n))
            with Client(broker.client, hello=False) as client:
                if scarce.line():
                    post_until_it_ends(scarce, books, client)
                    scarce.signal(signal.SIGTERM)
                ends[scarce.wait()] += 1
                broker.start()
                client.hello()
                books.settle(client)
                books.check(client)
    print(ends)
    assert set(ends) <= {0, 1, OUT_OF_MEMORY, -signal.SIGABRT}, ends
    assert ends[OUT_OF_MEMORY] > 3
    assert len(books.bodies) > 100, "it lived long enough to acknowledge some"
