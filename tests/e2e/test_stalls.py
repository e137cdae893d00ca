"""The broker is held up itself: stopped, or by a disk that hangs. What others said
meanwhile lies unread, and is not taken for silence."""

import signal
import time

import parlor_pb2 as pb
from client import Client
from conftest import counters, people, say
from proc import Broker, preloaded
from stack import Stack

ONLINE, BUSY = 2, 3
STOPPING = 46
IMPATIENT = {"session.heartbeat_ms": 300, "session.timeout_ms": 1500}
STILL = 1.5 * IMPATIENT["session.timeout_ms"] / 1000  # seconds, longer than any silence may be


def ping_all(clients, seconds):
    """Each of them gives its signs of life, and reads nothing."""
    deadline = time.monotonic() + seconds
    while True:
        for client in clients:
            client.ping()
        if time.monotonic() >= deadline:
            return
        time.sleep(0.05)  # a rate: signs of life far more often than silence is measured


def test_who_pinged_while_the_broker_stood_still_lives_on():
    with Broker(IMPATIENT) as broker:
        watcher = Client(broker.client, presence=True)
        clients = []
        for n in range(10):
            clients.append(Client(broker.client, members=[f"m{n}"]))
            ping_all([watcher, *clients], 0)
        clients[0].presence_set(member="m0", presence=BUSY)
        watcher.drain()

        broker.process.signal(signal.SIGSTOP)
        ping_all([watcher, *clients], STILL)
        broker.process.signal(signal.SIGCONT)
        ping_all([watcher, *clients], 0.2)

        assert [client.call("ping") is not None and client.welcomes for client in clients] == [1] * 10
        assert watcher.drain() == [] and watcher.welcomes == 1
        members = watcher.presence_get(members=[f"m{n}" for n in range(10)]).members
        assert [m.presence for m in members] == [BUSY] + [ONLINE] * 9
        assert counters(watcher)["sessions_expired"] == 0

        clients[0].drop()  # and real silence is told as ever
        while True:
            event = watcher.event("presence").presence
            if event.member == "m0" and event.presence not in (ONLINE, BUSY):
                break
        for client in clients:
            client.close()
        watcher.close()


def test_a_full_turn_behind_a_disk_that_hangs_ends_nobody(tmp_path):
    flag = tmp_path / "hangs"
    env = preloaded("PARLOR_FAULT", FAULT_SYNC_HANGS_WHEN_FILE=flag)
    with Broker({**IMPATIENT, "turn.turn_requests": 32}, env=env) as broker, \
            Client(broker.client) as busy, Client(broker.client, members=["bob"]) as bob:
        busy.room_create(room="r", members=people("alice", "bob"))
        flag.touch()
        for n in range(8):  # the first commit hangs, the next turn is full, the rest is not read
            busy.wire.send(*(pb.Request(id=1000 + n * 40 + i, post=dict(
                room="r", sender="alice", client_id=f"{n}-{i}", body="x")) for i in range(40)))
        ping_all([busy, bob], STILL)
        flag.unlink()
        assert len(bob.bodies(8 * 40)) == 320
        assert bob.welcomes == busy.welcomes == 1 and bob.end is None


def test_what_was_asked_before_it_is_stopped_is_answered(tmp_path):
    flag = tmp_path / "hangs"
    env = preloaded("PARLOR_FAULT", FAULT_SYNC_HANGS_WHEN_FILE=flag)
    with Broker({"turn.turn_requests": 32}, env=env) as broker:
        with Client(broker.client) as busy:
            busy.room_create(room="r", members=people("alice"))
            flag.touch()  # the first commit hangs, the next turn is full, the rest is not read
            asked = [busy.send("post", room="r", sender="alice", client_id=f"{n}", body="x") for n in range(320)]
            time.sleep(0.5)  # all of it has come
            broker.process.signal(signal.SIGTERM)
            time.sleep(0.1)
            flag.unlink()
            assert [busy.wait(id).posted.seq for id in asked] == [*range(1, 321)]
            assert busy.event("end").end.code == STOPPING
            assert broker.process.wait() == 0
        broker.start()
        with Client(broker.client) as client:
            assert client.room_show(room="r").last_seq == 320


def test_a_worker_that_pinged_while_the_broker_stood_still_keeps_its_partitions(database):
    settings = {"sync.partitions": 2, "sync.worker_heartbeat_ms": 100, "sync.worker_lease_ms": 1500}
    with Stack(database, settings, "stalls") as stack, stack.client() as client:
        client.room_create(room="r", members=people("alice"))
        say(client, "before")
        stack.settle()
        epochs = stack.rows("SELECT part, epoch FROM sync_mark ORDER BY part")

        stack.broker.process.signal(signal.SIGSTOP)
        time.sleep(2 * settings["sync.worker_lease_ms"] / 1000)  # the silence itself: two leases of it
        stack.broker.process.signal(signal.SIGCONT)

        say(client, "after")
        stack.settle()
        assert counters(client)["sync_workers_lost"] == 0
        assert stack.rows("SELECT part, epoch FROM sync_mark ORDER BY part") == epochs
