"""A broker recorded into a file, and played again from it: what comes of it is
the same, message by message and member by member."""

import gzip
import json
import os
import signal
import subprocess
import time

import pytest
from client import Client
from conftest import people, say, spec, stat, until, whole_history
from proc import Broker, Process, Worker, environment, play, play_argv, program, run

import oracle

SAMPLE = os.path.join(os.environ["PARLOR_SOURCE"], "tests/data/sample.ndjson")
NOTICE, IMAGE = 2, 1
ONLINE, BUSY, OFFLINE = 2, 3, 1
OPEN, CLOSED, DISSOLVED = 1, 2, 3


@pytest.fixture
def empty():
    with Broker() as broker:
        yield broker


def record_argv(broker, *more, tenant=None):
    return [program("parlor-replay"), "record", "--broker", broker.worker,
            *(["--tenant", tenant] if tenant else []), *more]


def record(broker, *more, tenant=None, status=0):
    """The recording's lines: the first, and the events."""
    done = run(*record_argv(broker, *more, tenant=tenant), status=status)
    lines = [json.loads(line) for line in done.out.splitlines()]
    return (lines[0], lines[1:]) if status == 0 else done.err


def write(path, header, events):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for line in (header, *events):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return path


def timeless(events):
    return [{key: value for key, value in event.items() if key not in ("t", "position")}
            for event in events]


# ---- a broker that saw everything --------------------------------------------------------------


def attend(endpoint, tenant):
    """Somebody comes, is busy, and goes; somebody else has two devices."""
    with Client(endpoint, tenant=tenant, members=["alice"]) as first:
        first.presence_set(member="alice", presence=BUSY)
        with Client(endpoint, tenant=tenant, members=["alice", "dave"]) as second:
            second.presence_set(member="dave", presence=ONLINE)
            second.detach(members=["dave"])
            second.goodbye()
        first.goodbye()


def quarrel(c):
    """A room where everything happens that can happen in one."""
    c.room_create(room="desk", name="Desk", history_open=True, members=people("alice", "bob", "carol"),
                  notice=dict(body="welcome", sender="alice"))
    say(c, "hello 👋", "line one\nline two", sender="alice", room="desk")
    say(c, "look @alice @carol", sender="bob", room="desk", mentions=["alice", "carol"])
    say(c, "a picture", sender="carol", room="desk", content_type=IMAGE)
    say(c, "said softly", sender="carol", room="desk", type=NOTICE)
    c.read(room="desk", member="alice", seq=3)
    c.read(room="desk", member="bob", seq=0)
    c.unread_mark(room="desk", member="bob", seq=2)
    c.unread_mark(room="desk", member="alice", seq=1)
    c.members_add(room="desk", members=[spec("dave"), spec("erin", type=1)],
                  notice=dict(body="dave and erin are here"))
    c.members_change(room="desk", members=[dict(member="bob", set_name=True, name="Robert", type=1)],
                     notice=dict(body="bob is Robert", sender="nobody-here"))
    c.members_change(room="desk", members=[dict(member="dave", set_avatar=True, avatar="")])
    say(c, "as Robert", sender="bob", room="desk")
    c.recall(room="desk", seq=2, by="alice")
    c.room_rename(room="desk", name="Front desk", notice=dict(body="renamed", sender="alice"))
    c.room_rename(room="desk", name="")
    c.members_remove(room="desk", members=["carol"])
    say(c, "without carol", sender="dave", room="desk")
    c.members_remove(room="desk", members=["dave", "erin"], notice=dict(body="two left", sender="erin"))
    c.members_add(room="desk", members=[spec("carol")])
    say(c, "carol is back", sender="alice", room="desk")
    c.room_close(room="desk", notice=dict(body="closed"))
    c.read(room="desk", member="carol", seq=0)
    c.room_reopen(room="desk", notice=dict(body="open again", sender="alice"))
    say(c, "open again", sender="bob", room="desk")


def endings(c):
    """Rooms that are closed and dissolved, with and without a word."""
    c.room_create(room="closed", members=people("alice", "bob"))
    say(c, "the last word", sender="bob", room="closed")
    c.room_close(room="closed")
    c.room_create(room="gone", name="Gone", members=people("alice"))
    say(c, "going", sender="alice", room="gone")
    c.members_add(room="gone", members=[spec("bob")])
    c.room_dissolve(room="gone", notice=dict(body="goodbye", sender="alice"))
    c.room_create(room="silent")
    c.room_dissolve(room="silent")
    c.room_create(room="nobody")


ROOMS = ["desk", "closed", "gone", "silent", "nobody"]


def live(broker, tenant):
    """The sample, and all that it lacks. Ends with nobody online."""
    play(broker, SAMPLE, "--read-every", "2", tenant=tenant)
    attend(broker.client, tenant)
    with Client(broker.client, tenant=tenant) as client:
        quarrel(client)
        endings(client)
    attend(broker.client, tenant)
    settle(broker, tenant)


def settle(broker, tenant):
    """Until those whose session ended are offline."""
    with Client(broker.client, tenant=tenant) as client:
        deadline = time.monotonic() + 60
        while any(m.presence != OFFLINE for m in client.presence_get(members=["alice", "dave"]).members):
            assert time.monotonic() < deadline


def state(broker, tenant):
    """Everything that can be asked for about every room and member of `live`."""
    rooms = ROOMS + [room.id for room in oracle.rooms(SAMPLE)]
    found = {}
    with Client(broker.client, tenant=tenant) as c:
        for room in rooms:
            show = c.room_show(room=room)
            members = c.members_list(room=room).members if show.state != DISSOLVED else []
            found[room] = dict(
                show=(show.name, show.state, show.history_open, show.members, show.last_seq, show.counted),
                messages=[(m.seq, m.sender, m.sender_name, m.sender_avatar, m.type, m.content_type, m.body,
                           m.client_id, list(m.mentions), m.recalled) for m in whole_history(c, room)],
                members=[(m.member, m.type, m.name, m.avatar, m.read_seq, m.unread, m.joined_seq)
                         for m in members],
                mentioned=[c.unread_get(room=room, member=m.member).mentioned for m in members])
        for member in ("alice", "bob", "carol", "agent-lin"):
            found[member] = [(i.room, i.unread, i.read_seq, i.last.body) for i in c.list(member=member).items]
        found["total"] = [c.unread_total(member=m).unread for m in ("alice", "bob", "carol", "agent-lin")]
    return found


@pytest.fixture(scope="module")
def recorded(broker, tmp_path_factory):
    """A broker that saw everything as tenant "life", and its recording."""
    live(broker, "life")
    path = tmp_path_factory.mktemp("recorded") / "life.ndjson"
    run(*record_argv(broker, "--out", str(path), tenant="life"))
    return path


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        header, *events = [json.loads(line) for line in file]
    return header, events


# ---- recording -------------------------------------------------------------------------------------


def test_a_recording_holds_every_kind_in_the_order_of_the_journal(recorded):
    header, events = lines_of(recorded)
    assert header["recording"] == 1 and header["from"] == 1 and header["tenant"] == "life"
    assert {e["type"] for e in events} == {
        "text", "notice", "join", "leave", "create", "rename", "state", "profile", "read", "recall",
        "presence", "boot"}
    assert [e["position"] for e in events] == sorted({e["position"] for e in events})
    desk = [e for e in events if e["room"] == "desk"]
    assert [e["seq"] for e in desk if e["type"] in ("text", "notice")] == list(range(1, 16 + 1))
    assert {"seq": 2, "body": "", "recalled": True}.items() <= next(
        e for e in desk if e["type"] == "text" and e["seq"] == 2).items(), "the recalled body is gone"


def test_played_into_an_empty_broker_it_is_the_same(broker, recorded, empty):
    summary = play(empty, recorded, tenant="life")
    assert summary["good"] and summary["renumbered"] == 0 and summary["refused"] == {}
    assert state(empty, "life") == state(broker, "life")


def test_recorded_again_it_is_the_same_file_but_for_times(recorded, empty):
    play(empty, recorded, tenant="life")
    settle(empty, "life")
    assert timeless(record(empty, tenant="life")[1]) == timeless(lines_of(recorded)[1])


def test_gzip_and_standard_input_are_the_same(broker, recorded, empty, tmp_path):
    packed = tmp_path / "life.ndjson.gz"
    until = str(lines_of(recorded)[1][-1]["position"])
    run(*record_argv(broker, "--out", str(packed), "--until", until, tenant="life"))
    with gzip.open(packed, "rt", encoding="utf-8") as file:
        assert file.read() == recorded.read_text(encoding="utf-8")
    assert play(empty, packed, tenant="life")["good"]
    assert state(empty, "life") == state(broker, "life")
    with open(packed, "rb") as file, Broker() as third:
        done = subprocess.run(play_argv(third, "-", tenant="life"), stdin=file, capture_output=True,
                              timeout=120, env=environment(), check=True)
        assert json.loads(done.stdout)["good"] and b"Sanitizer" not in done.stderr
        assert state(third, "life") == state(broker, "life")


def test_a_part_of_the_journal(broker, recorded):
    events = lines_of(recorded)[1]
    first, last = events[10]["position"], events[20]["position"]
    header, part = record(broker, "--from", str(first), "--until", str(last), tenant="life")
    assert header["from"] == first and part == events[10:21]


def test_following_hears_what_happens_until_it_is_stopped(broker, tenant, service, tmp_path):
    out = tmp_path / "live.ndjson"
    follower = Process(*record_argv(broker, "--follow", "--from", str(service.welcome.position),
                                    tenant=tenant))
    try:
        assert json.loads(follower.line())["tenant"] == tenant
        service.room_create(room="r", members=people("alice"))
        say(service, "one", "two")
        heard = []
        while len(heard) < 2:
            event = json.loads(follower.line())
            heard += [event["body"]] if event["type"] == "text" else []
        assert heard == ["one", "two"]
        follower.signal(signal.SIGINT)
        assert follower.wait() == 0
    finally:
        follower.end()
    assert not out.exists()


def test_following_outlives_the_broker(empty):
    follower = Process(*record_argv(empty, "--follow"))
    try:
        header = json.loads(follower.line())
        with Client(empty.client) as client:
            client.room_create(room="r", members=people("alice"))
            for n in range(3):
                say(client, f"message {n}")
                empty.crash()
            say(client, "the end")
        known, told = record(empty), []
        while told[-1:] != known[1][-1:]:
            told.append(json.loads(follower.line()))
        follower.signal(signal.SIGTERM)
        assert follower.wait() == 0
    finally:
        follower.end()
    assert (header, told) == known, "each event once"


def test_what_cannot_be_recorded_is_said(broker, recorded, tmp_path):
    assert "exists" in record(broker, "--out", str(recorded), status=1)
    assert "--from" in record(broker, "--from", "1000000", status=1)
    assert "exclude" in record(broker, "--follow", "--until", "7", status=2)
    assert "nowhere" in record(broker, "--out", "/nowhere/x.ndjson", status=1)


def test_a_trimmed_journal_is_recorded_from_where_it_begins(database, empty, tmp_path):
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS recorded")
    with Broker({"history.hot_records": 50, "store.dirty_rows_max": 1000}) as source:
        worker = Worker(source, database.url("recorded"), "--migrate")
        try:
            with Client(source.client) as client:
                client.room_create(room="r", name="Desk", members=people("alice", "bob"))
                deadline, first = time.monotonic() + 60, 1
                while first < 200:
                    assert time.monotonic() < deadline
                    say(client, *("x" * 50))
                    first = stat(client, "journal_first")
                last = client.room_show(room="r").last_seq
            assert "trimmed" in record(source, "--from", "1", status=1)
            done = run(*record_argv(source))
            assert "trimmed" in done.err
            header, *events = [json.loads(line) for line in done.out.splitlines()]
            assert header["from"] == events[0]["position"] > 1
            worker.stop()
        finally:
            worker.end()
    path = write(tmp_path / "trimmed.ndjson", header, events)
    assert json.loads(run(program("parlor-replay"), "play", str(path), "--json", "--broker",
                          empty.client).out)["good"]
    texts = [e for e in events if e["type"] == "text"]
    assert texts[-1]["seq"] == last
    with Client(empty.client) as client:
        assert [m.client_id for m in whole_history(client, "r")] == [e["client_id"] for e in texts]


# ---- all tenants ------------------------------------------------------------------------------------


def test_tenants_are_played_each_into_its_own(empty, tmp_path):
    with Broker() as source:
        for tenant in ("acme", "globex"):
            with Client(source.client, tenant=tenant) as client:
                client.room_create(room="r", name=tenant, members=people("alice", "bob"))
                say(client, f"of {tenant}")
        header, events = record(source)
    assert "tenant" not in header and {e["tenant"] for e in events} == {"", "acme", "globex"}
    path = write(tmp_path / "all.ndjson", header, events)
    run(program("parlor-replay"), "play", str(path), "--broker", empty.client)
    for tenant in ("acme", "globex"):
        with Client(empty.client, tenant=tenant) as client:
            assert client.room_show(room="r").name == tenant
            assert [m.body for m in whole_history(client, "r")] == [f"of {tenant}"]
    with Broker() as third:
        assert play(third, path, tenant="acme")["rooms"] == 1
        with Client(third.client, tenant="globex") as client:
            assert client.refusal("room_show", room="r") != 0
        assert "initech" in run(*play_argv(third, path, tenant="initech"), status=2).err


# ---- playing ------------------------------------------------------------------------------------------


def test_a_room_that_is_there_is_left_alone(broker, recorded):
    before = state(broker, "life")
    summary = play(broker, recorded, "--no-presence", tenant="life", status=1)
    assert not summary["good"] and summary["left_alone"] > 0 and summary["texts"] == 0
    assert state(broker, "life") == before


def test_in_parts_it_is_as_in_one(broker, recorded, empty):
    events = lines_of(recorded)[1]
    cut = next(e["position"] for e in events if e["body"] == "as Robert")
    play(empty, recorded, "--until", str(cut), tenant="life")
    second = play(empty, recorded, "--from", str(cut + 1), tenant="life")
    assert second["good"] and second["renumbered"] == 0
    assert state(empty, "life") == state(broker, "life")


def test_a_recording_that_lacks_its_beginning(broker, recorded, empty):
    """Who is met was there, and messages are numbered from the first one it has."""
    events = lines_of(recorded)[1]
    start = next(e["position"] for e in events if e["body"] == "as Robert")
    assert play(empty, recorded, "--from", str(start), "--rooms", "desk", tenant="life")["good"]
    with Client(empty.client, tenant="life") as client:
        assert [m.body for m in whole_history(client, "desk")] == [
            "as Robert", "renamed", "without carol", "two left", "carol is back", "closed", "open again",
            "open again"]
        assert client.room_show(room="desk").name == ""
        assert client.unread_get(room="desk", member="bob").unread == 2, "of dave and alice"


def test_rooms_and_loops(recorded, empty):
    assert play(empty, recorded, "--rooms", "desk,gone", tenant="life")["rooms"] == 2
    assert play(empty, recorded, "--rooms", "3", tenant="first")["rooms"] == 3
    summary = play(empty, recorded, "--rooms", "closed", "--loop", "3", tenant="loop")
    assert summary["good"] and summary["rooms"] == 3
    with Client(empty.client, tenant="loop") as client:
        for room in ("closed", "closed~2", "closed~3"):
            assert [m.body for m in whole_history(client, room)] == ["the last word"]


def test_a_corpus_in_part_and_in_loops(empty):
    with open(SAMPLE, encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    first = events[0]["room"]
    count = sum(e["room"] == first for e in events)
    texts = sum(e["room"] == first and e["type"] == "text" for e in events)
    assert play(empty, SAMPLE, "--rooms", first, "--loop", "2", tenant="a")["texts"] == 2 * texts
    assert play(empty, SAMPLE, "--until", str(count), tenant="b")["texts"] == texts
    assert play(empty, SAMPLE, "--rooms", "1", tenant="c")["rooms"] == 1
    rest = play(empty, SAMPLE, "--from", str(count + 1), tenant="d")
    whole = play(empty, SAMPLE, tenant="e")
    assert rest["good"] and rest["texts"] == whole["texts"] - texts
    timed = [e for e in events if e["t"] is not None]
    middle = sorted(e["t"] for e in timed)[len(timed) // 2]
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(middle // 1000)) + f".{middle % 1000:03}Z"
    assert play(empty, SAMPLE, "--until", stamp, tenant="f")["texts"] == sum(
        e["type"] == "text" and e["t"] <= middle for e in timed)


def test_recorded_pace_keeps_the_gaps_and_says_how_late_it_ran(empty, tmp_path):
    header = {"recording": 1, "journal": 1, "from": 1, "tenant": "life"}
    line = {"room": "r", "seq": 0, "from": "", "role": "member", "body": ""}
    events = [dict(line, t=1000, type="create", position=1),
              dict(line, t=1000, type="join", position=2, **{"from": "alice"})]
    events += [dict(line, t=1000 + 200 * n, type="text", position=2 + n, seq=n, client_id=f"c{n}",
                    **{"from": "alice"}) for n in range(1, 6)]
    path = write(tmp_path / "paced.ndjson", header, events)
    summary = play(empty, path, "--speed", "recorded")
    assert summary["seconds"] >= 0.9 and summary["late_us"]["p50"] <= summary["late_us"]["max"]
    with Client(empty.client) as client:
        times = [m.time_us for m in whole_history(client, "r")]
    assert times[-1] - times[0] >= 700_000
    assert play(empty, path, "--speed", "4", tenant="fast")["seconds"] >= 0.2
    assert "late_us" not in play(empty, path, tenant="max")
    assert play(empty, path, "--rate", "20/s", tenant="rate")["seconds"] >= 0.19
    corpus = play(empty, SAMPLE, "--rate", "1000/s", tenant="corpus")
    assert corpus["seconds"] >= 0.2 and "p99" in corpus["late_us"]


def test_a_broker_killed_while_a_recording_is_played(broker, recorded, empty):
    replay = Process(*play_argv(empty, recorded, "--rate", "300", tenant="life"))
    try:
        for n in range(3):
            with Client(empty.client, tenant="life") as client:
                posted = client.welcome.position
                until(lambda: stat(client, "position") >= posted + 60 or not replay.running(), 60)
            empty.crash()
        summary = json.loads(replay.line(120))
        assert replay.wait() == 0 and summary["good"] and summary["reconnects"] > 0
    finally:
        replay.end()
    assert state(empty, "life") == state(broker, "life")


def test_an_interrupted_play_says_so(recorded, empty):
    replay = Process(*play_argv(empty, recorded, "--rate", "100", tenant="life"))
    try:
        with Client(empty.client, tenant="life") as client:
            until(lambda: stat(client, "position") >= 40, 60)
        replay.signal(signal.SIGINT)
        summary = json.loads(replay.line(60))
        assert replay.wait() == 1
        assert summary["interrupted"] and 0 < summary["acknowledged"] and summary["unanswered"] == 0
    finally:
        replay.end()


@pytest.mark.parametrize("damage", [
    "{", "[]", '{"room":"desk"}', '{"recording":1,"journal":1,"from":1}',
    '{"room":"desk","seq":1,"t":1,"from":"a","role":"member","type":"text","body":"","position":9000000}',
    '{"room":"","seq":0,"t":1,"from":"a","role":"member","type":"join","body":"","position":9000000}',
    '{"room":"r","seq":0,"t":1,"from":"a","role":"member","type":"dance","body":"","position":9000000}',
    '{"room":"r","seq":0,"t":1,"from":"","role":"member","type":"state","body":"shut","position":9000000}',
    '{"room":"r","seq":0,"t":1,"from":"a","role":"member","type":"join","body":"","position":1}',
])
def test_a_line_that_is_none_is_named(empty, recorded, tmp_path, damage):
    lines = recorded.read_text(encoding="utf-8").splitlines()
    path = tmp_path / "damaged.ndjson"
    path.write_text("\n".join([*lines[:40], damage, *lines[40:]]) + "\n", encoding="utf-8")
    done = run(*play_argv(empty, path, tenant="life"), status=2)
    assert "damaged.ndjson:41" in done.err
    assert json.loads(done.out)["acknowledged"] > 0, "what stood before it is played"


def test_another_version_and_what_is_not_for_recordings(empty, recorded, tmp_path):
    path = write(tmp_path / "later.ndjson", {"recording": 2, "journal": 1, "from": 1}, [])
    assert "version" in run(*play_argv(empty, path), status=2).err
    assert "--attach" in run(*play_argv(empty, recorded, "--attach"), status=2).err
    assert "--read-every" in run(*play_argv(empty, recorded, "--read-every", "2"), status=2).err
    assert "--loop" in run(*play_argv(empty, "-", "--loop", "2"), status=2).err
