"""Labels of rooms, and the lists that are filtered by them."""

import json

import pytest
from client import Client
from conftest import people, say
from proc import Broker, play, program, run
from stack import Stack

EMPTY, TOO_LONG, TOO_MANY = 11, 12, 13
ROOM_UNKNOWN, ROOM_DISSOLVED, MEMBER_UNKNOWN = 20, 23, 25


def labels(client, room="r"):
    return list(client.room_show(room=room).labels)


def test_labels_come_and_go_and_repeating_changes_nothing(service, room):
    first = service.room_labels(room=room, add=["waits", "vip", "客服"])
    assert list(first.labels) == ["vip", "waits", "客服"] == labels(service)
    assert first.position > 0
    again = service.room_labels(room=room, add=["vip", "waits", "vip"])
    assert again.position == 0 and list(again.labels) == list(first.labels)
    assert list(service.room_labels(room=room, add=["bill"], remove=["waits", "never"]).labels) \
        == ["bill", "vip", "客服"]
    assert service.room_labels(room=room, remove=["waits"]).position == 0
    assert list(service.room_labels(room=room, remove=["vip"], add=["vip"]).labels) == ["bill", "vip", "客服"]
    replaced = dict(room=room, clear=True, add=["done"])
    assert service.room_labels(**replaced).position > 0
    assert service.room_labels(**replaced).position == 0
    assert list(service.room_labels(room=room, clear=True).labels) == [] == labels(service)


def test_whatever_is_wrong_is_refused_and_changes_nothing(service, room):
    limits = service.welcome.limits
    assert (limits.labels, limits.label_bytes) == (16, 64)
    most = [f"l{n:02}" for n in range(16)]
    service.room_labels(room=room, add=most)
    before = service.room_show(room=room)
    for code, fields in ((TOO_MANY, dict(add=["one more"])), (TOO_MANY, dict(add=most + ["x"])),
                         (TOO_MANY, dict(remove=most + ["x"])), (EMPTY, dict(add=[""])),
                         (EMPTY, dict(remove=["l01", ""])), (TOO_LONG, dict(add=["x" * 65]))):
        assert service.refusal("room_labels", room=room, **fields) == code, fields
    assert service.refusal("room_labels", room="nowhere", add=["x"]) == ROOM_UNKNOWN
    assert service.room_show(room=room) == before
    assert list(service.room_labels(room=room, remove=most, add=["y" * 64]).labels) == ["y" * 64]
    service.room_close(room=room)
    service.room_labels(room=room, add=["closed"])
    service.room_dissolve(room=room)
    assert service.refusal("room_labels", room=room, add=["x"]) == ROOM_DISSOLVED
    assert labels(service) == ["closed", "y" * 64]


def test_who_is_in_the_room_hears_of_it_also_when_it_was_away(service, room, connect):
    alice, stranger = connect("alice"), connect("zoe")
    service.room_labels(room=room, add=["vip"])
    event = alice.event("labels_changed")
    assert (event.room, list(event.labels_changed.labels)) == (room, ["vip"])
    since = (alice.journal, event.position)
    alice.leave()
    service.room_labels(room=room, add=["waits"])
    service.room_labels(room=room, clear=True)
    alice = connect("alice", resume=since)
    assert [list(alice.event("labels_changed").labels_changed.labels) for _ in range(2)] == [["vip", "waits"], []]
    stranger.ping()
    assert not [e for e in stranger.events if e.WhichOneof("kind") == "labels_changed"]


def listed(client, member="alice", limit=0, **fields):
    """Rooms by page; no page has more than was asked for."""
    pages, cursor = [], 0
    while True:
        page = client.list(member=member, cursor=cursor, limit=limit, **fields)
        assert not limit or len(page.items) <= limit
        pages += [[item.room for item in page.items]]
        cursor = page.cursor
        if not cursor:
            return pages


def test_an_inbox_is_filtered_by_label_and_by_what_is_unread(service):
    for n in range(12):
        service.room_create(room=f"r{n}", members=people("alice", "bob"))
        service.post(room=f"r{n}", sender="bob", client_id="1", body="hi")
        service.room_labels(room=f"r{n}", add=["even"] if n % 2 == 0 else ["odd", "vip"])
    for n in range(0, 12, 3):
        service.read(room=f"r{n}", member="alice")
    assert listed(service, limit=4, label="vip") == [["r11", "r9", "r7", "r5"], ["r3", "r1"]]
    assert listed(service, unread_only=True) == [["r11", "r10", "r8", "r7", "r5", "r4", "r2", "r1"]]
    assert listed(service, limit=2, unread_only=True, label="odd") == [["r11", "r7"], ["r5", "r1"]]
    assert listed(service, member="bob", unread_only=True) == [[]]
    assert listed(service, label="never") == [[]]
    (item,) = service.list(member="alice", limit=1, label="vip").items
    assert (item.room, list(item.labels), item.unread) == ("r11", ["odd", "vip"], 1)
    assert service.refusal("list", member="alice", label="x" * 65) == TOO_LONG
    assert service.refusal("list", member="nobody", label="vip") == MEMBER_UNKNOWN


def test_labels_outlive_a_crash():
    with Broker() as broker, Client(broker.client) as client:
        client.room_create(room="r", members=people("alice"))
        client.room_create(room="bare", members=people("alice"))
        client.room_labels(room="r", add=["vip", "waits"])
        client.room_labels(room="r", remove=["waits"])
        broker.crash()
        assert labels(client) == ["vip"] and labels(client, "bare") == []
        assert listed(client, label="vip") == [["r"]]


def test_commands_label_rooms_and_list_them(broker, tenant):
    def parlor(*words, status=0):
        return run(program("parlor"), "--broker", broker.client, "--tenant", tenant, *words, status=status)

    for room in ("tea", "milk"):
        parlor("room", "create", "--id", room, "--member", "lin")
    parlor("room", "label", "tea", "vip", "waits")
    assert "bill, vip" in parlor("room", "label", "tea", "bill", "--remove", "waits").out
    assert "bill, vip" in parlor("room", "show", "tea").out
    vips = parlor("list", "lin", "--label", "vip").out
    assert "tea" in vips and "milk" not in vips
    assert "tea" not in parlor("list", "lin", "--unread").out
    assert "no label is given" in parlor("room", "label", "tea", status=2).err
    parlor("room", "label", "tea", "--clear")
    assert json.loads(parlor("room", "show", "tea", "--json").out)["labels"] == []


def test_what_is_recorded_is_played_with_its_labels(tmp_path):
    recording = tmp_path / "labels.ndjson"
    with Broker() as broker, Client(broker.client) as client:
        client.room_create(room="r", members=people("alice"))
        client.room_labels(room="r", add=["vip", "waits"])
        client.room_labels(room="r", remove=["vip"], add=["客"])
        run(program("parlor-replay"), "record", "--broker", broker.worker, "--out", str(recording))
    told = [json.loads(line) for line in recording.read_text().splitlines()]
    assert [line["labels"] for line in told if line.get("type") == "labels"] == [["vip", "waits"], ["waits", "客"]]
    with Broker() as broker, Client(broker.client) as client:
        play(broker, recording)
        assert labels(client) == ["waits", "客"]


@pytest.fixture
def stack(database):
    with Stack(database, {"sync.partitions": 2}) as stack:
        yield stack


ROWS = "SELECT group_id, label FROM room_label WHERE ent_id = 'default' ORDER BY group_id, label"


def verify(stack, *more, status=0):
    return run(program("parlor-replay"), "verify", "--data", stack.broker.data, "--mysql", stack.url,
               "--json", *more, status=status).json()


def test_labels_come_to_mysql_and_back(stack):
    with stack.client() as client:
        for room in ("a", "b", "c", "gone"):
            client.room_create(room=room, members=people("alice"))
            client.room_labels(room=room, add=["one", "two"])
        client.room_labels(room="a", remove=["one"], add=["二", "tw"])
        client.room_labels(room="b", clear=True)
        client.room_dissolve(room="gone")
        say(client, "hello", room="c")
        stack.settle()
        rows = [("a", "tw"), ("a", "two"), ("a", "二"), ("c", "one"), ("c", "two"), ("gone", "one"), ("gone", "two")]
        assert list(stack.rows(ROWS)) == rows
        assert verify(stack)["result"] == "equal"
        # Whatever a hand does there is found.
        for change, what in (("INSERT INTO room_label VALUES ('default', 'b', 'by hand')", "does not have"),
                             ("DELETE FROM room_label WHERE label = 'tw'", "rows of the room"),
                             ("INSERT INTO room_label VALUES ('default', 'zoo', 'x')", "not in the table of rooms")):
            stack.rows(change)
            found = verify(stack, status=6)
            assert what in json.dumps(found), found
            client.room_labels(room="a", clear=True)
            client.room_labels(room="a", add=["tw", "two", "二"])
            stack.settle()
            stack.rows("DELETE FROM room_label WHERE label = 'by hand' OR group_id = 'zoo'")
        assert verify(stack)["result"] == "equal" and list(stack.rows(ROWS)) == rows
