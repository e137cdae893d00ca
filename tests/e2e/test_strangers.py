"""Peers without a session: those that say nothing, that do not read, that come
too often, that send too much. None of them gets in the way of the others."""

import contextlib
import os
import resource
import socket
import struct
import time

import parlor_pb2 as pb
import pytest
import worker_pb2 as wp
from client import PATIENCE, Client, Refused, Wire
from conftest import stat
from proc import Broker
from test_keys import Keys

FRAME, NO_SESSION, TOO_MANY = 1, 3, 13
HELLO_MS = 1500

# ZMTP 3.0, mechanism NULL: what a DEALER says first.
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
READY = bytes([4, len(READY)]) + READY


def frame(payload):
    """A message of one frame."""
    return b"\x02" + struct.pack(">Q", len(payload)) + payload


def raw(broker, said=b"", receive_bytes=None, endpoint=None):
    """A TCP connection that has said this much."""
    host, port = (endpoint or broker.client).removeprefix("tcp://").split(":")
    peer = socket.socket()
    if receive_bytes:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    peer.settimeout(PATIENCE)
    peer.connect((host, int(port)))
    peer.sendall(said)
    return peer


def dealer(broker, **options):
    """A connection whose handshake is done: what is said next are frames."""
    peer = raw(broker, GREETING + READY, **options)
    there = b""
    while len(there) < 66 or len(there) < 66 + there[65]:
        more = peer.recv(4096)
        assert more, "no handshake"
        there += more
    return peer


def await_end(peer):
    """Until the broker closes the connection."""
    with contextlib.suppress(ConnectionResetError):
        while peer.recv(65536):
            pass


def ping_of_a_stranger(broker):
    with contextlib.closing(Wire(broker.client)) as wire:
        wire.send(pb.Request(id=1, ping={}))
        answer = wire.receive(PATIENCE)
        assert answer is not None, "a stranger is not answered"
        return answer.replies[0].code


def test_a_connection_that_says_no_hello_is_closed_and_a_session_is_not():
    with Broker({"session.hello_ms": HELLO_MS}) as broker, \
            Client(broker.client, members=["bob"]) as bob, Client(broker.client) as witness:
        witness.room_create(room="r", members=[dict(member="bob", type=1)])
        ping = pb.ToBroker(requests=[pb.Request(id=1, ping={})]).SerializeToString()
        before = stat(witness, "connections_silent")
        strangers = [raw(broker, said) for said in (b"", GREETING[:20], GREETING)]
        strangers += [dealer(broker), dealer(broker)]
        strangers[-1].sendall(frame(ping))
        for stranger in strangers:
            await_end(stranger)
            stranger.close()
        assert stat(witness, "connections_silent") == before + len(strangers)
        # Bob said no more than hello and pings, and has read nothing.
        for n in range(3):
            bob.ping()
            witness.post(room="r", sender="bob", client_id=str(n), body=str(n))
        assert bob.bodies(3) == ["0", "1", "2"]
        assert bob.welcomes == witness.welcomes == 1
        assert stat(witness, "connections_waiting") == 0


def test_a_session_that_is_over_gives_its_connection_back():
    with Broker({"session.hello_ms": HELLO_MS}) as broker, Client(broker.client) as client:
        hello = pb.Request(id=1, hello=dict(version=1, tenant="default"))
        goodbye = pb.Request(id=2, goodbye={})
        peer = dealer(broker)
        peer.sendall(frame(pb.ToBroker(requests=[hello, goodbye]).SerializeToString()))
        await_end(peer)
        peer.close()
        assert (stat(client, "sessions_opened"), stat(client, "sessions")) == (2, 1)


def test_a_worker_endpoint_is_not_held_by_the_silent_either():
    settings = {"session.hello_ms": HELLO_MS, "sync.worker_lease_ms": 200,
                "sync.worker_heartbeat_ms": 50}
    with Broker(settings) as broker, Client(broker.client) as client:
        peer = dealer(broker, endpoint=broker.worker)
        await_end(peer)
        peer.close()
        assert stat(client, "connections_silent") == 1


DESCRIPTORS = 256


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


def busy_seconds(broker):
    with open(f"/proc/{broker.process.pid}/stat", encoding="ascii") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def test_silent_connections_do_not_keep_a_newcomer_out():
    with Broker(limits=few_descriptors) as broker, Client(broker.client) as old:
        strangers = [raw(broker, GREETING + READY) for _ in range(2 * DESCRIPTORS)]
        try:
            with Client(broker.client) as new:
                assert stat(new, "connections_pushed") > 0
                assert len(os.listdir(f"/proc/{broker.process.pid}/fd")) < DESCRIPTORS
                before = busy_seconds(broker)
                time.sleep(1)  # a second of rest, in which accept() must not spin
                assert busy_seconds(broker) - before < 0.5
                old.ping()
                assert old.room_create(room="r", members=[dict(member="a", type=1)]).members == 1
                assert old.welcomes == 1
        finally:
            for stranger in strangers:
                stranger.close()


def test_a_stranger_who_does_not_read_silences_no_other():
    settings = {"session.queue_bytes": "4M", "session.session_queue_bytes": "64k",
                "session.hello_ms": 60000}
    with Broker(settings) as broker, Client(broker.client) as client:
        pings = pb.ToBroker(requests=[pb.Request(id=n, ping={}) for n in range(1, 1001)])
        queued = max(stat(client, "frames_out_queued_bytes") for _ in range(20))
        mute = dealer(broker, receive_bytes=4096)
        many = frame(pings.SerializeToString())
        # Until its answers lie in the broker and do not go away.
        while not all(stat(client, "frames_out_queued_bytes") > queued + 1000 for _ in range(20)):
            mute.sendall(many)
        # More than all strangers together may have unread.
        mute.sendall(many * 10)
        client.ping()
        for _ in range(3):
            assert ping_of_a_stranger(broker) == NO_SESSION
        mute.close()


def test_more_requests_than_a_frame_may_have_are_refused_before_they_are_read():
    with Broker() as broker, contextlib.closing(Wire(broker.client)) as wire:
        # Two bytes each: two million of them in one frame.
        wire.raw(b"\x0a\x00" * (1 << 20))
        answer = wire.receive(PATIENCE)
        assert [(r.id, r.code) for r in answer.replies] == [(0, TOO_MANY)]


def hello_until_answered(wire):
    """What is said while ZeroMQ has no connection may be lost with it."""
    deadline = time.monotonic() + PATIENCE
    answer = None
    while answer is None:
        assert time.monotonic() < deadline, "not let in"
        wire.send(pb.Request(id=1, hello=dict(version=1, tenant="acme")))
        answer = wire.receive(1)
    return answer.replies[0].code


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


def test_a_key_that_connects_too_often_has_to_wait_and_the_others_do_not(keys):
    settings = {"broker.keys": keys.broker, "session.key_handshakes": 4,
                "session.hello_ms": HELLO_MS}
    with Broker(settings) as broker, \
            Client(broker.client, **keys.options(keys.client)) as operator:
        many = [Wire(broker.client, **keys.options(keys.acme)) for _ in range(6)]
        try:
            deadline = time.monotonic() + PATIENCE
            while stat(operator, "keys_put_off") == 0:
                assert time.monotonic() < deadline, "all were let in at once"
            with Client(broker.client, **keys.options(keys.client)) as other:
                assert other.welcomes == 1
            # ZeroMQ connects again by itself, until each has had its turn.
            for wire in many:
                assert hello_until_answered(wire) == 0
        finally:
            for wire in many:
                wire.close()


def test_a_peer_that_names_a_routing_id_is_refused_and_told_why(keys):
    with Broker({"broker.keys": keys.broker}) as broker, \
            Client(broker.client, **keys.options(keys.client)) as operator:
        for name in (b"m", b"mine!", b"\1" * 255):
            with pytest.raises(Refused, match="ZMQ_ROUTING_ID") as refused:
                Client(broker.client, ROUTING_ID=name, **keys.options(keys.client))
            assert refused.value.code == FRAME
        assert stat(operator, "frames_named") == 3
        assert stat(operator, "sessions") == 1
        for request in (dict(hello=dict(version=1, name="w")), dict(journal_read=dict(query=1))):
            with contextlib.closing(Wire(broker.worker, ROUTING_ID=b"mine",
                                         **keys.options(keys.worker))) as wire:
                wire.raw(wp.FromWorker(**request).SerializeToString())
                assert wire.socket.poll(PATIENCE * 1000)
                told = wp.ToWorker.FromString(wire.socket.recv())
                assert told.refused.code == FRAME and "ZMQ_ROUTING_ID" in told.refused.text
        assert operator.sync_status().workers == 0


def test_a_routing_id_of_zeromqs_own_is_passed_over(keys):
    with Broker({"broker.keys": keys.broker}) as broker:
        options = keys.options(keys.client)
        for name in (b"\0five", b"\0" + struct.pack(">I", 1804289383), b"\0"):
            with Client(broker.client, ROUTING_ID=name, **options) as client, \
                    Client(broker.client, ROUTING_ID=name, **options) as namesake:
                assert client.welcomes == namesake.welcomes == 1
