"""A desk in the journal: executed again it is the same, to the row; and the tools that
read a data directory know it."""

import json
import os
import re
import shutil

import pytest
from auditor import DESK, ROWS, lines, replay, verify
from client import Client
from conftest import whole_history
from desk_talk import OFF, desk_set, first_run, furnish, furnish_more, rows_of, says, shown, talk
from proc import Broker, play, program, run


@pytest.fixture(scope="module")
def past():
    """Two runs, each of which ends with conversations open."""
    with Broker() as broker:
        first_run(broker)
        with Client(broker.client, members=["lin", "chen"]) as client:
            says(client, "c4", broker.agent)
            says(client, "c3", "v3")
            broker.kill()
        broker.last = verify(broker.data)["position"]
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


def desk_at(past, position):
    shown_then = lines("at", position, "desk", "bills", "--data", past.data)
    return ([line for line in shown_then if line["kind"] == "waits"],
            {line["agent"]: line for line in shown_then if line["kind"] == "seat"})


def test_a_queue_and_its_seats_as_they_were(past):
    steps = lines("why", "c2", "--data", past.data)
    offered, *_ = [step for step in steps if step["kind"] == "offered"]
    waits, seats = desk_at(past, offered["position"])
    assert [(one["place"], one["conversation"], one["state"], one["level"]) for one in waits] == [(1, "c2", "offered", 0)]
    asked = offered["offer"]["agent"]
    assert {agent: (seat["load"], seat["max"], seat["state"]) for agent, seat in seats.items()} == {
        agent: (int(agent == asked), 3, "ready") for agent in ("lin", "chen")}
    waits, _ = desk_at(past, offered["position"] - 1)
    assert [one["state"] for one in waits] == ["waiting"]
    back, = [step for step in steps if step["kind"] == "queued"]
    waits, seats = desk_at(past, back["position"])
    assert [one["conversation"] for one in waits] == ["c2"]
    assert {(seat["load"], seat["mode"], seat["presence"], seat["state"]) for seat in seats.values()} == {
        (0, "away", "online", "not there")}
    told = replay("at", back["position"], "desk", "bills", "--data", past.data).out
    assert "waiting" in told and "not there" in told
    assert "no such team" in replay("at", 60, "desk", "none", "--data", past.data, status=1).err
    assert "too many words" in replay("at", 60, past.room, "bills", "--data", past.data, status=2).err


def test_directories_with_a_desk_are_compared(past, tmp_path):
    same = shutil.copytree(past.data, tmp_path / "same")
    assert "no difference" in replay("diff", past.data, same).out
    assert replay("diff", f"{past.data}@20", same, status=1).out


def test_what_differs_of_conversations_between_two_moments(past):
    offered = next(step for step in lines("why", "c2", "--data", past.data) if step["kind"] == "offered")
    *found, end = lines("diff", f"{past.data}@{offered['position']}", past.data, status=1)
    told = {(one["kind"], one["id"], one["what"]): (one["a"], one["b"]) for one in found if "kind" in one}
    assert told["conversation", "c3", "row"] == told["conversation", "c4", "row"] == ("-", "there")
    assert told["conversation", "c2", "state"] == ("3", "7") and told["conversation", "c2", "stints"] == ("0", "1")
    assert told["conversation", "c2", "offers"] == ("1", "2")
    assert not [key for key in told if key[1] == "c1"]
    assert end["desk_rows_differing"] == len({key[:2] for key in told}) < end["desk_rows"]
    both = replay("diff", f"{past.data}@{offered['position']}", past.data, status=1).out
    assert "default  conversation c2  state: 3 | 7" in both and "rows of desks" in both


def test_a_row_of_a_desk_that_was_changed_is_told_field_by_field():
    with Broker() as broker, Client(broker.client) as client:
        furnish(client)
        before = desk_set(client, "visitor", visitor="v1", nickname="Wang").position
        desk_set(client, "team", desk="shop", team="bills", offer_ms=2000)
        desk_set(client, "visitor", visitor="v1", nickname="Wang", city="Dali")
        last = desk_set(client, "group", group="vip", name="Important").position
        *found, _ = lines("diff", f"{broker.data}@{before}", f"{broker.data}@{last}", status=1)
        told = {(one["kind"], one["id"], one["what"]): (one["a"], one["b"]) for one in found}
        assert told["team", "shop/bills", "offer_ms"] == ("0", "2000")
        assert told["team", "shop/bills", "gap_ms"] == (str(OFF), "0")
        assert told["visitor", "v1", "city"] == ("", "Dali") and told["group", "vip", "row"] == ("-", "there")
        assert {key[:2] for key in told} == {("team", "shop/bills"), ("visitor", "v1"), ("group", "vip")}


def test_a_desk_in_copies_and_snapshots(past, tmp_path):
    before = verify(past.data)
    replay("backup", past.data, tmp_path / "backup")
    assert verify(tmp_path / "backup")["hash"] == before["hash"]
    replay("snapshot", "--data", tmp_path / "backup")
    found = verify(tmp_path / "backup")
    assert found["hash"] == before["hash"]


# ---- why ----------------------------------------------------------------------------------


def test_every_step_of_a_conversation_and_what_was_seen_when_it_was_made(past):
    steps = lines("why", "c1", "--data", past.data)
    kinds = [step["kind"] for step in steps]
    assert kinds[0] == "opened" and kinds[-2:] == ["closed", "rated"]
    assert [step["position"] for step in steps] == sorted(step["position"] for step in steps)
    for step in steps:
        if step["kind"] == "offered":
            seen = step["decision"]
            assert seen["strategy"] == "STRATEGY_MOST_IDLE" and seen["ready"] == 2
            assert seen.get("score", 0) / seen["of"] <= seen.get("second_score", 0) / seen["second_of"]
    told = replay("why", "c1", "--data", past.data).out
    assert "by owner" in told and "most idle" in told and "note: about a bill" in told and "很好" in told
    assert len(told.splitlines()) == len(steps)


def test_everybody_who_might_have_had_it_in_the_strategys_order(past):
    """By executing the journal again: whoever was chosen is the first."""
    for conversation in ("c1", "c2", "c3", "c4"):
        steps = lines("why", conversation, "--candidates", "--data", past.data)
        assert steps and not any("candidates" in step for step in steps if step["kind"] not in ("offered", "assigned"))
        for step in steps:
            if step.get("decision", {}).get("why") == "WHY_STRATEGY":
                first, *others = step["candidates"]
                assert first["chosen"] and first["state"] == "ready" and first["agent"] == (
                    step.get("offer") or step["stint"])["agent"]
                assert {one["agent"] for one in others} | {first["agent"]} == {"lin", "chen"}
                assert (first["score"], first["of"]) == (step["decision"].get("score", 0), step["decision"]["of"])
    declined = [step for step in lines("why", "c2", "--candidates", "--data", past.data) if step["kind"] == "offered"]
    assert declined[1]["candidates"][1]["state"] == "excluded"
    assert "excluded" in replay("why", "c2", "--candidates", "--data", past.data).out


def test_a_conversation_that_the_journal_does_not_tell_of(past):
    assert "no such conversation" in replay("why", "c9", "--data", past.data, status=1).err
    assert "no such conversation" in replay("why", "c1", "--tenant", "other", "--data", past.data, status=1).err


# ---- what happened at a desk --------------------------------------------------------------


def test_what_happened_at_a_desk_is_counted_from_its_journal(past):
    *teams, checks = lines("desk", "--data", past.data)
    assert checks["faults"] == dict.fromkeys(
        "once order limits lost owned idle room unread place".split(), 0) and checks["records"] > 20
    teams = {team["team"]: team for team in teams}
    assert {name: team["opened"] for name, team in teams.items()} == {"*": 3, "bills": 1}
    assert {name: team["served"] + team["left"] for name, team in teams.items()} == {
        "*": 3, "bills": 1}
    bills = teams["bills"]
    assert bills["offers"]["made"] == sum(n for end, n in bills["offers"].items() if end != "made")
    assert bills["offers"]["accepted"] == 2 and bills["offers"]["declined"] == 1 and bills["returned"] == 1
    assert teams["*"]["transfers"] == dict(asked=1, taken=1, declined=0, expired=0, cancelled=0)
    assert bills["ratings"] == 1 and bills["score_sum"] == 5
    for team in teams.values():
        waits = team["wait_us"]
        assert 0 <= waits["p50"] <= waits["p95"] <= waits["p99"] <= waits["max"]
        assert {agent["agent"] for agent in team["agents"]} == {"lin", "chen"}
        assert all(agent["busy_us"] <= agent["available_us"] > 0 for agent in team["agents"])
        assert 0.5 <= team["jain_busy"] <= 1 and 0.5 <= team["jain_conversations"] <= 1
    assert lines("desk", "--data", past.data) == [*teams.values(), checks]


def test_what_happened_at_a_desk_in_words(past):
    told = replay("desk", "--data", past.data, "--desk", "shop", "--team", "bills").out
    assert "team bills of desk shop" in told and "team *" not in told
    assert "2 accepted, 1 declined" in told and "1 given back" in told and "Jain index" in told
    assert told.count(" yes: ") == 9 and "(D9)" in told
    assert "nothing was opened" in replay("desk", "--data", past.data, "--team", "none", status=1).err


def broken(past, tmp_path, way, member):
    data = shutil.copytree(past.data, tmp_path / "copy")
    run(os.environ["PARLOR_SPOIL"], way, str(data), "default", past.room, past.agent if member == "agent" else member)
    return data


@pytest.mark.parametrize("way, member, check, words", [
    ("served-twice", "v1", "once", "somebody has it already"),
    ("pushed-in", "v1", "order", "behind its place"),
    ("lost", "v1", "lost", "in no queue"),
    ("unowned", "v1", "owned", "handed over by nobody"),
    ("waits", "agent", "idle", "waits, and seat"),
    ("left", "agent", "room", "is not in its room"),
    ("wrong-read", "agent", "unread", "who serves has"),
    ("wrong-place", "v1", "place", "not 7"),
])
def test_a_promise_that_was_broken_is_found_in_the_journal(past, tmp_path, way, member, check, words):
    data = broken(past, tmp_path, way, member)
    *_, checks = found = lines("desk", "--data", data, status=1)
    assert checks["faults"][check]
    faults = [line for line in found if line.get("fault") == check]
    assert faults and words in faults[0]["what"] and faults[0]["position"] == checks["position"]
    assert "NO, 1 times" in replay("desk", "--data", data, status=1).out


@pytest.mark.parametrize("way, member, promise, words", [
    ("waits", "agent", "D3", "waits, and seat"),
    ("left", "agent", "D6", "is not in its room"),
    ("wrong-read", "agent", "D7", "who serves has"),
])
def test_verify_counts_what_is_promised_of_a_desk(past, tmp_path, way, member, promise, words):
    """Rows and journal agree, and what they agree on is wrong."""
    found = verify(broken(past, tmp_path, way, member), status=DESK)
    assert found["result"] == "desk" and promise in found["what"] and words in found["found"]
    assert found["position"] == max(one["position"] for one in found["records"]) > past.last


def test_verify_compares_the_places_that_the_core_has(past):
    counted = verify(past.data)["desk"]
    assert counted["records"] > 20 and counted["places"] >= 20


# ---- recorded, and played again ---------------------------------------------------------------


def recorded(broker):
    done = run(program("parlor-replay"), "record", "--broker", broker.worker, "--tenant", "default")
    return [json.loads(line) for line in done.out.splitlines()]


def written(path, recording):
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in recording), encoding="utf-8")
    return path


def test_the_rows_of_a_desk_are_played_again(tmp_path):
    with Broker() as source, Broker() as empty:
        with Client(source.client) as client:
            furnish(client)
            furnish_more(client)
            rows = rows_of(client)
        recording = recorded(source)
        assert len({line["type"] for line in recording[1:]}) == 12
        path = written(tmp_path / "rows.ndjson", recording)
        for _ in range(2):
            assert play(empty, path, tenant="default")["good"]
            with Client(empty.client) as client:
                assert rows_of(client) == rows


def told(client, room, conversations):
    """What became of them, without times; and the room, message by message."""
    times = re.compile("_us$|_no$|^no$|^position$|^transfer$|^reopens$")
    return ([{field.name: value for field, value in shown(client, conversation).ListFields()
              if not times.search(field.name)} for conversation in conversations],
            [(m.seq, m.sender, m.body, m.type, m.client_id) for m in whole_history(client, room)],
            [(m.member, m.type, m.read_seq, m.unread, m.joined_seq) for m in client.members_list(room=room).members])


def test_a_recording_of_a_desk_gives_the_same_conversations(tmp_path):
    """Offered, declined, accepted, passed on, given back, held, closed, rated: to the same agents."""
    with Broker() as source, Broker() as empty:
        with Client(source.client, members=["lin", "chen"]) as client:
            furnish(client)
            talk(client)
            room = shown(client, "c1").room
            before = told(client, room, ("c1", "c2", "c3", "c4"))
            path = written(tmp_path / "desk.ndjson", recorded(source))
        summary = play(empty, path, tenant="default")
        assert summary["good"] and summary["renumbered"] == 0, summary
        with Client(empty.client) as client:
            assert told(client, room, ("c1", "c2", "c3", "c4")) == before


@pytest.mark.parametrize("row", ["{}", '{"row": 7}', '{"row": {"dance": 1}}', '{"row": {"name": 1}}'])
def test_a_line_of_a_row_that_is_none_is_named(tmp_path, row):
    recording = [{"recording": 1, "journal": 1, "from": 1, "tenant": "default"}]
    line = dict(room="", seq=0, t=1, **{"from": ""}, role="member", type="desk_group", body="", position=2)
    recording.append({**line, **json.loads(row)})
    with Broker() as empty:
        done = run(program("parlor-replay"), "play", str(written(tmp_path / "rows.ndjson", recording)), "--broker",
                   empty.client, status=2)
        assert "rows.ndjson:2" in done.err and "row" in done.err
