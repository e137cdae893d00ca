"""Bad requests: each is refused with its code, changes nothing, and everyone, who
sent it included, goes on. Frames that are none are in test_bad_frames, what no
longer has room in test_full."""

import parlor_pb2 as pb
import pytest
from client import Client
from conftest import POST, first_refusal, spec, state
from proc import Broker

FRAME, OP = 1, 5
EMPTY, TOO_LONG, TOO_MANY, VALUE, REPEATED = 11, 12, 13, 14, 15
ROOM_UNKNOWN, ROOM_CONFLICT, ROOM_CLOSED = 20, 21, 22
MEMBER_UNKNOWN, NOT_MEMBER, MESSAGE_UNKNOWN, POST_CONFLICT = 25, 26, 28, 29
NO_MEMORY = 69


@pytest.fixture
def stranger(connect):
    return connect("bob", tenant="strangers")


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


def test_a_used_client_id_with_another_body(service, room, connect):
    watcher = connect("alice")
    service.post(**POST)
    watcher.drain()
    before = state(service)
    assert service.refusal("post", **{**POST, "body": "other"}) == POST_CONFLICT
    assert state(service) == before and watcher.drain() == []


def test_the_same_room_id_with_other_content(witness, service):
    assert service.refusal("room_create", room="r", name="other") == ROOM_CONFLICT


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


def test_a_list_that_takes_more_memory_than_a_reply_may_is_told_so():
    """Short ids: in the frame they take far less than what is said of each."""
    with Broker({"limits.frame_bytes": "128k", "limits.body_bytes": 1000, "limits.page_bytes": "64k",
                 "limits.request_members": 100_000}) as broker, Client(broker.client) as client:
        assert client.refusal("presence_get", members=["a"] * 14_000) == NO_MEMORY
