"""Who is served by whom: a broker is told the same as the oracle, which knows the rules alone,
and after each word both must have brought the same people together."""

import os
import random
import shutil

import pytest
from auditor import verify
from client import Client
from conftest import until
from desk_oracle import Desk
from proc import Broker

OFF = 4294967295
ALWAYS = 3
PAGE = 200
BROADCAST = 3  # seats that are asked at once
HOUR_MS = 3600 * 1000
NEVER = 10**18
NOT_WAITING, SEAT_FULL = 112, 113
WAITING, OFFERED, ACTIVE = 2, 3, 5
LIMITS = (2, 3, 5, 10, 10, 1, 0)  # of the seats of seven agents
STEPS = 300
CLAIM_ROUNDS = int(os.environ.get("PARLOR_DESK_ROUNDS", 25))
CLAIMING = 50
STATES = {WAITING: "waiting", OFFERED: "offered", ACTIVE: "active"}
# What makes the seats of each strategy differ: of a seat, of a seat in its team.
STRATEGIES = {
    "round_robin": (1, {}, {}),
    "most_idle": (2, {}, {}),
    "random": (3, {}, {}),
    "least_busy": (4, {}, {}),
    "longest_idle": (5, {}, {}),
    "priority": (6, {"priority": (0, 1500, 500, 1500, 0, 2000, 9000)}, {}),
    "weighted": (7, {}, {"weight": (1, 5, 2, 1, 3, 1, 7)}),
    "broadcast": (8, {}, {}),
    "manual": (9, {}, {}),
}


@pytest.fixture
def own_broker():
    broker = Broker()
    with broker:
        yield broker


def serves_again(client):
    """Behind a start nothing is given out for a while."""
    client.desk_set(desk=dict(desk="probe"))
    client.desk_set(agent=dict(agent="probe", mode=ALWAYS))
    client.desk_set(seat=dict(desk="probe", agent="probe", max=1))
    client.desk_set(team_seat=dict(desk="probe", team="*", agent="probe"))
    client.desk_open(conversation="probe", desk="probe", visitor="probe")
    until(lambda: client.desk_show(conversation="probe").state == ACTIVE)


def agent(no):
    return f"agent-{no}"


class Both:
    """A desk of one team, on the broker and in the oracle. What is to happen next is drawn here,
    asked for by the test, and told to the oracle."""

    def __init__(self, client, strategy, offers=False):
        number, seat_more, team_seat_more = STRATEGIES[strategy]
        self.client, self.desk = client, f"{strategy}-{'offers' if offers else 'auto'}"
        self.chance = random.Random(self.desk)
        self.oracle = Desk(hash=self._as_it_was)
        self.ids = {}  # of conversations, by their numbers
        self.seats = {}  # numbers, by agent
        self.asked = {}  # conversation: who is asked, as the events say
        self.time = 0
        self.shown = {}
        self.oracle.team("t", strategy, offers=offers, width=BROADCAST, again_after=NEVER,
                         again_early=NEVER)
        self._set(desk=dict(desk=self.desk))
        self._set(team=dict(desk=self.desk, team="t", strategy=number, accept=int(offers),
                            broadcast=BROADCAST, gap_ms=OFF, sticky_ms=OFF, offer_ms=OFF,
                            again_ms=HOUR_MS))
        for i, limit in enumerate(LIMITS):
            self._add_seat(i, limit, {name: values[i] for name, values in seat_more.items()},
                           {name: values[i] for name, values in team_seat_more.items()})

    def _set(self, **row):
        return self.client.desk_set(**row).no

    def _add_seat(self, i, limit, seat, team_seat):
        name = f"{self.desk}-{i}"
        self._set(agent=dict(agent=name, mode=ALWAYS))
        no = self._set(seat=dict(desk=self.desk, agent=name, max=limit,
                                 priority_milli=seat.get("priority", 0)))
        self._set(team_seat=dict(desk=self.desk, team="t", agent=name, **team_seat))
        self.seats[name] = no
        self.oracle.agent(name)
        self.oracle.seat(no, name, limit, **seat)
        self.oracle.team_seat("t", no, **team_seat)

    def _as_it_was(self, conversation, offer):
        """Chance is the broker's; that it took one who may be taken is checked here."""
        candidates = self.oracle.candidates(conversation)
        chosen = candidates.index(self.seats[self.shown[conversation].agent])
        return -(-(chosen << 64) // len(candidates))

    # ---- the next step: a request, and what the oracle is told when it is done ---------------

    def step(self):
        """People come faster than they go until a queue stands, then by turns."""
        oracle, chance = self.oracle, self.chance
        self.time += 1
        queue = oracle.queue("t")
        served = [no for no, c in oracle.open_ones.items() if c.state == "active"]
        offered = [c for c in oracle.open_ones.values() if c.state == "offered"]
        free = self._free() if oracle.teams["t"].strategy == "manual" else []
        if queue and free and chance.random() < 0.4:
            return self._claim(chance.choice(queue), chance.choice(free))
        if offered and chance.random() < 0.6:
            c = chance.choice(offered)
            return self._answer(c.no, chance.choice(c.held).seat.no, chance.random() < 0.7)
        if served and chance.random() < (0.6 if len(queue) > 8 else 0.35):
            return self._close(chance.choice(served))
        return self._open(chance.choice((0, 0, 0, 0, 1, 2, 3)))

    def _free(self):
        load = self.oracle.loads()
        return [s.no for s in self.oracle.seats.values() if load[s] < s.max]

    def _open(self, priority):
        id = f"{self.desk}-{self.time}"

        def tell(shown):
            self.ids[shown.no] = id
            self.oracle.open(shown.no, "t", self.time, priority=priority)

        return "desk_open", dict(conversation=id, desk=self.desk, team="t", visitor=id,
                                 priority=priority), tell

    def _close(self, no):
        return ("desk_close", dict(conversation=self.ids[no]),
                lambda _: self.oracle.close(no, self.time))

    def _claim(self, no, seat):
        return ("desk_claim", dict(conversation=self.ids[no], agent=self._agent(seat)),
                lambda _: self.oracle.claim(no, seat, self.time))

    def _answer(self, no, seat, yes):
        tell = self.oracle.accept if yes else self.oracle.decline
        return ("desk_accept" if yes else "desk_decline",
                dict(conversation=self.ids[no], offer=self.shown[no].offer,
                     agent=self._agent(seat)), lambda _: tell(no, seat, self.time))

    def _agent(self, seat):
        return next(name for name, no in self.seats.items() if no == seat)

    # ---- what both say ------------------------------------------------------------------------

    def questions(self):
        return [("desk_list", dict(desk=self.desk, limit=PAGE)),
                ("desk_queue", dict(desk=self.desk, team="t", limit=PAGE))]

    def hear(self, event):
        """An offer, or the end of one."""
        kind = event.WhichOneof("kind")
        changed = getattr(event, kind)
        asked = self.asked.setdefault(changed.conversation.no, set())
        if kind == "offer":
            asked.add(changed.offer.agent)
        else:
            asked.discard(changed.offer.agent)

    def check(self, queue):
        says = {no: (STATES[c.state], self.seats.get(c.agent, 0)) for no, c in self.shown.items()}
        due = {no: (c.state, c.held[0].seat.no if c.state == "active" else 0)
               for no, c in self.oracle.open_ones.items()}
        where = f"{self.desk}, after {self.time} steps"
        assert says == due, where
        assert [c.no for c in queue] == self.oracle.queue("t"), where
        for no, c in self.oracle.open_ones.items():
            if c.state == "offered":
                assert self.asked[no] == {self._agent(s.seat.no) for s in c.held}, where

    def check_places(self):
        queue = self.oracle.queue("t")
        for no in queue[:1] + queue[-1:]:
            place = self.client.desk_place(conversation=self.ids[no])
            assert (place.place, place.of) == (self.oracle.place(no), len(queue)), self.desk


def call_all(client, asked):
    """Requests in one frame; their results."""
    replies = [client.wait(id) for id in client.send_all(asked)]
    assert [reply.code for reply in replies] == [0] * len(replies)
    return [getattr(reply, reply.WhichOneof("result")) for reply in replies]


def all_step(client, desks):
    """Each desk takes a step of its own, and is compared with what it should have become."""
    steps = [desk.step() for desk in desks]
    results = call_all(client, [(op, fields) for op, fields, _ in steps])
    shown = call_all(client, [question for desk in desks for question in desk.questions()])
    by_name = {desk.desk: desk for desk in desks}
    for event in client.drain():
        if event.WhichOneof("kind") in ("offer", "offer_ended"):
            by_name[getattr(event, event.WhichOneof("kind")).conversation.desk].hear(event)
    for desk, (_, _, tell), result, listed, queue in zip(desks, steps, results, shown[::2],
                                                         shown[1::2]):
        assert not listed.more and not queue.more
        desk.shown = {c.no: c for c in listed.conversations}
        tell(result)
        desk.check(queue.conversations)


def watch(client, desks):
    call_all(client, [("desk_watch", dict(desk=desk.desk, teams=["t"])) for desk in desks])


def test_each_strategy_serves_in_the_oracles_order_over_a_crash_too(own_broker):
    client = Client(own_broker.client)
    desks = [Both(client, s) for s in STRATEGIES if s != "broadcast"]
    desks += [Both(client, s, offers=True) for s in ("round_robin", "most_idle", "broadcast")]
    watch(client, desks)
    for _ in range(STEPS // 2):
        all_step(client, desks)
    own_broker.crash()
    serves_again(client)
    watch(client, desks)
    for _ in range(STEPS // 2):
        all_step(client, desks)
    for desk in desks:
        desk.check_places()
        assert desk.oracle.queue("t") and desk.oracle.loads(), "some wait and some are served"
    client.leave()
    assert verify(own_broker.data)["desk"]["places"] > STEPS


def test_chance_falls_the_same_way_on_the_same_journal(own_broker, tmp_path):
    client = Client(own_broker.client)
    both = Both(client, "random")
    for _ in range(10):
        both.time += 1
        op, fields, _ = both._open(0)
        client.call(op, **fields)
    client.leave()
    own_broker.stop()
    copy = Broker(data=shutil.copytree(own_broker.data, tmp_path / "data"))
    found = []
    for broker in (own_broker, copy):
        with broker, Client(broker.client) as client:
            serves_again(client)
            found.append([client.desk_open(conversation=f"later-{n}", desk=both.desk, team="t",
                                           visitor=f"later-{n}").agent for n in range(20)])
    assert found[0] == found[1] and len(set(found[0])) > 2


# ---- races --------------------------------------------------------------------------------


@pytest.fixture
def claiming(connect, service):
    """Fifty agents of a team that only claims, each with a session and room for all."""
    service.desk_set(desk=dict(desk="d"))
    service.desk_set(team=dict(desk="d", team="t", strategy=9))
    sessions = []
    for no in range(CLAIMING):
        service.desk_set(agent=dict(agent=agent(no), mode=ALWAYS))
        service.desk_set(seat=dict(desk="d", agent=agent(no), max=60000))
        service.desk_set(team_seat=dict(desk="d", team="t", agent=agent(no)))
        sessions.append(connect(agent(no)))
    return sessions


def test_of_fifty_who_claim_at_once_one_has_it(service, claiming):
    for n in range(CLAIM_ROUNDS):
        id = f"c-{n}"
        service.desk_open(conversation=id, desk="d", team="t", visitor=f"v-{n}")
        asked = [c.send("desk_claim", conversation=id, agent=agent(no))
                 for no, c in enumerate(claiming)]
        codes = [c.wait(id).code for c, id in zip(claiming, asked)]
        assert sorted(codes) == [0] + [NOT_WAITING] * (CLAIMING - 1)
        shown = service.desk_show(conversation=id)
        assert (shown.state, shown.agent, shown.stint) == (ACTIVE, agent(codes.index(0)), 1)


def test_a_seat_that_is_claimed_for_from_everywhere_never_has_more_than_it_may(service, claiming):
    service.desk_set(seat=dict(desk="d", agent=agent(0), max=3))
    for n in range(CLAIMING):
        service.desk_open(conversation=f"c-{n}", desk="d", team="t", visitor=f"v-{n}")
    asked = [c.send("desk_claim", conversation=f"c-{n}", agent=agent(0))
             for n, c in enumerate(claiming)]
    codes = [c.wait(id).code for c, id in zip(claiming, asked)]
    assert sorted(codes) == [0] * 3 + [SEAT_FULL] * (CLAIMING - 3)
    assert len(service.desk_list(desk="d", agent=agent(0)).conversations) == 3
