"""The system fails under the broker: a disk with errors, damaged files, readers
that never end, clocks that are set, too few descriptors, no memory. Whatever it
does then, nothing that was acknowledged is lost, and it says why it stops.

A full map and a full disk are in test_bad_input, a killed broker in test_crash,
a disk that loses power in tests/crash."""

import collections
import errno
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import sys
import time

import pytest
from client import Client
from conftest import people, whole_history
from proc import Broker, Process, Worker, environment, program, run

SEED = int(os.environ.get("PARLOR_SEED", "1"))
STORE_FULL, SESSIONS_FULL, STORE_CORRUPT, NO_MEMORY = 41, 44, 61, 69
LITTLE = {"store.map_init_bytes": "1M", "store.headroom_bytes": "1M"}
OUT_OF_MEMORY = 70  # the exit status
PAGE = 4096


def preloaded(shim, **more):
    env = environment(LD_PRELOAD=os.environ[shim], **{name: str(value) for name, value in more.items()})
    env["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
    return env


class Books:
    """Posts into one room, and what became of each: by its client id."""

    def __init__(self, room="r"):
        self.room = room
        self.asked = {}  # client id: request
        self.acknowledged = {}  # client id: posted
        self.bodies = {}

    def make_room(self, client):
        client.room_create(room=self.room, members=people("alice", "bob"))

    def ask(self, client, n=1):
        for _ in range(n):
            id = f"{len(self.bodies)}"
            self.bodies[id] = os.urandom(60).hex()
            self._send(client, id)

    def _send(self, client, id):
        self.asked[id] = client.send("post", room=self.room, sender="alice", client_id=id,
                                     body=self.bodies[id])

    def settle(self, client, patience=60):
        """Every answer that is still owed."""
        while self.asked:
            id, request = next(iter(self.asked.items()))
            reply = client.wait(request, patience)
            del self.asked[id]
            if reply.code == NO_MEMORY:  # it was refused, so it may be asked again
                self._send(client, id)
                continue
            assert reply.code == 0, reply
            self.acknowledged[id] = reply.posted

    def post(self, client, n=1):
        self.ask(client, n)
        self.settle(client)

    def check(self, client):
        """What was asked is there once, as it was said, and counts."""
        assert not self.asked
        messages = whole_history(client, self.room)
        assert [m.seq for m in messages] == list(range(1, len(messages) + 1))
        assert {m.client_id: (m.seq, m.time_us, m.body) for m in messages} == {
            id: (p.seq, p.time_us, self.bodies[id]) for id, p in self.acknowledged.items()}
        assert client.unread_get(room=self.room, member="bob").unread == len(messages)


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


def stat(client, name):
    return {c.name: c.value for c in client.stats().counters}[name]


def test_a_disk_that_takes_no_rows_is_waited_for_also_by_a_start(tmp_path):
    """The idle write-back, and the first record of a start, meet a full disk:
    what was acknowledged is read, nothing new is taken, and nothing ends."""
    fault, books = tmp_path / "fault", Books()

    def refused(client):
        return client.refusal("post", room="r", sender="bob", client_id="x", body="y") == STORE_FULL

    with Broker(env=preloaded("PARLOR_FAULT", FAULT_FILE=fault)) as broker:
        with Client(broker.client) as client:
            books.make_room(client)
            for _ in range(50):  # until it is idle while the disk is full
                books.post(client, 40)
                fault.write_text(f"write {errno.ENOSPC}")
                time.sleep(0.5)
                if stat(client, "rows_put_off"):
                    break
                fault.unlink()
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
            await_that(lambda: not refused(client))
            books.bodies["x"], books.acknowledged["x"] = "y", client.post(
                room="r", sender="bob", client_id="x", body="y")
            await_that(lambda: stat(client, "rows_dirty") == 0)
        broker.crash()
        with Client(broker.client) as client:
            messages = whole_history(client, "r")
            assert [m.body for m in messages] == list(books.bodies.values())
        run(program("parlor-replay"), "verify", "--data", broker.data)


def test_a_directory_that_cannot_be_synced_is_not_begun(tmp_path):
    fault = tmp_path / "fault"
    fault.write_text(f"fsync {errno.EIO}")
    broker = Broker(env=preloaded("PARLOR_FAULT", FAULT_FILE=fault))
    err = refused_start(broker)
    assert broker.data in err and os.strerror(errno.EIO) in err
    fault.unlink()
    with broker, Client(broker.client) as client:
        books = Books()
        books.make_room(client)
        books.post(client, 3)
        books.check(client)


def refused_start(broker):
    """What it says on stderr, having left with status 1 and never been ready."""
    process = Process(*broker.argv(), env=broker.env)
    assert process.line() == ""
    assert process.wait() == 1
    return process.stderr()


# ---- files that were damaged ----------------------------------------------------------------


def flip(file, at, bit=0):
    with open(file, "r+b") as data:
        data.seek(at)
        (byte,) = data.read(1)
        data.seek(at)
        data.write(bytes([byte ^ 1 << bit]))


def flip_in_body(broker, body):
    """One bit of a stored body, wherever a page has it."""
    file = os.path.join(broker.data, "data.mdb")
    with open(file, "rb") as data:
        bytes_ = data.read()
    at, found = bytes_.find(body.encode()), 0
    while at >= 0:
        flip(file, at + 7)
        found += 1
        at = bytes_.find(body.encode(), at + 1)
    assert found


def test_a_damaged_record_is_told_and_everything_else_goes_on():
    books = Books()
    with Broker() as broker, Client(broker.client, members=["bob"]) as bob:
        books.make_room(bob)
        books.post(bob, 20)
        before = bob.journal, bob.position
        books.post(bob, 20)
        broker.stop()
        flip_in_body(broker, books.bodies["25"])
        broker.start()
        with Client(broker.client) as client:
            for seq in range(1, 41):
                page = client.wait(client.send("history", room="r", limit=1, **{"from": seq}))
                if seq == 26:
                    assert (page.code, page.retry) == (STORE_CORRUPT, False)
                else:
                    (message,) = page.history.messages
                    assert (message.seq, message.body) == (seq, books.bodies[str(seq - 1)])
            assert client.unread_get(room="r", member="bob").unread == 40
            again = client.post(room="r", sender="alice", client_id="25", body=books.bodies["25"])
            assert again.seq == 26, "what was acknowledged is so still"
            books.post(client, 5)
        with Client(broker.client, members=["bob"], resume=before) as late:
            assert late.event("end").end.code == STORE_CORRUPT, "what he missed cannot be told"
        with Client(broker.client, members=["bob"], resume=before) as again:
            assert again.welcome.reset, "he begins anew, and is told so"
        with Client(broker.client, members=["bob"]) as anew:
            books.post(anew, 1)
            assert anew.bodies(1) == [books.bodies["45"]]
        assert "journal entry" in broker.process.stderr()


def test_the_recall_of_a_damaged_message_is_refused_and_changes_nothing():
    books = Books()
    with Broker() as broker, Client(broker.client) as client:
        books.make_room(client)
        books.post(client, 3)
        broker.stop()
        flip_in_body(broker, books.bodies["1"])
        broker.start()
        position = client.sync_status().position
        for _ in range(2):
            reply = client.wait(client.send("recall", room="r", seq=2, by="alice"))
            assert (reply.code, reply.retry) == (STORE_CORRUPT, False)
            assert client.sync_status().position == position
        client.recall(room="r", seq=1, by="alice")
        books.post(client, 1)
        broker.restart()
        first, last = (client.history(room="r", limit=1, **{"from": seq}).messages[0] for seq in (1, 4))
        assert first.recalled and first.body == "" and last.body == books.bodies["3"]


def test_a_message_from_a_time_of_larger_limits_is_listed_and_recalled():
    large, small = {"limits.body_bytes": "6M", "limits.frame_bytes": "16M"}, {
        "limits.frame_bytes": "1M", "limits.page_bytes": "256k"}
    body = "0123456789abcdef" * (5 << 16)
    with Broker(large) as broker:
        with Client(broker.client) as client:
            client.room_create(room="r", members=people("alice", "bob"))
            client.post(room="r", sender="alice", client_id="1", body=body)
        broker.stop()
        broker.configure(small)
        broker.start()
        with Client(broker.client) as client:
            assert client.list(member="bob").items[0].last.body == body[:200]
            assert client.recall(room="r", seq=1, by="alice").position
            broker.restart()
            (message,) = client.history(room="r").messages
            assert message.recalled and message.body == ""


def test_a_damaged_record_is_not_passed_over_on_the_way_to_mysql(database):
    """What it was, and for which room, cannot be known: MySQL stays what the
    journal was before it, sync status says why, and the rooms go on."""
    name = "parlor_damaged"
    books = Books()
    url = database.url(name)

    def stored():
        (row,) = database.query("SELECT COUNT(*), MAX(seq) FROM group_message WHERE group_id=%s",
                                (books.room,), name)
        return row

    def stuck(client):
        return [part.error for part in client.sync_status().partitions if part.error]

    run(program("parlor-worker"), "--migrate", env=environment(PARLOR_MYSQL=url))
    with Broker() as broker:
        with Client(broker.client) as client:
            books.make_room(client)
            books.post(client, 10)
        broker.stop()
        flip_in_body(broker, books.bodies["6"])
        broker.start()
        worker = Worker(broker, url)
        try:
            with Client(broker.client) as client:
                await_that(lambda: stuck(client) and stored() == (6, 6))
                assert "the journal cannot be read: the data directory is damaged" in stuck(client)
                books.post(client, 5)
                assert stored() == (6, 6)
            worker.stop()
        finally:
            worker.end()


def test_a_damaged_record_that_recovery_needs_is_not_passed_over():
    """It stops there: the state behind it cannot be known. The rows of an idle
    broker are written within a moment, so that it may take several tries to
    kill one that still needs its journal."""
    for _ in range(5):
        books, broker = Books(), Broker()
        with broker, Client(broker.client) as client:
            books.make_room(client)
            books.post(client, 20)
            broker.kill()
            shutil.copytree(broker.data, broker.data + ".good")
            flip_in_body(broker, books.bodies["9"])
            process = Process(*broker.argv())
            if process.line():  # all was in rows
                process.stop()
                continue
            assert process.wait() == 1
            assert f"{broker.data}: cannot recover behind position" in process.stderr()
            assert "the data directory is damaged" in process.stderr()
            shutil.rmtree(broker.data)
            os.rename(broker.data + ".good", broker.data)
            broker.start()
            books.check(client)
            return
    raise AssertionError("it was idle each time")


FLIPS = 40
# A page of LMDB has no checksum: LMDB may fall over it. Everything else that a
# sanitizer says is a finding.
FALLS = environment(ASAN_OPTIONS="exitcode=99:handle_segv=0:handle_sigbus=0:handle_abort=0",
                    UBSAN_OPTIONS="exitcode=99:print_stacktrace=1")
FELL = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT}


def answers(client, books):
    """Each message as it was, or refused; never another one."""
    refused = 0
    for n in range(len(books.bodies)):
        reply = client.wait(client.send("history", room="r", limit=1, **{"from": n + 1}), patience=10)
        refused += reply.code != 0
        assert reply.code or [(m.seq, m.body) for m in reply.history.messages] == [
            (n + 1, books.bodies[str(n)])]
    return refused


def test_no_flipped_bit_anywhere_gives_a_wrong_message():
    chance = random.Random(SEED)
    books, outcomes = Books(), collections.Counter()
    with Broker(LITTLE, env=FALLS) as broker, Client(broker.client) as client:
        books.make_room(client)
        books.post(client, 100)
        broker.stop()
        file = os.path.join(broker.data, "data.mdb")
        good = pathlib.Path(file).read_bytes()
        used = len(good.rstrip(b"\0"))
        for _ in range(FLIPS):
            at, bit = chance.randrange(used), chance.randrange(8)
            flip(file, at, bit)
            outcomes[start_on_damage(broker, books)] += 1
            flip(file, at, bit)
            pathlib.Path(file).write_bytes(good)
        broker.start()
        books.check(client)
    print(outcomes)
    assert outcomes["refuses some"] > 0 and outcomes["serves"] > FLIPS / 3
    assert outcomes["falls"] < FLIPS / 10


def start_on_damage(broker, books):
    """What becomes of a broker that starts on it."""
    process = Process(*broker.argv(), env=FALLS)
    try:
        if not process.line(60):
            status = process.wait()
            assert status == 1 or status in FELL, process.stderr()
            assert status != 1 or "parlord: " + broker.data in process.stderr()
            return "does not start" if status == 1 else "falls"
        with Client(broker.client) as client:
            refused = answers(client, books)
            process.stop()
        return "refuses some" if refused else "serves"
    except TimeoutError:
        status = process.wait()
        assert status in FELL, process.stderr()
        return "falls"
    finally:
        process.end()


def test_a_truncated_file_is_refused_and_left_alone():
    books = Books()
    with Broker(LITTLE) as broker, Client(broker.client) as client:
        books.make_room(client)
        books.post(client, 100)
        broker.stop()
        file = pathlib.Path(broker.data) / "data.mdb"
        good = file.read_bytes()
        used = len(good.rstrip(b"\0"))
        for length in (used - PAGE, used // 2, 3 * PAGE, 2 * PAGE, 2 * PAGE - 1, PAGE, 100, 1, 0):
            file.write_bytes(good[:length])
            assert broker.data in refused_start(broker)
            assert file.read_bytes() == good[:length]
        file.write_bytes(good)
        broker.start()
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


def await_that(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline


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
        await_that(lambda: change(client, 1) == 1)
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
        await_that(lambda: change(client, 1) == 1)
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


def stat(client, name):
    return {c.name: c.value for c in client.stats().counters}[name]


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
            await_that(lambda: stat(client, "connections_pushed") > DESCRIPTORS / 2)
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
