"""A desk, and a talk of everything that can happen at one. Nothing here waits for time to
pass: what is due later is due after milliseconds."""

import time

import desk_pb2 as pb
from client import PATIENCE, Client

ACTIVE, OFFERED, WAITING, CLOSED = (pb.ConversationState.Value(f"CONVERSATION_{name}")
                                    for name in ("ACTIVE", "OFFERED", "WAITING", "CLOSED"))
READY, AWAY = pb.MODE_READY, pb.MODE_AWAY

OFF = 4294967295


def desk_set(client, kind, remove=False, **row):
    return client.desk_set(**{kind: row}, remove=remove)


def furnish(client, agents=("lin", "chen"), **team):
    """A desk "shop" with teams "*" and "bills" and these agents in both, who are offline."""
    desk_set(client, "desk", desk="shop", name="Tea 茶")
    settings = dict(gap_ms=OFF, remind_seat_ms=OFF, remind_visitor_ms=OFF, **team)
    desk_set(client, "team", desk="shop", team="*", name="All", **settings)
    desk_set(client, "team", desk="shop", team="bills", strategy=pb.STRATEGY_MOST_IDLE, accept=pb.ACCEPT_OFFER,
             **settings)
    for agent in agents:
        desk_set(client, "agent", agent=agent, name=agent.title(), email=f"{agent}@example.org", max=9)
        desk_set(client, "seat", desk="shop", agent=agent, max=3, priority_milli=1500)
        for team_id in ("*", "bills"):
            desk_set(client, "team_seat", desk="shop", team=team_id, agent=agent, weight=2)


def furnish_more(client):
    """A row of every other kind, one that is changed, and one that is removed."""
    desk_set(client, "group", group="vip", name="Important")
    desk_set(client, "visitor", visitor="v1", nickname="Wang 王", sex=1, city="Kunming", group="vip", owner="lin")
    desk_set(client, "type", type="refund", desk="shop", name="Refund", team="bills", priority=1)
    desk_set(client, "route", desk="shop", by=pb.ROUTE_PRODUCT, value="tea", team="bills")
    desk_set(client, "route", desk="shop", by=pb.ROUTE_PRODUCT, value="pots", team="bills")
    desk_set(client, "route", remove=True, desk="shop", by=pb.ROUTE_PRODUCT, value="pots")
    desk_set(client, "text", desk="shop", which=pb.TEXT_WELCOME, text="{seat} is here")
    desk_set(client, "business", desk="shop", business=7, operator="o", operator_name="Op")
    desk_set(client, "seat_business", desk="shop", agent="lin", business=7)
    desk_set(client, "visitor", visitor="v2", nickname="Two")
    desk_set(client, "visitor", visitor="v2", nickname="Second", blocked=False, remark="line one\nline two")


KINDS = [field.name for field in pb.DeskSet.DESCRIPTOR.oneofs_by_name["row"].fields]


def rows_of(client):
    """All rows there are, by their numbers, without those of members; of visitors, v1 and v2."""
    found = {}
    for kind in KINDS:
        for like in [dict(visitor="v1"), dict(visitor="v2")] if kind == "visitor" else [{}]:
            for row in client.desk_rows(like={kind: like}).rows:
                of = getattr(row.row, kind)
                for field in [field for field, _ in of.ListFields() if field.name in ("party_no", "owner_no")]:
                    of.ClearField(field.name)
                found[kind, of.visitor if kind == "visitor" else row.no] = str(of)
    return found


def opened(client, conversation, visitor, **more):
    return client.desk_open(conversation=conversation, desk="shop", visitor=visitor, visitor_name=visitor.title(),
                            body=f"hello from {visitor}", client_id=f"open-{conversation}", **more)


def shown(client, conversation):
    return client.desk_show(conversation=conversation)


def awaited(client, conversation, is_so):
    """The conversation, once that is so: with a new run of a broker all are held back for a moment."""
    deadline = time.monotonic() + PATIENCE
    while not is_so(now := shown(client, conversation)):
        assert time.monotonic() < deadline
    return now


def served(client, conversation):
    return awaited(client, conversation, lambda now: now.state == ACTIVE).agent


def takes(client, conversation):
    """Whoever it is offered to takes it; the agent."""
    now = awaited(client, conversation, lambda now: now.offer)
    for agent in ("lin", "chen"):
        if client.refusal("desk_accept", conversation=conversation, offer=now.offer, agent=agent) == 0:
            return agent
    raise AssertionError("nobody takes it")


def says(client, conversation, *senders):
    room = shown(client, conversation).room
    for n, sender in enumerate(senders):
        client.post(room=room, sender=sender, client_id=f"{conversation}-{sender}-{n}", body=f"{sender} says {n}")


def talk(client):
    """Of `furnish` with lin and chen online. All that is asked for, and what follows from it."""
    furnish_more(client)
    opened(client, "c1", "v1")
    served(client, "c1")
    says(client, "c1", "v1", shown(client, "c1").agent, "v1")
    client.desk_transfer(conversation="c1", by=shown(client, "c1").agent, team="bills", note="about a bill")
    taken = takes(client, "c1")
    assert shown(client, "c1").agent == taken
    says(client, "c1", taken)
    client.desk_mark(conversation="c1", by=taken, priority=2, type="refund")
    client.desk_close(conversation="c1", by=taken, why="done")
    client.desk_rate(conversation="c1", by="v1", score=5, comment="很好")
    opened(client, "c2", "v2", product="tea")
    now = awaited(client, "c2", lambda now: now.offer)
    decliner = "lin" if client.refusal("desk_decline", conversation="c2", offer=now.offer, agent="lin",
                                       why="busy") == 0 else "chen"
    if decliner == "chen":
        client.desk_decline(conversation="c2", offer=now.offer, agent="chen", why="busy")
    taker = takes(client, "c2")
    client.desk_hold(conversation="c2", by=taker)
    client.desk_resume(conversation="c2", by=taker)
    client.desk_mode(agent=decliner, mode=AWAY, why="lunch")
    client.desk_mode(agent=taker, mode=AWAY, why="lunch")
    client.desk_return(conversation="c2", by=taker, why="not mine")
    opened(client, "c3", "v3")
    client.desk_mode(agent="lin", mode=READY)
    client.desk_mode(agent="chen", mode=READY)
    served(client, "c3")
    client.desk_close(conversation="c2", by="v2")
    opened(client, "c4", "v1")
    says(client, "c4", "v1")


def first_run(broker):
    """All of it on a broker that is killed while conversations are open, and started again."""
    with Client(broker.client, members=["lin", "chen"]) as client:
        furnish(client)
        talk(client)
        broker.room, broker.agent = shown(client, "c4").room, served(client, "c4")
        broker.restart()
