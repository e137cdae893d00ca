"""Who is served by whom: the rules of a desk's queue and of its strategies, by plain
sorting and recounting.

It is told what happens, one thing after the other, and says after each who is offered
or given to whom. Knows nothing of the broker: what it says is compared with what the
broker does. Times are any numbers that rise; conversations, seats and offers have the
numbers that the test gives them."""

import ctypes
import ctypes.util
import struct
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

EXCLUSIONS_MAX = 8  # of a conversation; the oldest makes room
STRIDE = 1 << 32
MINUTE_US = 60_000_000
HEAD_STARTS_US = (0, MINUTE_US, 5 * MINUTE_US, 20 * MINUTE_US)


class Refused(Exception):
    """A claim that cannot be: the name of its error."""


@dataclass(eq=False)
class Agent:
    name: str
    max: int = 0  # 0: no limit of its own


@dataclass(eq=False)
class Seat:
    no: int
    agent: Agent
    max: int  # 0: takes nothing
    priority: int = 0
    available: bool = True
    ended: float = float("-inf")  # when its last stint did
    ready_at: float = float("-inf")


@dataclass(eq=False)
class TeamSeat:
    team: "Team"
    seat: Seat
    level: int = 0
    order: int = 0
    max: int = 0  # 0: no limit of its own
    weight: int = 1
    turn: int = 0
    passed: int = 0


@dataclass(eq=False)
class Team:
    name: str
    strategy: str
    offers: bool = False  # a seat is asked; else the conversation is its own at once
    width: int = 1  # broadcast: how many seats are asked at once
    boost: float = 0
    gap: float = 0
    again_after: float = 60 * 1_000_000  # who said no is asked again
    again_early: float = 5 * 1_000_000  # the same when there is nobody else
    turn: int = 0
    seats: list = field(default_factory=list)


@dataclass(eq=False)
class Conversation:
    no: int
    team: Team
    key: float
    level: int = 0
    overflow: Team = None
    state: str = "waiting"  # offered, active
    offer: int = 0  # the last one's number
    held: list = field(default_factory=list)  # team seats that keep room for it
    excluded: dict = field(default_factory=dict)  # seat: since when; the oldest first


def _idle(s, load):
    return Fraction(load[s.seat], s.seat.max)


KEYS = {
    "round_robin": lambda s, load: (s.turn,),
    "most_idle": lambda s, load: (_idle(s, load), s.turn),
    "least_busy": lambda s, load: (load[s.seat], s.turn),
    "longest_idle": lambda s, load: (s.seat.ended, s.turn),
    "random": lambda s, load: (s.seat.no,),
    "priority": lambda s, load: (-s.seat.priority, _idle(s, load), s.turn),
    "weighted": lambda s, load: (s.passed, s.turn),
    "broadcast": lambda s, load: (s.turn,),
}


def hash64(*numbers):
    """XXH3 of numbers of 64 bits, as the broker's hash64."""
    xxh3 = ctypes.CDLL(ctypes.util.find_library("xxhash")).XXH3_64bits
    xxh3.restype, xxh3.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    data = struct.pack(f"<{len(numbers)}Q", *numbers)
    return xxh3(data, len(data))


class Desk:
    """hash(conversation, offer): 64 bits, for the strategy random."""

    def __init__(self, hash=None, head_starts=HEAD_STARTS_US):
        self.hash = hash
        self.head_starts = head_starts
        self.now = 0
        self.offers = 0
        self.agents, self.seats, self.teams, self.open_ones = {}, {}, {}, {}

    # ---- who works here --------------------------------------------------------------

    def team(self, name, strategy, **more):
        self.teams[name] = Team(name, strategy, **more)

    def agent(self, name, max=0):
        self.agents[name] = Agent(name, max)

    def seat(self, no, agent, max, **more):
        self.seats[no] = Seat(no, self.agents[agent], max, **more)

    def team_seat(self, team, seat, **more):
        self.teams[team].seats.append(TeamSeat(self.teams[team], self.seats[seat], **more))

    # ---- what happens: each says whom it brought together ------------------------------

    def open(self, no, team, at, priority=0, overflow=None):
        key = at - self.head_starts[priority]
        self.open_ones[no] = Conversation(no, self.teams[team], key,
                                          overflow=self.teams.get(overflow))
        return self.settle(at)

    def close(self, no, at):
        self._release(self.open_ones.pop(no), at)
        return self.settle(at)

    def accept(self, no, seat, at):
        c = self.open_ones[no]
        self._give(c, next(s for s in c.held if s.seat.no == seat), at)
        return self.settle(at)

    def decline(self, no, seat, at):
        """Or does not answer in time."""
        c = self.open_ones[no]
        gone = next(s for s in c.held if s.seat.no == seat)
        c.held.remove(gone)
        if not c.held:
            c.state = "waiting"
        self._exclude(c, gone, at)
        return self.settle(at)

    def give_back(self, no, at):
        """The owner lets it go: it has its old key, and is not that seat's for a while."""
        c = self.open_ones[no]
        owner = c.held[0]
        self._release(c, at)
        self._exclude(c, owner, at)
        return self.settle(at)

    def claim(self, no, seat, at):
        c = self.open_ones.get(no)
        if not c or c.state != "waiting":
            raise Refused("NOT_WAITING")
        mine = [s for s in c.team.seats if s.seat.no == seat]
        if not mine:
            raise Refused("NOT_SEATED")
        if not mine[0].seat.available:
            raise Refused("SEAT_AWAY")
        if not self._has_room(mine[0], self.loads()):
            raise Refused("SEAT_FULL")
        self._turn(mine[:1])
        self._give(c, mine[0], at)
        return self.settle(at)

    def available(self, seat, yes, at):
        seat = self.seats[seat]
        if yes and not seat.available:
            for s in self._team_seats(seat):
                s.passed = max([s.passed, *self._smallest_pass(s)])
        seat.available = yes
        return self.settle(at)

    def limit(self, seat, max, at):
        self.seats[seat].max = max
        return self.settle(at)

    def raise_level(self, no, level, at):
        self.open_ones[no].level = level
        return self.settle(at)

    # ---- what can be asked ---------------------------------------------------------------

    def loads(self):
        """How much each seat, agent and team seat has: recounted."""
        load = Counter()
        for c in self.open_ones.values():
            for s in c.held:
                load.update([s, s.seat, s.seat.agent])
        return load

    def queue(self, team):
        """The numbers of those who wait there, offered ones too, in their order."""
        waiting = [c for c in self.open_ones.values()
                   if c.team is self.teams[team] and c.state != "active"]
        return [c.no for c in sorted(waiting, key=lambda c: (c.key, c.no))]

    def place(self, no):
        return 1 + self.queue(self.open_ones[no].team.name).index(no)

    def candidates(self, no):
        """The seats that may have it now, the best one first."""
        load = self.loads()
        best = self._ranked(self.open_ones[no], self.open_ones[no].team, load)
        return [s.seat.no for s in best]

    # ---- bringing together -----------------------------------------------------------------

    def settle(self, at):
        """The smallest key first, until nobody is left who waits and could be served."""
        assert at >= self.now
        self.now = at
        made = []
        while True:
            load = self.loads()
            waiting = sorted(((self._urgency(c, ranked), c, ranked)
                              for c in self.open_ones.values() if c.state == "waiting"
                              and (ranked := self._who_may(c, load))), key=lambda w: w[0])
            if not waiting:
                return made
            _, c, ranked = waiting[0]
            chosen = self._chosen(c, ranked)
            self._bring_together(c, chosen)
            made.append((c.no, [s.seat.no for s in chosen]))

    def _urgency(self, c, ranked):
        return c.key - ranked[0].team.boost, c.no

    def _who_may(self, c, load):
        return self._ranked(c, c.team, load) or (
            c.overflow and self._ranked(c, c.overflow, load))

    def _chosen(self, c, ranked):
        team = ranked[0].team
        if team.strategy == "broadcast":
            return ranked[:team.width]
        if team.strategy != "random":
            return ranked[:1]
        lowest = [s for s in ranked if s.level == ranked[0].level]
        return [lowest[self.hash(c.no, self.offers + 1) * len(lowest) >> 64]]

    def _ranked(self, c, team, load):
        """A team's seats that may have a conversation, the best one first."""
        if team.strategy == "manual":
            return []
        could = [s for s in team.seats if self._could(c, s, load)]
        may = [s for s in could if self._since(c, s) + team.again_after <= self.now]
        if could and not may:  # rather one who said no than nobody
            oldest = min(could, key=lambda s: self._since(c, s))
            may = [oldest] if self._since(c, oldest) + team.again_early <= self.now else []
        return sorted(may, key=lambda s: (s.level, *KEYS[team.strategy](s, load), s.order,
                                          s.seat.no))

    def _since(self, c, s):
        return c.excluded.get(s.seat, float("-inf"))

    def _could(self, c, s, load):
        at_home = s.team is c.team
        return (s.seat.available and self._has_room(s, load) and self.now >= s.seat.ready_at
                and (not at_home or s.level <= self._level(c)))

    def _level(self, c):
        """A level in which nobody is available is passed over."""
        return max(c.level, min((s.level for s in c.team.seats if s.seat.available), default=0))

    def _has_room(self, s, load):
        return (load[s.seat] < s.seat.max
                and (not s.seat.agent.max or load[s.seat.agent] < s.seat.agent.max)
                and (not s.max or load[s] < s.max))

    # ---- what follows from it ----------------------------------------------------------------

    def _bring_together(self, c, chosen):
        self.offers += 1
        c.offer = self.offers
        self._turn(chosen)
        for s in chosen:
            s.passed += STRIDE // s.weight
            c.excluded.pop(s.seat, None)
        if chosen[0].team.offers:
            c.state, c.held = "offered", list(chosen)
        else:
            self._give(c, chosen[0], self.now)

    def _turn(self, seats):
        """Seats that are asked together have turns one behind the other."""
        team = seats[0].team
        for s in seats:
            team.turn += 1
            s.turn = team.turn

    def _give(self, c, s, at):
        c.state, c.held = "active", [s]
        s.seat.ready_at = at + s.team.gap

    def _release(self, c, at):
        if c.state == "active":
            c.held[0].seat.ended = at
        c.state, c.held = "waiting", []

    def _exclude(self, c, s, at):
        c.excluded.pop(s.seat, None)
        c.excluded[s.seat] = at
        while len(c.excluded) > EXCLUSIONS_MAX:
            del c.excluded[next(iter(c.excluded))]

    def _team_seats(self, seat):
        return [s for team in self.teams.values() for s in team.seats if s.seat is seat]

    def _smallest_pass(self, mine):
        passes = [s.passed for s in mine.team.seats if s.seat.available]
        return [min(passes)] if passes else []
