"""The system fails under the broker: a disk with errors, damaged files, readers
that never end, clocks that are set, too few descriptors, no memory. Whatever it
does then, nothing that was acknowledged is lost, and it says why it stops.

A full map and a full disk are in test_bad_input, a killed broker in test_crash,
a disk that loses power in tests/crash."""

import errno
import os
import random
import resource
import shutil
import socket
import subprocess
import sys

import pytest
from client import Client, Refused
from conftest import people, whole_history
from proc import Broker, Process, environment

STORE_FULL, SESSIONS_FULL, STORE_CORRUPT = 41, 44, 61
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
            self.asked[id] = client.send("post", room=self.room, sender="alice", client_id=id,
                                         body=self.bodies[id])

    def settle(self, client, patience=60):
        """Every answer that is still owed."""
        while self.asked:
            id, request = next(iter(self.asked.items()))
            reply = client.wait(request, patience)
            del self.asked[id]
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
