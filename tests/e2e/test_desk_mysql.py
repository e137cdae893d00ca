"""A desk from request to row: what the broker answers of a conversation is what MySQL
has of it, whoever served it and whatever ended meanwhile."""

import datetime

import desk_pb2 as dpb
import pytest
from stack import Stack

WAITING = ("SELECT c.id, u.username FROM conversations c JOIN users u ON c.customer_id = u.id"
           " WHERE c.status = 'open' AND c.agent_id IS NULL ORDER BY c.id")
COLUMNS = {  # of desk_conversation, that are called otherwise
    "conversation": "conversation_id", "desk": "desk_id", "team": "team_id", "visitor": "visitor_id",
    "agent": "agent_id", "stint": "stints", "rating_until_us": "rating_until"}
ELSEWHERE = {"type", "offer", "transfer", "robot", "score", "position"}


@pytest.fixture
def stack(database):
    with Stack(database) as stack:
        with stack.client() as client:
            staff(client)
        yield stack


def staff(client):
    """A shop where agents claim what waits; reached whatever their presence says."""
    for row in (dict(desk=dict(desk="shop", name="Shop", strategy=dpb.STRATEGY_MANUAL)),
                dict(agent=dict(agent="bob", mode=dpb.MODE_ALWAYS, role=dpb.ROLE_MANAGER, number="007")),
                dict(agent=dict(agent="chen", mode=dpb.MODE_ALWAYS)),
                dict(seat=dict(desk="shop", agent="bob", max=5, web_name="Bob")),
                dict(seat=dict(desk="shop", agent="chen", max=5)),
                dict(team_seat=dict(desk="shop", team="*", agent="bob")),
                dict(team_seat=dict(desk="shop", team="*", agent="chen"))):
        client.desk_set(**row)


def as_a_row(shown):
    """The columns of a conversation, from what the broker shows of it."""
    row = {}
    for field in shown.DESCRIPTOR.fields:
        value = getattr(shown, field.name)
        name = COLUMNS.get(field.name, field.name)
        if field.name in ELSEWHERE:
            continue
        if field.name.endswith("_us"):
            name = name.removesuffix("_us") + "_at" if name == field.name else name
            value = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=value) if value else None
        elif field.name in ("agent", "agent_no", "last_seq"):
            value = value or None
        row[name] = value
    return row


def same(stack, client, *ids):
    stack.settle()
    for id in ids:
        expected = as_a_row(client.desk_show(conversation=id))
        (found,) = stack.rows(f"SELECT {', '.join(expected)} FROM desk_conversation WHERE conversation_id = %s", id)
        assert dict(zip(expected, found, strict=True)) == expected


def test_a_conversation_is_in_mysql_what_the_broker_shows_of_it(stack):
    with stack.client() as client:
        opened = client.desk_open(desk="shop", visitor="ann", visitor_name="Ann", conversation="c", product="tea",
                                  body="hello?", client_id="1")
        client.post(room=opened.room, sender="ann", client_id="2", body="anybody?")
        same(stack, client, "c")
        assert stack.rows(WAITING) == ((opened.no, "ann"),)
        assert stack.rows("SELECT id, session_state FROM session") == ((-opened.no, 3),)

        client.desk_claim(conversation="c", agent="bob")
        client.read(room=opened.room, member="bob", seq=2)
        client.post(room=opened.room, sender="bob", client_id="3", body="here I am")
        same(stack, client, "c")
        assert stack.rows(WAITING) == ()
        assert stack.rows("SELECT content, is_read FROM messages ORDER BY id") == (
            ("hello?", 1), ("anybody?", 1), ("here I am", 0))
        assert stack.rows("SELECT status, seat_name, product_id, request_count FROM session_mapping") == (
            (4, "bob", "tea", 2),)

        asked = client.desk_transfer(conversation="c", by="bob", agent="chen", note="knows tea")
        client.desk_accept(conversation="c", offer=asked.offer, agent="chen")
        same(stack, client, "c")
        assert stack.rows("SELECT a.name, o.how FROM desk_offer o JOIN (SELECT no, member_id AS name FROM desk_party)"
                          " a ON a.no = o.agent_no") == (("chen", dpb.OFFER_ACCEPTED),)
        assert stack.rows("SELECT f.username, t.username FROM tp_customer_service_users_change c"
                          " JOIN users f ON f.id = c.uid JOIN users t ON t.id = c.touid") == (("bob", "chen"),)

        client.desk_close(conversation="c", by="chen")
        client.desk_rate(conversation="c", by="ann", score=5, comment="so kind")
        same(stack, client, "c")
        assert stack.rows("SELECT seat_name, session_state FROM session ORDER BY id") == (("bob", 5), ("chen", 7))
        assert stack.rows("SELECT p.member_id, r.stint, r.score, r.comment FROM desk_rating r"
                          " JOIN desk_party p ON p.no = r.agent_no") == (("chen", 2, 5, "so kind"),)
        again = client.desk_open(desk="shop", visitor="ann", conversation="d", body="one more", client_id="4")
        assert again.room == opened.room
        same(stack, client, "c", "d")
        assert stack.rows("SELECT conversation_id, content FROM messages ORDER BY id")[-1] == (again.no, "one more")


def test_what_is_rated_behind_a_robot_was_its_last_humans(stack):
    with stack.client() as client:
        client.desk_set(agent=dict(agent="rob", robot=True, mode=dpb.MODE_ALWAYS))
        client.desk_set(seat=dict(desk="shop", agent="rob"))
        client.desk_open(desk="shop", visitor="ann", conversation="c", body="hello?", client_id="1")
        client.desk_claim(conversation="c", agent="bob")
        assert client.desk_transfer(conversation="c", by="bob", agent="rob").agent == "rob"
        client.desk_close(conversation="c")
        client.desk_rate(conversation="c", by="ann", score=4)
        stack.settle()
        assert stack.rows("SELECT p.member_id, r.stint FROM desk_rating r JOIN desk_party p ON p.no = r.agent_no") == (
            ("bob", 1),)


def test_what_a_desk_is_made_of_is_in_mysql(stack):
    with stack.client() as client:
        client.desk_set(text=dict(desk="shop", which=dpb.TEXT_WELCOME, text="Welcome!"))
        client.desk_set(seat=dict(desk="shop", agent="bob", max=7, web_name="Bob"))
        client.desk_set(team_seat=dict(desk="shop", team="*", agent="chen"), remove=True)
        client.desk_set(seat=dict(desk="shop", agent="chen"), remove=True)
        stack.settle()
        for kind in ("desk", "team", "agent", "seat", "team_seat", "text"):
            table = "desk" if kind == "desk" else f"desk_{kind}"
            like = dict(desk="shop") if kind != "agent" else {}
            page = client.desk_rows(like={kind: like})
            rows = [(row.no, getattr(row.row, kind)) for row in page.rows]
            names = [field.name for field in rows[0][1].DESCRIPTOR.fields]
            columns = ", ".join(f"`{name}`" for name in names)
            assert stack.rows(f"SELECT no, {columns} FROM {table} WHERE removed = 0 ORDER BY no") == tuple(
                (no, *(getattr(row, name) for name in names)) for no, row in rows), kind
    assert stack.rows("SELECT qunar_name, max_user, status FROM seat ORDER BY id") == (("bob", 7, 1), ("chen", 5, 0))
    assert stack.rows("SELECT name, welcomes, assign_strategy FROM supplier") == (
        ("Shop", "Welcome!", dpb.STRATEGY_MANUAL - 1),)
    assert stack.rows("SELECT usernam, number, type FROM tp_customer_service_users ORDER BY 1") == (
        ("bob", "007", 2), ("chen", "", 1))


def test_a_desk_behind_a_database_that_was_away_is_brought_up_to_date(stack):
    with stack.client() as client:
        first = client.desk_open(desk="shop", visitor="ann", conversation="c", body="1", client_id="1")
        stack.settle()
        (worker,) = stack.workers
        worker.kill()
        stack.workers.clear()
        client.desk_claim(conversation="c", agent="bob")
        client.post(room=first.room, sender="bob", client_id="2", body="2")
        client.desk_close(conversation="c", by="bob")
        for n in range(5):
            client.desk_open(desk="shop", visitor=f"v{n}", conversation=f"w{n}", body="?", client_id="1")
        stack.broker.crash()
    with stack.client() as client:
        stack.hire()
        same(stack, client, "c", *(f"w{n}" for n in range(5)))
        assert [name for _, name in stack.rows(WAITING)] == [f"v{n}" for n in range(5)]
