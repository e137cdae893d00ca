#!/usr/bin/python3
"""Builds what a broker has to bear at its largest, kills it, and measures what comes
after: a million rooms of three members, one agent in 300,000 of them, a room of two
million messages, 100,000 attached members, five million records and more.

    tests/long/scale.py BUILD [--scale 0.05]     BUILD is a build directory: build/release

Prints figures; exits 1 when one is beyond its bound (of time only at full scale).
Takes ten minutes on a free machine, and 6 GB of disk: no test of the normal run."""

import argparse
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FRAME = 500  # requests of a frame
AHEAD = 8  # frames that are not answered yet
RESIDENT = 256 << 20
QUEUE = 64 << 20
BESIDE_MIB = 64
START_S, COLD_POST_MS = 2, 5
SESSION_MEMBERS = 5000
BODY = b"what is said here is of no importance"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("build")
    parser.add_argument("--scale", type=float, default=1, help="of all numbers")
    return parser.parse_args()


args = arguments()
os.environ["PARLOR_BIN"] = os.path.join(args.build, "bin")
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(args.build, "python")]

import parlor_pb2 as pb  # noqa: E402
from client import Client  # noqa: E402
from proc import Broker  # noqa: E402

ROOMS = int(1_000_000 * args.scale)
AGENT_ROOMS = int(300_000 * args.scale)
BIG = int(2_000_000 * args.scale)
ATTACHED = int(100_000 * args.scale)
faults = []


def say(what, value, unit, bound=None, timed=False):
    beyond = bound is not None and value > bound and not (timed and args.scale < 1)
    within = "" if bound is None else f"   (bound {bound:g} {unit})"
    print(f"{what:56} {value:12,.1f} {unit}{within}{'   BEYOND' if beyond else ''}", flush=True)
    if beyond:
        faults.append(what)


def ask_all(client, requests):
    """Sends them some thousand ahead of the answers, all of which must be good."""
    sent = answered = 0
    frame, waiting = [], iter(requests)
    more = True
    while more or answered < sent:
        while more and sent - answered < FRAME * AHEAD:
            request = next(waiting, None)
            more = request is not None
            if more:
                request.id = next(client.ids)
                frame.append(request)
                sent += 1
            if frame and (len(frame) == FRAME or not more):
                client.wire.send(*frame)
                frame = []
        got = client.wire.receive(60)
        assert got is not None, f"no answer in a minute, {answered} of {sent}"
        for reply in got.replies:
            assert reply.code == 0, (reply.code, reply.text)
            answered += 1
    return answered


def room(number):
    third = "everywhere" if number < AGENT_ROOMS else f"bot-{number % 89}"
    members = [dict(member=f"visitor-{number}", type=2),
               dict(member=f"agent-{number % 997}", type=1), dict(member=third, type=2)]
    return pb.Request(room_create=dict(room=f"room-{number}", members=members))


def post(where, number):
    return pb.Request(post=dict(room=where, sender="writer", client_id=f"{number}", type=1,
                                body=BODY))


def timed(ask):
    began = time.monotonic()
    result = ask()
    return time.monotonic() - began, result


def counters(client):
    return {c.name: c.value for c in client.stats().counters}


def build(broker):
    client = Client(broker.client)
    seconds, n = timed(lambda: ask_all(client, (room(i) for i in range(ROOMS))))
    say("rooms of three made, a second", n / seconds, "/s")
    client.room_create(room="big", members=[dict(member="writer", type=1)])
    seconds, n = timed(lambda: ask_all(client, (post("big", i) for i in range(BIG))))
    say("posts into one room, a second", n / seconds, "/s")
    writer = [dict(member="writer", type=2)]
    writers = (pb.Request(members_add=dict(room=f"room-{i}", members=writer))
               for i in range(0, ROOMS, 10))
    ask_all(client, writers)
    ask_all(client, (post(f"room-{i}", i) for i in range(0, ROOMS, 10)))
    client.close()


def start_again(broker):
    # What the last turns changed is still to be written back: the worst time to die.
    client = Client(broker.client)
    now = counters(client)
    client.close()
    broker.kill()
    say("records that are applied again", now["position"] - now["journal_covered"], "")
    say("rows that were dirty", now["rows_dirty"], "")
    began = time.monotonic()
    broker.start()
    client = Client(broker.client)
    say("SIGKILL to the first answer", time.monotonic() - began, "s", START_S, timed=True)
    return client


def first_posts(client):
    def say_in(room, client_id):
        return timed(lambda: client.post(room=room, sender="writer", client_id=client_id, type=1,
                                         body=BODY))
    seconds, _ = say_in("room-0", "first")
    say("first post to a small room", seconds * 1000, "ms")
    seconds, _ = say_in("big", "first")
    say("first post to the cold room of two million", seconds * 1000, "ms", COLD_POST_MS,
        timed=True)
    seconds, posted = say_in("big", "7")
    assert posted.seq == 8, posted
    say("repeat of its eighth message", seconds * 1000, "ms", COLD_POST_MS, timed=True)


def inbox(client):
    seconds, total = timed(lambda: client.unread_total(member="everywhere"))
    assert total.rooms == AGENT_ROOMS, total
    say("unread total in 300,000 rooms, the first", seconds, "s")
    again = sorted(timed(lambda: client.unread_total(member="everywhere"))[0] for _ in range(20))
    say("again, the median of twenty", again[10] * 1000, "ms", COLD_POST_MS, timed=True)
    # It reads no row, but waits for a commit under way: rows are written back behind the start.
    say("the slowest of them", again[-1] * 1000, "ms")
    cursor, longest, pages, rooms = 0, 0, 0, 0
    while pages == 0 or (cursor and pages < 100):
        seconds, page = timed(lambda: client.list(member="everywhere", cursor=cursor, limit=50))
        cursor, longest, pages = page.cursor, max(longest, seconds), pages + 1
        rooms += len(page.items)
    assert rooms == min(AGENT_ROOMS, 50 * pages)
    say("a page of its inbox, the slowest of a hundred", longest * 1000, "ms")


def attach(broker):
    """Sessions that hear of all the visitors' rooms."""
    clients = []
    began = time.monotonic()
    for first in range(0, ATTACHED, SESSION_MEMBERS):
        client = Client(broker.client)
        for at in range(first, min(first + SESSION_MEMBERS, ATTACHED), FRAME):
            client.attach(members=[f"visitor-{i}" for i in range(at, min(at + FRAME, ATTACHED))])
        clients.append(client)
    say("members attached, a second", ATTACHED / (time.monotonic() - began), "/s")
    return clients


def main():
    settings = {"limits.resident_bytes": RESIDENT, "session.queue_bytes": QUEUE,
                "session.session_members": SESSION_MEMBERS}
    with Broker(settings) as broker:
        build(broker)
        client = start_again(broker)
        first_posts(client)
        inbox(client)
        clients = attach(broker)
        ask_all(client, (post(f"room-{i}", -i - 1) for i in range(0, ROOMS, 20)))
        now = counters(client)
        say("records", now["position"], "", None)
        say("resident rows", now["resident_bytes"] / 2**20, "MiB", RESIDENT / 2**20 * 1.05)
        anon = broker.process.rss_kib("RssAnon:") / 1024
        budgets = (RESIDENT + QUEUE) / 2**20
        say("memory of the broker, of its own", anon, "MiB", budgets + BESIDE_MIB)
        say("the longest turn", now["turn_us_max"] / 1000, "ms")
        say("steps of the most expensive turn", now["turn_steps_max"], "")
        say("data directory", sum(os.path.getsize(os.path.join(broker.data, f))
                                  for f in os.listdir(broker.data)) / 2**20, "MiB")
        for one in [client, *clients]:
            one.close()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
