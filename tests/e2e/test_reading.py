"""Unread counts, reading, and the list of conversations."""

import pytest
from conftest import people, say, spec

NOTICE = 2
OPEN, CLOSED = 1, 2
VALUE = 14


def unread(client, member, room="r"):
    return client.unread_get(room=room, member=member).unread


def test_everyone_elses_messages_are_unread(service, room):
    say(service, "1", "2", sender="alice")
    say(service, "3", sender="bob")
    say(service, "4", sender="carol", type=NOTICE)
    assert [unread(service, m) for m in ("alice", "bob", "carol")] == [1, 2, 3]


def test_reading_up_to_a_message(service, room):
    say(service, "1", "2", "3")
    say(service, "4", sender="bob")
    say(service, "5")
    read = service.read(room="r", member="bob", seq=2)
    assert (read.unread, read.read_seq, read.last_seq) == (2, 2, 5)
    assert read.position > 0
    assert unread(service, "bob") == 2 and unread(service, "carol") == 5
    assert service.read(room="r", member="bob", seq=0).unread == 0, "0 reads all"
    assert service.unread_get(room="r", member="bob").read_seq == 5


# ---- answers and events --------------------------------------------------------------------


def badges(client, member):
    """A member's unread counts by room, and the position that they are as of."""
    reply = client.wait(client.send("list", member=member))
    return {item.room: item.unread for item in reply.list.items}, reply.as_of


def apply(counts, event, member):
    """What PROTOCOL.md tells a client to do with an event."""
    if event.WhichOneof("kind") == "posted" and event.posted.type != NOTICE:
        counts[event.room] += event.posted.sender != member
    elif event.WhichOneof("kind") == "read":
        counts[event.room] = event.read.unread


def test_a_client_that_passes_over_what_an_answer_contains_has_exact_badges(connect, service, room):
    bob = connect("bob")
    say(service, "1")

    def post(id):
        return "post", dict(room="r", sender="alice", client_id=id, body=id)

    asked = bob.send_all([post("2"), ("read", dict(room="r", member="bob", seq=1)), post("3"),
                          ("list", dict(member="bob")), post("4"),
                          ("read", dict(room="r", member="bob", seq=2)), post("5")])
    replies = [bob.wait(id) for id in asked]
    listed = replies[3]
    assert replies[2].posted.position <= listed.as_of < replies[4].posted.position
    assert [reply.as_of for reply in replies if reply.HasField("posted")] == [0, 0, 0, 0]
    counts = {item.room: item.unread for item in listed.list.items}
    assert counts == {"r": 2}, "the list contains the post of its own frame"
    events = bob.drain()
    assert events[0].position <= listed.as_of < events[-1].position
    for event in events:
        if event.position > listed.as_of:
            apply(counts, event, "bob")
    assert counts == {"r": 3} == {"r": unread(service, "bob")}


def test_badges_loaded_at_any_moment_are_exact(connect, service, room):
    """While others post, and another device reads."""
    service.room_create(room="s", members=people("bob", "alice"))
    bob, device = connect("bob"), connect("bob")
    counts, as_of = badges(bob, "bob")
    for n in range(40):
        service.send_all([("post", dict(room="rs"[n % 2], sender="alice", client_id=f"{n}.{i}", body="x"))
                          for i in range(3)])
        if n % 3 == 0:
            device.send("read", room="rs"[n % 2], member="bob", seq=n)
        if n % 4 == 0:
            counts, as_of = badges(bob, "bob")
        while bob.events:
            event = bob.events.popleft()
            if event.position > as_of:
                apply(counts, event, "bob")
    service.call("ping")
    device.call("ping")
    for event in bob.drain():
        if event.position > as_of:
            apply(counts, event, "bob")
    assert counts == {room: unread(service, "bob", room) for room in "rs"}


SHOWING = {"room_show": dict(room="r"), "members_list": dict(room="r"), "history": dict(room="r"),
           "unread_get": dict(room="r", member="bob"), "unread_total": dict(member="bob"),
           "list": dict(member="bob"), "presence_get": dict(members=["bob"]), "attach": dict(members=["bob"]),
           "detach": dict(members=["bob"]), "read": dict(room="r", member="bob"),
           "unread_mark": dict(room="r", member="bob", seq=1), "room_rename": dict(room="r", name="s")}


@pytest.mark.parametrize("op", SHOWING)
def test_every_answer_that_shows_state_says_as_of_when(service, room, op):
    post = dict(room="r", sender="alice", client_id="c", body="x")
    posted, shown, later = (service.wait(id) for id in service.send_all(
        [("post", post), (op, SHOWING[op]), ("post", {**post, "client_id": "d"})]))
    assert shown.code == 0
    assert posted.posted.position <= shown.as_of < later.posted.position


def test_reading_never_goes_back(service, room):
    say(service, "1", "2", "3")
    service.read(room="r", member="bob", seq=3)
    again = service.read(room="r", member="bob", seq=1)
    assert (again.unread, again.read_seq, again.position) == (0, 3, 0)


def test_marking_unread_from_a_message(service, room):
    say(service, "1", "2", "3")
    say(service, "4", sender="bob")
    say(service, "5")
    service.read(room="r", member="bob", seq=0)
    marked = service.unread_mark(room="r", member="bob", seq=3)
    assert (marked.unread, marked.read_seq) == (2, 2), "3 and 5; 4 is bob's own"
    assert unread(service, "bob") == 2
    assert service.read(room="r", member="bob", seq=4).unread == 1


def test_history_from_before_joining_cannot_become_unread(service, connect):
    service.room_create(room="r", history_open=True, members=people("alice"))
    say(service, "1", "2")
    service.members_add(room="r", members=[spec("bob")])
    say(service, "3")
    service.read(room="r", member="bob", seq=0)
    assert service.unread_mark(room="r", member="bob", seq=1).unread == 1


def test_reading_beyond_the_end_reads_what_is_there(service, room):
    say(service, "1", "2")
    assert service.read(room="r", member="bob", seq=2**64 - 1).read_seq == 2
    say(service, "3")
    assert unread(service, "bob") == 1


def test_nothing_can_be_marked_unread_that_is_not_there(service, room):
    say(service, "1")
    service.read(room="r", member="bob", seq=0)
    assert service.refusal("unread_mark", room="r", member="bob", seq=0) == VALUE
    assert service.unread_mark(room="r", member="bob", seq=2).position == 0
    assert unread(service, "bob") == 0


def test_a_members_total(service, room):
    service.room_create(room="r2", members=people("bob", "alice"))
    service.room_create(room="r3", members=people("bob"))
    say(service, "1", "2")
    say(service, "1", room="r2")
    total = service.unread_total(member="bob")
    assert (total.unread, total.rooms) == (3, 3)
    service.read(room="r", member="bob", seq=0)
    total = service.unread_total(member="bob")
    assert (total.unread, total.rooms) == (1, 3)
    service.members_remove(room="r2", members=["bob"])
    total = service.unread_total(member="bob")
    assert (total.unread, total.rooms) == (0, 2)


def test_reading_shows_in_the_members_other_sessions(service, room, connect):
    phone, desk, alice = connect("bob"), connect("bob", "carol"), connect("alice")
    say(service, "1", "2", "3")
    assert alice.bodies(3) == ["1", "2", "3"]
    phone.read(room="r", member="bob", seq=2)
    for session in (phone, desk):
        event = session.event("read")
        assert (event.room, event.read.member, event.read.read_seq) == ("r", "bob", 2)
        assert event.read.unread == 1
    desk.unread_mark(room="r", member="bob", seq=1)
    assert phone.event("read").read.unread == 3
    assert alice.drain() == [], "others ask when they want to know"


def test_who_has_read_up_to_where(service, room):
    say(service, "1", "2", "3")
    service.read(room="r", member="bob", seq=2)
    service.read(room="r", member="carol", seq=3)
    assert [(m.member, m.read_seq, m.unread) for m in service.members_list(room="r").members] == [
        ("alice", 0, 0), ("bob", 2, 1), ("carol", 3, 0)]


def test_unread_counts_stand_after_a_crash(broker, service, room):
    say(service, "1", "2", "3")
    service.read(room="r", member="bob", seq=1)
    broker.crash()
    assert [unread(service, m) for m in ("alice", "bob", "carol")] == [0, 2, 3]


# ---- the list ----------------------------------------------------------------------


def listed(client, member="bob", limit=0):
    rooms, cursor, first = [], 0, True
    while cursor or first:
        page = client.list(member=member, cursor=cursor, limit=limit)
        rooms += page.items
        cursor, first = page.cursor, False
    return rooms


def test_the_list_tells_all_about_a_room(service, room, connect):
    say(service, "earlier")
    say(service, "hi bob", mentions=["bob"])
    item = service.list(member="bob").items[0]
    assert (item.room, item.name, item.member_type, item.state) == ("r", "Desk", 2, OPEN)
    assert (item.unread, item.read_seq, item.last_seq, item.mentioned) == (2, 0, 2, True)
    assert (item.last.seq, item.last.sender, item.last.sender_name, item.last.body) == (
        2, "alice", "Alice", "hi bob")
    assert item.active_us == item.last.time_us
    service.room_close(room="r")
    assert service.list(member="bob").items[0].state == CLOSED


def test_a_room_without_messages_is_listed(service, room):
    item = service.list(member="bob").items[0]
    assert item.room == "r" and not item.HasField("last") and item.active_us > 0


def test_a_preview_is_cut_between_characters(service, room):
    say(service, "长" * 3000)
    preview = service.list(member="bob").items[0].last.body
    assert 0 < len(preview) < 3000 and set(preview) == {"长"}


def test_a_full_page_of_rooms_with_the_largest_messages(service):
    most = service.welcome.limits.page
    for n in range(most):
        service.send("room_create", room=f"r{n:03}", members=people("bob", "alice"))
        say(service, "x" * service.welcome.limits.body_bytes, room=f"r{n:03}")
    items = listed(service)
    assert [i.room for i in items] == [f"r{n:03}" for n in reversed(range(most))]
    assert all(0 < len(i.last.body) < 1000 for i in items)


def test_a_recalled_message_has_no_preview(service, room):
    say(service, "secret")
    service.recall(room="r", seq=1, by="alice")
    last = service.list(member="bob").items[0].last
    assert last.recalled and last.body == ""


def test_rooms_are_listed_last_active_first(service):
    for n in range(5):
        service.room_create(room=f"r{n}", members=people("bob", "alice"))
    for n in (3, 0, 4):
        say(service, "x", room=f"r{n}")
    assert [item.room for item in listed(service)] == ["r4", "r0", "r3", "r2", "r1"]


def test_a_list_is_paged_by_a_stable_cursor_while_posts_go_on(service):
    rooms = [f"r{n:02}" for n in range(30)]
    for room in rooms:
        service.room_create(room=room, members=people("bob", "alice"))
    first = service.list(member="bob", limit=10)
    assert [i.room for i in first.items] == rooms[:-11:-1]
    say(service, "to the top", room="r05")
    say(service, "to the top", room="r25")
    rest, cursor = [], first.cursor
    while cursor:
        page = service.list(member="bob", cursor=cursor, limit=10)
        rest += [i.room for i in page.items]
        cursor = page.cursor
    assert rest == [r for r in reversed(rooms[:20]) if r != "r05"], \
        "none twice; only what moved to the top meanwhile is not met again"
    assert [i.room for i in service.list(member="bob", limit=2).items] == ["r25", "r05"]


def test_the_list_stands_after_a_restart(broker, service):
    for n in range(5):
        service.room_create(room=f"r{n}", members=people("bob", "alice"))
    say(service, "x", room="r2", mentions=["bob"])
    before = listed(service, limit=2)
    broker.crash()
    assert listed(service, limit=2) == before


def test_a_mention_is_unread_until_it_is_read(service, room):
    say(service, "@bob", mentions=["bob"])
    say(service, "more")
    assert service.unread_get(room="r", member="bob").mentioned
    assert not service.unread_get(room="r", member="carol").mentioned
    service.read(room="r", member="bob", seq=1)
    assert not service.unread_get(room="r", member="bob").mentioned
    assert not service.list(member="bob").items[0].mentioned


@pytest.mark.parametrize("limit", [1, 7])
def test_no_room_is_lost_between_pages(service, limit):
    for n in range(20):
        service.room_create(room=f"r{n}", members=people("bob", "alice"))
    assert sorted(i.room for i in listed(service, limit=limit)) == sorted(f"r{n}" for n in range(20))
