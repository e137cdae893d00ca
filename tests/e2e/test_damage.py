"""Files that were damaged: what cannot be read is told and refused, and never
passed over or taken for something else; everything beside it goes on."""

import collections
import os
import pathlib
import random
import shutil
import signal

from books import Books
from client import Client
from conftest import people, until
from proc import Broker, Process, Worker, environment, run, program

SEED = int(os.environ.get("PARLOR_SEED", "1"))
STORE_CORRUPT = 61
LITTLE = {"store.map_init_bytes": "1M", "store.headroom_bytes": "1M"}
PAGE = 4096


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
                until(lambda: stuck(client) and stored() == (6, 6))
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
        reply = client.wait(client.send("history", room="r", limit=1, **{"from": n + 1}), patience=20)
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
        with Client(broker.client, hello=False) as client:
            client.hello(patience=20)
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
            assert broker.data in broker.refused_start()
            assert file.read_bytes() == good[:length]
        file.write_bytes(good)
        broker.start()
        books.check(client)
