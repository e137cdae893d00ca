#!/usr/bin/python3
"""Plays a large recorded file through a broker, two workers and a private MariaDB,
all of which are killed every few seconds meanwhile, and compares what came of it
with the file: by SQL, by the deliveries, and by executing the journal again.

    tests/long/corpus_kills.py BUILD FILE      BUILD is a build directory: build/release

Prints figures; exits 0 when everything is as the file says. Takes minutes, and
what the file is long: no test of the normal run."""

import argparse
import collections
import json
import os
import random
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PAUSE_MAX = 1.5  # of the interval between two kills
BEHIND_SECONDS = 600


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("build")
    parser.add_argument("file")
    parser.add_argument("--interval", type=float, default=2, help="seconds between kills, about")
    parser.add_argument("--rate", type=int, default=5000, help="messages a second")
    parser.add_argument("--read-every", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


args = arguments()
os.environ["PARLOR_BIN"] = os.path.join(args.build, "bin")
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(args.build, "python")]

import oracle  # noqa: E402
from mariadb import MariaDB  # noqa: E402
from proc import Process, ctl, play_argv, program, run  # noqa: E402
from stack import Stack  # noqa: E402


class Killer:
    """Kills one of them after another, and starts it again."""

    def __init__(self, stack, chance):
        self.stack, self.chance = stack, chance
        self.kills = collections.Counter()

    def pause(self):
        return args.interval * self.chance.uniform(2 - PAUSE_MAX, PAUSE_MAX)

    def strike(self):
        what, = self.chance.choices(["broker", "worker", "mariadb", "all"], [50, 30, 10, 10])
        getattr(self, what)()

    def broker(self):
        self.stack.broker.crash()
        self.kills["broker"] += 1

    def worker(self):
        self.stack.replace(self.chance.choice(self.stack.workers))
        self.kills["worker"] += 1

    def mariadb(self):
        self.stack.server.kill9()
        self.stack.server.start()
        self.kills["MariaDB"] += 1

    def all(self):
        self.mariadb()
        self.broker()
        self.worker()


def play(stack, killer):
    """Until the file was played; its summary."""
    replay = Process(*play_argv(stack.broker, args.file, "--rate", str(args.rate), "--read-every",
                                str(args.read_every), "--sessions", "16", "--verify-deliveries"))
    try:
        while replay.running():
            try:
                replay.process.wait(killer.pause())
            except subprocess.TimeoutExpired:
                killer.strike()
        summary = json.loads(replay.line())
        assert replay.wait() == 0 and summary["good"], summary
        return summary
    finally:
        replay.end()


def catch_up(stack, killer):
    """Until MySQL has everything, under further kills."""
    deadline = time.monotonic() + BEHIND_SECONDS
    wait = ["sync", "wait", "--timeout", str(max(1, round(args.interval)))]
    while ctl(stack.broker, *wait, status=None).status != 0:
        assert time.monotonic() < deadline, "MySQL does not catch up"
        killer.strike()


def check(stack):
    """Says each difference; the number of them."""
    rooms = list(oracle.rooms(args.file, args.read_every))
    wrong = stack.differences(rooms)
    for line in wrong[:20]:
        print(line)
    counts = [unread for room in rooms for unread in room.unreads().values()]
    print(f"file      {len(rooms)} rooms, {sum(len(r.messages) for r in rooms)} messages,"
          f" {len(counts)} unread counts ({sum(counts)} in all): {len(wrong)} differences")
    stack.dismiss()
    stack.broker.stop()
    verified = run(program("parlor-replay"), "verify", "--data", stack.broker.data, "--mysql", stack.url,
                   status=None, timeout=600)
    print("verify   ", "\n          ".join(verified.out.splitlines()))
    return len(wrong) + (verified.status != 0)


def main():
    chance = random.Random(args.seed)
    settings = {"session.heartbeat_ms": 200, "sync.worker_lease_ms": 1000, "sync.worker_heartbeat_ms": 200}
    with MariaDB() as server, Stack(server, settings, workers=2) as stack:
        killer = Killer(stack, chance)
        begun = time.monotonic()
        summary = play(stack, killer)
        played = time.monotonic()
        catch_up(stack, killer)
        caught_up = time.monotonic()
        heard = summary["deliveries"]
        print(f"kills     {', '.join(f'{n} of {what}' for what, n in killer.kills.items())}")
        print(f"played    {summary['texts']} texts, {summary['notices']} notices, {summary['joins']} joins,"
              f" {summary['leaves']} leaves, {summary['reads']} reads in {played - begun:.0f} s;"
              f" MySQL had all {caught_up - played:.0f} s later")
        print(f"heard     {heard['heard']} of {heard['expected']} deliveries, {heard['unexpected']} unexpected,"
              f" {heard['out_of_order']} out of order; sessions were lost {summary['reconnects']} times")
        wrong = check(stack)
        print("all is as the file says" if not wrong else "NOT ALL IS AS THE FILE SAYS")
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
