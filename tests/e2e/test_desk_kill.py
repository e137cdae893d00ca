"""The broker dies by SIGKILL at every point of every kind of commit that a desk makes. Whoever
resumes has heard of each stint and each offer once, repeats what was not answered, and finds
what was asked for done once; the rows follow from the journal, and MySQL has the same. For
builds with kill points."""

import collections
import contextlib
import os
import random
import signal
import statistics
import threading
import time

import pytest
from client import Client
from conftest import until
from proc import Broker, environment, program, run
from stack import Stack

WAITING, OFFERED, BOT, ACTIVE, HELD, CLOSED = 2, 3, 4, 5, 6, 7
MANUAL, BROADCAST, OFFER, READY, AWAY, ALWAYS, OFF = 9, 8, 1, 1, 2, 3, 4294967295
(OFFER_GONE, NOT_WAITING, NOT_YOURS, TRANSFER_OPEN, TRANSFER_GONE, TEAM_UNKNOWN, ROOM_DISSOLVED) = (
    111, 112, 116, 119, 120, 101, 23)
AGENTS = ("lin", "chen", "dora")
VISITORS = [f"v{n}" for n in range(40)]
# In the order in which a request passes them, and how often before the broker dies there.
ASKED = [("frame_received", 1), ("request_decided", 1)]
COMMITTED = [("records_put", 1), ("rows_put", 1), ("transaction_put", 1), ("transaction_committed", 1),
             ("turn_committed", 1), ("event_enqueued", 1), ("event_enqueued", 2), ("turn_delivered", 1)]
ANSWERED = [("frame_sent", 1)]
SECOND = [("request_decided", 1), *((label, 2) for label, _ in COMMITTED if label != "event_enqueued")]
KILLS = int(os.environ.get("PARLOR_DESK_KILLS", "40"))  # 0: all there are
SEED = int(os.environ.get("PARLOR_SEED", "1"))
WORLDS = 4  # brokers that are killed beside each other: many of them wait for the first seconds to pass
VERIFIED_EVERY = 12
START_SECONDS, DEATH_SECONDS = 120, 60


class World:
    """A broker with a desk, and one session that hears all and is resumed."""

    def __init__(self, broker):
        self.broker = broker
        self.file = os.path.join(broker.dir, "die")
        broker.env = environment(PARLOR_DIE_FILE=self.file)
        broker.restart()
        self.client = Client(broker.client, members=[*AGENTS, "rob", "solo", *VISITORS])
        self.numbers = 0
        self.begun = collections.Counter()  # (conversation, stint): how often it was heard to begin
        self.offers = collections.Counter()  # (offer, agent): asked
        self.ends = collections.Counter()
        self.kills = collections.Counter()  # (scene, label)
        self.not_passed = []
        self.starts = []
        self.since_verified = 0
        self.furnish()

    def furnish(self):
        row = self.client.desk_set
        row(desk=dict(desk="d"))
        manual = dict(strategy=MANUAL)
        for team, more in {
                "t": manual, "u": manual, "brief": dict(manual, offer_ms=1, misses=1), "frail": dict(manual, grace_ms=1),
                "taken": dict(manual, take_away_ms=1), "held": dict(manual, hold_ms=1),
                "silent": dict(manual, remind_visitor_ms=1, close_silent_ms=1), "up": dict(manual, level1_ms=1),
                "out": dict(manual, max_wait_ms=1), "posts": dict(manual, post_opens=True),
                "auto": {}, "ask": dict(accept=OFFER), "all": dict(strategy=BROADCAST, broadcast=3),
                "one": {}}.items():
            row(team=dict(desk="d", team=team, gap_ms=OFF, sticky_ms=OFF, **{"offer_ms": OFF, **more}))
        for agent in (*AGENTS, "rob", "solo", "frail"):
            row(agent=dict(agent=agent, robot=agent == "rob", mode=READY if agent == "frail" else ALWAYS))
            row(seat=dict(desk="d", agent=agent, max=1 if agent == "solo" else 1000))
        for team in ("t", "u", "brief", "taken", "held", "silent", "up", "out", "posts", "auto", "ask", "all"):
            for agent in AGENTS:
                row(team_seat=dict(desk="d", team=team, agent=agent))
        row(team_seat=dict(desk="d", team="t", agent="rob"))
        row(team_seat=dict(desk="d", team="frail", agent="frail"))
        row(team_seat=dict(desk="d", team="one", agent="solo"))

    # ---- hearing ------------------------------------------------------------------------------

    def hear(self):
        for event in self.client.drain():
            kind = event.WhichOneof("kind")
            if kind not in ("offer", "offer_ended", "conversation"):
                continue
            changed = getattr(event, kind)
            who = changed.offer.offer, changed.offer.agent
            if kind == "offer":
                self.offers[who] += 1
            elif kind == "offer_ended" or changed.offer.end:
                self.ends[who] += 1
            if kind == "conversation" and changed.stint.n and not changed.stint.ended_us:
                self.begun[changed.conversation.conversation, changed.stint.n] += 1

    def check_heard(self, id):
        self.hear()
        now = self.client.desk_show(conversation=id)
        heard = [n for (conversation, n) in self.begun if conversation == id]
        assert sorted(heard) == list(range(1, now.stint + 1)), "each stint is heard of"
        for heard in (self.begun, self.offers, self.ends):
            assert set(heard.values()) <= {1}, "once"
        live = {offer for offer, _ in set(self.offers) - set(self.ends)}
        assert set(self.ends) <= set(self.offers) and (now.offer in live) == bool(now.offer)
        return now

    def recount(self):
        """What is open, its agents in the rooms and nobody else, and the places of who waits."""
        page = self.client.desk_list(desk="d", limit=200)
        assert not page.more
        for c in page.conversations:
            assert (c.state in (BOT, ACTIVE, HELD)) == bool(c.agent) and (c.state == OFFERED) <= bool(c.offer)
            assert {m.member for m in self.client.members_list(room=c.room).members} == {c.visitor, c.agent} - {""}
        for unique in ("visitor", "room"):
            found = [getattr(c, unique) for c in page.conversations]
            assert len(found) == len(set(found))
        for team in {c.team for c in page.conversations if c.state in (WAITING, OFFERED)}:
            queue = self.client.desk_queue(desk="d", team=team).conversations
            for place, c in enumerate(queue, 1):
                found = self.client.desk_place(conversation=c.conversation)
                assert c.team != team or (found.place, found.of) == (place, len(queue))

    # ---- a kill -------------------------------------------------------------------------------

    def start(self):
        begun = time.monotonic()
        self.broker.start()
        self.starts.append(time.monotonic() - begun)

    def dies(self, asked):
        """Whether the broker dies of it: what is pinged behind an answer comes behind the turn."""
        process = self.broker.process.process
        deadline = time.monotonic() + DEATH_SECONDS
        pinged = None
        while process.poll() is None:
            self.client._receive(0.02)
            if asked is not None and asked in self.client.replies and pinged is None:
                pinged = self.client.send("ping")
            if pinged in self.client.replies:
                return False
            assert time.monotonic() < deadline, "does not come by"
        assert self.broker.process.wait() == -signal.SIGKILL, self.broker.process.stderr()
        return True

    def kill(self, scene, label, times):
        """One conversation up to a request or a deadline, the death in it, and what came of it."""
        prepared = scene.prepare(self)
        with open(self.file + ".new", "w", encoding="ascii") as file:
            file.write(f"{label}:{times}")
        os.rename(self.file + ".new", self.file)
        request = scene.request(prepared) if scene.request else None
        asked = self.client.send(request[0], **request[1]) if request else None
        if self.dies(None if scene.by_time else asked):
            self.kills[scene.name, f"{label}:{times}"] += 1
        else:
            self.not_passed.append((scene.name, f"{label}:{times}"))
            self.broker.kill()
        os.unlink(self.file)
        self.start()
        self.client.hello(resume=True)
        if asked is not None:
            code = self.client.wait(asked).code
            assert code in (0, *scene.late), f"{scene.name}, {label}: {code}"
        id = prepared["id"]
        until(lambda: self.so_far(id) in scene.due)
        self.check_heard(id)
        self.recount()
        scene.after(self, prepared)
        self.client.desk_close(conversation=id)
        self.check_heard(id)
        self.since_verified += 1
        if self.since_verified == VERIFIED_EVERY:
            self.since_verified = 0
            self.verify()

    def so_far(self, id):
        if self.client.refusal("desk_show", conversation=id):
            return (0, "")
        now = self.client.desk_show(conversation=id)
        return now.state, now.agent

    def verify(self, *more):
        run(program("parlor-replay"), "verify", "--data", self.broker.data, *more)

    # ---- what scenes begin with ---------------------------------------------------------------

    def fresh(self):
        self.numbers += 1
        return dict(id=f"c-{self.numbers}", visitor=VISITORS[self.numbers % len(VISITORS)])

    def opening(self, team, **more):
        c = self.fresh()
        fields = dict(conversation=c["id"], desk="d", team=team, visitor=c["visitor"], body="hi", client_id=c["id"])
        return dict(c, fields=dict(fields, **more))

    def waiting(self, team="t"):
        c = self.opening(team)
        return dict(c, now=self.client.desk_open(**c["fields"]))

    def served(self, team="t", agent="lin"):
        c = self.waiting(team)
        return dict(c, now=self.client.desk_assign(conversation=c["id"], agent=agent, over=True))

    def done(self, op, prepare=None, **fields):
        c = (prepare or World.served)(self)
        return dict(c, now=getattr(self.client, op)(conversation=c["id"], **fields))

    def passed_on(self, team="t"):
        c = self.served(team)
        return dict(c, now=self.client.desk_transfer(conversation=c["id"], by="lin", agent="chen"))

    def to_team(self):
        return self.done("desk_transfer", by="lin", team="u")

    def begun_serving(self):
        """Nothing is given out in the first seconds: until something is."""
        probe = self.waiting("auto")
        until(lambda: self.so_far(probe["id"])[0] == ACTIVE)
        self.client.desk_close(conversation=probe["id"])

    def offered(self, team="ask"):
        self.begun_serving()
        c = self.waiting(team)
        self.hear()
        return dict(c, asked=next(agent for offer, agent in self.offers if offer == c["now"].offer))

    def full(self):
        """solo has one, and another waits: that is what it is about."""
        self.begun_serving()
        first = self.waiting("one")
        until(lambda: self.so_far(first["id"]) == (ACTIVE, "solo"))
        return dict(self.waiting("one"), first=first)

    def frail(self):
        agent = Client(self.broker.client, members=["frail"])
        return dict(self.served("frail", "frail"), agent=agent)


class Scene:
    def __init__(self, name, prepare, request, due, late=(), labels=(*ASKED, *COMMITTED, *ANSWERED), by_time=False,
                 after=lambda world, c: None):
        self.name, self.prepare, self.request, self.late = name, prepare, request, late
        self.due = due if isinstance(due, list) else [due]
        self.labels, self.by_time, self.after = labels, by_time, after


def act(op, **fields):
    """A request about the conversation; what is given by a function follows from it."""
    return lambda c: (op, {"conversation": c["id"], **{k: v(c) if callable(v) else v for k, v in fields.items()}})


def post(sender, room=None):
    return lambda c: ("post", dict(room=c["now"].room, sender=sender or c["visitor"], client_id=f"{c['id']}-2",
                                   body="there?"))


def opens(team, **more):
    return lambda world: world.opening(team, **more)


def removable(world):
    world.client.desk_set(team=dict(desk="d", team="gone", strategy=MANUAL))
    return world.waiting("gone")


def ready_again(world, _):
    world.client.desk_mode(agent="lin", mode=ALWAYS)
    world.client.desk_set(seat=dict(desk="d", agent="lin", max=1000))


def leaves(c):
    c["agent"].send("goodbye")


OFFER_OF, TRANSFER_OF = (lambda c: c["now"].offer), (lambda c: c["now"].transfer)
OPEN = lambda c: ("desk_open", c["fields"])  # noqa: E731
LIN, CHEN, NOBODY, ENDED = (ACTIVE, "lin"), (ACTIVE, "chen"), (WAITING, ""), (CLOSED, "")
TIMED = dict(by_time=True, labels=SECOND)
SCENES = [
    Scene("open", opens("t"), OPEN, NOBODY),
    Scene("claim", World.waiting, act("desk_claim", agent="lin"), LIN),
    Scene("assign", World.waiting, act("desk_assign", agent="lin"), LIN),
    Scene("assign a robot", World.waiting, act("desk_assign", agent="rob"), (BOT, "rob")),
    Scene("hand off", lambda w: w.served(agent="rob"), act("desk_handoff", by="rob"), NOBODY, [NOT_WAITING]),
    Scene("transfer", World.served, act("desk_transfer", by="lin", agent="chen"), LIN, [TRANSFER_OPEN]),
    Scene("accept a transfer", World.passed_on, act("desk_accept", offer=OFFER_OF, agent="chen"), CHEN),
    Scene("decline a transfer", World.passed_on, act("desk_decline", offer=OFFER_OF, agent="chen"), LIN, [OFFER_GONE]),
    Scene("cancel", World.passed_on, act("desk_transfer_cancel", by="lin", transfer=TRANSFER_OF), LIN,
          [TRANSFER_GONE]),
    Scene("transfer to a team", World.served, act("desk_transfer", by="lin", team="u"), LIN, [TRANSFER_OPEN]),
    Scene("claim a transfer", World.to_team, act("desk_claim", agent="chen"), CHEN),
    Scene("let go", World.served, act("desk_transfer", by="lin", team="u", let_go=True), NOBODY, [NOT_YOURS]),
    Scene("return", World.served, act("desk_return", by="lin"), NOBODY, [NOT_YOURS]),
    Scene("return with a transfer", World.passed_on, act("desk_return", by="lin"), NOBODY, [NOT_YOURS]),
    Scene("hold", World.served, act("desk_hold", by="lin"), (HELD, "lin")),
    Scene("resume", lambda w: w.done("desk_hold", by="lin"), act("desk_resume", by="lin"), LIN),
    Scene("call", lambda w: w.done("desk_hold", by="lin"), post(None), LIN),
    Scene("close", World.served, act("desk_close", by="lin"), ENDED),
    Scene("close who waits", World.waiting, act("desk_close"), ENDED),
    Scene("close a transfer", World.passed_on, act("desk_close", by="lin"), ENDED),
    Scene("mark", World.waiting, act("desk_mark", priority=2), NOBODY),
    Scene("rate", lambda w: w.done("desk_close"), act("desk_rate", score=4, comment="fine"), ENDED),
    Scene("post opens", lambda w: w.done("desk_close", lambda w: w.waiting("posts")), post(None), ENDED,
          after=lambda w, c: [w.client.desk_close(conversation=v.conversation)
                              for v in w.client.desk_list(desk="d", visitor=c["visitor"]).conversations]),
    Scene("dissolve", World.served, lambda c: ("room_dissolve", dict(room=c["now"].room)), ENDED, [ROOM_DISSOLVED]),
    Scene("mode", World.served, lambda c: ("desk_mode", dict(agent="lin", mode=AWAY)), LIN, after=ready_again),
    Scene("seat off", World.served, lambda c: ("desk_set", dict(seat=dict(desk="d", agent="lin", max=1000, off=True))),
          NOBODY, after=ready_again),
    Scene("remove a team", removable, lambda c: ("desk_set", dict(team=dict(desk="d", team="gone"), remove=True,
                                                                  move_to="t")), NOBODY, [TEAM_UNKNOWN]),
    Scene("expire", lambda w: w.passed_on("brief"), None, LIN, labels=COMMITTED, by_time=True),
    # It may come back for a while, once the broker has begun anew.
    Scene("gone", World.frail, leaves, [NOBODY, (ACTIVE, "frail")], **TIMED),
    Scene("taken away", lambda w: w.served("taken"), post(None), NOBODY, **TIMED),
    Scene("held by time", lambda w: w.served("held"), post("lin"), (HELD, "lin"), **TIMED),
    Scene("silent", lambda w: w.served("silent"), post("lin"), ENDED, **TIMED),
    Scene("raised", opens("up"), OPEN, NOBODY, **TIMED),
    Scene("waited out", opens("out"), OPEN, ENDED, **TIMED),
    # These wait until something is given out again.
    Scene("open and assign", lambda w: (w.begun_serving(), w.opening("auto"))[1], OPEN, [(ACTIVE, a) for a in AGENTS]),
    Scene("open and offer", lambda w: (w.begun_serving(), w.opening("ask"))[1], OPEN, [(OFFERED, "")]),
    Scene("close and assign", World.full, lambda c: ("desk_close", dict(conversation=c["first"]["id"])),
          (ACTIVE, "solo")),
    Scene("accept", lambda w: w.offered("ask"), lambda c: ("desk_accept", dict(
        conversation=c["id"], offer=c["now"].offer, agent=c["asked"])), [(ACTIVE, a) for a in AGENTS]),
    Scene("decline", lambda w: w.offered("ask"), lambda c: ("desk_decline", dict(
        conversation=c["id"], offer=c["now"].offer, agent=c["asked"])), [(OFFERED, "")], [OFFER_GONE]),
    Scene("accept before others", lambda w: w.offered("all"), act("desk_accept", offer=OFFER_OF, agent="dora"),
          (ACTIVE, "dora")),
    Scene("close an offer", lambda w: w.offered("all"), act("desk_close"), ENDED),
]


class Thread(threading.Thread):
    """One of the worlds, and the kills that are its own."""

    def __init__(self, broker, kills):
        super().__init__()
        self.world = World(broker)
        self.kills, self.failure = kills, None

    def run(self):
        try:
            for scene, label, times in self.kills:
                try:
                    self.world.kill(scene, label, times)
                except BaseException as error:
                    raise AssertionError(f"{scene.name}, {label}:{times}") from error
            self.world.verify()
        except BaseException as error:  # told to the test, which fails with it
            self.failure = error


def plan():
    kills = [(scene, *at) for scene in SCENES for at in scene.labels]
    random.Random(SEED).shuffle(kills)
    return kills[:KILLS] if KILLS else kills


def figures(worlds, seconds):
    kills = sum((world.kills for world in worlds), collections.Counter())
    starts = [start for world in worlds for start in world.starts]
    return (f"{kills.total()} kills, of {len({scene for scene, _ in kills})} kinds of requests and deadlines at"
            f" {len({at for _, at in kills})} points; {sum(len(w.not_passed) for w in worlds)} points that were not"
            f" passed; {sum(len(w.begun) for w in worlds)} stints and {sum(len(w.offers) for w in worlds)} offers"
            f" heard of; ready again after {statistics.median(starts):.2f} s; {seconds:.0f} s in all")


def test_whatever_a_desk_commits_is_there_once_after_a_kill_at_any_point_of_it(database, capsys):
    begun, kills = time.monotonic(), plan()
    with contextlib.ExitStack() as all_of_them:
        stack = all_of_them.enter_context(Stack(database, name="desk_kill"))
        brokers = [stack.broker] + [all_of_them.enter_context(Broker()) for _ in range(WORLDS - 1)]
        threads = [Thread(broker, kills[n::WORLDS]) for n, broker in enumerate(brokers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for thread in threads:
            if thread.failure is not None:
                raise thread.failure
        worlds = [thread.world for thread in threads]
        with capsys.disabled():
            print(f"\n{figures(worlds, time.monotonic() - begun)}")
            print(sorted(at for world in worlds for at in world.not_passed))
        stack.settle(120)
        worlds[0].verify("--mysql", stack.url)
        for world in worlds:
            world.client.leave()
