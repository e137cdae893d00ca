"""Posting, recalling, history."""

import pytest
from client import Client
from conftest import people, spec, whole_history

MESSAGE, NOTICE = 1, 2
TEXT, IMAGE, FILE, CUSTOM = range(4)
POST_CONFLICT, NOT_ALLOWED, MESSAGE_UNKNOWN, NOT_MEMBER = 29, 30, 28, 26
WORLD = "早上好 👩‍👩‍👧‍👦 שלום สวัสดี e\u0301 \n\t<b>\"'\\ \u2028 𠜎"


def post(client, n, sender="bob", body=None, **more):
    return client.post(room="r", sender=sender, client_id=str(n), body=body or f"message {n}", **more)


def seqs(page):
    return [message.seq for message in page.messages]


# ---- posting -------------------------------------------------------------------


def test_a_post_reaches_every_member_and_history_as_it_was(service, room, connect):
    sessions = [connect("alice"), connect("bob"), connect("carol")]
    posted = post(service, 1, body=WORLD, content_type=CUSTOM)
    assert posted.seq == 1 and posted.position > 0 and posted.time_us > 10**15
    for session in sessions:
        event = session.event("posted")
        assert (event.room, event.position, event.time_us) == ("r", posted.position, posted.time_us)
        message = event.posted
        assert (message.seq, message.sender, message.sender_name) == (1, "bob", "Bob")
        assert (message.type, message.content_type, message.body) == (MESSAGE, CUSTOM, WORLD)
        assert message.client_id == "1"
    (kept,) = service.history(room="r").messages
    assert kept.time_us == posted.time_us
    kept.time_us = 0
    assert kept == message


def test_the_largest_body_passes_unharmed(service, room, connect):
    alice = connect("alice")
    body = "语" * (service.welcome.limits.body_bytes // 3)
    post(service, 1, body=body)
    assert alice.event("posted").posted.body == body
    assert service.history(room="r").messages[0].body == body


def test_a_room_is_numbered_without_gaps_whoever_posts(service, room, connect):
    writers = {name: connect() for name in ("alice", "bob", "carol")}
    asked = [(client, client.send("post", room="r", sender=name, client_id=f"{n}", body=f"{name} {n}"))
             for n in range(100) for name, client in writers.items()]
    answers = [client.wait(id) for client, id in asked]
    assert {a.code for a in answers} == {0}
    assert sorted(a.posted.seq for a in answers) == list(range(1, 301))
    messages = whole_history(service, "r")
    assert [m.seq for m in messages] == list(range(1, 301))
    for name in writers:
        assert [m.body for m in messages if m.sender == name] == [f"{name} {n}" for n in range(100)]


def test_order_is_the_same_for_everyone(service, room, connect):
    watchers = [connect("alice"), connect("bob"), connect("carol")]
    writers = [connect() for _ in range(3)]
    for n in range(50):
        for writer, sender in zip(writers, ("alice", "bob", "carol")):
            writer.send("post", room="r", sender=sender, client_id=f"{n}", body=f"{sender} {n}")
    seen = [watcher.bodies(150) for watcher in watchers]
    assert seen[0] == seen[1] == seen[2]


def test_many_requests_in_one_frame_are_answered_in_order(service, room):
    import parlor_pb2 as pb

    requests = [pb.Request(id=10_000 + n, post=dict(room="r", sender="bob", client_id=str(n), body="x"))
                for n in range(service.welcome.limits.frame_requests)]
    for request in requests:
        service.unanswered[request.id] = request
    service.wire.send(*requests)
    assert [service.wait(r.id).posted.seq for r in requests] == list(range(1, len(requests) + 1))


def test_a_notice_does_not_count(service, room):
    post(service, 1, type=NOTICE)
    post(service, 2, type=MESSAGE)
    shown = service.room_show(room="r")
    assert (shown.last_seq, shown.counted) == (2, 1)
    assert service.unread_get(room="r", member="carol").unread == 1


def test_mentions_are_delivered_and_kept(service, room, connect):
    carol = connect("carol")
    post(service, 1, mentions=["carol", "alice"])
    assert list(carol.event("posted").posted.mentions) == ["carol", "alice"]
    assert list(service.history(room="r").messages[0].mentions) == ["carol", "alice"]


# ---- idempotency -----------------------------------------------------------------


def test_a_post_repeated_is_acknowledged_alike_and_stands_once(broker, service, room, connect):
    alice = connect("alice")
    first = post(service, "same")
    post(service, "other")
    assert post(service, "same") == first
    assert post(connect(), "same") == first, "also from another session"
    broker.crash()
    assert post(service, "same") == first, "also after a crash"
    assert seqs(service.history(room="r")) == [1, 2]
    assert alice.bodies(2) == ["message same", "message other"]
    assert alice.drain() == []


@pytest.mark.parametrize("other", [
    dict(body="other"), dict(type=NOTICE), dict(content_type=IMAGE), dict(mentions=["alice"])])
def test_a_used_client_id_with_another_message_is_a_conflict(service, room, other):
    same = dict(room="r", sender="bob", client_id="1", body="hello")
    service.post(**same)
    assert service.refusal("post", **{**same, **other}) == POST_CONFLICT
    assert service.room_show(room="r").last_seq == 1


def test_client_ids_are_each_senders_own(service, room):
    assert post(service, 1, sender="bob").seq == 1
    assert post(service, 1, sender="carol").seq == 2
    service.room_create(room="r2", members=people("bob"))
    assert service.post(room="r2", sender="bob", client_id="1", body="another room").seq == 1


# ---- recalling -------------------------------------------------------------------


@pytest.mark.parametrize("by", ["bob", "alice"])
def test_its_sender_or_a_manager_recalls_a_message(service, room, connect, by):
    carol = connect("carol")
    first = post(service, 1, body="secret", mentions=["carol"])
    post(service, 2)
    done = service.recall(room="r", seq=1, by=by)
    event = carol.event("recalled")
    assert (event.room, event.recalled.seq, event.recalled.by) == ("r", 1, by)
    assert event.position == done.position

    recalled, kept = service.history(room="r").messages
    assert recalled.recalled and recalled.body == "" and recalled.seq == 1
    assert recalled.sender == "bob" and recalled.time_us == first.time_us
    assert not kept.recalled and kept.body == "message 2"
    assert service.unread_get(room="r", member="carol").unread == 2, "counts stay"
    assert service.room_show(room="r").last_seq == 2


def test_a_recalled_body_is_gone_from_the_data_directory(broker, service, room):
    secret = "the-secret-that-was-recalled"
    post(service, 1, body=secret)
    service.recall(room="r", seq=1, by="bob")
    late = Client(broker.client, tenant=service.greeting["tenant"], members=["carol"],
                  resume=(service.journal, 0))
    with late:
        assert secret not in str(late.drain()), "nor is it sent to who catches up"


SECRET = "what nobody may read any more"


def recall_and_look(client):
    """Asks for the message in every way in the frame that recalls it."""
    asked = [("recall", dict(room="r", seq=1, by="bob")), ("history", dict(room="r")),
             ("history", dict(room="r", backwards=True, member="carol")), ("list", dict(member="carol"))]
    replies = [client.wait(id) for id in client.send_all(asked)]
    assert [reply.code for reply in replies] == [0] * 4
    return [replies[1].history.messages[0], replies[2].history.messages[0], replies[3].list.items[0].last]


def test_a_body_is_shown_no_more_in_the_frame_that_recalls_it(service, room):
    post(service, 1, body=SECRET)
    for message in recall_and_look(service):
        assert message.recalled and message.body == "" and message.client_id == "1"


def test_who_posts_and_recalls_at_once_has_told_nobody(service, room, connect):
    carol = connect("carol")
    ids = service.send_all([
        ("post", dict(room="r", sender="bob", client_id="1", body=SECRET)),
        ("recall", dict(room="r", seq=1, by="bob")), ("history", dict(room="r"))])
    replies = [service.wait(id) for id in ids]
    assert [reply.code for reply in replies] == [0, 0, 0]
    (message,) = replies[2].history.messages
    assert message.recalled and message.body == ""
    posted, recalled = carol.event("posted"), carol.event("recalled")
    assert posted.posted.recalled and posted.posted.body == "" and recalled.recalled.seq == 1


def test_a_body_is_shown_no_more_while_its_recall_is_on_its_way_to_disk(service, room):
    """A turn of many records flies while the next ones are answered."""
    post(service, 1, body=SECRET)
    asked = [service.send("recall", room="r", seq=1, by="bob")]
    asked += [service.send("post", room="r", sender="alice", client_id=f"m{n}", body="x") for n in range(100)]
    looks = [service.send("history", room="r", limit=1, **{"from": 1}) for _ in range(100)]
    assert all(service.wait(id).code == 0 for id in asked)
    for id in looks:
        (message,) = service.wait(id).history.messages
        assert message.recalled and message.body == ""


def test_nobody_else_recalls(service, room):
    post(service, 1)
    assert service.refusal("recall", room="r", seq=1, by="carol") == NOT_ALLOWED
    assert service.refusal("recall", room="r", seq=1, by="zoe") == NOT_MEMBER
    assert service.refusal("recall", room="r", seq=2, by="bob") == MESSAGE_UNKNOWN
    assert service.history(room="r").messages[0].body == "message 1"


def test_recalling_again_changes_nothing(service, room, connect):
    carol = connect("carol")
    post(service, 1)
    service.recall(room="r", seq=1, by="bob")
    assert service.recall(room="r", seq=1, by="bob").position == 0
    assert [e.WhichOneof("kind") for e in carol.drain()] == ["posted", "recalled"]


def test_the_post_of_a_recalled_message_is_still_acknowledged_alike(service, room):
    first = post(service, 1)
    service.recall(room="r", seq=1, by="bob")
    assert post(service, 1) == first
    assert service.history(room="r").messages[0].body == ""


# ---- history -----------------------------------------------------------------------


@pytest.fixture
def hundred(service, room):
    for n in range(1, 101):
        post(service, n, sender=("alice", "bob")[n % 2])


def test_history_forwards_in_pages(service, hundred):
    page = service.history(room="r", **{"from": 1}, limit=30)
    assert seqs(page) == list(range(1, 31)) and page.more
    page = service.history(room="r", **{"from": 71}, limit=30)
    assert seqs(page) == list(range(71, 101)) and not page.more
    assert seqs(service.history(room="r", **{"from": 101})) == []


def test_history_backwards_in_pages(service, hundred):
    page = service.history(room="r", backwards=True, limit=30)
    assert seqs(page) == list(range(100, 70, -1)) and page.more
    page = service.history(room="r", backwards=True, **{"from": 30}, limit=30)
    assert seqs(page) == list(range(30, 0, -1)) and not page.more


def test_large_messages_make_short_pages_and_lose_none(service, room):
    body = "x" * service.welcome.limits.body_bytes
    for n in range(1, 41):
        post(service, n, body=body)
    assert len(service.history(room="r").messages) < 40
    assert [m.seq for m in whole_history(service, "r")] == list(range(1, 41))


def test_only_members_see_history_on_their_own_behalf(service, room):
    post(service, 1)
    assert service.refusal("history", room="r", member="zoe") == NOT_MEMBER
    assert seqs(service.history(room="r", member="carol")) == [1]


def test_a_member_sees_what_stands_from_joining_on(service, hundred):
    service.members_add(room="r", members=[spec("dave")])
    post(service, 101)
    assert seqs(service.history(room="r", member="dave", **{"from": 1})) == [101]
    page = service.history(room="r", member="dave", backwards=True)
    assert seqs(page) == [101] and not page.more
