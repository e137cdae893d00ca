"""Bytes that are no text, and frames that are none: refused, bounded, and harmful
to nobody but who sent them."""

import random
import struct

import parlor_pb2 as pb
import pytest
from client import Client, Wire
from conftest import POST, first_refusal

FRAME, VERSION, NO_SESSION, TEXT = 1, 2, 3, 10


# ---- text that is none -------------------------------------------------------------------------

ODD = b"qqqqqqqq"  # stands in a request for eight odd bytes
BROKEN = [b"\xff" * 8, b"abc\x00defg", b"\xc0\xafaaaaaa", b"\xed\xa0\x80aaaaa", b"\xf4\x90\x80\x80aaaa",
          b"aaaaaaa\xe4"]


@pytest.mark.parametrize("broken", BROKEN, ids=["ff", "nul", "overlong", "surrogate", "beyond", "cut"])
@pytest.mark.parametrize("op, fields", [
    ("post", {**POST, "body": "qqqqqqqq"}),
    ("post", {**POST, "client_id": "qqqqqqqq"}),
    ("post", {**POST, "mentions": ["qqqqqqqq"]}),
    ("room_create", dict(room="new", name="qqqqqqqq")),
    ("room_rename", dict(room="qqqqqqqq", name="x")),
    ("members_add", dict(room="r", members=[dict(member="qqqqqqqq", type=2)])),
])
def test_text_that_is_not_utf8_or_holds_a_nul(witness, service, op, fields, broken):
    request = pb.Request(id=70_000, **{op: fields})
    frame = pb.ToBroker(requests=[request]).SerializeToString()
    assert frame.count(ODD) == 1
    service.wire.raw(frame.replace(ODD, broken))
    assert first_refusal(service).code == TEXT


def test_a_good_request_beside_a_bad_one_is_served(room, service):
    good = pb.Request(id=70_004, post=POST)
    bad = pb.Request(id=70_005, post={**POST, "client_id": "2", "body": "qqqqqqqq"})
    frame = pb.ToBroker(requests=[bad, good]).SerializeToString()
    service.unanswered[good.id] = good
    service.wire.raw(frame.replace(ODD, b"\xff" * 8))
    assert service.wait(bad.id).code == TEXT
    assert service.wait(good.id).posted.seq == 1


# ---- frames that are none -------------------------------------------------------------------------


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, wire_type, payload):
    return varint(number << 3 | wire_type) + (varint(len(payload)) if wire_type == 2 else b"") + payload


GOOD = pb.ToBroker(requests=[pb.Request(id=70_001, post=POST)]).SerializeToString()
GARBAGE = {
    "one byte": b"\xff",
    "text": b"GET / HTTP/1.1\r\n\r\n",
    "cut": GOOD[:-3],
    "length beyond the end": field(1, 2, b"")[:-1] + b"\xff\xff\xff\xff\x0f",
    "varint without end": b"\x80" * 20,
    "group": b"\x0b" + GOOD,
    "field number 0": field(0, 2, b"x"),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_refused_and_the_session_goes_on(witness, service, name):
    service.wire.raw(GARBAGE[name])
    refused = first_refusal(service)
    assert refused.code == FRAME and refused.text and not refused.retry


def test_every_cut_of_a_frame_is_refused_or_harmless(witness, service):
    for n in range(1, len(GOOD)):
        service.wire.raw(GOOD[:n])
        assert first_refusal(service).code == FRAME


def test_random_bytes_harm_nobody(witness, service):
    chance = random.Random(20)
    for _ in range(2000):
        service.wire.raw(chance.randbytes(chance.randrange(1, 200)))
    service.call("ping")


def test_random_damage_to_a_good_frame_harms_nobody(connect, room, service):
    chance = random.Random(21)
    vandal = connect()
    for n in range(2000):
        frame = bytearray(GOOD)
        for _ in range(chance.randrange(1, 4)):
            frame[chance.randrange(len(frame))] = chance.randrange(256)
        vandal.wire.raw(bytes(frame))
    vandal.call("ping")
    service.call("ping")
    last = service.room_show(room="r").last_seq
    assert [m.seq for m in service.history(room="r").messages] == list(range(1, last + 1))[:100]


def test_extra_frames_are_refused(witness, service):
    for parts in ((GOOD, GOOD), (b"", GOOD), (GOOD, b"", b"x"), (b"",) * 50):
        service.wire.raw(*parts)
        assert first_refusal(service).code == FRAME


def test_an_empty_frame_is_harmless(witness, service):
    service.wire.raw(b"")
    service.call("ping")


def test_unknown_fields_are_passed_over(service, room):
    unknown = field(500, 0, varint(7)) + field(501, 2, b"from a newer client") + field(
        502, 5, struct.pack("<I", 1)) + field(503, 1, struct.pack("<Q", 1))
    request = pb.Request(id=70_002, post=POST).SerializeToString() + unknown
    service.unanswered[70_002] = pb.Request(id=70_002, post=POST)
    service.wire.raw(field(1, 2, request) + unknown)
    assert service.wait(70_002).posted.seq == 1


@pytest.mark.parametrize("unknown", [field(500, 0, b"\x01") * 100, field(501, 2, b"x" * 5000)],
                         ids=["many", "large"])
def test_unknown_fields_are_bounded(witness, service, unknown):
    request = pb.Request(id=70_003, post=POST).SerializeToString() + unknown
    service.wire.raw(field(1, 2, request))
    assert service.wait(70_003).code == FRAME


def test_a_frame_over_the_limit_costs_the_sender_only(witness, service, broker, tenant):
    with Client(broker.client, tenant=tenant, members=["bob"]) as rude:
        rude.welcomes = 0
        rude.wire.raw(b"\x0a" * (rude.welcome.limits.frame_bytes + 1))
        rude.ping()
        refused = first_refusal(rude)
        assert refused.code in (FRAME, NO_SESSION)
    service.call("ping")


def test_garbage_without_a_session_is_answered_too(broker, witness):
    wire = Wire(broker.client)
    for frame in (b"\xff\xff", GOOD):
        wire.raw(frame)
        (reply,) = wire.receive(10).replies
        assert reply.code == (FRAME if frame != GOOD else NO_SESSION)
    wire.close()


def test_a_version_of_tomorrow(connect, witness):
    client = connect(hello=False)
    assert client.refusal("hello", version=2, tenant="t") == VERSION
