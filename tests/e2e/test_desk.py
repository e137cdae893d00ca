"""A desk, as services see it: who hears of what, what a full disk and a kill leave, and that
tenants do not mix."""

import itertools

from client import Client
from conftest import counters, people, stat, until, whole_history
from proc import Broker

DEFERRED, WAITING, OFFERED, BOT, ACTIVE, HELD, CLOSED = range(1, 8)
ROUND_ROBIN, MANUAL = 1, 9
OFFER = 1  # how a team's seats accept
OFF = 4294967295
EMPTY, MEMBER_UNKNOWN = 11, 25
AWAY = 2  # an agent's mode, or a seat's
VALUE = 14
CLOSING, RATING = 4, 8  # texts
BUSINESS, BSUID = 3, 4  # by what a route goes
(TEAM_UNKNOWN, TYPE_UNKNOWN, SEAT_UNKNOWN, AGENT_UNKNOWN, CONVERSATION_UNKNOWN, VISITOR_BLOCKED, QUEUE_FULL,
 TEAM_CLOSED, DESK_CONFLICT, ROOM_BUSY, OFFER_GONE, NOT_WAITING, SEAT_FULL, SEAT_AWAY, NOT_SEATED, NOT_YOURS,
 CONVERSATION_CLOSED, CONVERSATION_OPEN, TRANSFER_OPEN, TRANSFER_GONE, TEAM_BUSY, NOT_RATABLE, RATED,
 DESK_UNKNOWN) = range(101, 125)


def make_desk(client, agents=("lin", "chen"), max=1, **team):
    client.desk_set(desk=dict(desk="shop", name="Shop"))
    team.setdefault("gap_ms", OFF)
    client.desk_set(team=dict(desk="shop", team="*", **team))
    for agent in agents:
        client.desk_set(agent=dict(agent=agent))
        client.desk_set(seat=dict(desk="shop", agent=agent, max=max))
        client.desk_set(team_seat=dict(desk="shop", team="*", agent=agent))


def opened(client, name, **more):
    return client.desk_open(conversation=name, desk="shop", visitor=f"visitor of {name}", **more)


def test_an_agent_hears_of_its_offer_and_watchers_of_all(connect):
    service, lin, visitor = connect(), connect("lin"), connect("visitor of c1")
    make_desk(service, accept=OFFER)
    service.desk_watch(desk="shop", teams=["*"])
    opened(service, "c1", body="hello", client_id="1")
    offer = lin.event("offer")
    assert offer.offer.offer.agent == "lin" and offer.offer.offer.expires_ms == 20000
    assert offer.offer.conversation.state == OFFERED
    assert offer.offer.decision.ready == 1 and offer.offer.decision.strategy == ROUND_ROBIN
    assert service.event("offer").position == offer.position
    lin.desk_accept(conversation="c1", offer=offer.offer.offer.offer, agent="lin")
    assert lin.event("joined").joined.member == "lin"
    for who in (lin, visitor, service):
        event = who.event("conversation")
        while event.conversation.conversation.state != ACTIVE:
            event = who.event("conversation")
        assert event.conversation.stint.agent == "lin"
    assert lin.unread_get(room=offer.room, member="lin").unread == 1
    service.desk_watch(desk="shop", teams=["*"], stop=True)


def test_a_visitor_who_waits_is_told_of_its_place(connect):
    service, last = connect(), connect("visitor of c3")
    make_desk(service)
    for name in ("c1", "c2", "c3"):
        opened(service, name)
    while last.event("place").place.place != 3:
        pass
    service.desk_close(conversation="c1")
    event = last.event("place").place
    assert (event.conversation, event.place, event.of, event.state) == ("c3", 2, 2, WAITING)


def test_what_is_wrong_is_refused_by_name_and_leaves_no_trace(connect):
    client = connect()
    make_desk(client, strategy=MANUAL)
    client.desk_set(agent=dict(agent="idle"))
    opened(client, "c1", product="p")
    before = client.sync_status().position
    no = client.refusal
    assert no("desk_open", desk="none", visitor="v") == DESK_UNKNOWN
    assert no("desk_open", desk="shop", visitor="v", team="none") == TEAM_UNKNOWN
    assert no("desk_open", desk="shop", visitor="v", type="none") == TYPE_UNKNOWN
    assert no("desk_open", desk="shop", visitor="v", agent="idle") == AGENT_UNKNOWN
    assert no("desk_open", conversation="c1", desk="shop", visitor="v", product="q") == DESK_CONFLICT
    room = client.desk_show(conversation="c1").room
    assert no("desk_open", desk="shop", visitor="v", room=room) == ROOM_BUSY
    assert no("desk_show", conversation="none") == CONVERSATION_UNKNOWN
    assert no("desk_claim", conversation="c1", agent="idle") == SEAT_UNKNOWN
    assert no("desk_accept", conversation="c1", offer=1, agent="lin") == OFFER_GONE
    assert no("desk_return", conversation="c1", by="nobody") == MEMBER_UNKNOWN
    assert no("desk_transfer_cancel", conversation="c1", transfer=1) == TRANSFER_GONE
    assert no("desk_rate", conversation="c1", by="visitor of c1", score=5) == NOT_RATABLE
    assert no("desk_close", conversation="c1", by="idle") == NOT_YOURS
    assert no("desk_set", team=dict(desk="shop", team="*"), remove=True) == TEAM_BUSY
    assert no("desk_set", seat=dict(desk="shop", agent="nobody", max=1)) == AGENT_UNKNOWN
    assert no("desk_mode", agent="nobody", mode=1) == AGENT_UNKNOWN
    assert no("members_remove", room=room, members=["visitor of c1"]) == CONVERSATION_OPEN
    assert client.sync_status().position == before
    client.desk_close(conversation="c1")
    assert no("desk_claim", conversation="c1", agent="lin") == CONVERSATION_CLOSED
    client.desk_set(desk=dict(desk="shop", name="Shop", queue_off=True))
    assert no("desk_open", desk="shop", visitor="v") == QUEUE_FULL


def test_what_is_not_there_has_no_conversations(connect):
    client = connect("lin")
    make_desk(client)
    opened(client, "c1")
    for unknown in dict(team="nowhere"), dict(agent="nobody"), dict(visitor="nobody"):
        assert not client.desk_list(desk="shop", **unknown).conversations
    assert client.refusal("desk_list", desk="nowhere") == DESK_UNKNOWN


def test_a_mode_that_is_not_given_stays_and_visitors_are_shown_by_name(connect):
    client = connect()
    make_desk(client, agents=["lin"])
    client.desk_set(agent=dict(agent="lin", mode=AWAY))
    client.desk_set(seat=dict(desk="shop", agent="lin", mode=AWAY))
    assert client.desk_set(agent=dict(agent="lin", name="Lin")).row.agent.mode == AWAY
    assert client.desk_set(seat=dict(desk="shop", agent="lin", max=2)).row.seat.mode == AWAY
    client.desk_set(visitor=dict(visitor="v", city="Kunming"))
    assert [row.row.visitor.city for row in client.desk_rows(like=dict(visitor=dict(visitor="v"))).rows] == ["Kunming"]
    assert client.refusal("desk_rows", like=dict(visitor={})) == EMPTY


def why(client, conversation, **more):
    """All that happened to it, the first first, page by page."""
    steps, before = [], 0
    while True:
        page = client.desk_why(conversation=conversation, before=before, **more)
        steps += page.steps
        before = page.before
        if not page.more:
            return steps[::-1], page.trimmed


def told(event):
    return getattr(event, event.WhichOneof("kind"))


def test_why_a_conversation_went_to_whom_is_answered_as_it_was_told(connect):
    service, lin, chen = connect(), connect("lin"), connect("chen")
    make_desk(service, accept=OFFER)
    service.desk_watch(desk="shop", teams=["*"])
    opened(service, "other")
    other = service.event("offer")
    ids = service.send_all([
        ("desk_open", dict(conversation="c1", desk="shop", visitor="ann", agent=other.offer.offer.agent)),
        ("desk_why", dict(conversation="c1"))])
    asked = [service.wait(id) for id in ids][1].steps  # in the turn in which it was opened
    assert told(asked.steps[-1]).before == 0 and not asked.trimmed and not asked.more
    service.desk_close(conversation="other")
    offers = [e for e in service.drain() if e.WhichOneof("kind") == "offer" and told(e).conversation.conversation == "c1"]
    for offer in offers:
        service.desk_decline(conversation="c1", offer=told(offer).offer.offer, agent=told(offer).offer.agent, why="busy")
    while (offer := service.event("offer")) and told(offer).conversation.conversation != "c1":
        pass
    service.desk_accept(conversation="c1", offer=told(offer).offer.offer, agent=told(offer).offer.agent)
    service.desk_close(conversation="c1")
    steps, trimmed = why(service, "c1")
    kinds = [step.WhichOneof("kind") for step in steps]
    assert kinds[0] == "conversation" and "offer_ended" in kinds and not trimmed
    assert [told(step).before for step in steps] == [0] + [step.position for step in steps[:-1]]
    assert offer in steps and told(offer).decision.strategy == ROUND_ROBIN
    assert told(steps[-1]).conversation.state == CLOSED
    assert service.desk_show(conversation="c1").stint == 1
    for limit in (1, 2, 3):
        assert why(service, "c1", limit=limit)[0] == steps
    no = service.refusal
    assert no("desk_why", conversation="none") == CONVERSATION_UNKNOWN
    assert no("desk_why", conversation="c1", before=other.position) == VALUE
    assert no("desk_why", conversation="c1", before=steps[-1].position + 1) == VALUE


def test_why_is_answered_as_far_back_as_the_journal_is_kept():
    small = {"history.without_mysql": "on", "history.hot_records": 100, "store.dirty_rows_max": 1000}
    with Broker(small) as broker, Client(broker.client) as client:
        make_desk(client, strategy=MANUAL)
        room = opened(client, "c1").room
        client.desk_mark(conversation="c1", priority=1)
        first = client.desk_why(conversation="c1").steps[-1].position
        broker.crash()
        assert not why(client, "c1")[1]
        client.room_create(room="r", members=people("ann"))
        posts = itertools.count()

        def trimmed():
            for id in client.send_all([("post", dict(room="r", sender="ann", client_id=str(next(posts)), body="x"))
                                       for _ in range(100)]):
                client.wait(id)
            return stat(client, "journal_first") > first
        until(trimmed)
        client.post(room=room, sender="visitor of c1", client_id="1", body="?")
        client.desk_mark(conversation="c1", priority=2)
        steps, gone = why(client, "c1")
        assert gone and told(steps[-1]).conversation.priority == 2 and told(steps[0]).before
        page = client.desk_why(conversation="c1", before=told(steps[0]).before)
        assert (list(page.steps), page.more, page.trimmed) == ([], False, True)


def test_each_post_behind_an_end_opens_a_conversation_of_its_own(connect):
    client = connect()
    make_desk(client, strategy=MANUAL, post_opens=True)
    room = opened(client, "c1", body="hello", client_id="1").room
    found = ["c1"]
    for n in range(3):
        client.desk_close(conversation=found[-1])
        client.post(room=room, sender="visitor of c1", client_id=f"again {n}", body="once more")
        (now,) = client.desk_list(desk="shop", visitor="visitor of c1").conversations
        assert client.desk_show(conversation=now.conversation) == now
        found.append(now.conversation)
    assert len(set(found)) == 4
    assert all(client.desk_show(conversation=id).state == CLOSED for id in found[:-1])


def test_who_is_passed_a_conversation_reads_it_from_its_beginning(connect):
    client, chen = connect(), connect("chen")
    make_desk(client, strategy=MANUAL)
    opened(client, "c0", body="another time", client_id="0")
    room = client.desk_close(conversation="c0").room
    client.desk_open(conversation="c1", desk="shop", visitor="visitor of c0", body="one", client_id="1")
    client.desk_claim(conversation="c1", agent="lin")
    for n, sender in enumerate(("lin", "visitor of c0", "lin"), 2):
        client.post(room=room, sender=sender, client_id=str(n), body="more")
    asked = client.desk_transfer(conversation="c1", by="lin", agent="chen")
    assert client.desk_show(conversation="c1").transfer == asked.transfer and asked.agent == "lin"
    chen.desk_accept(conversation="c1", offer=asked.offer, agent="chen")
    assert chen.unread_get(room=room, member="chen").unread == 4
    page = chen.history(room=room, member="chen", **{"from": 1})
    assert [m.client_id for m in page.messages if m.client_id] == ["1", "2", "3", "4"]


def test_a_rating_is_asked_for_where_it_may_be_given(connect):
    service, lin = connect(), connect("lin")
    make_desk(service)
    service.desk_set(text=dict(desk="shop", which=CLOSING, text="Bye"))
    service.desk_set(text=dict(desk="shop", which=RATING, text="How was it?"))
    served, waits = opened(service, "served"), opened(service, "waits")  # lin has room for one
    for v in (waits, served):
        service.desk_close(conversation=v.conversation)
    said = {v.conversation: whole_history(service, v.room) for v in (served, waits)}
    assert [m.body for m in said["served"]] == ["Bye", "How was it?"]
    assert [m.body for m in said["waits"]] == ["Bye"]
    assert service.desk_show(conversation="served").last_seq == said["served"][-1].seq
    assert lin.event("left").left.member == "lin"


def test_a_business_is_routed_by_its_number_or_by_what_it_calls_the_desk(connect):
    service = connect()
    make_desk(service, strategy=MANUAL)
    for team in ("by-number", "by-name"):
        service.desk_set(team=dict(desk="shop", team=team, strategy=MANUAL))
    service.desk_set(business=dict(desk="shop", business=7, bsuid_and_type="b-7"))
    service.desk_set(route=dict(desk="shop", by=BSUID, value="b-7", team="by-name"))
    assert opened(service, "c1", business=8).team == "*"
    assert opened(service, "c2", business=7).team == "by-name"
    service.desk_set(business=dict(desk="shop", business=7, bsuid_and_type="b-7", off=True))
    assert opened(service, "c3", business=7).team == "*"
    service.desk_set(business=dict(desk="shop", business=7, bsuid_and_type="b-7"))
    service.desk_set(route=dict(desk="shop", by=BUSINESS, value="7", team="by-number"))
    assert opened(service, "c4", business=7).team == "by-number"


def test_what_becomes_of_conversations_is_counted_by_its_cause(connect):
    service, lin, chen = connect(), connect("lin"), connect("chen")
    make_desk(service, max=2)
    before = counters(service)
    agent = opened(service, "c1").agent
    other = "chen" if agent == "lin" else "lin"
    service.desk_return(conversation="c1", by=agent)
    until(lambda: service.desk_show(conversation="c1").agent == other)
    service.desk_transfer(conversation="c1", by=other, agent=agent)
    offer = service.desk_show(conversation="c1").offer
    service.desk_decline(conversation="c1", offer=offer, agent=agent)
    service.desk_close(conversation="c1", by=other)
    opened(service, "c2")
    service.desk_close(conversation="c2", by="visitor of c2")
    now = counters(service)
    assert {name: now[name] - before[name] for name in now if name.startswith(
        ("desk_requeued_", "desk_transfers", "desk_closed")) and now[name] != before[name]} == {
            "desk_requeued_returned": 1, "desk_transfers": 1, "desk_transfers_declined": 1, "desk_closed": 2,
            "desk_closed_agent": 1, "desk_closed_visitor": 1}


def test_tenants_do_not_mix(broker, connect):
    here = connect()
    make_desk(here)
    opened(here, "c1")
    with Client(broker.client, tenant="another") as there:
        assert there.refusal("desk_show", conversation="c1") == CONVERSATION_UNKNOWN
        assert there.refusal("desk_why", conversation="c1") == CONVERSATION_UNKNOWN
        assert there.refusal("desk_queue", desk="shop", team="*") == DESK_UNKNOWN
        assert there.refusal("desk_watch", desk="shop", teams=["*"]) == DESK_UNKNOWN
        make_desk(there)
        opened(there, "c1")
        assert there.desk_show(conversation="c1").no != here.desk_show(conversation="c1").no
        with Client(broker.client, tenant="another", members=["lin"]):
            until(lambda: there.desk_show(conversation="c1").state == ACTIVE)
            assert here.desk_show(conversation="c1").state == WAITING


def test_a_kill_takes_nothing_that_was_answered_and_gives_nothing_twice():
    with Broker() as broker:
        with Client(broker.client) as service:
            make_desk(service, agents=[f"a{i}" for i in range(5)], max=2)
            for i in range(20):
                opened(service, f"c{i}", body="hi", client_id="1")
            agents = Client(broker.client, members=[f"a{i}" for i in range(5)])
            until(lambda: stat(service, "desk_active") == 10)
            had = {v.conversation: v.agent for v in service.desk_list(desk="shop", state=ACTIVE).conversations}
            agents.close()
            broker.kill()
            broker.start()
        with Client(broker.client, members=[f"a{i}" for i in range(5)]) as service:
            page = service.desk_list(desk="shop").conversations
            assert {v.conversation: v.agent for v in page if v.agent} == had
            assert [v.conversation for v in service.desk_queue(desk="shop", team="*").conversations] == \
                [f"c{i}" for i in range(20) if f"c{i}" not in had]
            for name in had:
                service.desk_close(conversation=name)
            until(lambda: stat(service, "desk_active") == 10)
            assert stat(service, "desk_open") == 10
