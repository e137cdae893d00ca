"""Bad input: each is refused with its code, changes nothing, and everyone,
who sent it included, goes on."""

import os
import random
import struct
import time

import parlor_pb2 as pb
import pytest
from client import Client, Refused, Wire
from conftest import numbers, people, spec
from proc import Broker, environment, program, run

FRAME, VERSION, NO_SESSION, OP = 1, 2, 3, 5
TEXT, EMPTY, TOO_LONG, TOO_MANY, VALUE, REPEATED = 10, 11, 12, 13, 14, 15
ROOM_UNKNOWN, ROOM_CONFLICT, ROOM_CLOSED, ROOM_FULL = 20, 21, 22, 24
MEMBER_UNKNOWN, NOT_MEMBER, MESSAGE_UNKNOWN, POST_CONFLICT = 25, 26, 28, 29
BUSY, STORE_FULL, SESSIONS_FULL, TENANT_FULL = 40, 41, 44, 45

POST = dict(room="r", sender="bob", client_id="1", body="hello")


@pytest.fixture
def stranger(connect):
    return connect("bob", tenant="strangers")


@pytest.fixture
def witness(connect, room, service):
    """Nothing may reach him, and nothing may change."""
    witness = connect("alice", "bob", "carol")
    before = state(service)
    yield witness
    assert state(service) == before
    assert witness.drain() == [], "nothing was delivered"
    assert service.welcomes == witness.welcomes == 1, "the sessions live on"
    assert service.post(**POST).seq == 1
    assert witness.bodies(1) == ["hello"]


def state(client):
    return (client.sync_status().position, client.room_show(room="r"), client.members_list(room="r"),
            client.history(room="r"), client.list(member="bob"))


# ---- what is not there -----------------------------------------------------------------

ROOM_OPS = {
    "room_rename": dict(name="x"), "room_close": {}, "room_reopen": {}, "room_dissolve": {},
    "room_show": {}, "members_add": dict(members=[spec("zoe")]),
    "members_remove": dict(members=["bob"]), "members_change": dict(members=[dict(member="bob", type=1)]),
    "members_list": {}, "post": dict(sender="bob", client_id="9", body="x"),
    "recall": dict(seq=1, by="bob"), "history": {}, "read": dict(member="bob"),
    "unread_mark": dict(member="bob", seq=1), "unread_get": dict(member="bob"),
    "typing": dict(member="bob"),
}


@pytest.mark.parametrize("op", ROOM_OPS)
def test_an_unknown_room(witness, connect, op):
    client = connect("bob") if op == "typing" else connect()
    assert client.refusal(op, room="nowhere", **ROOM_OPS[op]) == ROOM_UNKNOWN


@pytest.mark.parametrize("op", ROOM_OPS)
def test_an_empty_room_id(witness, connect, op):
    client = connect("bob") if op == "typing" else connect()
    assert client.refusal(op, room="", **ROOM_OPS[op]) == EMPTY


@pytest.mark.parametrize("op", ROOM_OPS)
def test_another_tenants_room(stranger, witness, op):
    assert stranger.refusal(op, room="r", **ROOM_OPS[op]) == ROOM_UNKNOWN


@pytest.mark.parametrize("op, fields", [
    ("members_remove", dict(members=["zoe"])),
    ("members_change", dict(members=[dict(member="zoe", type=1)])),
    ("post", dict(sender="zoe", client_id="1", body="x")),
    ("history", dict(member="zoe")),
    ("read", dict(member="zoe")),
    ("unread_mark", dict(member="zoe", seq=1)),
    ("unread_get", dict(member="zoe")),
])
def test_someone_who_is_not_a_member(witness, service, op, fields):
    assert service.refusal(op, room="r", **fields) == NOT_MEMBER


@pytest.mark.parametrize("op, fields", [
    ("list", dict(member="zoe")), ("unread_total", dict(member="zoe")),
    ("presence_get", dict(members=["bob", "zoe"]))])
def test_an_unknown_member(witness, service, op, fields):
    assert service.refusal(op, **fields) == MEMBER_UNKNOWN


def test_a_good_request_beside_a_bad_one_is_served(room, service):
    good = pb.Request(id=70_004, post=POST)
    bad = pb.Request(id=70_005, post={**POST, "client_id": "2", "body": "qqqqqqqq"})
    frame = pb.ToBroker(requests=[bad, good]).SerializeToString()
    service.unanswered[good.id] = good
    service.wire.raw(frame.replace(ODD, b"\xff" * 8))
    assert service.wait(bad.id).code == TEXT
    assert service.wait(good.id).posted.seq == 1


def test_a_mention_of_someone_who_is_not_there(witness, service):
    assert service.refusal("post", **{**POST, "mentions": ["zoe"]}) == NOT_MEMBER


def test_a_closed_room(service, room, connect):
    watcher = connect("alice")
    service.room_close(room="r")
    watcher.drain()
    before = state(service)
    assert service.refusal("post", **POST) == ROOM_CLOSED
    assert state(service) == before and watcher.drain() == []


def test_a_message_that_is_not_there(witness, service):
    assert service.refusal("recall", room="r", seq=1, by="alice") == MESSAGE_UNKNOWN
    assert service.refusal("recall", room="r", seq=2**64 - 1, by="alice") == MESSAGE_UNKNOWN


# ---- values, empty fields ----------------------------------------------------------------


@pytest.mark.parametrize("op, fields", [
    ("room_create", dict(members=[dict(member="a", type=0)])),
    ("room_create", dict(members=[dict(member="a", type=3)])),
    ("members_add", dict(room="r", members=[dict(member="zoe", type=77)])),
    ("members_change", dict(room="r", members=[dict(member="bob", type=3)])),
    ("post", {**POST, "type": 3}),
    ("post", {**POST, "content_type": 4}),
    ("post", {**POST, "level": 2}),
])
def test_an_unknown_type(witness, service, op, fields):
    assert service.refusal(op, **fields) == VALUE


def test_an_unknown_presence(connect):
    bob = connect("bob")
    for value in (0, 1, 4):
        assert bob.refusal("presence_set", member="bob", presence=value) == VALUE


@pytest.mark.parametrize("op, fields", [
    ("post", {**POST, "sender": ""}),
    ("post", {**POST, "client_id": ""}),
    ("post", {**POST, "mentions": [""]}),
    ("recall", dict(room="r", seq=1, by="")),
    ("members_add", dict(room="r", members=[dict(member="", type=2)])),
    ("members_remove", dict(room="r", members=[""])),
    ("members_change", dict(room="r", members=[dict(member="", type=2)])),
    ("members_add", dict(room="r", members=[])),
    ("members_remove", dict(room="r", members=[])),
    ("members_change", dict(room="r", members=[])),
    ("attach", dict(members=[""])),
    ("read", dict(room="r", member="")),
    ("unread_get", dict(room="r", member="")),
    ("unread_total", dict(member="")),
    ("list", dict(member="")),
])
def test_an_empty_field(witness, service, op, fields):
    assert service.refusal(op, **fields) == EMPTY


def test_a_request_without_an_operation(witness, service):
    service.unanswered[999_999] = pb.Request(id=999_999)
    service.wire.send(pb.Request(id=999_999))
    assert service.wait(999_999).code == OP


def test_an_empty_tenant(connect):
    client = connect(hello=False)
    assert client.refusal("hello", version=1, tenant="") == EMPTY


# ---- limits ----------------------------------------------------------------------------------


def over(op, limit, make):
    return pytest.param(op, limit, make, id=f"{op}-{limit}")


LIMITS = [
    over("room_create", "id_bytes", lambda n: dict(room="x" * n)),
    over("room_create", "name_bytes", lambda n: dict(room="new", name="x" * n)),
    over("room_create", "id_bytes", lambda n: dict(room="new", members=[spec("m" * n)])),
    over("room_create", "avatar_bytes",
         lambda n: dict(room="new", members=[dict(spec("zoe"), avatar="x" * n)])),
    over("room_create", "body_bytes", lambda n: dict(room="new", notice=dict(body="x" * n))),
    over("room_rename", "name_bytes", lambda n: dict(room="r", name="x" * n)),
    over("members_add", "name_bytes", lambda n: dict(room="r", members=[dict(spec("zoe"), name="x" * n)])),
    over("members_remove", "id_bytes", lambda n: dict(room="r", members=["x" * n])),
    over("members_change", "name_bytes",
         lambda n: dict(room="r", members=[dict(member="bob", set_name=True, name="x" * n)])),
    over("post", "id_bytes", lambda n: {**POST, "sender": "x" * n}),
    over("post", "client_id_bytes", lambda n: {**POST, "client_id": "x" * n}),
    over("post", "id_bytes", lambda n: {**POST, "room": "x" * n}),
    over("post", "id_bytes", lambda n: {**POST, "mentions": ["x" * n]}),
    over("post", "body_bytes", lambda n: {**POST, "body": "x" * n}),
    over("read", "id_bytes", lambda n: dict(room="r", member="x" * n)),
    over("attach", "id_bytes", lambda n: dict(members=["x" * n])),
    over("list", "id_bytes", lambda n: dict(member="x" * n)),
]


@pytest.mark.parametrize("op, limit, make", LIMITS)
def test_a_field_over_its_limit(witness, service, op, limit, make):
    most = getattr(service.welcome.limits, limit)
    assert service.refusal(op, **make(most + 1)) == TOO_LONG


@pytest.mark.parametrize("op, limit, make", [
    over("room_create", "id_bytes", lambda n: dict(room="x" * n)),
    over("room_create", "name_bytes", lambda n: dict(room="new", name="x" * n)),
    over("members_add", "avatar_bytes",
         lambda n: dict(room="r", members=[dict(spec("z" * 64), avatar="x" * n)])),
    over("post", "client_id_bytes", lambda n: {**POST, "client_id": "x" * n}),
    over("post", "body_bytes", lambda n: {**POST, "body": "x" * n}),
])
def test_a_field_at_its_limit_is_taken(service, room, op, limit, make):
    assert service.refusal(op, **make(getattr(service.welcome.limits, limit))) == 0


@pytest.mark.parametrize("op, limit, make", [
    over("room_create", "request_members",
         lambda n: dict(room="new", members=[spec(f"m{i}") for i in range(n)])),
    over("members_add", "request_members",
         lambda n: dict(room="r", members=[spec(f"m{i}") for i in range(n)])),
    over("members_remove", "request_members",
         lambda n: dict(room="r", members=[f"m{i}" for i in range(n)])),
    over("members_change", "request_members",
         lambda n: dict(room="r", members=[dict(member=f"m{i}", type=1) for i in range(n)])),
    over("post", "mentions", lambda n: {**POST, "mentions": [f"m{i}" for i in range(n)]}),
])
def test_more_items_than_the_limit(witness, service, op, limit, make):
    most = getattr(service.welcome.limits, limit)
    assert service.refusal(op, **make(most + 1)) == TOO_MANY


def test_more_requests_in_a_frame_than_the_limit(witness, service):
    most = service.welcome.limits.frame_requests
    service.wire.send(*(pb.Request(id=50_000 + n, post={**POST, "client_id": str(n)})
                        for n in range(most + 1)))
    refused = service.wait(0) if 0 in service.replies else first_refusal(service)
    assert refused.code in (TOO_MANY, FRAME)


def first_refusal(client):
    """The first reply that refuses, whatever it answers."""
    while True:
        for id, reply in list(client.replies.items()):
            if reply.code:
                return client.replies.pop(id)
        if not client._receive(10):
            raise TimeoutError("no refusal came")


def test_no_page_is_longer_than_the_limit(service):
    most = service.welcome.limits.page
    crowd = [spec(f"m{n:04}") for n in range(most + 1)]
    service.room_create(room="r", members=crowd)
    for n in range(most + 1):
        service.send("room_create", room=f"r{n}", members=crowd[:1])
        service.send("post", room="r", sender="m0000", client_id=str(n), body="x")
    service.call("ping")
    for limit in (0, most + 1, 2**32 - 1):
        assert len(service.members_list(room="r", limit=limit).members) == most
        assert len(service.history(room="r", limit=limit).messages) == most
        assert len(service.list(member="m0000", limit=limit).items) == most


def test_a_member_named_twice(witness, service):
    assert service.refusal("room_create", room="new", members=[spec("a"), spec("a")]) == REPEATED
    assert service.refusal("members_add", room="r", members=[spec("a"), spec("a")]) == REPEATED


@pytest.fixture
def narrow():
    """A broker whose tables are small."""
    settings = {"limits.room_members": 5, "limits.rooms": 4, "limits.members": 20,
                "limits.tenants": 2, "limits.page": 4, "session.session_members": 6,
                "session.sessions": 4, "session.session_waiting": 3}
    with Broker(settings) as broker:
        yield broker


def test_tables_of_the_broker_are_bounded(narrow):
    with Client(narrow.client, tenant="one") as client:
        client.room_create(room="r", members=people("a", "b", "c", "d"))
        assert client.refusal("members_add", room="r", members=[spec("e"), spec("f")]) == ROOM_FULL
        assert client.room_show(room="r").members == 4
        client.members_add(room="r", members=[spec("e")])
        assert client.refusal("members_add", room="r", members=[spec("f")]) == ROOM_FULL
        assert client.refusal("attach", members=list("abcdefg")) == TOO_MANY
        assert client.attach(members=list("abcdef")).attached == 6
        client.room_create(room="r2")
        client.room_create(room="r3")
        client.room_create(room="r4")
        assert client.refusal("room_create", room="r5") == TENANT_FULL
        assert client.refusal("room_show", room="r5") == ROOM_UNKNOWN
        assert client.room_show(room="r4").room == "r4"
        assert client.post(room="r", sender="a", client_id="1", body="goes on").seq == 1


def test_requests_that_wait_for_mysql_are_bounded(narrow):
    with Client(narrow.client, tenant="waiting") as client:
        client.room_create(room="r", members=people("a"))
        for n in range(3):
            client.send("post", room="r", sender="a", client_id=str(n), body="x", level=1)
        reply = client.wait(client.send("post", room="r", sender="a", client_id="3", body="x", level=1))
        assert (reply.code, reply.retry) == (BUSY, True)
        assert client.refusal("sync_wait") == BUSY
        assert client.room_show(room="r").last_seq == 3, "what is refused is not posted"
        assert client.post(room="r", sender="a", client_id="4", body="x").seq == 4


def test_sessions_are_bounded(narrow):
    clients = [Client(narrow.client, tenant="one") for _ in range(4)]
    try:
        late = Client(narrow.client, tenant="one", hello=False)
        clients.append(late)
        reply = late.wait(late.send("hello", version=1, tenant="one"))
        assert reply.code == SESSIONS_FULL and reply.retry
        assert clients[0].call("ping") is not None
        clients[0].goodbye()
        assert late.hello().version == 1
    finally:
        for client in clients:
            client.close()


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


def test_a_used_client_id_with_another_body(service, room, connect):
    watcher = connect("alice")
    service.post(**POST)
    watcher.drain()
    before = state(service)
    assert service.refusal("post", **{**POST, "body": "other"}) == POST_CONFLICT
    assert state(service) == before and watcher.drain() == []


def test_the_same_room_id_with_other_content(witness, service):
    assert service.refusal("room_create", room="r", name="other") == ROOM_CONFLICT


# ---- no room left -----------------------------------------------------------------------------------


def fill(client, enough=100_000):
    """Posts until the store refuses; returns how many were acknowledged."""
    for n in range(enough):
        reply = client.wait(client.send("post", room="r", sender="alice", client_id=str(n),
                                        body="x" * 60_000))
        if reply.code:
            assert (reply.code, reply.retry) == (STORE_FULL, True)
            return n
    raise AssertionError("the store never was full")


def insist(client, n, patience=10):
    """Posts, and again while the store is full: there is room now, and the
    broker looks for it now and then."""
    deadline = time.monotonic() + patience
    while True:
        reply = client.wait(client.send("post", room="r", sender="alice", client_id=str(n),
                                        body="x" * 60_000))
        if reply.code == 0:
            return reply.posted.seq
        assert reply.code == STORE_FULL and time.monotonic() < deadline


def check_full(client, other, posted):
    """Nothing was lost, nothing came of what was refused, reading goes on."""
    before = state(client)
    for n in range(20):
        assert client.refusal("post", room="r", sender="bob", client_id=f"full-{n}",
                              body="y" * 60_000) == STORE_FULL
    again = client.wait(client.send("post", room="r", sender="alice", client_id="3", body="x" * 60_000))
    assert (again.code, again.posted.seq) == (0, 4), "what was acknowledged is so again"
    assert state(client) == before
    assert client.room_show(room="r").last_seq == posted
    assert client.unread_get(room="r", member="bob").unread == posted
    assert len(other.bodies(posted)) == posted
    assert other.drain() == []


FULL = {"store.map_init_bytes": "16M", "store.headroom_bytes": "4M"}


def when_full(tmp_path):
    """A disk that is full while the file is there: its path, and the environment."""
    flag = tmp_path / "full"
    env = environment(LD_PRELOAD=os.environ["PARLOR_FAULT"], FAULT_ENOSPC_WHEN_FILE=str(flag))
    env["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
    return flag, env


def stat(client, name):
    return {c.name: c.value for c in client.stats().counters}[name]


def until(condition, patience=20):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline


def fill_up(client, meanwhile):
    """Until not the shortest post fits, also when all rows are written."""
    size = 60_000
    while size or stat(client, "rows_dirty"):
        meanwhile()
        size = size or 60_000
        reply = client.wait(client.send("post", room="r", sender="alice", client_id=f"up-{next(numbers)}",
                                        body="x" * size))
        assert reply.code in (0, STORE_FULL)
        size = size // 2 if reply.code else size


def test_sessions_come_and_go_while_the_disk_is_full(tmp_path):
    """Who goes is gone, who is known may come; that it was so is recorded, and
    told, as soon as there is room."""
    flag, env = when_full(tmp_path)
    settings = dict(FULL, **{"session.timeout_ms": 4000, "session.heartbeat_ms": 500})
    with Broker(settings, env=env) as broker, Client(broker.client) as client, \
            Client(broker.client, presence=True) as watcher:
        client.room_create(room="r", members=people("alice", "bob"))
        gates = [Client(broker.client, members=[f"{gate}-{n}" for n in range(1000)]) for gate in range(3)]
        both = Client(broker.client, members=["alice", "bob"])

        def keep(*sessions):
            for session in (watcher, *sessions):
                session.ping()

        flag.touch()
        fill_up(client, lambda: keep(both, *gates))
        assert both.detach(members=["bob"]).attached == 1, "detaching needs no room"
        both.goodbye()
        for session in (both, *gates):
            session.close()
        until(lambda: keep() or stat(client, "members_attached") == 0)
        assert stat(client, "presence_owed") > 1000
        with Client(broker.client, members=["bob"]) as bob:
            fill_up(client, lambda: keep(bob))
            assert bob.refusal("attach", members=["nobody knew her"]) == STORE_FULL
            assert bob.attach(members=["alice"]).attached == 2
            with pytest.raises(Refused) as refused:
                Client(broker.client, members=["bob", "nobody knew him"])
            assert (refused.value.code, refused.value.retry) == (STORE_FULL, True)
            flag.unlink()
            until(lambda: keep(bob) or stat(client, "presence_owed") == 0)
            told = [e.presence.member for e in watcher.drain()
                    if e.WhichOneof("kind") == "presence" and e.presence.presence == pb.PRESENCE_OFFLINE]
            assert len(told) == len(set(told)) >= 3000
            shown = client.presence_get(members=["alice", "bob", "1-0"]).members
            assert [m.presence for m in shown] == [pb.PRESENCE_ONLINE, pb.PRESENCE_ONLINE, pb.PRESENCE_OFFLINE]


def test_changed_rows_wait_for_room_and_end_nothing():
    """Many more than the headroom takes, on a full map: idle and started again
    the broker lives and is read; with a larger map it goes on."""
    settings = {"store.map_init_bytes": "16M", "store.map_max_bytes": "64M", "store.headroom_bytes": "1M"}

    def rows_at_rest(client):
        return stat(client, "rows_put_off") > 0 or stat(client, "rows_dirty") == 0

    with Broker(settings) as broker:
        with Client(broker.client) as client:
            client.room_create(room="r", members=people("alice", "bob"))
            for i in range(16):
                more = [dict(spec(f"m{i}-{n}"), avatar="a" * 1000) for n in range(500)]
                until(lambda: client.refusal("members_add", room="r", members=more) == 0)
            posted = fill(client)
            shown = client.room_show(room="r")
            until(lambda: rows_at_rest(client))
            assert client.room_show(room="r") == shown
        for _ in range(2):
            broker.crash()
            with Client(broker.client) as client:
                until(lambda: rows_at_rest(client))
                assert client.room_show(room="r") == shown
        broker.stop()
        broker.configure(dict(settings, **{"store.map_max_bytes": "256M"}))
        broker.start()
        with Client(broker.client) as client:
            assert insist(client, posted) == posted + 1
            until(lambda: stat(client, "rows_dirty") == 0)
        run(program("parlor-replay"), "verify", "--data", broker.data)


def test_a_full_map_refuses_and_loses_nothing():
    settings = {"store.map_init_bytes": "16M", "store.map_max_bytes": "32M", "store.headroom_bytes": "4M"}
    with Broker(settings) as broker, Client(broker.client) as client, \
            Client(broker.client, members=["bob"]) as bob:
        client.room_create(room="r", members=people("alice", "bob"))
        bob.event("joined")
        posted = fill(client)
        assert posted > 50
        check_full(client, bob, posted)
        broker.restart()
        assert client.room_show(room="r").last_seq == posted


def test_requests_that_make_many_rows_do_not_fill_the_map():
    """Thousands of names, memberships and joins at once: what does not fit the
    map of this turn is refused until it has grown; the broker goes on."""
    settings = {"store.map_init_bytes": "16M", "store.headroom_bytes": "4M", "store.dirty_rows_max": 4000}
    rooms, members = 40, 1000
    names = random.Random(7)
    with Broker(settings) as broker, Client(broker.client) as client:
        wanted = {f"r{room}": [spec(f"{names.getrandbits(200):050x}") for _ in range(members)]
                  for room in range(rooms)}
        deadline = time.monotonic() + 60
        while wanted:
            assert time.monotonic() < deadline
            sent = {room: client.send("room_create", room=room, members=who) for room, who in wanted.items()}
            for room, request in sent.items():
                reply = client.wait(request)
                assert reply.code in (0, STORE_FULL)
                if reply.code == 0:
                    assert reply.room.members == members
                    del wanted[room]
        broker.restart()
        for room in range(rooms):
            assert client.room_show(room=f"r{room}").members == members


def test_a_full_disk_refuses_and_loses_nothing_and_goes_on_when_there_is_room(tmp_path):
    flag, env = when_full(tmp_path)
    with Broker(FULL, env=env) as broker, Client(broker.client) as client, \
            Client(broker.client, members=["bob"]) as bob:
        client.room_create(room="r", members=people("alice", "bob"))
        bob.event("joined")
        flag.touch()
        posted = fill(client)
        check_full(client, bob, posted)
        flag.unlink()
        for n in range(posted, posted + 20):
            assert insist(client, n) == n + 1
        assert len(bob.bodies(20)) == 20
        broker.restart()
        assert client.room_show(room="r").last_seq == posted + 20
