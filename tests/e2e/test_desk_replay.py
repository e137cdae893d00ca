"""A desk in the journal: executed again it is the same, to the row; and the tools that
read a data directory know it."""

import os
import shutil

import pytest
from auditor import ROWS, lines, replay, verify
from client import Client
from desk_talk import furnish, says, shown, talk
from proc import Broker, run


@pytest.fixture(scope="module")
def past():
    """A broker that was killed while conversations were open, and started again."""
    with Broker() as broker:
        with Client(broker.client, members=["lin", "chen"]) as client:
            furnish(client)
            talk(client)
            broker.room = shown(client, "c1").room
            broker.restart()
        with Client(broker.client, members=["lin", "chen"]) as client:
            says(client, "c4", "lin")
            says(client, "c3", "v3")
            broker.kill()
        yield broker


def test_a_desk_executed_again_is_the_same(past, tmp_path):
    killed = verify(shutil.copytree(past.data, tmp_path / "killed"))
    assert killed["result"] == "equal" and killed["covered"] < killed["position"]


@pytest.mark.parametrize("way, what, word", [
    ("place", "the conversation", "key"),
    ("no-stint", "a stint of a conversation", "stint"),
    ("no-profile", "the visitor's profile", "Wang 王"),
])
def test_a_row_of_a_desk_that_differs_is_told_in_words(past, tmp_path, way, what, word):
    data = shutil.copytree(past.data, tmp_path / "copy")
    run(os.environ["PARLOR_SPOIL"], way, str(data), "default", past.room, "v1")
    found = verify(data, status=ROWS)
    assert found["what"] == what and word in found["expected"] and found["expected"] != found["found"]


def test_a_room_of_a_desk_as_it_was(past):
    """Wherever one stops: whoever serves is in it, and has unread what waited."""
    last = verify(past.data)["position"]
    seen = [lines("at", position, past.room, "--data", past.data, status=None) for position in range(1, last, 20)]
    seen.append(lines("at", last, past.room, "--data", past.data))
    members = [{line["member"]: line["unread"] for line in at if line["kind"] == "member"} for at in seen if at]
    assert {"v1"} in [set(now) for now in members] and any(len(now) == 2 for now in members)
    assert all(now["v1"] >= 0 for now in members)


def test_how_an_agent_came_to_its_unread(past):
    for agent in ("lin", "chen"):
        told = lines("explain", past.room, agent, "--data", past.data)
        assert told and any("joined" in line.get("what", "") for line in told)


def test_directories_with_a_desk_are_compared(past, tmp_path):
    same = shutil.copytree(past.data, tmp_path / "same")
    assert "no difference" in replay("diff", past.data, same).out
    assert replay("diff", f"{past.data}@20", same, status=1).out


def test_a_desk_in_copies_and_snapshots(past, tmp_path):
    before = verify(past.data)
    replay("backup", past.data, tmp_path / "backup")
    assert verify(tmp_path / "backup")["hash"] == before["hash"]
    replay("snapshot", "--data", tmp_path / "backup")
    found = verify(tmp_path / "backup")
    assert found["hash"] == before["hash"]
