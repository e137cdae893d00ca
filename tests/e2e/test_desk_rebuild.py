"""The data directory is lost, with a desk in it: what a worker kept gives it back, and
everybody carries on where they were."""

import shutil

import desk_pb2 as pb
import pytest
from auditor import verify
from conftest import unreads, whole_history
from desk_talk import OFF, OFFERED, WAITING, awaited, furnish, opened, rows_of, says, served, shown, talk
from proc import environment, program, run
from stack import Stack

SEAT_FULL = 113
ALWAYS, ROBOT_FIRST, MANUAL = pb.MODE_ALWAYS, pb.ROBOT_FIRST, pb.STRATEGY_MANUAL
S2 = ("SELECT c.id, u.username, c.created_at FROM conversations c JOIN users u ON c.customer_id = u.id"
      " WHERE c.status = 'open' AND c.agent_id IS NULL ORDER BY c.id")
STAFF = ["lin", "chen", "zhao"]


def a_day(client):
    """Conversations in every state; zhao's seat is full, and three wait in an order of their own."""
    furnish(client)
    client.desk_set(hours=dict(hours="day", name="Day", zone="Asia/Shanghai", rules="mon-sun 00:00-24:00"))
    talk(client)
    for row in (dict(agent=dict(agent="zhao", max=2)), dict(seat=dict(desk="shop", agent="zhao", max=1)),
                dict(team=dict(desk="shop", team="late", hours="day", gap_ms=OFF, remind_seat_ms=OFF)),
                dict(team_seat=dict(desk="shop", team="late", agent="zhao"))):
        client.desk_set(**row)
    opened(client, "full", "vf", team="late")
    assert served(client, "full") == "zhao"
    says(client, "full", "vf", "zhao", "vf")
    for id, priority in ("w1", 0), ("w2", 0), ("w3", 3):
        opened(client, id, f"v-{id}", team="late", priority=priority)
        says(client, id, f"v-{id}")
    opened(client, "hold", "vh")
    agent = served(client, "hold")
    client.desk_hold(conversation="hold", by=agent)
    opened(client, "asked", "va")
    client.desk_transfer(conversation="asked", by=served(client, "asked"), team="late", note="for later")
    for row in (dict(agent=dict(agent="bot", robot=True, mode=ALWAYS)), dict(seat=dict(desk="shop", agent="bot")),
                dict(team=dict(desk="shop", team="bots", robot_policy=ROBOT_FIRST)),
                dict(team_seat=dict(desk="shop", team="bots", agent="bot"))):
        client.desk_set(**row)
    opened(client, "robot", "vr", team="bots")
    opened(client, "hand", "vn", team="bots")
    says(client, "hand", "bot", "vn")
    client.desk_handoff(conversation="hand", by="bot")
    opened(client, "let", "vl")
    client.desk_transfer(conversation="let", by=served(client, "let"), team="bots", let_go=True)
    for row in (dict(agent=dict(agent="mei", mode=ALWAYS)), dict(seat=dict(desk="shop", agent="mei", max=2)),
                dict(team=dict(desk="shop", team="pair", strategy=MANUAL, grace_ms=OFF, remind_seat_ms=OFF)),
                dict(team_seat=dict(desk="shop", team="pair", agent="mei"))):
        client.desk_set(**row)
    for id in "two", "both":
        opened(client, id, f"v-{id}", team="pair")
        client.desk_claim(conversation=id, agent="mei")
    client.desk_set(seat=dict(desk="shop", agent="mei", max=1))  # has more than that, and keeps it
    opened(client, "offered", "vo", team="bills")
    awaited(client, "offered", lambda now: now.offer)


IDS = "c1 c2 c3 c4 full w1 w2 w3 hold asked robot hand let two both offered".split()


def queue(client, team):
    page = client.desk_queue(desk="shop", team=team)
    return [(c.conversation, c.no, client.desk_place(conversation=c.conversation).place) for c in page.conversations]


def seen(client):
    """What a client can ask of a desk, but for live offers and what is as of a record."""
    found = {"rows": rows_of(client)}
    for team in ("*", "bills", "late", "bots"):
        found["queue", team] = queue(client, team)
    found["list"] = [c.conversation for c in client.desk_list(desk="shop").conversations]
    for id in IDS:
        now = shown(client, id)
        now.ClearField("offer")
        now.ClearField("position")
        if now.state == OFFERED:
            now.state = WAITING
        found[id] = str(now)
        found[id, "unread"] = unreads(client, now.room)
        found[id, "history"] = [(m.seq, m.sender, m.body) for m in whole_history(client, now.room)]
    return found


@pytest.fixture(scope="module")
def lost(database):
    """A broker on a directory that was made from the database alone; what was there before."""
    with Stack(database, {"sync.partitions": 4}, name="desk_rebuilt") as stack:
        with stack.client(*STAFF) as client:
            a_day(client)
            stack.settle()
            before = seen(client), stack.rows(S2)
            last = max(no for (no,) in stack.rows(
                "SELECT MAX(no) FROM desk_conversation UNION SELECT MAX(no) FROM desk_stint"
                " UNION SELECT MAX(no) FROM desk_transfer UNION SELECT MAX(no) FROM desk_hours"))
        stack.settle()
        stack.dismiss()
        stack.broker.stop()
        shutil.rmtree(stack.broker.data)
        done = run(program("parlor-replay"), "rebuild", "lmdb", "--data", stack.broker.data, "--json",
                   env=environment(PARLOR_MYSQL=stack.url)).json()
        assert done["conversations"] == len(IDS) and done["desk_rows"] > 20
        assert verify(stack.broker.data)["result"] == "equal"
        run(program("parlor-replay"), "desk", "--data", stack.broker.data)  # what is promised of a desk held
        stack.broker.start()
        yield stack, *before, last


def test_a_desk_stands_again_from_the_database_alone(lost):
    stack, before, waiting, _ = lost
    with stack.client() as client:
        after = seen(client)
        for key in before:
            assert after[key] == before[key], key
        assert shown(client, "offered").state == WAITING and not shown(client, "offered").offer
    stack.hire()
    stack.settle()
    assert stack.rows(S2) == waiting
    verify(stack.broker.data, "--mysql", stack.url)


def test_a_desk_that_lacks_a_row_is_not_made(lost, tmp_path):
    """A row that others need is told by its table and number, and nothing is made."""
    stack, *_ = lost
    with stack.server.connect(stack.name) as connection, connection.cursor() as cursor:
        for table, needed in ("desk_agent", "desk_seat"), ("desk_party", "desk_agent"), ("desk_team", "desk_team_seat"):
            cursor.execute(f"CREATE TABLE kept AS SELECT * FROM {table}")
            cursor.execute(f"DELETE FROM {table} LIMIT 1")
            refused = run(program("parlor-replay"), "rebuild", "lmdb", "--force", "--data", tmp_path / "new",
                          env=environment(PARLOR_MYSQL=stack.url), status=1)
            cursor.execute(f"REPLACE INTO {table} SELECT * FROM kept")
            cursor.execute("DROP TABLE kept")
            assert needed in refused.err and not (tmp_path / "new").exists(), refused.err


def test_a_desk_that_stands_again_goes_on(lost):
    """A full seat stays full; who asked first is served first; numbers go on above the others."""
    stack, before, _, last = lost
    with stack.client(*STAFF) as client:
        assert client.refusal("desk_claim", conversation="w1", agent="zhao") == SEAT_FULL
        order = [id for id, *_ in before["queue", "late"]]
        assert order == ["w3", "w1", "w2", "asked"]
        client.desk_close(conversation="full", by="zhao")
        for first in order:
            if first == "asked":  # of a transfer one is asked
                offer = awaited(client, first, lambda c: c.offer).offer
                client.desk_accept(conversation=first, agent="zhao", offer=offer)
            awaited(client, first, lambda now: now.agent == "zhao")
            assert [id for id, *_ in queue(client, "late")] == order[order.index(first) + 1:]
            client.desk_close(conversation=first, by="zhao")
        client.desk_resume(conversation="hold", by=shown(client, "hold").agent)
        assert client.desk_rate(conversation="full", by="vf", score=4).score == 4
        new = opened(client, "new", "v9")
        assert new.no > last
        stack.settle()
    verify(stack.broker.data, "--mysql", stack.url)
