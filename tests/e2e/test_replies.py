"""Who asks and does not read: its replies are not made before there is room for them,
what it sent waits in order, and nobody else notices."""

import os
import time

import parlor_pb2 as pb
from client import PATIENCE, Client, Wire
from conftest import counters, people, say, until
from proc import Broker, environment

MIB = 1 << 20
FRAME = 1
BODY = "x" * 60_000
SHORT = "x" * 15_000  # dozens of pages are more than sockets hold, and are soon read
SLOW = dict(RCVHWM=1, RCVBUF=256 * 1024)  # a peer that takes little off the wire
PATIENT = {"session.timeout_ms": 120_000}  # nobody pings here
NARROW = {"session.session_queue_bytes": "1M"}
UNHURRIED = {"turn.turn_ms": 10_000}  # a turn ends by what it did


def thrifty(**more):
    """What was freed is not kept by the sanitizer: its memory is looked at here."""
    env = environment(**more)
    env["ASAN_OPTIONS"] += ":quarantine_size_mb=1:verify_asan_link_order=0"
    return env


def pages(n, first=1):
    return [pb.Request(id=first + i, history=dict(room="r", limit=200)) for i in range(n)]


class Deaf:
    """A session that asks and does not read until it is told to."""

    def __init__(self, broker, *members):
        self.wire = Wire(broker.client, **SLOW)
        self.wire.send(pb.Request(id=1, hello=dict(version=1, tenant="default", client="deaf",
                                                   members=members)))
        assert self.wire.receive(PATIENCE).replies[0].code == 0

    def hear(self, ids):
        """The replies, until all of these have come."""
        replies, wanted = [], set(ids)
        while wanted:
            frame = self.wire.receive(PATIENCE)
            assert frame is not None, f"{len(wanted)} replies did not come"
            replies += frame.replies
            wanted -= {reply.id for reply in frame.replies}
        return replies


def fill(client, body=BODY):
    """A page of the room is twenty bodies."""
    client.room_create(room="r", members=people("alice", "bob"))
    say(client, *([body] * 20))


def test_pages_that_nobody_reads_are_not_made():
    with Broker({**PATIENT, **NARROW}, env=thrifty()) as broker, Client(broker.client) as client:
        fill(client, SHORT)
        before = broker.process.rss_kib("VmHWM:")
        never, deaf = Deaf(broker), Deaf(broker)
        never.wire.send(*pages(1000))
        deaf.wire.send(*pages(40, first=100))
        deaf.wire.send(pb.Request(id=900, post=dict(room="r", sender="alice", client_id="a", body="a")))
        deaf.wire.send(pb.Request(id=901, post=dict(room="r", sender="alice", client_id="b", body="b")),
                       pb.Request(id=902, ping={}))
        longest = 0
        for _ in range(50):
            asked = time.monotonic()
            client.call("ping")
            longest = max(longest, time.monotonic() - asked)
        assert longest < 5
        until(lambda: counters(client)["frames_held_back"] >= 4)
        now = counters(client)
        assert now["sessions_held_back"] == 2 and now["frames_out_queued_bytes"] < 12 * MIB
        assert client.room_show(room="r").last_seq == 20, "what is behind the pages waits"
        assert broker.process.rss_kib("VmHWM:") - before < 64 * 1024

        ids = [*range(100, 140), 900, 901, 902]
        replies = deaf.hear(ids)
        assert [reply.id for reply in replies] == ids
        assert {reply.code for reply in replies} == {0}
        assert [replies[-3].posted.seq, replies[-2].posted.seq] == [21, 22]
        assert counters(client)["sessions_held_back"] == 1
        assert counters(client)["turn_us_max"] > 0


def test_refused_frames_wait_for_who_does_not_read_too():
    n = 2000
    with Broker({**PATIENT, "session.session_queue_bytes": "256k"}) as broker, \
            Client(broker.client) as client:
        client.room_create(room="r", members=people("alice", "bob"))
        deaf = Deaf(broker, "alice")
        for block in range(6):  # more than what the wire takes
            posts = [("post", dict(room="r", sender="alice", client_id=f"{block}.{i}", body=BODY))
                     for i in range(50)]
            assert {client.wait(id).code for id in client.send_all(posts)} == {0}
        for _ in range(n):
            deaf.wire.raw(b"", b"")
        deaf.wire.send(pb.Request(id=900, ping={}))
        until(lambda: counters(client)["frames_held_back"] > n // 2)
        replies = deaf.hear([900])
        assert [reply.code for reply in replies] == [FRAME] * n + [0]


def test_who_says_goodbye_and_hello_behind_pages_it_has_not_read_has_a_new_session():
    with Broker({**PATIENT, **NARROW}) as broker, Client(broker.client) as client:
        fill(client, SHORT)
        deaf = Deaf(broker)
        hello = dict(version=1, tenant="default", client="again")
        deaf.wire.send(*pages(30, first=10))
        deaf.wire.send(pb.Request(id=50, goodbye={}), pb.Request(id=51, ping={}))
        deaf.wire.send(pb.Request(id=52, ping={}))
        deaf.wire.send(pb.Request(id=53, hello=hello), *pages(30, first=60))
        deaf.wire.send(pb.Request(id=100, ping={}))
        until(lambda: counters(client)["frames_held_back"] >= 4)

        ids = [*range(10, 40), 50, 53, *range(60, 90), 100]
        replies = deaf.hear(ids)
        # Refusals of who has no session and does not read are dropped.
        refused = [reply for reply in replies if reply.code]
        assert {reply.id for reply in refused} <= {51, 52}, "there is no session between"
        assert [reply.id for reply in replies if reply not in refused] == ids
        assert counters(client)["sessions_opened"] == 3


def test_a_frame_of_more_pages_than_a_turn_may_send_is_answered_over_several():
    with Broker({**UNHURRIED, "turn.turn_bytes": "64k", "session.session_queue_bytes": "64M"}) as broker, \
            Client(broker.client) as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, BODY)
        asked = [("history", dict(room="r", limit=1))] * 30
        asked.insert(10, ("room_show", dict(room="nowhere")))
        answers = [client.wait(id) for id in client.send_all(asked)]
        assert [a.code for a in answers] == [0] * 10 + [20] + [0] * 20
        assert counters(client)["turns_full_of_bytes_out"] >= 25, "a fourth of turn.turn_bytes is less than one"


def test_a_frame_that_looks_through_more_than_a_turn_may_is_answered_over_several():
    with Broker({**UNHURRIED, "turn.turn_steps": 1000}) as broker, Client(broker.client) as client:
        client.room_create(room="r", members=people("alice", *(f"m{n:03}" for n in range(400))))
        before = counters(client)["turns_full_of_steps"]
        asked = [("members_list", dict(room="r", limit=200))] * 40
        ids = client.send_all(asked)
        assert {len(client.wait(id).members.members) for id in ids} == {200}
        now = counters(client)
        assert now["turns_full_of_steps"] - before >= 4 and now["turn_steps_max"] >= 1000


def test_a_damaged_frame_is_carried_on_with_as_well():
    with Broker({"turn.turn_bytes": "64k"}) as broker, Client(broker.client) as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, BODY)
        frame = pb.ToBroker(requests=pages(5, first=10)).SerializeToString()
        frame += b"\x0a\x02\x08\x63" + b"\x0a\x03\x08\x62\xff"  # no op; and what is none
        frame += pb.ToBroker(requests=pages(5, first=20)).SerializeToString()
        client.wire.raw(frame)
        got = []
        while len(got) < 12:
            got += client.wire.receive(PATIENCE).replies
        assert [(r.id, r.code) for r in got] == [
            *((n, 0) for n in range(10, 15)), (0x63, 5), (0x62, 1), *((n, 0) for n in range(20, 25))]


def test_who_sends_more_than_can_be_held_without_reading_is_let_go():
    small = {"session.session_queue_bytes": "64k", "limits.body_bytes": "4k", "limits.page_bytes": "64k",
             "limits.frame_bytes": "128k"}
    with Broker({**PATIENT, **small}) as broker, Client(broker.client) as client:
        client.room_create(room="r", members=people("alice", "bob"))
        say(client, *(["y" * 4000] * 20))
        deaf = Deaf(broker)
        assert counters(client)["sessions"] == 2
        deadline = time.monotonic() + PATIENCE
        while counters(client)["sessions"] == 2:
            assert time.monotonic() < deadline
            deaf.wire.send(*pages(500))
            assert counters(client)["frames_held_back_bytes"] < 256 * 1024
        assert counters(client)["frames_held_back_bytes"] == 0


def test_many_that_do_not_read_share_what_may_be_queued():
    with Broker({**PATIENT, "session.queue_bytes": "8M"}) as broker, Client(broker.client) as client:
        fill(client)
        deaf = [Deaf(broker) for _ in range(16)]
        for d in deaf:
            d.wire.send(*pages(5, first=10))
        until(lambda: counters(client)["sessions_held_back"] >= 16)  # who looks may wait, too
        assert counters(client)["frames_out_queued_bytes"] < 8 * MIB
        assert client.history(room="r").messages, "who reads is answered"
        for d in deaf:
            assert [r.id for r in d.hear(range(10, 15))] == list(range(10, 15))


def test_reads_behind_a_commit_that_hangs_do_not_pile_up(tmp_path):
    flag = tmp_path / "hangs"
    env = thrifty(LD_PRELOAD=os.environ["PARLOR_FAULT"], FAULT_SYNC_HANGS_WHEN_FILE=str(flag))
    with Broker(PATIENT, env=env) as broker, Client(broker.client) as client:
        fill(client)
        readers = [Deaf(broker) for _ in range(6)]
        before = broker.process.rss_kib("VmHWM:")
        flag.touch()
        posts = client.send_all(("post", dict(room="r", sender="alice", client_id=f"p{n}", body="p"))
                                for n in range(40))
        for reader in readers:
            reader.wire.send(*pages(15, first=10))
        time.sleep(0.5)  # nothing may come of it, so nothing can be awaited
        flag.unlink()
        assert {client.wait(id).code for id in posts} == {0}
        for reader in readers:
            assert [r.id for r in reader.hear(range(10, 25))] == list(range(10, 25))
        assert broker.process.rss_kib("VmHWM:") - before < 96 * 1024
