"""The broker is killed again and again while posts go on. Seen from outside:
what was acknowledged is there exactly once with the seq it was acknowledged
with, every room is dense, every unread equals a recount."""

import json
import random
import threading
import time

import oracle
import pytest
import recording
from client import PATIENCE, Client
from conftest import check_rooms, people, whole_history
from proc import Broker, Process, play_argv

KILLS = 25
ROOMS = 8
WINDOW = 40  # posts in flight


@pytest.fixture(scope="module")
def broker():
    """Its clients are to speak often, and so to notice soon that it was killed."""
    with Broker({"session.heartbeat_ms": 100}) as broker:
        yield broker


class Writer:
    """Posts into all rooms, and books what was acknowledged and what was read."""

    def __init__(self, endpoint, name):
        self.client = Client(endpoint)
        self.name = name
        self.chance = random.Random(name)
        self.acknowledged = {}  # (room, client id): posted
        self.asked = 0

    def run(self, stop):
        flight = []
        while not stop.is_set() or flight:
            while len(flight) < WINDOW and not stop.is_set():
                room = f"r{self.chance.randrange(ROOMS)}"
                id = f"{self.name}-{self.asked}"
                self.asked += 1
                flight.append((self.client.send(
                    "post", room=room, sender=self.name, client_id=id, body=f"body of {id}"), room, id))
            number, room, id = flight.pop(0)
            reply = self.client.wait(number, patience=120)
            assert reply.code == 0, reply
            self.acknowledged[room, id] = reply.posted


def test_what_was_acknowledged_stands_once_and_where_it_was_said(broker):
    names = ["alice", "bob", "carol"]
    with Client(broker.client) as service, Client(broker.client, members=["bob"]) as watcher:
        for n in range(ROOMS):
            service.room_create(room=f"r{n}", members=people(*names, "dora"))
        watcher.drain()
        writers = [Writer(broker.client, name) for name in names]
        stop, failures = threading.Event(), []

        def run(writer):
            try:
                writer.run(stop)
            except BaseException as error:  # told to the test, which fails with it
                failures.append(error)

        threads = [threading.Thread(target=run, args=(writer,)) for writer in writers]
        for thread in threads:
            thread.start()
        watched = []
        for _ in range(KILLS):
            for _ in range(random.randrange(1, 60)):  # events pass between two kills
                watched.append(watcher.event("posted", patience=60))
            broker.crash()
            assert not failures, failures
        stop.set()
        for thread in threads:
            thread.join()
        assert not failures, failures

        acknowledged = {key: p for w in writers for key, p in w.acknowledged.items()}
        assert len(acknowledged) == sum(w.asked for w in writers) > KILLS
        stored = {f"r{n}": whole_history(service, f"r{n}") for n in range(ROOMS)}
        check_messages(stored, acknowledged)
        check_unread(service, stored, [*names, "dora"])
        while len(watched) < len(acknowledged):
            watched.append(watcher.event("posted"))
        check_watched(watched, stored)
        for writer in writers:
            writer.client.close()
        broker.restart()
        assert {room: whole_history(service, room) for room in stored} == stored


def check_messages(stored, acknowledged):
    for room, messages in stored.items():
        assert [m.seq for m in messages] == list(range(1, len(messages) + 1)), "dense"
        ids = [m.client_id for m in messages]
        assert len(set(ids)) == len(ids), "each once"
        for message in messages:
            posted = acknowledged[room, message.client_id]
            assert (posted.seq, posted.time_us) == (message.seq, message.time_us)
            assert message.body == f"body of {message.client_id}"
    assert sum(map(len, stored.values())) == len(acknowledged)


def check_unread(service, stored, members):
    for room, messages in stored.items():
        for member in members:
            recount = sum(m.sender != member for m in messages)
            assert service.unread_get(room=room, member=member).unread == recount


def check_watched(watched, stored):
    positions = [event.position for event in watched]
    assert positions == sorted(set(positions)), "delivered in order, each once"
    for room, messages in stored.items():
        assert [e.posted.seq for e in watched if e.room == room] == [m.seq for m in messages]


REPLAY_KILLS = 55


def play_up_to(aim, client, replay):
    deadline = time.monotonic() + PATIENCE
    while client.sync_status().position < aim:
        assert replay.running(), "there is more to play than there are kills"
        assert time.monotonic() < deadline, "the replay does not go on"


def test_a_broker_killed_again_and_again_during_a_replay(broker, tmp_path):
    file = recording.make(tmp_path / "made.ndjson", rooms=150, events=120)
    chance = random.Random(3)
    replay = Process(*play_argv(broker, file, "--in-flight", "32", "--read-every", "5", tenant="replay"))
    try:
        with Client(broker.client, tenant="replay") as client:
            for _ in range(REPLAY_KILLS):
                aim = client.sync_status().position + chance.randrange(1, 250)
                play_up_to(aim, client, replay)
                broker.crash()
            summary = json.loads(replay.line(180))
            assert replay.wait() == 0
            assert summary["good"] and summary["reconnects"] >= REPLAY_KILLS
            rooms = list(oracle.rooms(file, read_every=5))
            check_rooms(client, rooms)
            broker.crash()
            check_rooms(client, rooms)
    finally:
        replay.end()


def test_a_broker_that_may_keep_little_in_memory(tmp_path):
    file = recording.make(tmp_path / "made.ndjson", rooms=500, events=30, seed=2)
    little = {"session.heartbeat_ms": 100, "limits.resident_bytes": "64k",
              "store.dirty_rows_max": 1000}
    rooms = list(oracle.rooms(file, read_every=3))
    with Broker(little) as broker:
        replay = Process(*play_argv(broker, file, "--read-every", "3"))
        try:
            with Client(broker.client) as client:
                for aim in (2000, 8000):
                    play_up_to(aim, client, replay)
                    broker.crash()
                assert json.loads(replay.line(120))["good"]
                assert replay.wait() == 0
                check_rooms(client, rooms)
                counters = {c.name: c.value for c in client.stats().counters}
                assert counters["rows_evicted"] > 0
                assert counters["rooms_resident"] < len(rooms)
                broker.restart()
                check_rooms(client, rooms)
        finally:
            replay.end()
