"""Two requests about one conversation in one turn of the broker, in either order: one of them is
done, the other is told that it came late, and nothing is left of it."""

import collections
import signal

import pytest
from client import Client
from conftest import until
from proc import Broker, program, run

WAITING, OFFERED, ACTIVE, CLOSED = 2, 3, 5, 7
OFFLINE = 1
BROADCAST, OFFER, AWAY, READY, OFF = 8, 1, 2, 1, 4294967295
DECLINED, EXPIRED, WITHDRAWN, SEAT_GONE = 2, 3, 4, 5
(SEAT_UNKNOWN, OFFER_GONE, NOT_WAITING, NOT_YOURS, CONVERSATION_CLOSED, TRANSFER_OPEN, TRANSFER_GONE) = (
    104, 111, 112, 116, 117, 119, 120)
AGENTS = ("lin", "chen", "dora")
LIMIT = 40
ROUNDS = 4  # of two sessions that ask at once, each pair
EXPIRIES = 40
ENDS = {1: "accepted", DECLINED: "declined", EXPIRED: "expired", WITHDRAWN: "withdrawn", SEAT_GONE: "seat gone"}


class Desk:
    """A desk whose agents are asked first, and what a watcher hears of their offers."""

    def __init__(self, broker, client):
        self.broker, self.client = broker, client
        self.ended = collections.Counter()  # (offer, agent)
        self.asked = set()
        self.visits = 0
        client.desk_set(desk=dict(desk="d"))
        for team, more in (("t", {}), ("all", dict(strategy=BROADCAST, broadcast=3)), ("brief", dict(offer_ms=1))):
            client.desk_set(team=dict(desk="d", team=team, accept=OFFER, gap_ms=OFF, misses=OFF,
                                      **{"offer_ms": OFF, **more}))
        for agent in AGENTS:
            client.desk_set(agent=dict(agent=agent, mode=READY))
            self.seat(agent)
            for team in ("t", "all"):
                client.desk_set(team_seat=dict(desk="d", team=team, agent=agent))
        client.desk_set(team_seat=dict(desk="d", team="brief", agent="lin"))
        client.desk_watch(desk="d", teams=["t", "all", "brief"])

    def seat(self, agent, **more):
        self.client.desk_set(seat=dict(desk="d", agent=agent, max=LIMIT, **more))

    def show(self, id):
        return self.client.desk_show(conversation=id)

    # ---- what there is before a race: its conversation -------------------------------------

    def open(self, agent="lin", team="t"):
        self.visits += 1
        now = self.client.desk_open(conversation=f"c-{self.visits}", desk="d", team=team, agent=agent,
                                    visitor=f"v-{self.visits}", body="hello", client_id="1")
        assert now.state == OFFERED
        return now

    def broadcast(self):
        return self.open(agent="", team="all")

    def passed_on(self):
        now = self.open("chen")
        self.client.desk_accept(conversation=now.conversation, offer=now.offer, agent="chen")
        return self.client.desk_transfer(conversation=now.conversation, by="chen", agent="lin")

    # ---- what there is behind it --------------------------------------------------------------

    def hear(self, of=()):
        """Every offer ends once, for each who was asked. Whether one of these conversations' has."""
        for event in self.client.drain():
            kind = event.WhichOneof("kind")
            if kind not in ("offer", "offer_ended", "conversation"):
                continue
            changed = getattr(event, kind)
            who = changed.offer.offer, changed.offer.agent
            if kind == "offer":
                self.asked.add(who)
            elif kind == "offer_ended" or changed.offer.end == 1:
                self.ended[who] += 1
        assert set(self.ended.values()) <= {1} and set(self.ended) <= self.asked
        return not {(c.offer, "lin") for c in of}.isdisjoint(self.ended)

    def recount(self):
        """All that is open: each in one state, in one room, its agent there and nobody else; and the
        seats have as much as that, so that just the rest of their room is given out."""
        self.hear()
        page = self.client.desk_list(desk="d", limit=200)
        assert not page.more
        visitors, rooms, has = set(), set(), collections.Counter()
        live = {who for who in self.asked if who not in self.ended}
        for c in page.conversations:
            assert c.visitor not in visitors and c.room not in rooms
            visitors.add(c.visitor)
            rooms.add(c.room)
            assert (c.state == ACTIVE) == bool(c.agent) and (c.state == OFFERED) <= bool(c.offer)
            assert {m.member for m in self.client.members_list(room=c.room).members} == {c.visitor, c.agent} - {""}
            has[c.agent] += 1
            asked = {agent for offer, agent in live if offer == c.offer}
            live -= {(c.offer, agent) for agent in asked}
            assert bool(asked) == bool(c.offer)
            has.update(asked)
        assert not live, "offers of what is not open, or not offered"
        return {agent: has[agent] for agent in AGENTS}

    def fill(self):
        """Each seat takes what its limit leaves, and no more."""
        has = self.recount()
        for agent in AGENTS:
            for _ in range(LIMIT - has[agent]):
                assert self.open(agent).offer
        assert self.recount() == dict.fromkeys(AGENTS, LIMIT)
        last = self.client.desk_open(conversation="last", desk="d", team="t", visitor="last")
        assert last.state == WAITING

    def verify(self):
        run(program("parlor-replay"), "verify", "--data", self.broker.data)

    def after(self, id):
        """The conversation ends, and whoever was changed is as before."""
        self.client.desk_close(conversation=id)
        self.client.desk_mode(agent="lin", mode=READY)
        self.seat("lin")


@pytest.fixture(scope="module")
def desk():
    with Broker() as broker, Client(broker.client, members=AGENTS) as client:
        yield Desk(broker, client)


# What is asked beside lin's accept; how its conversation comes about; and what is due: the other's
# code, the state and the agent if the accept is first, and the accept's code and the same if the other is.
RACES = {
    "close": (Desk.open, lambda c: ("desk_close", dict(conversation=c.conversation)),
              (0, CLOSED, ""), (CONVERSATION_CLOSED, CLOSED, "")),
    "visitor_closes": (Desk.open, lambda c: ("desk_close", dict(conversation=c.conversation, by=c.visitor)),
                       (0, CLOSED, ""), (CONVERSATION_CLOSED, CLOSED, "")),
    "dissolve": (Desk.open, lambda c: ("room_dissolve", dict(room=c.room)),
                 (0, CLOSED, ""), (CONVERSATION_CLOSED, CLOSED, "")),
    "decline": (Desk.open, lambda c: ("desk_decline", dict(conversation=c.conversation, offer=c.offer, agent="lin")),
                (OFFER_GONE, ACTIVE, "lin"), (OFFER_GONE, OFFERED, "")),
    "claim": (Desk.open, lambda c: ("desk_claim", dict(conversation=c.conversation, agent="chen")),
              (NOT_WAITING, ACTIVE, "lin"), (0, ACTIVE, "lin")),
    "assign": (Desk.open, lambda c: ("desk_assign", dict(conversation=c.conversation, agent="chen")),
               (NOT_WAITING, ACTIVE, "lin"), (OFFER_GONE, ACTIVE, "chen")),
    "away": (Desk.open, lambda c: ("desk_mode", dict(agent="lin", mode=AWAY)),
             (0, ACTIVE, "lin"), (0, ACTIVE, "lin")),
    "seat_off": (Desk.open, lambda c: ("desk_set", dict(seat=dict(desk="d", agent="lin", max=LIMIT, off=True))),
                 (0, OFFERED, ""), (OFFER_GONE, OFFERED, "")),
    "another_accept": (
        Desk.broadcast, lambda c: ("desk_accept", dict(conversation=c.conversation, offer=c.offer, agent="chen")),
        (OFFER_GONE, ACTIVE, "lin"), (OFFER_GONE, ACTIVE, "chen")),
    "transfer": (Desk.open, lambda c: ("desk_transfer", dict(conversation=c.conversation, agent="chen")),
                 (0, ACTIVE, "lin"), (0, ACTIVE, "lin")),
    "transfer_again": (
        Desk.passed_on, lambda c: ("desk_transfer", dict(conversation=c.conversation, by="chen", agent="dora")),
        (NOT_YOURS, ACTIVE, "lin"), (0, ACTIVE, "lin")),
    "transfer_cancel": (
        Desk.passed_on, lambda c: ("desk_transfer_cancel", dict(conversation=c.conversation, transfer=c.transfer)),
        (TRANSFER_GONE, ACTIVE, "lin"), (OFFER_GONE, ACTIVE, "chen")),
    "transfer_declined": (
        Desk.passed_on, lambda c: ("desk_decline", dict(conversation=c.conversation, offer=c.offer, agent="lin")),
        (OFFER_GONE, ACTIVE, "lin"), (OFFER_GONE, ACTIVE, "chen")),
    "return": (Desk.passed_on, lambda c: ("desk_return", dict(conversation=c.conversation, by="chen")),
               (NOT_YOURS, ACTIVE, "lin"), (OFFER_GONE, OFFERED, "")),
    "owner_closes": (Desk.passed_on, lambda c: ("desk_close", dict(conversation=c.conversation, by="chen")),
                     (NOT_YOURS, ACTIVE, "lin"), (CONVERSATION_CLOSED, CLOSED, "")),
}
# What the other is answered when it is first: 0, but for these.
FIRST = {"claim": NOT_WAITING, "transfer": NOT_YOURS, "transfer_again": TRANSFER_OPEN}


def accept_of(c):
    return "desk_accept", dict(conversation=c.conversation, offer=c.offer, agent="lin")


def send(client, what):
    op, fields = what
    return client.send(op, **fields)


def check_outcome(desk, c, accepted, found):
    """found: what the conversation is now; who accepts again is answered as before."""
    desk.hear()
    now = desk.show(c.conversation)
    assert (now.state, now.agent) == found
    again = desk.client.wait(send(desk.client, accept_of(c)))
    assert desk.show(c.conversation) == now, "what is repeated, or late, changes nothing"
    if now.agent == "lin":
        assert (again.code, again.conversation.agent, again.conversation.position) == (0, "lin", 0)
    else:
        assert again.code in ((OFFER_GONE, CONVERSATION_CLOSED) if accepted == 0 else (accepted,))
    desk.recount()


@pytest.mark.parametrize("name", RACES)
def test_of_two_in_one_turn_the_first_is_done_and_the_other_is_late(desk, name):
    prepare, other_of, (other_late, *if_first), (accept_late, *if_second) = RACES[name]
    c = prepare(desk)
    replies = [desk.client.wait(id) for id in desk.client.send_all([accept_of(c), other_of(c)])]
    assert [reply.code for reply in replies] == [0, other_late]
    check_outcome(desk, c, 0, tuple(if_first))
    desk.after(c.conversation)
    c = prepare(desk)
    replies = [desk.client.wait(id) for id in desk.client.send_all([other_of(c), accept_of(c)])]
    assert [reply.code for reply in replies] == [FIRST.get(name, 0), accept_late]
    check_outcome(desk, c, accept_late, tuple(if_second))
    desk.after(c.conversation)
    assert desk.recount() == dict.fromkeys(AGENTS, 0)


def held_up(desk, asks):
    """Carries out what asks while the broker stands still: it finds all of it at once."""
    desk.broker.process.signal(signal.SIGSTOP)
    try:
        return asks()
    finally:
        desk.broker.process.signal(signal.SIGCONT)


@pytest.mark.parametrize("name", RACES)
def test_of_two_sessions_that_ask_at_once_one_is_first(desk, name):
    prepare, other_of, (other_late, *if_first), (accept_late, *if_second) = RACES[name]
    allowed = {(0, other_late, *if_first), (accept_late, FIRST.get(name, 0), *if_second)}
    with Client(desk.broker.client) as second:
        for n in range(ROUNDS):
            c = prepare(desk)
            asked = [(desk.client, accept_of(c)), (second, other_of(c))]
            sent = held_up(desk, lambda: [(who, send(who, what)) for who, what in (asked if n % 2 else asked[::-1])])
            codes = {who: who.wait(id).code for who, id in sent}
            now = desk.show(c.conversation)
            assert (codes[desk.client], codes[second], now.state, now.agent) in allowed
            check_outcome(desk, c, codes[desk.client], (now.state, now.agent))
            desk.after(c.conversation)
    assert desk.recount() == dict.fromkeys(AGENTS, 0)


def test_an_agent_that_says_goodbye_has_accepted_before_or_not_at_all(desk):
    desk.client.detach(members=["lin"])
    for n in range(2 * ROUNDS):
        leaving = Client(desk.broker.client, members=["lin"])
        c = desk.open()
        asks = [(desk.client, accept_of(c)), (leaving, ("goodbye", {}))]
        sent = held_up(desk, lambda: {who: send(who, what) for who, what in (asks if n % 2 else asks[::-1])})
        code = desk.client.wait(sent[desk.client]).code
        until(lambda: desk.client.presence_get(members=["lin"]).members[0].presence == OFFLINE)
        leaving.close()
        now = desk.show(c.conversation)
        assert (code, now.state, now.agent) in ((0, ACTIVE, "lin"), (OFFER_GONE, OFFERED, ""))
        check_outcome(desk, c, code, (now.state, now.agent))
        desk.after(c.conversation)
    desk.client.attach(members=["lin"])


def test_an_offer_that_expires_was_accepted_before_or_not_at_all(desk):
    seen = set()
    for _ in range(10):
        offered = [desk.open(team="brief") for _ in range(EXPIRIES)]
        until(lambda: desk.hear(offered))
        asked = held_up(desk, lambda: [send(desk.client, accept_of(c)) for c in offered])
        codes = [desk.client.wait(id).code for id in asked]
        for c, code in zip(offered, codes):
            now = desk.show(c.conversation)
            assert (code, now.state, now.agent) in ((0, ACTIVE, "lin"), (OFFER_GONE, WAITING, ""))
        desk.recount()
        for c in offered:
            desk.client.desk_close(conversation=c.conversation)
        seen |= set(codes)
        if seen == {0, OFFER_GONE}:
            break
    assert seen == {0, OFFER_GONE}
    assert desk.recount() == dict.fromkeys(AGENTS, 0)


def test_after_all_that_every_seat_takes_what_its_limit_leaves_and_the_journal_agrees(desk):
    desk.fill()
    desk.verify()
