"""A desk's day decided again by the broker's own rules: as it was, and by others."""

import os
import shutil
import time

import pytest
from auditor import DIFFERENT, lines, replay
from client import Client
from desk_talk import ACTIVE, CLOSED, OFF, OFFERED, WAITING, awaited, desk_set, first_run, opened, pb, says, served, shown
from proc import Broker, run

DEFERRED = pb.CONVERSATION_DEFERRED


def afterwards(client):
    """What talk leaves out: offers that nobody answers, an agent that is gone, the last one again, rooms that
    close, a seat that is lent. Of a run that begins with conversations open."""
    short = dict(offer_ms=1, again_ms=1, grace_ms=1, gap_ms=OFF, sticky_wait_ms=200)
    desk_set(client, "team", desk="shop", team="quick", strategy=pb.STRATEGY_ROUND_ROBIN, accept=pb.ACCEPT_OFFER,
             misses=OFF, close_silent_ms=1, remind_visitor_ms=1, take_away_ms=OFF, **short)
    for agent in ("lin", "chen"):
        desk_set(client, "team_seat", desk="shop", team="quick", agent=agent)
    opened(client, "q1", "w1", team="quick")
    awaited(client, "q1", lambda now: now.state == WAITING)
    client.desk_claim(conversation="q1", agent="lin")
    client.desk_transfer(conversation="q1", by="lin", agent="chen")
    awaited(client, "q1", lambda now: not now.transfer)
    says(client, "q1", "lin")
    awaited(client, "q1", lambda now: now.state == CLOSED)
    opened(client, "q2", "w1")
    assert served(client, "q2") == "lin"  # the last one
    client.room_close(room=shown(client, "q2").room)
    awaited(client, "q2", lambda now: now.state == CLOSED)
    opened(client, "q3", "w3", team="quick")
    client.desk_assign(conversation="q3", agent="chen", over=True)
    client.desk_transfer(conversation="q3", by="chen", team="bills", let_go=True)
    # In one turn: whoever was asked for has it, although a row was set just before.
    asked = [("desk_set", dict(team_seat=dict(desk="shop", team="quick", agent="lin", weight=5))),
             ("desk_open", dict(conversation="q4", desk="shop", visitor="w4", team="quick", agent="lin"))]
    assert client.wait(client.send_all(asked)[1]).conversation.state == OFFERED


@pytest.fixture(scope="module")
def past():
    """Over a stop, a kill, and another kill with offers on their way."""
    with Broker() as broker:
        first_run(broker)
        with Client(broker.client, members=["lin", "chen"]) as client:
            says(client, "c3", "v3")
            afterwards(client)
            broker.crash()
        with Client(broker.client, members=["chen"]) as client:
            opened(client, "c5", "v5")
            awaited(client, "c5", lambda now: now.state == ACTIVE)
            broker.kill()
        yield broker


def test_every_decision_is_made_again_as_it_was(past):
    """Accepted, declined, expired, passed on, given back, claimed, assigned, the last one again, gone, closed."""
    said = replay("what-if", "--data", past.data).out
    assert said.startswith("as recorded: ")
    assert said == replay("what-if", "--data", past.data).out
    kinds = replay("why", "q1", "--data", past.data).out + replay("why", "q2", "--data", past.data).out
    assert "expired" in kinds and "sticky" in kinds and "timeout" in kinds


def test_it_begins_in_the_middle(past):
    whole = replay("what-if", "--data", past.data).out
    for position in (50, 120, 150):
        some = replay("what-if", "--data", past.data, "--from", position).out
        assert some.startswith("as recorded: ") and some != whole


def test_a_decision_that_was_never_made_is_shown(past, tmp_path):
    data = shutil.copytree(past.data, tmp_path / "copy")
    run(os.environ["PARLOR_SPOIL"], "wrong-offer", str(data), "default", past.room, "v1")
    told = replay("what-if", "--data", data, status=DIFFERENT).out
    assert "a decision that is not made again" in told and "offered" in told and "expected  nothing" in told


# ---- by other rules -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def day():
    """Two agents in turn: lin has a, c and f, chen has b and d; b and c end before the next one comes, a, d and f
    in this order behind all. Each has one answer. Then nobody is there for e, whose visitor leaves."""
    with Broker() as broker:
        with Client(broker.client, members=["lin", "chen"]) as client:
            desk_set(client, "desk", desk="shop")
            desk_set(client, "team", desk="shop", team="tea", strategy=pb.STRATEGY_ROUND_ROBIN, gap_ms=OFF,
                     sticky_ms=OFF, sla_first_ms=3600000)
            for agent in ("lin", "chen"):
                desk_set(client, "agent", agent=agent, max=9)
                desk_set(client, "seat", desk="shop", agent=agent, max=9)
                desk_set(client, "team_seat", desk="shop", team="tea", agent=agent)
            for conversation, agent in (("a", "lin"), ("b", "chen"), ("c", "lin"), ("d", "chen"), ("f", "lin")):
                opened(client, conversation, f"of-{conversation}", team="tea")
                assert served(client, conversation) == agent
                says(client, conversation, agent)
                if conversation in "bc":
                    client.desk_close(conversation=conversation, by=agent)
            for conversation, agent in (("a", "lin"), ("d", "chen"), ("f", "lin")):
                client.desk_close(conversation=conversation, by=agent)
            for agent in ("lin", "chen"):
                client.desk_mode(agent=agent, mode=pb.MODE_AWAY)
            opened(client, "e", "of-e", team="tea")
            client.desk_close(conversation="e", by="of-e")
        broker.stop()
        yield broker


def what_if(broker, *words, **more):
    return replay("what-if", "--data", broker.data, "--team", "tea", "--json", *words, **more).json()


def had(run):
    return {agent["agent"]: agent["conversations"] for agent in run["agents"]}


def jain(run):
    shares = [agent["conversations"] / agent["available_us"] for agent in run["agents"]]
    return sum(shares) ** 2 / (len(shares) * sum(share ** 2 for share in shares))


def test_the_least_busy_instead_of_the_next(day):
    """Lin has a while c and d come, and b and c are over: chen gets both. For f both have one, and lin's turn is
    the older. Everybody is served at once in either run."""
    found = what_if(day, "--strategy", "least_busy", "--speed", "off")
    recorded, other = found["recorded"], found["what_if"]
    assert had(recorded) == {"lin": 3, "chen": 2} and had(other) == {"lin": 2, "chen": 3}
    for run in (recorded, other):
        assert (run["opened"], run["served"], run["left"], run["assignments"], run["offers"]) == (6, 5, 1, 5, 0)
        assert run["wait_us"]["max"] == 0 and run["promises_broken"] == 0 and run["overtaken"] == 0
        assert run["answers"] == {"due": 6, "in_time": 5}
        assert abs(run["jain_assignments"] - jain(run)) < 1e-9


def test_one_at_a_time(day):
    """c and d find chen free, as b and c have ended; f waits until a has."""
    times = {(c, step["kind"]): step["time_us"] for c in "af" for step in lines("why", c, "--data", day.data)}
    other = what_if(day, "--set", "max=1", "--speed", "off")["what_if"]
    assert had(other) == {"lin": 2, "chen": 3} and other["served"] == 5
    assert other["wait_us"]["p50"] == 0 and other["wait_us"]["p95"] == other["wait_us"]["max"]
    assert abs(other["wait_us"]["max"] - (times["a", "closed"] - times["f", "opened"])) < 2000


def test_the_same_rules_without_the_model_between_are_the_same(day):
    found = what_if(day, "--speed", "off")
    assert had(found["what_if"]) == had(found["recorded"])
    assert {**found["what_if"], "agents": 0} == {**found["recorded"], "agents": 0}


def test_the_same_question_has_the_same_answer_to_the_byte(past):
    question = ("what-if", "--data", past.data, "--team", "bills", "--strategy", "random", "--set",
                "offer=5s,gap=1s", "--patience", "km")
    said = replay(*question).out
    assert said == replay(*question).out
    assert "as recorded: " in said and "WHAT IF" in said and "Kaplan and Meier" in said


@pytest.mark.parametrize("words, why", [
    (("--strategy", "manual"), "least_busy"), (("--set", "offer=soon"), "offer=20s"), (("--set", "name=7"), "offer=20s"),
    (("--speed", "on"), "off"), (("--team", "none"), "no such team"), (("--team", "tea", "--desk", "x"), "no such team"),
])
def test_a_question_that_is_none_is_refused(day, words, why):
    assert why in replay("what-if", "--data", day.data, *words, status=2).err


def test_other_rules_are_somebodys(day):
    assert "--team" in replay("what-if", "--data", day.data, "--strategy", "random", status=2).err


# ---- hours that turn ----------------------------------------------------------------------


def turn_soon(client, opens):
    """Hours that are closed and soon open, or the other way round: the clock there is set to the other half of the
    day. The second in which they turn."""
    at = int(time.time()) + 2
    to_noon = 43200 - at % 86400
    behind, ahead = (to_noon - 3600, to_noon + 3600)
    before, after = (ahead, behind) if opens else (behind, ahead)
    client.desk_set(hours=dict(hours="day", rules=f"mon-sun 00:00-12:00, @0 {before:+d}, @{at} {after:+d}"))
    return at


def furnish_hours(client, at_close):
    """lin has one at a time, when the team is there."""
    at = turn_soon(client, opens=True)
    desk_set(client, "desk", desk="shop")
    desk_set(client, "team", desk="shop", team="tea", hours="day", at_close=at_close, gap_ms=OFF, sticky_ms=OFF,
             grace_ms=OFF)
    desk_set(client, "agent", agent="lin", max=9)
    desk_set(client, "seat", desk="shop", agent="lin", max=1)
    desk_set(client, "team_seat", desk="shop", team="tea", agent="lin")
    return at


def ends(client, conversation):
    assert served(client, conversation) == "lin"
    client.desk_close(conversation=conversation, by="lin")


@pytest.mark.parametrize("at_close, then", [(0, WAITING), (1, DEFERRED), (2, CLOSED)])
def test_hours_turn_while_visitors_wait(at_close, then):
    """a and b came before it opened; b waits for a's end, and c, and are there when it closes."""
    with Broker() as broker:
        with Client(broker.client, members=["lin"]) as client:
            furnish_hours(client, at_close)
            for conversation in "ab":
                opened(client, conversation, f"of-{conversation}", team="tea")
                assert shown(client, conversation).state == DEFERRED
            assert served(client, "a") == "lin"
            assert shown(client, "b").state == WAITING
            opened(client, "c", "of-c", team="tea")
            at = turn_soon(client, opens=False)
            while time.time() < at:
                client.ping()
            for conversation in "bc":
                awaited(client, conversation, lambda now: now.state == then)
            turn_soon(client, opens=True)
            client.desk_close(conversation="a", by="lin")
            for conversation in "bc" if then != CLOSED else "":
                ends(client, conversation)
        broker.stop()
        assert replay("what-if", "--data", broker.data).out.startswith("as recorded: ")
        same, other = (what_if(broker, "--speed", "off", *words) for words in ((), ("--set", "max=3")))
    assert had(same["what_if"]) == had(same["recorded"])
    assert had(other["what_if"]) == {"lin": 3} and other["what_if"]["wait_us"]["max"] == 0


def test_hours_turn_while_the_broker_is_away():
    with Broker() as broker:
        with Client(broker.client, members=["lin"]) as client:
            at = furnish_hours(client, at_close=1)
            opened(client, "a", "of-a", team="tea")
            assert shown(client, "a").state == DEFERRED
            broker.kill()
        while time.time() < at:
            time.sleep(0.01)
        broker.start()
        with Client(broker.client, members=["lin"]) as client:
            ends(client, "a")
        broker.stop()
        assert replay("what-if", "--data", broker.data).out.startswith("as recorded: ")
        assert had(what_if(broker, "--speed", "off")["what_if"]) == {"lin": 1}
