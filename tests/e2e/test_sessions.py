"""Sessions: hello, attached members, live events, credit, resume, presence,
typing, silence and goodbye."""

import time

import pytest
from client import PATIENCE, Client, Refused
from conftest import people, say, spec, stat, until
from proc import Broker

OFFLINE, ONLINE, BUSY_ = 1, 2, 3
TOO_MANY = 13
VERSION, NO_SESSION, SESSION_EXISTS = 2, 3, 4
NOT_MEMBER, NOT_ATTACHED, STOPPING = 26, 31, 46


def say_many(client, n, first=1, body="message {}", sender="alice"):
    asked = [client.send("post", room="r", sender=sender, client_id=f"{i}", body=body.format(i))
             for i in range(first, first + n)]
    assert {client.wait(id).code for id in asked} == {0}


def kinds(events):
    return [event.WhichOneof("kind") for event in events]


# ---- welcome -----------------------------------------------------------------------


def test_the_welcome_says_what_holds(service):
    welcome = service.welcome
    assert welcome.version == 1 and welcome.journal != 0 and not welcome.reset
    assert 0 < welcome.heartbeat_ms < welcome.timeout_ms
    assert welcome.server.startswith("parlor")
    limits = welcome.limits
    assert limits.id_bytes == 64 and limits.body_bytes == 65536
    assert all(value > 0 for _, value in limits.ListFields())
    assert len(limits.ListFields()) == len(limits.DESCRIPTOR.fields)


def test_a_client_without_a_session_is_told_to_say_hello(connect, broker, tenant):
    stranger = connect(hello=False)
    assert stranger.refusal("room_show", room="r") == NO_SESSION
    assert stranger.refusal("ping") == NO_SESSION
    assert stranger.hello().version == 1


def test_hello_is_said_once(connect):
    client = connect()
    assert client.refusal("hello", **client.greeting) == SESSION_EXISTS
    assert client.call("ping") is not None


def test_an_unknown_version_is_refused(connect):
    client = connect(hello=False)
    for version in (0, 2, 2**32 - 1):
        assert client.refusal("hello", **{**client.greeting, "version": version}) == VERSION
    assert client.refusal("ping") == NO_SESSION


# ---- attached members and devices ----------------------------------------------------


def test_a_session_gets_a_message_once_however_many_of_its_members_are_there(service, room, connect):
    gateway = connect("alice", "bob", "carol")
    assert gateway.welcome.attached.attached == 3
    say(service, "once")
    assert kinds(gateway.drain()) == ["posted"]


def test_every_device_of_a_member_gets_everything(service, room, connect):
    devices = [connect("bob") for _ in range(5)]
    say(service, *"abc")
    assert [device.bodies(3) for device in devices] == [["a", "b", "c"]] * 5


def test_members_are_attached_and_detached_at_any_time(service, room, connect):
    session = connect()
    say(service, "before")
    assert session.attach(members=["bob", "carol"]).attached == 2
    say(service, "both")
    assert session.detach(members=["bob"]).attached == 1
    say(service, "carol")
    assert session.detach(members=["carol", "nobody"]).attached == 0
    say(service, "none")
    assert [e.posted.body for e in session.drain()] == ["both", "carol"]


def test_who_is_attached_before_any_room_knows_him_hears_of_his_first(service, connect):
    newcomer = connect("zoe")
    service.room_create(room="r", members=people("alice"))
    service.members_add(room="r", members=[spec("zoe")])
    say(service, "hello zoe")
    assert kinds(newcomer.drain()) == ["joined", "posted"]


def test_members_of_a_new_room_hear_of_it(service, connect):
    bob = connect("bob")
    service.room_create(room="r", members=people("alice", "bob"))
    assert "joined" in kinds(bob.drain())


# ---- credit ------------------------------------------------------------------------------


def test_without_credit_events_wait_and_then_come_complete(service, room, connect):
    bob, greedy = connect("bob", credit=5), connect("carol")
    say_many(service, 300)
    assert greedy.bodies(300)[-1] == "message 300"
    assert [e.posted.body for e in bob.drain()] == [f"message {n}" for n in range(1, 6)]
    bob.credit(events=10)
    assert bob.bodies(10)[-1] == "message 15"
    assert bob.drain() == []
    bob.credit(events=1000)
    assert bob.bodies(285) == [f"message {n}" for n in range(16, 301)]
    say(service, "live again")
    assert bob.bodies(1) == ["live again"]


def test_credit_adds_up_to_the_limit_and_no_further():
    with Broker({"session.credit": 5}) as broker, \
            Client(broker.client) as service, Client(broker.client, members=["bob"], credit=3) as bob:
        assert bob.welcome.limits.credit == 5
        service.room_create(room="r", members=people("alice", "bob"))
        bob.drain()
        bob.credit(events=100)
        say(service, *map(str, range(20)))
        assert len(bob.drain()) == 5
        bob.credit(events=2**32 - 1)
        assert len(bob.drain()) == 5


def test_requests_are_answered_without_credit(service, room, connect):
    bob = connect("bob", credit=1)
    say_many(service, 10)
    assert bob.unread_get(room="r", member="bob").unread == 10
    say(bob, "answered", sender="bob")


# ---- resume --------------------------------------------------------------------------------


def meanwhile(service):
    """All that can happen to bob while he is away."""
    say_many(service, 50)
    service.room_create(room="joined", members=people("alice", "bob"))
    say(service, "in joined", room="joined")
    say(service, "before he left", room="left")
    service.members_remove(room="left", members=["bob"])
    say(service, "not for bob", room="left")
    service.room_create(room="both", members=people("alice", "bob"))
    say(service, "in both", room="both")
    service.members_remove(room="both", members=["bob"])
    say(service, "not for bob", room="both")
    service.members_add(room="both", members=[spec("bob")])
    say(service, "again in both", room="both")
    service.room_rename(room="r", name="renamed")
    service.room_rename(room="strange", name="not for bob")
    service.recall(room="r", seq=3, by="alice")
    service.read(room="r", member="bob", seq=10)
    service.members_change(room="r", members=[dict(member="carol", type=1)])
    service.room_create(room="gone", members=people("alice", "bob"))
    say(service, "in gone", room="gone")
    service.room_dissolve(room="gone")


@pytest.mark.parametrize("crash", [False, True])
def test_who_resumes_gets_exactly_what_was_missed(broker, service, room, connect, crash):
    for other in ("left", "strange"):
        service.room_create(room=other, members=people("alice", *(["bob"] if other == "left" else [])))
    bob, stayed = connect("bob"), connect("bob")
    say(service, "seen")
    assert bob.drain() == stayed.drain()
    journal, position = bob.drop()

    meanwhile(service)
    missed = stayed.drain()
    assert "not for bob" not in str(missed) and len(missed) > 60
    if crash:
        broker.crash()
    back = connect("bob", resume=(journal, position))
    assert not back.welcome.reset
    resumed = back.drain()
    for event in missed:  # a recalled body is gone, also for who never saw it
        if event.room == "r" and event.posted.seq == 3:
            event.posted.body = ""
            event.posted.recalled = True
    assert kinds(resumed) == kinds(missed)
    assert resumed == missed
    say(service, "live")
    assert back.bodies(1) == ["live"]


def test_resuming_with_little_credit_comes_to_the_same(service, room, connect):
    bob, stayed = connect("bob"), connect("bob")
    where = bob.drop()
    say_many(service, 100)
    back = connect("bob", resume=where, credit=7)
    got = []
    while len(got) < 100:
        got += back.bodies(7 if len(got) < 98 else 2)
        back.credit(events=7)
    assert got == stayed.bodies(100)


def test_resuming_where_nothing_was_missed_brings_nothing(service, room, connect):
    bob = connect("bob")
    say(service, "seen")
    bob.drain()
    back = connect("bob", resume=bob.drop())
    assert back.drain() == [] and not back.welcome.reset


def test_another_journal_or_a_position_ahead_is_a_reset(service, room, connect):
    say(service, "before")
    journal, position = service.journal, service.welcome.position
    before = stat(service, "sessions_reset")
    for resume in ((journal + 1, position), (journal, 2**60)):
        client = connect("bob", resume=resume)
        assert client.welcome.reset
        assert client.drain() == []
        say(service, f"after {resume}")
        assert client.bodies(1) == [f"after {resume}"]
    assert stat(service, "sessions_reset") - before == 2


# ---- a session that does not keep up -------------------------------------------------------


def latencies(client, n, first, body):
    taken = []
    for i in range(first, first + n):
        began = time.monotonic()
        client.post(room="r", sender="alice", client_id=f"{i}", body=body)
        taken.append(time.monotonic() - began)
    return sorted(taken)


def test_a_session_that_does_not_read_slows_nobody_and_misses_nothing(broker, service, room, connect):
    body, batch = "x" * 4000, 500
    alone = latencies(service, batch, 0, body)
    slow = connect("bob", RCVHWM=1, RCVBUF=4096)
    watcher = connect("carol")
    count, taken = 0, []
    for round in range(1, 9):  # 16 MB that the slow one does not read
        first = round * 10_000
        taken += latencies(service, batch // 4, first, body)
        say_many(service, batch, first=first + batch, body=body)
        count += batch // 4 + batch
        slow.ping()
    counters = {c.name: c.value for c in service.stats().counters}
    assert counters["sessions_fell_behind"] > 0, "it was too much to keep for it"
    with_slow = sorted(taken)
    assert with_slow[len(taken) // 2] < 3 * alone[len(alone) // 2] + 0.005
    assert with_slow[-1] < 5.0
    watched = [watcher.event("posted").position for _ in range(count)]
    assert [slow.event("posted").position for _ in range(count)] == watched
    say(service, "live")
    assert slow.bodies(1) == watcher.bodies(1) == ["live"]


# ---- presence and typing ---------------------------------------------------------------------


def presence(client, *members):
    return {p.member: p.presence for p in client.presence_get(members=list(members)).members}


def test_presence_counts_devices(service, connect):
    watcher = connect(presence=True)
    before = time.time()
    phone, desk = connect("bob"), connect("bob")
    assert watcher.event("presence").presence.presence == ONLINE
    assert presence(service, "bob") == {"bob": ONLINE}
    phone.goodbye()
    assert presence(service, "bob") == {"bob": ONLINE}, "the other device is still there"
    desk.goodbye()
    gone = watcher.event("presence").presence
    assert (gone.member, gone.presence) == ("bob", OFFLINE)
    (seen,) = service.presence_get(members=["bob"]).members
    assert seen.presence == OFFLINE
    assert before - 1 < seen.last_seen_us / 1e6 < time.time() + 1
    assert watcher.drain() == []


def test_busy_is_said_and_unsaid(service, connect):
    watcher, bob = connect(presence=True), connect("bob")
    bob.presence_set(member="bob", presence=BUSY_)
    assert presence(service, "bob") == {"bob": BUSY_}
    bob.presence_set(member="bob", presence=ONLINE)
    seen = [watcher.event("presence") for _ in range(3)]
    assert [e.presence.presence for e in seen] == [ONLINE, BUSY_, ONLINE]
    bob.detach(members=["bob"])
    assert presence(service, "bob") == {"bob": OFFLINE}


def test_presence_is_for_who_is_attached(service, room):
    assert service.refusal("presence_set", member="bob", presence=BUSY_) == NOT_ATTACHED
    assert service.refusal("presence_set", member="zoe", presence=BUSY_) == NOT_ATTACHED
    (bob,) = service.presence_get(members=["bob"]).members
    assert (bob.presence, bob.last_seen_us) == (OFFLINE, 0), "never seen"


def test_presence_events_are_for_who_asked(service, connect):
    deaf = connect()
    connect("bob")
    assert deaf.drain() == []


def test_a_crash_leaves_nobody_online(broker, service, connect):
    connect("bob").presence_set(member="bob", presence=BUSY_)
    broker.kill()
    broker.start()
    assert presence(service, "bob") == {"bob": OFFLINE}


def states(events):
    return [(e.presence.member, e.presence.presence) for e in events
            if e.WhichOneof("kind") == "presence"]


def test_presence_missed_while_behind_comes_later(service, connect):
    watcher, bob = connect(presence=True, credit=1), connect("bob")
    for state in (BUSY_, ONLINE, BUSY_):
        bob.presence_set(member="bob", presence=state)
    bob.detach(members=["bob"])
    assert states(watcher.drain()) == [("bob", ONLINE)]
    watcher.credit(events=2)
    assert states(watcher.event() for _ in range(2)) == [("bob", BUSY_), ("bob", ONLINE)]
    watcher.credit(events=100)
    assert states(watcher.event() for _ in range(2)) == [("bob", BUSY_), ("bob", OFFLINE)]
    connect("carol")
    assert states(watcher.drain()) == [("carol", ONLINE)], "live again"


def test_presence_missed_while_away_comes_to_who_asked(service, connect):
    where, deaf = connect(presence=True).drop(), connect().drop()
    connect("bob").presence_set(member="bob", presence=BUSY_)
    connect("eve", tenant="another")
    back = connect("alice", presence=True, resume=where)
    assert states(back.event() for _ in range(3)) == [
        ("bob", ONLINE), ("bob", BUSY_), ("alice", ONLINE)]
    assert back.drain() == []
    assert connect(resume=deaf).drain() == []


def test_presence_from_before_a_restart_is_not_told(broker, connect):
    where = connect(presence=True).drop()
    connect("bob").drop()
    broker.crash()
    back = connect("alice", presence=True, resume=where)
    assert not back.welcome.reset
    assert states([back.event()]) == [("alice", ONLINE)]
    assert back.drain() == []
    assert presence(back, "alice", "bob") == {"alice": ONLINE, "bob": OFFLINE}


def test_typing_passes_through_and_is_stored_nowhere(service, room, connect):
    alice, bob = connect("alice"), connect("bob")
    before = service.sync_status().position
    bob.typing(room="r", member="bob")
    event = alice.event("typing")
    assert (event.room, event.typing.member, event.position) == ("r", "bob", 0)
    assert service.sync_status().position == before
    assert bob.refusal("typing", room="r", member="zoe") == NOT_MEMBER


# ---- the end of a session ----------------------------------------------------------------------


def test_after_goodbye_there_is_no_session(service, room, connect):
    bob = connect("bob")
    bob.goodbye()
    bob.welcomes = 0  # so that NO_SESSION is an answer, not a reason to come back
    say(service, "not heard")
    assert bob.refusal("ping") == NO_SESSION
    assert "posted" not in kinds(bob.events)


@pytest.fixture
def impatient():
    settings = {"session.heartbeat_ms": 100, "session.timeout_ms": 1500}
    with Broker(settings) as broker:
        yield broker


def test_silence_ends_a_session_and_its_members_go_offline(impatient):
    with Client(impatient.client, presence=True) as watcher, \
            Client(impatient.client, members=["bob"]) as bob:
        assert bob.welcome.heartbeat_ms == 100 and bob.welcome.timeout_ms == 1500
        assert watcher.event("presence").presence.presence == ONLINE
        assert watcher.event("presence").presence.presence == OFFLINE
        bob.welcomes = 0
        assert bob.refusal("ping") == NO_SESSION


def test_a_ping_is_enough_to_live(impatient):
    with Client(impatient.client, members=["bob"]) as bob, Client(impatient.client) as other:
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            bob.call("ping")
            assert presence(other, "bob") == {"bob": ONLINE}
        assert bob.welcomes == other.welcomes == 1


def test_a_lost_session_comes_back_by_itself(impatient):
    with Client(impatient.client) as service, Client(impatient.client, members=["bob"],
                                                     presence=True) as bob:
        service.room_create(room="r", members=people("alice", "bob"))
        bob.event("joined")
        until(lambda: presence(service, "bob") == {"bob": OFFLINE})
        say(service, "missed")
        assert bob.bodies(1) == ["missed"]
        assert bob.welcomes == 2 and not bob.welcome.reset


def test_sigterm_finishes_what_was_asked_and_says_goodbye(tenant):
    with Broker() as broker, Client(broker.client, tenant=tenant) as service, \
            Client(broker.client, tenant=tenant, members=["bob"]) as bob:
        service.room_create(room="r", members=people("alice", "bob"))
        asked = [service.send("post", room="r", sender="alice", client_id=str(n), body=str(n))
                 for n in range(500)]
        service.wait(asked[0])
        broker.stop()
        end = bob.event("end").end
        assert end.code == STOPPING and end.text
        while service.end is None:
            assert service._receive(PATIENCE), "no goodbye"
        assert service.end.code == STOPPING
        answers = {id: service.replies[id] for id in asked[1:] if id in service.replies}
        assert {a.code for a in answers.values()} <= {0, STOPPING}
        acknowledged = 1 + sum(a.code == 0 for a in answers.values())

        broker.start()
        assert service.hello(resume=True).journal == service.journal
        assert {service.wait(id).code for id in asked[1:]
                if id not in answers} <= {0}, "what was not answered is sent again"
        last = service.room_show(room="r").last_seq
        assert acknowledged <= last <= 500
        assert last == acknowledged + sum(id not in answers for id in asked[1:])


def test_a_refused_attach_changes_nothing():
    """The table of who listens is full: bob's and carol's rooms do not fit, and the
    one that they share with alice is their first, or their last. Alice and her two
    rooms have three entries, who watches presence has one, a newcomer the last."""
    with Broker({"session.subscriber_entries": 5}) as broker, Client(broker.client) as service:
        service.room_create(room="first", members=people("alice", "bob"))
        for n in range(4):
            service.room_create(room=f"x{n}", members=people("bob", "carol"))
        service.room_create(room="last", members=people("alice", "carol"))
        with Client(broker.client, members=["alice"]) as alice, \
                Client(broker.client, presence=True) as watcher:
            before = service.sync_status().position
            for members in (["bob"], ["carol"], ["newcomer", "bob"], ["carol", "newcomer"]):
                assert alice.refusal("attach", members=members) == TOO_MANY
            assert service.sync_status().position == before, "no record was made"
            for room in ("first", "last"):
                service.post(room=room, sender="alice", client_id="1", body=room)
                assert alice.event("posted", room=room).posted.body == room
            alice.attach(members=["newcomer"])
            assert watcher.event("presence").presence.member == "newcomer"
            before = service.sync_status().position
            assert alice.refusal("attach", members=["another"]) == TOO_MANY
            for greeting in (dict(presence=True), dict(presence=True, tenant="new"), dict(members=["x"])):
                with pytest.raises(Refused) as refused:
                    Client(broker.client, **greeting)
                assert refused.value.code == TOO_MANY
            assert service.sync_status().position == before, "nobody was introduced"
            assert stat(service, "attaches_refused") >= 6
