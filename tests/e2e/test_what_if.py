"""A desk's day decided again by the broker's own rules: as it was, and by others."""

import os
import shutil

import pytest
from auditor import DIFFERENT, replay
from client import Client
from desk_talk import ACTIVE, CLOSED, OFF, WAITING, awaited, desk_set, furnish, opened, pb, says, served, shown, talk
from proc import Broker, run


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


@pytest.fixture(scope="module")
def past():
    """Over a stop, a kill, and another kill with offers on their way."""
    with Broker() as broker:
        with Client(broker.client, members=["lin", "chen"]) as client:
            furnish(client)
            talk(client)
            broker.room = shown(client, "c4").room
            broker.restart()
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
    for position in (50, 120, 121, 150):
        some = replay("what-if", "--data", past.data, "--from", position).out
        assert some.startswith("as recorded: ") and some != whole


def test_a_decision_that_was_never_made_is_shown(past, tmp_path):
    data = shutil.copytree(past.data, tmp_path / "copy")
    run(os.environ["PARLOR_SPOIL"], "wrong-offer", str(data), "default", past.room, "v1")
    told = replay("what-if", "--data", data, status=DIFFERENT).out
    assert "a decision that is not made again" in told and "offered" in told and "expected  nothing" in told
