"""The oracle of the desk's strategies, against sequences worked out by hand."""

import random

import pytest
from desk_oracle import MINUTE_US, Desk, Refused, hash64

# Seven seats, as many conversations at once: a to g are numbers 1 to 7.
LIMITS = (2, 3, 5, 10, 10, 1, 0)


def seven(strategy, **team):
    desk = Desk(hash=lambda *numbers: hash64(7, *numbers))
    desk.team("t", strategy, **team)
    for no, limit in enumerate(LIMITS, 1):
        desk.agent(f"agent-{no}")
        desk.seat(no, f"agent-{no}", limit)
        desk.team_seat("t", no)
    return desk


def small(strategy, *limits, seats={}, **team):
    """Seats 1, 2, ... with these limits; seats: what more is said of some of them."""
    desk = Desk(hash=lambda *numbers: hash64(7, *numbers))
    desk.team("t", strategy, **team)
    for no, limit in enumerate(limits, 1):
        desk.agent(f"agent-{no}")
        desk.seat(no, f"agent-{no}", limit)
        desk.team_seat("t", no, **seats.get(no, {}))
    return desk


def arrive(desk, numbers):
    """The seat of each, 0 for who has to wait. One arrives a second after the other."""
    found = []
    for no in numbers:
        made = desk.open(no, "t", at=no)
        assert [m[0] for m in made] in ([no], [])
        found.append(made[0][1][0] if made else 0)
    return found


# ---- strategies -------------------------------------------------------------------------


def test_round_robin_goes_to_the_seat_offered_longest_ago():
    desk = seven("round_robin")
    assert arrive(desk, range(1, 13)) == [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 2]
    assert arrive(desk, range(13, 17)) == [3, 4, 5, 3], "1, 2 and 6 are full"
    assert desk.close(1, 20) == [], "nobody waits"
    assert arrive(desk, [21, 22]) == [1, 4], "offered longest ago: it was full meanwhile"


def test_all_that_the_seats_can_take_is_taken_and_the_next_one_waits():
    for strategy in ("round_robin", "most_idle", "least_busy", "longest_idle", "random",
                     "priority", "weighted"):
        desk = seven(strategy)
        found = arrive(desk, range(1, 35))
        assert 0 not in found[:31] and found[31:] == [0, 0, 0], strategy
        assert [found.count(no) for no in range(1, 8)] == list(LIMITS), strategy
        assert desk.close(9, 40) == [(32, [found[8]])], "the oldest one has the room"
        assert desk.queue("t") == [33, 34]


def test_most_idle_compares_exact_fractions():
    desk = seven("most_idle")
    # All at 0: by turn, then by number. Then 4 and 5 are at 1/10, 3 at 1/5, 2 at 1/3 ...
    assert arrive(desk, range(1, 7)) == [1, 2, 3, 4, 5, 6]
    assert arrive(desk, range(7, 10)) == [4, 5, 3], "at 2/10 = 1/5 the longest ago is 3"
    assert arrive(desk, range(10, 13)) == [4, 5, 4], "then 3/10 before 1/3"
    assert arrive(desk, [13, 14, 15]) == [5, 2, 3], "then 1/3 before 2/5, both before 1/2"
    assert arrive(desk, [16, 17]) == [4, 5], "2/5 of 4 and 5; 3 is at 3/5"


def test_least_busy_counts_and_does_not_divide():
    desk = seven("least_busy")
    assert arrive(desk, range(1, 7)) == [1, 2, 3, 4, 5, 6]
    assert arrive(desk, range(7, 15)) == [1, 2, 3, 4, 5, 2, 3, 4]
    desk.close(14, 20)
    desk.close(10, 21)
    assert arrive(desk, [22]) == [4], "1 of 10, the others have 2 or are full"


def test_longest_idle_goes_to_who_ended_a_conversation_longest_ago():
    desk = small("longest_idle", 2, 2, 2)
    assert arrive(desk, [1, 2, 3]) == [1, 2, 3], "none has ended any: by turn"
    desk.close(2, 10)
    desk.close(1, 11)
    desk.close(3, 12)
    assert arrive(desk, [13, 14, 15, 16]) == [2, 2, 1, 1]


def test_random_takes_a_rank_by_the_hash_of_conversation_and_offer():
    desk = small("random", 1, 1, 1)
    desk.hash = lambda conversation, offer: {1: (1 << 64) - 1, 2: 0, 3: 1 << 63}[conversation]
    assert arrive(desk, [1, 2, 3]) == [3, 1, 2]
    again = [arrive(seven("random"), range(1, 31)) for _ in range(2)]
    assert again[0] == again[1] != sorted(again[0]) and len(set(again[0])) == 6


def test_random_stays_in_the_lowest_level():
    desk = small("random", 1, 1, 1, seats={1: dict(level=1)})
    desk.hash = lambda conversation, offer: 0
    assert arrive(desk, [1, 2, 3]) == [2, 3, 0]


def test_the_hash_is_that_of_the_library():
    assert hash64() == 0x2D06800538D394C2, "XXH3 of nothing, as its authors publish it"


def test_priority_fills_the_most_important_first_evenly():
    desk = small("priority", 2, 4, 2)
    desk.seats[1].priority = 1000
    desk.seats[2].priority = 2500
    desk.seats[3].priority = 2500
    # 2 and 3 share: 2 at 1/4 and 3 at 1/2, so 2 again, and at 1/2 each 3 is longer ago.
    assert arrive(desk, range(1, 10)) == [2, 3, 2, 3, 2, 2, 1, 1, 0]


def test_weighted_shares_follow_the_weights():
    desk = small("weighted", 100, 100, 100,
                 seats={1: dict(weight=1), 2: dict(weight=2), 3: dict(weight=4)})
    # In quarters, behind the first three: 1 at 4, 2 at 2, 3 at 1.
    assert arrive(desk, range(1, 8)) == [1, 2, 3, 3, 2, 3, 3]
    found = arrive(desk, range(8, 71))
    assert [found.count(no) for no in (1, 2, 3)] == [9, 18, 36]


def test_who_becomes_available_has_nothing_to_catch_up():
    desk = small("weighted", 100, 100)
    desk.available(2, False, 0)
    assert arrive(desk, range(1, 11)) == [1] * 10
    desk.available(2, True, 10)
    assert arrive(desk, range(11, 16)) == [2, 1, 2, 1, 2], "in turn from now on"


def test_who_goes_and_comes_back_gains_nothing_by_it():
    desk = small("weighted", 100, 100, seats={1: dict(weight=1), 2: dict(weight=4)})
    assert arrive(desk, [1, 2]) == [1, 2]
    desk.available(1, False, 2)
    desk.available(1, True, 2)
    assert arrive(desk, [3, 4, 5, 6]) == [2, 2, 2, 1]


def test_broadcast_asks_so_many_and_the_first_has_it():
    desk = small("broadcast", 2, 2, 2, width=2, offers=True)
    assert desk.open(1, "t", 1) == [(1, [1, 2])]
    assert desk.open(2, "t", 2) == [(2, [3, 1])]
    assert desk.open(3, "t", 3) == [(3, [2, 3])], "of two turns the older; each now has two"
    assert desk.open(4, "t", 4) == []
    assert desk.accept(1, 2, 5) == [(4, [1])], "who was not quick has room again"
    assert desk.decline(2, 3, 6) == [], "1 is asked still"
    assert desk.accept(2, 1, 7) == []
    assert [desk.open_ones[no].state for no in (1, 2, 3, 4)] == ["active", "active", "offered",
                                                                "offered"]


def test_manual_gives_nobody_anything_but_what_is_claimed():
    desk = small("manual", 1, 1)
    assert arrive(desk, [1, 2]) == [0, 0]
    assert desk.claim(2, 1, 3) == []
    for no, seat, code in ((2, 2, "NOT_WAITING"), (1, 1, "SEAT_FULL"), (9, 1, "NOT_WAITING"),
                           (1, 3, "NOT_SEATED")):
        with pytest.raises(Refused, match=code):
            desk.claim(no, seat, 4)
    desk.available(2, False, 5)
    with pytest.raises(Refused, match="SEAT_AWAY"):
        desk.claim(1, 2, 5)


def test_a_claim_moves_the_turn_too():
    desk = small("round_robin", 2, 2)
    desk.available(1, False, 0)
    desk.available(2, False, 0)
    assert arrive(desk, [1]) == [0]
    desk.teams["t"].strategy = "manual"
    desk.available(1, True, 2)
    desk.claim(1, 1, 2)
    desk.teams["t"].strategy = "round_robin"
    desk.available(2, True, 3)
    assert arrive(desk, [4, 5, 6]) == [2, 1, 2]


# ---- levels, limits, the queue --------------------------------------------------------------


def test_a_higher_level_is_asked_when_it_is_raised_or_the_lower_one_is_empty():
    desk = small("least_busy", 1, 5, seats={2: dict(level=1)})
    assert arrive(desk, [1, 2]) == [1, 0], "2 would have room, but not yet"
    assert desk.raise_level(2, 1, 3) == [(2, [2])]
    assert arrive(desk, [4]) == [0]
    assert desk.available(1, False, 5) == [(4, [2])], "nobody is there in the lower one"
    desk.available(1, True, 6)
    desk.close(1, 7)
    assert arrive(desk, [8]) == [1], "the level goes before the strategy"


def test_all_limits_hold_at_once():
    desk = Desk()
    desk.team("x", "round_robin")
    desk.team("y", "round_robin")
    desk.agent("lin", max=3)
    desk.seat(1, "lin", 2)
    desk.seat(2, "lin", 5)
    desk.team_seat("x", 1)
    desk.team_seat("y", 2, max=2)
    assert [desk.open(no, "y", no) for no in (1, 2, 3)] == [[(1, [2])], [(2, [2])], []]
    assert [desk.open(no, "x", no) for no in (4, 5)] == [[(4, [1])], []], "3 of the agent"
    assert desk.close(1, 6) == [(3, [2])], "it asked before 5"
    assert desk.close(2, 7) == [(5, [1])]
    assert desk.open(8, "x", 8) == [] and desk.close(3, 9) == [], "the seat has 2"
    assert desk.limit(1, 3, 10) == [(8, [1])]


def test_a_head_start_overtakes_those_of_its_time_and_no_others():
    desk = small("round_robin", 1)
    arrive(desk, [1])
    desk.open(2, "t", 100)
    desk.open(3, "t", 100 + MINUTE_US - 1, priority=1)
    desk.open(4, "t", 100 + MINUTE_US, priority=1)
    desk.open(5, "t", 200 + MINUTE_US, priority=0)
    desk.open(6, "t", 300 + 2 * MINUTE_US, priority=1)
    assert desk.queue("t") == [3, 2, 4, 5, 6], "ties by number; 6 asked 1 minute after 5"
    assert [desk.place(no) for no in (2, 3, 4, 5, 6)] == [2, 1, 3, 4, 5]
    assert desk.close(1, 10 * MINUTE_US) == [(3, [1])]


def test_who_is_offered_keeps_its_place_and_who_was_declined_its_key():
    desk = small("round_robin", 1, 1, 1, offers=True)
    for no, made in ((1, [(1, [1])]), (2, [(2, [2])])):
        assert desk.open(no, "t", no) == made
    desk.available(3, False, 2)
    assert desk.open(3, "t", 3) == [] and desk.queue("t") == [1, 2, 3] and desk.place(3) == 3
    desk.close(2, 4)
    assert desk.open_ones[3].state == "offered"
    assert desk.available(3, True, 5) == []
    assert desk.open(6, "t", 6) == [(6, [3])]
    assert desk.open(7, "t", 7) == [] and desk.queue("t") == [1, 3, 6, 7]
    assert desk.close(6, 8) == [(7, [3])]
    desk.close(7, 9)
    assert desk.decline(1, 1, 10) == [(1, [3])], "it goes before whoever comes later"
    assert desk.open(11, "t", 11) == [(11, [1])], "who is not excluded of this one"
    assert desk.queue("t") == [1, 3, 11]


def test_a_seat_that_declined_is_asked_again_after_a_while_or_when_there_is_no_other():
    desk = small("round_robin", 2, 1, offers=True, again_after=60, again_early=5)
    assert desk.open(1, "t", 1) == [(1, [1])]
    assert desk.decline(1, 1, 2) == [(1, [2])]
    assert desk.decline(1, 2, 3) == [] and desk.settle(6) == []
    assert desk.settle(7) == [(1, [1])], "both declined: the one longest ago, after a while"
    assert desk.decline(1, 1, 8) == [(1, [2])], "it declined 5 ago"
    assert desk.open(2, "t", 9) == [(2, [1])]
    assert desk.decline(1, 2, 68) == [(1, [1])], "its minute is over"


def test_what_is_given_back_goes_to_the_front_and_to_another():
    desk = small("round_robin", 1, 1, 1)
    assert arrive(desk, [1, 2]) == [1, 2]
    desk.available(3, False, 2)
    assert arrive(desk, [3]) == [0]
    desk.close(2, 4)
    assert desk.open_ones[3].held[0].seat.no == 2
    assert desk.open(5, "t", 5) == [] and desk.available(3, True, 6) == [(5, [3])]
    desk.close(5, 7)
    assert desk.give_back(1, 8) == [(1, [3])], "1 has room, too, and had it last"
    assert arrive(desk, [9]) == [1]


def test_who_alone_has_room_is_asked_again_soon():
    desk = small("round_robin", 1, 1, offers=True, again_early=5)
    assert desk.open(1, "t", 1) == [(1, [1])] and desk.open(2, "t", 2) == [(2, [2])]
    assert desk.open(3, "t", 3) == []
    assert desk.decline(1, 1, 4) == [(3, [1])], "the next one meanwhile"
    assert desk.close(3, 5) == [] and desk.settle(9) == [(1, [1])], "2 is full: rather 1 than nobody"


def test_a_seat_of_several_teams_takes_the_one_that_waits_longest():
    desk = Desk()
    desk.agent("lin")
    desk.seat(1, "lin", 1)
    for name, boost in (("x", 0), ("y", 0), ("z", 5)):
        desk.team(name, "round_robin", boost=boost)
        desk.team_seat(name, 1)
    for no, team in ((1, "x"), (2, "y"), (3, "x"), (4, "y"), (7, "z")):
        desk.open(no, team, no)
    assert desk.close(1, 10) == [(2, [1])] and desk.close(2, 11) == [(7, [1])], "7 counts as 2"
    assert desk.close(7, 12) == [(3, [1])]


def test_the_overflow_team_serves_when_the_own_one_cannot():
    desk = small("round_robin", 1)
    desk.team("u", "round_robin")
    desk.agent("wu")
    desk.seat(9, "wu", 1)
    desk.team_seat("u", 9, level=2)
    assert desk.open(1, "t", 1, overflow="u") == [(1, [1])]
    assert desk.open(2, "t", 2) == []
    assert desk.open(3, "t", 3, overflow="u") == [(3, [9])]
    assert desk.queue("u") == [] and desk.queue("t") == [2]


def test_a_gap_lies_between_two_conversations_of_a_seat():
    desk = small("round_robin", 5, gap=2)
    assert desk.open(1, "t", 10) == [(1, [1])]
    assert desk.open(2, "t", 11) == []
    assert desk.settle(12) == [(2, [1])]


@pytest.mark.parametrize("seed", range(20))
def test_limits_hold_and_nobody_waits_beside_a_free_seat_whatever_happens(seed):
    chance = random.Random(seed)
    strategy = chance.choice(["round_robin", "most_idle", "least_busy", "longest_idle", "random",
                              "priority", "weighted", "broadcast"])
    desk = seven(strategy, offers=chance.random() < 0.5, width=chance.randint(1, 3))
    for step in range(300):
        happen(desk, chance, step)
        load = desk.loads()
        assert all(load[seat] <= seat.max for seat in desk.seats.values())
        free = [s for s in desk.teams["t"].seats if s.seat.available and load[s.seat] < s.seat.max]
        assert not free or all(c.excluded for c in desk.open_ones.values() if c.state == "waiting")


def happen(desk, chance, step):
    offered = [c for c in desk.open_ones.values() if c.state == "offered"]
    active = [no for no, c in desk.open_ones.items() if c.state == "active"]
    what = chance.random()
    if offered and what < 0.4:
        c = chance.choice(offered)
        chance.choice((desk.accept, desk.decline))(c.no, chance.choice(c.held).seat.no, step)
    elif active and what < 0.6:
        desk.close(chance.choice(active), step)
    elif what < 0.7:
        desk.available(chance.randint(1, 7), chance.random() < 0.8, step)
    else:
        desk.open(1000 + step, "t", step, priority=chance.randint(0, 3))
