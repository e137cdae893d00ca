"""Rooms and who is in them."""

import pytest
from conftest import ids, people, spec

MANAGER, MEMBER = 1, 2
OPEN, CLOSED, DISSOLVED = 1, 2, 3
NOTICE = 2
ROOM_UNKNOWN, ROOM_CONFLICT, ROOM_CLOSED, ROOM_DISSOLVED = 20, 21, 22, 23
NOT_MEMBER, MEMBER_CONFLICT, REPEATED = 26, 27, 15


def history(client, room="r", **fields):
    return list(client.history(room=room, **fields).messages)


def test_a_room_shows_what_it_was_created_with(service):
    made = service.room_create(room="r", name="Desk 7 ☕", history_open=True,
                               members=people("alice", "bob"))
    shown = service.room_show(room="r")
    assert (shown.room, shown.name, shown.state) == ("r", "Desk 7 ☕", OPEN)
    assert shown.history_open and shown.members == 2
    assert (shown.last_seq, shown.counted) == (0, 0)
    assert made.position > 0 and shown.created_us == made.created_us == shown.active_us

    alice, bob = service.members_list(room="r").members
    assert (alice.member, alice.type, alice.name, alice.avatar) == ("alice", MANAGER, "Alice", "/alice.png")
    assert (bob.member, bob.type) == ("bob", MEMBER)
    assert bob.unread == 0 and bob.joined_seq == 0 and bob.joined_us >= made.created_us


def test_a_room_without_an_id_is_given_one(service):
    first = service.room_create(name="x").room
    second = service.room_create(name="x").room
    assert first and second and first != second
    assert service.room_show(room=first).name == "x"


def test_the_same_room_again_is_the_same_room(service):
    content = dict(room="r", name="Desk", members=people("alice", "bob"))
    made = service.room_create(**content)
    service.post(room="r", sender="bob", client_id="1", body="hi")
    again = service.room_create(**content)
    assert again.created_us == made.created_us and again.position == 0
    assert again.last_seq == 1


@pytest.mark.parametrize("other", [
    dict(name="Other"), dict(history_open=True), dict(members=people("alice")),
    dict(members=people("bob", "alice"))])
def test_the_same_room_id_with_other_content_is_a_conflict(service, other):
    content = dict(room="r", name="Desk", members=people("alice", "bob"))
    before = service.room_create(**content)
    assert service.refusal("room_create", **{**content, **other}) == ROOM_CONFLICT
    after = service.room_show(room="r")
    assert (after.name, after.members, after.history_open) == ("Desk", 2, False)
    assert after.created_us == before.created_us


def test_renaming_is_seen_by_who_is_in_the_room(service, room, connect):
    bob, stranger = connect("bob"), connect("zoe")
    renamed = service.room_rename(room="r", name="New name")
    assert renamed.name == service.room_show(room="r").name == "New name"
    event = bob.event("room_changed")
    assert (event.room, event.room_changed.name, event.position) == ("r", "New name", renamed.position)
    assert stranger.drain() == []


def test_renaming_to_the_same_name_changes_nothing(service, room, connect):
    bob = connect("bob")
    assert service.room_rename(room="r", name="Desk").position == 0
    assert bob.drain() == []


def test_a_closed_room_refuses_posts_until_it_is_reopened(service, room, connect):
    bob = connect("bob")
    post = dict(room="r", sender="bob", client_id="1", body="hello")
    assert service.room_close(room="r").state == CLOSED
    assert bob.event("room_changed").room_changed.state == CLOSED
    assert service.refusal("post", **post) == ROOM_CLOSED
    assert service.room_show(room="r").last_seq == 0
    assert service.room_reopen(room="r").state == OPEN
    assert service.post(**post).seq == 1


def test_what_was_posted_before_the_closing_is_acknowledged_again_after_it(service, room):
    post = dict(room="r", sender="bob", client_id="1", body="hello")
    first = service.post(**post)
    service.room_close(room="r")
    assert service.post(**post) == first


def test_a_dissolved_room_takes_nothing_any_more(service, room, connect):
    bob = connect("bob")
    service.post(room="r", sender="bob", client_id="1", body="hello")
    service.room_dissolve(room="r", notice=dict(body="over", sender="alice"))
    hello, over, end = bob.drain()
    assert (over.posted.body, over.posted.type) == ("over", NOTICE)
    assert end.room_changed.state == DISSOLVED and end.position > over.position
    assert service.refusal("post", room="r", sender="bob", client_id="2", body="x") == ROOM_DISSOLVED
    assert service.refusal("room_reopen", room="r") == ROOM_DISSOLVED
    assert service.refusal("members_add", room="r", members=[spec("dave")]) == ROOM_DISSOLVED
    assert list(service.list(member="bob").items) == []


def test_several_members_come_at_once_and_are_told(service, room, connect):
    alice, dave = connect("alice"), connect("dave")
    service.members_add(room="r", members=[spec("dave"), spec("erin", type=MANAGER)])
    assert ids(service.members_list(room="r")) == ["alice", "bob", "carol", "dave", "erin"]
    joined = [alice.event("joined").joined for _ in range(2)]
    assert [(j.member, j.type, j.name) for j in joined] == [
        ("dave", MEMBER, "Dave"), ("erin", MANAGER, "Erin")]
    assert dave.event("joined").joined.member == "dave"
    service.post(room="r", sender="alice", client_id="1", body="welcome")
    assert dave.event("posted").posted.body == "welcome"


def test_adding_who_is_there_already_changes_nothing(service, room):
    assert service.members_add(room="r", members=[spec("bob")]).position == 0
    assert service.room_show(room="r").members == 3


@pytest.mark.parametrize("change, code", [
    (lambda: ("members_add", dict(members=[spec("dave"), dict(spec("bob"), name="Robert")])),
     MEMBER_CONFLICT),
    (lambda: ("members_add", dict(members=[spec("dave"), spec("dave")])), REPEATED),
    (lambda: ("members_remove", dict(members=["bob", "zoe"])), NOT_MEMBER),
    (lambda: ("members_remove", dict(members=["bob", "bob"])), REPEATED),
    (lambda: ("members_change", dict(members=[
        dict(member="bob", set_name=True, name="Bobby"), dict(member="zoe", type=1)])), NOT_MEMBER),
])
def test_several_members_change_all_or_none(service, room, connect, change, code):
    op, fields = change()
    alice = connect("alice")
    before = service.members_list(room="r")
    assert service.refusal(op, room="r", **fields) == code
    assert service.members_list(room="r") == before
    assert service.room_show(room="r").members == 3
    assert alice.drain() == []


def test_who_is_removed_hears_nothing_more(service, room, connect):
    alice, bob = connect("alice"), connect("bob")
    service.members_remove(room="r", members=["bob"])
    assert alice.event("left").left.member == "bob"
    assert bob.event("left").left.member == "bob"
    service.post(room="r", sender="alice", client_id="1", body="among us")
    assert alice.event("posted").posted.body == "among us"
    assert bob.drain() == []
    assert ids(service.members_list(room="r")) == ["alice", "carol"]
    assert service.refusal("post", room="r", sender="bob", client_id="1", body="x") == NOT_MEMBER
    assert service.refusal("unread_get", room="r", member="bob") == NOT_MEMBER


def test_type_name_and_avatar_change_on_their_own(service, room, connect):
    alice = connect("alice")
    service.members_change(room="r", members=[
        dict(member="bob", type=MANAGER), dict(member="carol", set_name=True, name="Caro")])
    changed = {e.member_changed.member: e.member_changed
               for e in (alice.event("member_changed"), alice.event("member_changed"))}
    assert (changed["bob"].type, changed["bob"].name) == (MANAGER, "Bob")
    assert (changed["carol"].type, changed["carol"].name) == (MEMBER, "Caro")
    _, bob, carol = service.members_list(room="r").members
    assert (bob.type, bob.name, bob.avatar) == (MANAGER, "Bob", "/bob.png")
    assert (carol.type, carol.name, carol.avatar) == (MEMBER, "Caro", "/carol.png")
    service.members_change(room="r", members=[dict(member="carol", set_avatar=True, avatar="")])
    assert service.members_list(room="r", after="bob").members[0].avatar == ""


def test_a_message_carries_the_name_its_sender_had(service, room, connect):
    alice = connect("alice")
    service.post(room="r", sender="bob", client_id="1", body="one")
    service.members_change(room="r", members=[dict(member="bob", set_name=True, name="Robert")])
    service.post(room="r", sender="bob", client_id="2", body="two")
    posted = [alice.event("posted").posted for _ in range(2)]
    assert [p.sender_name for p in posted] == ["Bob", "Robert"]
    assert [m.sender_name for m in history(service)] == ["Bob", "Robert"]
    assert posted[0].sender_avatar == "/bob.png"


def test_every_change_makes_a_notice_when_asked(service, connect):
    def notice(body):
        return dict(body=body, sender="alice")

    service.room_create(room="r", members=people("alice", "bob"), notice=notice("created"))
    service.room_rename(room="r", name="x", notice=notice("renamed"))
    service.members_add(room="r", members=[spec("dave")], notice=notice("added"))
    service.members_change(room="r", members=[dict(member="bob", type=1)], notice=notice("changed"))
    service.members_remove(room="r", members=["dave"], notice=notice("removed"))
    service.room_close(room="r", notice=notice("closed"))
    service.room_reopen(room="r", notice=dict(body="reopened"))
    messages = history(service)
    assert [m.body for m in messages] == [
        "created", "renamed", "added", "changed", "removed", "closed", "reopened"]
    assert [m.seq for m in messages] == list(range(1, 8))
    assert {m.type for m in messages} == {NOTICE}
    assert [m.sender for m in messages] == ["alice"] * 6 + [""]
    assert service.unread_get(room="r", member="bob").unread == 0


def test_no_notice_unless_asked(service, room):
    service.room_rename(room="r", name="x")
    service.members_remove(room="r", members=["bob"])
    assert service.room_show(room="r").last_seq == 0


@pytest.mark.parametrize("open", [False, True])
def test_who_joins_later_sees_the_history_from_before_by_the_rooms_flag(service, connect, open):
    service.room_create(room="r", history_open=open, members=people("alice", "bob"))
    for n in (1, 2):
        service.post(room="r", sender="alice", client_id=str(n), body=f"before {n}")
    service.members_add(room="r", members=[spec("dave")])
    service.post(room="r", sender="alice", client_id="3", body="after")

    seen = [m.body for m in history(service, member="dave")]
    assert seen == (["before 1", "before 2", "after"] if open else ["after"])
    backwards = [m.body for m in history(service, member="dave", backwards=True)]
    assert backwards == seen[::-1]
    assert service.unread_get(room="r", member="dave").unread == 1, "what was before is not unread"
    assert len(history(service, member="bob")) == len(history(service)) == 3


def test_who_comes_back_starts_anew(service, room):
    service.post(room="r", sender="alice", client_id="1", body="one")
    service.members_remove(room="r", members=["bob"])
    service.post(room="r", sender="alice", client_id="2", body="two")
    service.members_add(room="r", members=[spec("bob")])
    assert service.unread_get(room="r", member="bob").unread == 0
    assert history(service, member="bob") == []
    service.post(room="r", sender="alice", client_id="3", body="three")
    assert service.unread_get(room="r", member="bob").unread == 1
    assert service.members_list(room="r").members[1].joined_seq == 2


def test_members_are_listed_page_by_page(service, connect):
    everyone = [f"m{n:03}" for n in range(95)]
    service.room_create(room="r", members=[spec(m) for m in everyone[:50]])
    service.members_add(room="r", members=[spec(m) for m in everyone[50:]])
    listed, after, more = [], "", True
    while more:
        page = service.members_list(room="r", after=after, limit=10)
        assert len(page.members) <= 10
        listed += ids(page)
        after, more = listed[-1], page.more
    assert listed == everyone


def test_everything_stands_after_a_restart(broker, service, room):
    service.room_rename(room="r", name="Kept")
    service.members_change(room="r", members=[dict(member="bob", type=MANAGER)])
    service.members_remove(room="r", members=["carol"])
    service.room_create(room="closed", members=people("alice"))
    service.room_close(room="closed")
    service.post(room="r", sender="bob", client_id="1", body="kept")
    before = [service.room_show(room="r"), service.room_show(room="closed"),
              service.members_list(room="r"), history(service)]
    broker.restart()
    after = [service.room_show(room="r"), service.room_show(room="closed"),
             service.members_list(room="r"), history(service)]
    assert after == before
