"""The broker dies by SIGKILL at labelled points, many times each, under services
that go on, beside workers and a MariaDB that are killed too. Whatever was
acknowledged stands once, where it was said; whoever listens heard all of it once;
every count is right, in the broker and in MySQL. For builds with kill points."""

import collections
import os
import random
import signal
import statistics
import subprocess
import time

import oracle
import pymysql
import pytest
from client import Client
from conftest import unreads, whole_history
from proc import Process, Worker, environment, program, run
from service import MESSAGE, Service, Watcher, room_create
from stack import Stack

RECOVERY = "record_recovered"
# Labels in broker/, in the order in which a post passes them, and how often one may
# come by before the broker is killed there.
POINTS = {
    "frame_received": 60, "request_decided": 300, "records_put": 20, "rows_put": 20,
    "transaction_put": 20, "transaction_committed": 20, "turn_launched": 5, "job_done": 5,
    "turn_committed": 20, "event_enqueued": 200, "turn_delivered": 20, "frame_sent": 60,
    "batch_sent": 10, "ack_received": 10, "ack_booked": 10, "stored_answered": 4, RECOVERY: 3,
}
KILLS = int(os.environ.get("PARLOR_KILLS", "0"))  # 0: each point three times
SEED = int(os.environ.get("PARLOR_SEED", "1"))
WORKER_EVERY, DATABASE_EVERY = 3, 10  # kills of the broker
SERVICES = ["ann", "ben", "cho"]
HALL = "hall"
REPEATS = 500  # of each service's messages
START_SECONDS, DEATH_SECONDS = 120, 120


def plan(chance):
    """(label, times) of each kill, in some order."""
    if KILLS:
        labels = list(POINTS) * (KILLS // len(POINTS) + 1)
        chance.shuffle(labels)
        return [(label, chance.randint(1, POINTS[label])) for label in labels[:KILLS]]
    kills = [(label, times) for label, most in POINTS.items() for times in (1, (most + 1) // 2, most)]
    chance.shuffle(kills)
    return kills


class Figures:
    def __init__(self):
        self.begun = time.monotonic()
        self.broker = collections.Counter()
        self.starting = self.workers = self.databases = 0
        self.starts = []  # seconds until ready

    def text(self, services, watcher):
        return (f"{self.broker.total()} kills of the broker at {len(self.broker)} points"
                f" ({min(self.broker.values())} to {max(self.broker.values())} each, {self.starting}"
                f" before it was ready), {self.workers} of workers, {self.databases} of MariaDB;"
                f" {sum(len(s.told) for s in services)} messages acknowledged,"
                f" {sum(s.repeated for s in services)} repeated meanwhile,"
                f" {sum(s.checked for s in services)} STORED looked up at once,"
                f" {len(watcher.events)} delivered; sessions begun anew"
                f" {sum(s.client.welcomes for s in (*services, watcher)) - len(services) - 1} times;"
                f" ready again after {statistics.median(self.starts):.2f} s,"
                f" at most {max(self.starts):.2f} s; {time.monotonic() - self.begun:.0f} s in all")


@pytest.fixture
def stack(database):
    # Rows are written back all the time, and sessions and workers soon notice.
    settings = {"store.dirty_rows_max": 1000, "store.behind_records_max": 400,
                "store.write_back_rows": 64, "session.heartbeat_ms": 100, "sync.partitions": 4,
                "sync.worker_lease_ms": 1000, "sync.worker_heartbeat_ms": 100}
    with Stack(database, settings, workers=2) as stack:
        yield stack


def look_up(stack):
    """is_stored for services: asks MySQL, waiting while it is being killed."""
    def is_stored(room, seq):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return stack.rows("SELECT 1 FROM group_message WHERE ent_id = 'default' AND"
                                  " group_id = %s AND seq = %s", room, seq) == ((1,),)
            except pymysql.err.OperationalError:
                assert time.monotonic() < deadline, "MariaDB is not started again"
                time.sleep(0.01)  # nothing announces readiness but a connection that works
    return is_stored


class Story:
    """One broker that dies again and again, and those who speak and listen."""

    def __init__(self, stack, chance):
        self.stack, self.broker, self.chance = stack, stack.broker, chance
        self.figures = Figures()
        with Client(self.broker.client) as client:
            room_create(client, HALL, [*SERVICES, "dora"])
        self.watcher = Watcher(self.broker.client, ["m0", "dora"])
        self.services = [Service(self.broker.client, name, HALL, look_up(stack)) for name in SERVICES]
        for thread in self.threads():
            thread.start()

    def threads(self):
        return [self.watcher, *self.services]

    def check(self):
        for thread in self.threads():
            if thread.failure is not None:
                raise thread.failure

    def start(self, at=None):
        """Starts the broker; False when it was dead before it was ready."""
        begun = time.monotonic()
        env = environment(PARLOR_DIE_AT=at) if at else environment()
        self.broker.process = Process(*self.broker.argv(), env=env)
        if not self.broker.process.line(START_SECONDS).startswith("ready "):
            self.figures.starting += 1
            return False
        self.figures.starts.append(time.monotonic() - begun)
        return True

    def await_death(self, label):
        deadline = time.monotonic() + DEATH_SECONDS
        while self.broker.process.running():
            self.check()
            assert time.monotonic() < deadline, f"{label}: does not come by"
            try:
                self.broker.process.process.wait(1)
            except subprocess.TimeoutExpired:
                pass  # looks after the others, and waits on
        assert self.broker.process.wait() == -signal.SIGKILL, self.broker.process.stderr()
        self.figures.broker[label] += 1

    def disturb(self, number):
        if number % WORKER_EVERY == 0:
            worker = self.stack.workers.pop(0)
            worker.kill()
            self.stack.workers.append(Worker(self.broker, self.stack.url, ready=None))
            self.figures.workers += 1
        if number % DATABASE_EVERY == 0:
            self.stack.server.kill9()
            self.stack.server.start()
            self.figures.databases += 1

    def run(self, kills):
        self.broker.kill()
        for number, (label, times) in enumerate(kills, 1):
            while self.start(f"{label}:{times}") and label == RECOVERY:
                self.broker.kill()  # so much was not to be recovered: each start leaves a record
            self.disturb(number)
            self.await_death(label)
        assert self.start(), self.broker.process.stderr()

    def end(self):
        """All is answered, and all is heard."""
        for service in self.services:
            service.stopping.set()
        for service in self.services:
            service.join()
        self.check()
        self.watcher.enough = sum(len(service.told) for service in self.services)
        self.watcher.join(60)
        assert len(self.watcher.events) == self.watcher.enough

    def stop(self):
        for thread in self.threads():
            thread.stop()


def check_history(client, story):
    """The broker's rooms are as the services know them; returns them, with the
    hall as the broker has it."""
    hall = oracle.Room(HALL)
    for member in [*SERVICES, "dora"]:
        hall.join(member)
    told = {key: posted for service in story.services for key, posted in service.told.items()}
    rooms = [room for service in story.services for room in service.rooms]
    for room in [*rooms, hall]:
        history = whole_history(client, room.id)
        assert [m.seq for m in history] == list(range(1, len(history) + 1)), "dense"
        for m in history:
            posted = told.pop((room.id, m.client_id))  # fails for what is there twice
            assert (posted.seq, posted.time_us) == (m.seq, m.time_us)
            if room is hall:
                hall.post(m.sender, MESSAGE, m.body, m.client_id)
        assert [(m.seq, m.sender, m.type, m.body, m.client_id) for m in history] == [
            (m.seq, m.sender, m.type, m.body, m.client_id) for m in room.messages]
        assert unreads(client, room.id) == room.unreads()
    assert not told, "acknowledged, and not there"
    return [*rooms, hall]


def check_watched(watcher, rooms):
    positions = [event.position for event in watcher.events]
    assert positions == sorted(set(positions)), "delivered in order, each once"
    heard = collections.defaultdict(list)
    for event in watcher.events:
        heard[event.room].append((event.posted.seq, event.posted.client_id))
    assert heard == {room.id: [(m.seq, m.client_id) for m in room.messages] for room in rooms}


def check_repeats(client, services, chance):
    for service in services:
        keys = chance.sample(list(service.kept), min(REPEATS, len(service.kept)))
        asked = [(key, client.send("post", **service.kept[key])) for key in keys]
        for key, request in asked:
            assert client.wait(request).posted == service.told[key]


def test_a_broker_killed_at_every_point_of_its_work(stack, capsys):
    chance = random.Random(SEED)
    story = Story(stack, chance)
    try:
        story.run(plan(chance))
        story.end()
        with stack.client() as client:
            rooms = check_history(client, story)
            check_watched(story.watcher, rooms)
            check_repeats(client, story.services, chance)
            assert check_history(client, story) == rooms, "repeating changed nothing"
        stack.settle(120)
        assert stack.differences(rooms) == []
        run(program("parlor-replay"), "verify", "--data", stack.broker.data, "--mysql", stack.url)
        with capsys.disabled():
            print(f"\n{story.figures.text(story.services, story.watcher)}")
    finally:
        story.stop()
