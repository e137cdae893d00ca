"""Very many members attached at once: it takes many turns, others are served in between,
and whoever joins, leaves or goes away meanwhile is where everybody thinks."""

import itertools
import random
import signal
import threading

import parlor_pb2 as pb
import pytest
from client import Client
from conftest import counters, people, spec
from proc import Broker

MEMBERS = [f"m{n}" for n in range(1000)]
OWN = 60  # rooms of one of them each
STEPS = 20_000  # of a request, at once
SETTINGS = {"turn.turn_steps": 1000, "turn.turn_ms": 10_000, "session.timeout_ms": 120_000,
            "limits.body_bytes": "1k", "limits.page_bytes": "64k", "limits.frame_bytes": "128k",
            "session.session_queue_bytes": "64k"}
BUSY = 40


class Teller:
    """Another session, in whose rooms the members are: it moves them and posts, and keeps
    the books."""

    def __init__(self, broker):
        self.client = Client(broker.client)
        self.all = [f"all-{n}" for n in range(12)]  # rooms of all of them
        self.inside = set()  # members that are in their own room
        self.said = []  # (position, member, body) of each post that it could hear
        self.numbers = itertools.count(1)
        self.chance = random.Random(8)

    def furnish(self):
        for room in self.all:
            self.client.room_create(room=room, members=people("bot"))
            self.client.members_add(room=room, members=[spec(m) for m in MEMBERS])
        for n in range(OWN):
            self.client.room_create(room=f"own-{MEMBERS[n]}", members=people("bot"))

    def move(self, member):
        room = f"own-{member}"
        if member in self.inside:
            self.client.members_remove(room=room, members=[member])
        else:
            self.client.members_add(room=room, members=[spec(member)])
        self.inside ^= {member}

    def say(self, member, body):
        posted = self.client.post(room=f"own-{member}", sender="bot", client_id=f"{next(self.numbers)}", body=body)
        if member in self.inside:
            self.said.append((posted.position, member, body))

    def bustle(self, until=lambda: False, times=1 << 30):
        """Somebody moves and something is said, one after the other. How often."""
        for n in range(times):
            if until():
                return n
            self.move(self.chance.choice(MEMBERS[:OWN]))
            self.say(self.chance.choice(MEMBERS[:OWN]), f"meanwhile {n}")
        return times

    def during(self, work):
        """Bustles while the work is done; what came of that."""
        result, before = [], counters(self.client)["turns_full_of_steps"]
        thread = threading.Thread(target=lambda: result.append(work()))
        thread.start()
        self.bustle(until=lambda: not thread.is_alive())
        thread.join()
        assert counters(self.client)["turns_full_of_steps"] > before + 1, "it took more than one turn"
        return result[0]

    def heard_by(self, client, behind):
        """The session has heard what was said behind that position, each once."""
        for member in MEMBERS[:OWN]:
            self.say(member, "and now")
        heard = [(e.position, e.room[len("own-"):], e.posted.body)
                 for e in client.drain() if e.WhichOneof("kind") == "posted"]
        assert [one for one in heard if one[0] > behind] == [one for one in self.said if one[0] > behind]
        return heard


@pytest.fixture(scope="module")
def furnished():
    with Broker(SETTINGS) as broker:
        teller = Teller(broker)
        teller.furnish()
        yield broker, teller
        teller.client.close()


@pytest.fixture
def teller(furnished):
    """Nothing is in memory, and nothing has been counted."""
    broker, teller = furnished
    broker.restart()
    teller.client.ping()
    counters(teller.client)
    yield teller
    assert counters(teller.client)["turn_steps_max"] < STEPS + 3000, "no turn has taken more"


def test_an_attach_goes_on_while_its_members_come_and_go(furnished, teller):
    with Client(furnished[0].client) as client:
        done = teller.during(lambda: client.wait(client.send("attach", members=MEMBERS)))
        assert done.attached.attached == len(MEMBERS)
        teller.heard_by(client, behind=done.as_of)
        entries = counters(teller.client)["subscriber_entries"]
        assert entries == len(MEMBERS) + len(teller.all) + len(teller.inside), "each room is listened to once"

        gone = teller.during(lambda: client.wait(client.send("detach", members=MEMBERS[1:])))
        assert gone.attached.attached == 1
        left = len(teller.inside & {MEMBERS[0]})
        assert counters(teller.client)["subscriber_entries"] == 1 + len(teller.all) + left
        client.goodbye()


def test_a_session_that_begins_hears_nothing_before_and_all_behind(furnished, teller):
    client = teller.during(lambda: Client(furnished[0].client, members=MEMBERS))
    heard = teller.heard_by(client, behind=client.welcome.position)
    assert client.welcome.attached.attached == len(MEMBERS)
    assert all(position > client.welcome.position for position, *_ in heard)
    client.goodbye()
    client.close()


def test_who_resumes_among_many_hears_all_that_was_missed(furnished, teller):
    client = Client(furnished[0].client, members=MEMBERS)
    since = client.drop()
    teller.bustle(times=40)
    client = teller.during(lambda: Client(furnished[0].client, members=MEMBERS, resume=since))
    assert not client.welcome.reset
    teller.heard_by(client, behind=since[1])
    client.goodbye()
    client.close()


def test_a_room_of_many_is_there_until_it_is_dissolved_and_then_for_nobody(furnished, teller):
    room = teller.all.pop()
    with Client(furnished[0].client, members=MEMBERS[:1]) as client, Client(furnished[0].client) as asking:
        done = teller.during(lambda: asking.wait(asking.send("room_dissolve", room=room)))
        assert done.code == 0 and done.room.members == 0
        assert [e.position for e in client.drain() if e.room == room] == [done.room.position]
        for member in MEMBERS[::100]:
            assert room not in {item.room for item in teller.client.list(member=member).items}
        client.goodbye()


def presence(client, members):
    """Some of them a turn: they may not be in memory."""
    return {one.presence for n in range(0, len(members), 200)
            for one in client.presence_get(members=members[n:n + 200]).members}


def test_a_session_that_ends_while_its_members_are_attached_leaves_nothing(furnished, teller):
    client, watcher = Client(furnished[0].client), Client(furnished[0].client, presence=True)
    pings = pb.ToBroker(requests=[pb.Request(ping={})] * 1000).SerializeToString()
    # All of it is there when the broker comes to it: the attach takes longer than one turn.
    furnished[0].process.signal(signal.SIGSTOP)
    client.send("attach", members=MEMBERS)
    for _ in range(100):  # more than is kept for a session whose requests wait
        client.wire.raw(pings)
    furnished[0].process.signal(signal.SIGCONT)
    assert client.event("end").end.code == BUSY
    now = counters(teller.client)
    assert now["sessions_overrun"] == 1
    assert now["members_attached"] == 0 and now["subscriber_entries"] == 1
    assert presence(teller.client, MEMBERS) == {pb.PRESENCE_OFFLINE}
    assert watcher.drain() == [], "nobody was there to be told of"

    client.close()

    client = Client(furnished[0].client)
    attach, goodbye = client.send("attach", members=MEMBERS), client.send("goodbye")
    assert client.wait(attach).attached.attached == len(MEMBERS)
    assert client.wait(goodbye).code == 0
    assert counters(teller.client)["members_attached"] == 0
    client.close()
    watcher.close()


def test_a_request_that_goes_on_over_turns_is_counted_once():
    with Broker(SETTINGS) as broker, Client(broker.client) as client, Client(broker.client) as other:
        before = counters(other)["requests"]
        attach = client.send("attach", members=[f"n{n}" for n in range(6000)])
        assert client._await(attach, 20).code == 0  # without a sign of life meanwhile
        # It and the one that asks how many there were.
        assert counters(other)["requests"] - before == 2


def test_attaches_that_each_need_a_commit_take_a_turn_each():
    """Of a frame full of them, or others would wait for all those commits."""
    rooms = [f"r{n}" for n in range(10)]
    with Broker({"turn.turn_ms": 10_000}) as broker, Client(broker.client) as client:
        asked = [one for room in rooms for one in (("room_create", dict(room=room, members=people(room))),
                                                   ("attach", dict(members=[room])))]
        assert {client.wait(id).code for id in client.send_all(asked)} == {0}
        now = counters(client)
        assert now["commits_awaited"] >= len(rooms)
        assert now["turns_full_of_commits"] == len(rooms)
        assert client.attach(members=rooms).attached == len(rooms)
        assert counters(client)["commits_awaited"] == now["commits_awaited"], "nobody has moved since"
        for room in rooms:
            client.post(room=room, sender=room, client_id="1", body="x")
            assert client.event("posted").room == room
