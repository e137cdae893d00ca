"""The tables of the desk, and the views under the names that other customer service
systems have: what each shows of rows put there by hand, that none takes a change, and
that what those systems ask finds its rows by an index."""

import datetime

import pymysql
import pytest
from proc import environment, program, run
from stack import migrate

NAME = "desk_schema"
T = "acme"
AT = datetime.datetime(2026, 5, 4, 10, 0, 0)
EPOCH = datetime.datetime(1970, 1, 1)

COLUMNS = {
    "users": "id username password_hash role email created_at",
    "conversations": "id customer_id agent_id status created_at updated_at",
    "messages": "id conversation_id sender_id content is_read created_at",
    "agent_status": "agent_id status last_seen",
    "seat": "id qunar_name web_name nickname face_link supplier_id priority create_time last_update_time"
            " old_supplier_id old_id service_status status max_user bind_wx host",
    "session": "id session_id user_name seat_name shop_name product_id session_state isrobot_seat"
               " created_time update_time",
    "session_mapping": "id customer_name shop_id product_id session_id seat_id status request_count"
                       " distributed_time inqueue_time last_ack_time seat_name group_id",
    "busi_supplier_mapping": "id supplier_id busi_id busi_supplier_id create_time last_update_time"
                             " bsuid_and_type supplier_operator operator_webname status",
    "busi_seat_mapping": "id busi_id seat_id create_time last_update_time status",
    "supplier": "id name create_time last_update_time old_id logo_url welcomes status ext_flag"
                " assign_strategy no_service_welcomes",
    "tp_customer_service_fans_group": "gid token groupname",
    "tp_customer_service_fans": "openid token nickname sex province city headimgurl tel remark gid",
    "tp_customer_service_fans_visitors": "vid openid token starttime lasttime status uid tid time",
    "tp_customer_service_fans_visitors_type": "tid token name",
    "tp_customer_service_fans_message": "mid token openid uid message time",
    "tp_customer_service_users_message": "token openid uid message time",
    "tp_customer_service_users": "uid token number name type usernam userpwd",
    "tp_customer_service_users_job": "openid uid starttime lasttime time token",
    "tp_customer_service_users_change": "cid uid touid time token",
}
WAITING = ("SELECT c.id, u.username, c.created_at FROM conversations c"
           " JOIN users u ON c.customer_id = u.id WHERE c.status = 'open' AND c.agent_id IS NULL")
WRITES = [
    "INSERT INTO conversations (customer_id) VALUES (123)",
    "INSERT INTO messages (conversation_id, sender_id, content) VALUES (456, 123, 'hello')",
    "UPDATE conversations SET agent_id = 789, status = 'pending' WHERE id = 456 AND agent_id IS NULL",
    "UPDATE messages SET is_read = 1 WHERE conversation_id = 456 AND sender_id != 789",
]

DEFERRED, AWAITED, OFFERED, BOT, ACTIVE, HELD, CLOSED = range(1, 8)


def at(seconds):
    return AT + datetime.timedelta(seconds=seconds)


def unix(seconds):
    return int((at(seconds) - EPOCH).total_seconds())


class Book:
    """A database with the schema, rows put there by hand, and what views say of them."""

    def __init__(self, database):
        self.database = database
        database.query(f"DROP DATABASE IF EXISTS {NAME}", database=None)
        migrate(database.url(NAME))
        ((version,),) = self.rows("SELECT VERSION()")
        self.server = "MariaDB" if "MariaDB" in version else "MySQL"

    def rows(self, sql, *args):
        return self.database.query(sql, args, NAME)

    def put(self, table, **columns):
        columns = {"ent_id": T, **columns}
        names = ", ".join(f"`{name}`" for name in columns)
        self.rows(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})",
                  *columns.values())

    def view(self, name, order=1, columns=None):
        return list(self.rows(f"SELECT {columns or COLUMNS[name].replace(' ', ', ')} FROM {name} ORDER BY {order}"))

    def conversation(self, no, state, **more):
        status = "open" if state <= OFFERED else "closed" if state == CLOSED else "pending"
        self.put("desk_conversation", **{**dict(
            no=no, conversation_id=f"c{no}", room=f"r{no}", desk_id="shop", desk_no=1, team_id="t", team_no=2,
            visitor_id="ann", visitor_no=11, state=state, status=status, first_seq=1, asks=1,
            opened_at=at(0), queued_at=at(0), updated_at=at(1)), **more})

    def stint(self, no, conversation, n, **more):
        self.put("desk_stint", **{**dict(
            no=no, conversation_id=f"c{conversation}", n=n, seat_no=21, agent_no=12, agent_id="bob",
            visitor_no=11, kind=1, started_at=at(10), last_at=at(20)), **more})
        self.rows("UPDATE desk_conversation SET stints = stints + 1 WHERE no = %s", conversation)

    def message(self, room, seq, sender, position, body="hello", **more):
        self.put("group_message", **{**dict(
            group_id=room, seq=seq, sender=sender, sender_name="", sender_avatar="", message_type=1,
            content_type=0, message_content=body, client_id="", position=position, created_at=at(seq)), **more})

    def agent(self, name, no, **more):
        self.put("desk_party", member_id=name, no=no, created_at=at(0))
        self.put("desk_agent", agent=name, no=no + 100, party_no=no, **more)

    def visitor(self, name, no, **more):
        self.put("desk_party", member_id=name, no=no, created_at=at(0))
        self.put("desk_visitor", visitor=name, no=no + 100, party_no=no, **more)


@pytest.fixture
def book(database):
    return Book(database)


def test_every_view_has_the_columns_that_are_known_of_it(book):
    for view, columns in COLUMNS.items():
        found = [name for (name,) in book.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
            " AND table_name = %s ORDER BY ordinal_position", view)]
        assert set(columns.split()) <= set(found), view
        assert "ent_id" in found or "token" in found, view
        assert book.rows(f"SELECT * FROM {view}") == (), view


def test_users_are_agents_admins_and_customers(book):
    book.visitor("ann", 11, email="ann@example.org")
    book.agent("bob", 12, role=1, email="bob@example.org")
    book.agent("chen", 13, role=2)
    book.agent("dora", 14, role=3)
    book.agent("gone", 15, role=3, removed=1, email="gone@example.org")
    book.put("desk_visitor", visitor="chen", no=999, party_no=13, email="chen@home.example")
    assert book.view("users") == [
        (11, "ann", "", "customer", "ann@example.org", AT), (12, "bob", "", "agent", "bob@example.org", AT),
        (13, "chen", "", "agent", "chen@home.example", AT), (14, "dora", "", "admin", "", AT),
        (15, "gone", "", "customer", "gone@example.org", AT)]
    assert book.view("tp_customer_service_users") == [
        (12, T, "", "", 1, "bob", ""), (13, T, "", "", 2, "chen", ""), (14, T, "", "", 2, "dora", "")]


def test_a_conversation_is_open_pending_or_closed(book):
    book.visitor("ann", 11)
    for no, state in enumerate(range(DEFERRED, CLOSED + 1), 1):
        book.conversation(no, state, agent_no=12 if BOT <= state <= HELD else None)
    assert [(id, agent, status) for id, _, agent, status, *_ in book.view("conversations")] == [
        (1, None, "open"), (2, None, "open"), (3, None, "open"), (4, 12, "pending"), (5, 12, "pending"),
        (6, 12, "pending"), (7, None, "closed")]
    assert book.view("conversations")[0] == (1, 11, None, "open", at(0), at(1))
    assert [row[0] for row in book.rows(WAITING + " ORDER BY c.id")] == [1, 2, 3]
    assert book.rows(WAITING + " AND c.ent_id = 'other'") == ()


def test_messages_belong_to_the_conversation_they_were_written_in(book):
    book.visitor("ann", 11)
    book.agent("bob", 12)
    book.conversation(1, CLOSED, room="r", first_seq=1, last_seq=2, visitor_read_seq=2, agent_read_seq=1)
    book.conversation(2, ACTIVE, room="r", first_seq=4, visitor_read_seq=5, agent_read_seq=4)
    for seq, sender in enumerate(("ann", "bob", "ann", "ann", "bob", "ann", "bob", "stranger"), 1):
        book.message("r", seq, sender, position=100 + seq, body=f"m{seq}")
    book.message("r", 9, "", 109, message_type=2)
    assert book.view("messages") == [
        (101, 1, 11, "m1", 1, at(1)), (102, 1, 12, "m2", 1, at(2)),
        (104, 2, 11, "m4", 1, at(4)), (105, 2, 12, "m5", 1, at(5)), (106, 2, 11, "m6", 0, at(6)),
        (107, 2, 12, "m7", 0, at(7)), (108, 2, 0, "m8", 0, at(8))]
    assert book.rows("SELECT id FROM messages WHERE conversation_id = 2 AND sender_id != 12 AND is_read = 0"
                     " ORDER BY id") == ((106,), (108,))


def test_an_agent_is_busy_by_mode_else_as_its_presence_says(book):
    for no, (name, mode, online) in enumerate((
            ("a", 1, "online"), ("b", 2, "online"), ("c", 3, "offline"), ("d", 0, "busy"), ("e", 0, None)), 1):
        book.agent(name, no, mode=mode)
        if online:
            book.put("member", uuid=name, online_status=online, last_seen=at(no))
    book.agent("gone", 9, removed=1)
    assert book.view("agent_status") == [
        (1, "online", at(1)), (2, "busy", at(2)), (3, "offline", at(3)), (4, "busy", at(4)), (5, "offline", None)]


def test_seats_and_suppliers_are_as_startalk_has_them(book):
    book.put("desk", desk="shop", no=1, name="Shop", logo_url="/s.png", strategy=0, old_id=77,
             created_at=at(0), updated_at=at(1))
    book.put("desk", desk="off", no=2, strategy=3, queue_off=1, off=1)
    book.put("desk", desk="gone", no=3, strategy=9, removed=1)
    book.put("desk_text", desk="shop", team="", which=1, no=31, text="welcome")
    book.put("desk_text", desk="shop", team="", which=3, no=32, text="nobody is here")
    book.put("desk_text", desk="shop", team="t", which=1, no=33, text="of one team")
    book.put("desk_text", desk="off", team="", which=1, no=34, text="taken away", removed=1)
    assert book.view("supplier") == [
        (1, "Shop", at(0), at(1), 77, "/s.png", "welcome", 1, 1, 0, "nobody is here"),
        (2, "", EPOCH, EPOCH, None, "", None, 0, 0, 2, ""), (3, "", EPOCH, EPOCH, None, "", None, 0, 1, 8, "")]
    book.put("desk_seat", desk="shop", agent="bob", no=21, web_name="Bob", nickname="B", avatar="/b.png",
             desk_no=1, priority_milli=1500, created_at=at(0), updated_at=at(1), old_desk_id=7, old_id=8,
             mode=3, max=10, bind=1, host="h")
    for no, mode in ((22, 1), (23, 2)):
        book.put("desk_seat", desk="shop", agent=f"s{no}", no=no, desk_no=1, mode=mode, off=no == 22,
                 removed=no == 23)
    first, second, third = book.view("seat")
    assert (*first[:6], float(first[6]), *first[7:]) == (
        21, "bob", "Bob", "B", "/b.png", 1, 1.5, at(0), at(1), 7, 8, 4, 1, 10, 1, "h")
    assert [row[9:15] for row in (second, third)] == [(None, None, 0, 0, 0, 0), (None, None, 1, 0, 0, 0)]
    book.put("desk_business", desk="shop", business=5, no=41, desk_no=1, business_desk_id="b-1",
             bsuid_and_type="b-1_5", operator="op", operator_name="Op", created_at=at(0), updated_at=at(1))
    book.put("desk_seat_business", desk="shop", agent="bob", business=5, no=51, seat_no=21, off=1,
             created_at=at(0), updated_at=at(1))
    assert book.view("busi_supplier_mapping") == [(41, 1, 5, "b-1", at(0), at(1), "b-1_5", "op", "Op", 1)]
    assert book.view("busi_seat_mapping") == [(51, 5, 21, at(0), at(1), 0)]


def test_a_session_is_a_stint_or_a_conversation_that_nobody_served(book):
    for no, (state, close_why) in enumerate((
            (OFFERED, 0), (DEFERRED, 0), (AWAITED, 0), (CLOSED, 6), (CLOSED, 8), (CLOSED, 10), (CLOSED, 3)), 1):
        book.conversation(no, state, close_why=close_why)
    assert [(row[0], row[6]) for row in book.view("session", "1 DESC")] == [
        (-1, 1), (-2, 2), (-3, 3), (-4, 6), (-5, 6), (-6, 6), (-7, 7)]
    assert book.view("session", "1 DESC")[0] == (-1, "c1", "ann", None, "shop_1", "*", 1, 0, at(0), at(0))
    book.conversation(8, ACTIVE, product="tea", last_message_at=at(25))
    book.conversation(9, CLOSED, close_why=8)
    for n, end_why in enumerate((1, 2, 3, 4, 7), 1):
        book.stint(80 + n, 8, n, end_why=end_why, ended_at=at(30))
    book.stint(86, 8, 6, kind=2, last_at=None)
    book.stint(91, 9, 1, end_why=7, ended_at=at(30))
    assert [(row[0], row[6], row[7]) for row in book.view("session") if row[0] > 0] == [
        (81, 5, 0), (82, 6, 0), (83, 6, 0), (84, 7, 0), (85, 7, 0), (86, 4, 1), (91, 6, 0)]
    assert [row for row in book.view("session") if row[0] in (81, 86)] == [
        (81, "c8", "ann", "bob", "shop_1", "tea", 5, 0, at(10), at(20)),
        (86, "c8", "ann", "bob", "shop_1", "tea", 4, 1, at(10), at(25))]
    assert book.rows("SELECT session_id FROM session WHERE id = -3 OR id = 91 ORDER BY id") == (("c3",), ("c9",))


def test_a_session_mapping_says_who_spoke_last_and_the_last_human(book):
    said = dict(last_message_at=at(15))
    for no, (state, more) in enumerate((
            (DEFERRED, {}), (AWAITED, said | {"spoke": 3}), (OFFERED, {}), (ACTIVE, {}), (ACTIVE, said | {"spoke": 3}),
            (ACTIVE, said | {"spoke": 4}), (ACTIVE, {"spoke": 3, "last_message_at": at(5)}),
            (BOT, said | {"spoke": 4}), (HELD, said | {"spoke": 4}), (CLOSED, said | {"spoke": 4})), 1):
        book.conversation(no, state, **more)
        if state > OFFERED:
            book.stint(100 + no, no, 1, kind=2 if state == BOT else 1)
    assert [row[6] for row in book.view("session_mapping")] == [1, 1, 1, 2, 3, 4, 2, 4, 5, 5]
    assert [row[5] for row in book.view("session_mapping")] == [0, 0, 0, 21, 21, 21, 21, 0, 21, 21]
    assert book.view("session_mapping")[0] == (
        1, "ann", 1, "*", "c1", 0, 1, 1, EPOCH, at(0), at(0), "", 2)
    book.stint(201, 5, 2, seat_no=22, agent_id="chen")
    book.stint(202, 5, 3, kind=2, seat_no=23, agent_id="robot", started_at=at(16))
    book.rows("UPDATE desk_conversation SET assigned_at = %s, asks = 4, product = 'tea' WHERE no = 5", at(10))
    assert book.view("session_mapping")[4] == (
        5, "ann", 1, "tea", "c5", 22, 2, 4, at(10), at(0), at(15), "chen", 2)


def test_fans_their_groups_visits_and_types(book):
    book.put("desk_group", group="vip", no=61, name="VIP")
    book.put("desk_group", group="old", no=62, name="Old", removed=1)
    book.put("desk_type", type="bill", no=71, name="Bills")
    book.put("desk_type", type="gone", no=72, name="Gone", removed=1)
    for no, sex in enumerate((0, 1, 2), 11):
        book.visitor(f"v{no}", no, sex=sex, nickname="N", province="P", city="C", avatar="/a", tel="1",
                     remark="R", group_no=61)
    book.visitor("gone", 19, removed=1)
    assert book.view("tp_customer_service_fans_group") == [(61, T, "VIP")]
    assert book.view("tp_customer_service_fans_visitors_type") == [(71, T, "Bills")]
    assert book.view("tp_customer_service_fans") == [
        (f"v{no}", T, "N", sex, "P", "C", "/a", "1", "R", 61) for no, sex in ((11, None), (12, 1), (13, 0))]
    book.agent("bob", 20)
    book.put("desk_party", member_id="ann", no=21)
    book.put("member", uuid="ann", name="Ann", avator="/ann")
    book.conversation(1, AWAITED, type_no=71, visitor_no=21)
    assert book.view("tp_customer_service_fans")[0] == ("ann", T, "Ann", None, "", "", "/ann", "", "", 0)
    assert len(book.view("tp_customer_service_fans")) == 4
    book.conversation(2, CLOSED, assigned_at=at(5), last_message_at=at(9))
    book.stint(81, 2, 1, agent_no=12)
    book.stint(82, 2, 2, agent_no=13)
    assert book.view("tp_customer_service_fans_visitors") == [
        (1, "ann", T, unix(0), unix(0), 1, 0, 71, unix(0)), (2, "ann", T, unix(5), unix(9), 0, 13, 0, unix(0))]


def test_what_fans_and_users_said_and_who_passed_whom_on(book):
    book.visitor("ann", 11)
    book.agent("bob", 12)
    book.agent("chen", 13)
    book.conversation(1, ACTIVE, room="r")
    for seq, sender in enumerate(("ann", "bob", "ann", "ann", "chen"), 1):
        book.message("r", seq, sender, position=100 + seq, body=f"m{seq}")
    book.message("r", 6, "", 106, message_type=2)
    assert [row[3] for row in book.view("tp_customer_service_fans_message")] == [0, 0, 0]
    book.stint(81, 1, 1, agent_no=12, from_seq=0, to_seq=3, end_why=1, ended_at=at(30))
    book.stint(82, 1, 2, agent_no=13, from_seq=0, agent_id="chen", last_at=None)
    assert book.view("tp_customer_service_fans_message") == [
        (101, T, "ann", 12, "m1", unix(1)), (103, T, "ann", 12, "m3", unix(3)), (104, T, "ann", 13, "m4", unix(4))]
    assert book.view("tp_customer_service_users_message", 5) == [
        (T, "ann", 12, "m2", unix(2)), (T, "ann", 13, "m5", unix(5))]
    assert book.view("tp_customer_service_users_job", 2) == [
        ("ann", 12, unix(10), unix(20), unix(30), T), ("ann", 13, unix(10), unix(10), unix(10), T)]
    for no, how in ((91, 5), (92, 2), (93, 0)):
        book.put("desk_transfer", conversation_id="c1", no=no, from_agent_no=12, to_agent_no=13, how=how,
                 asked_at=at(25), ended_at=at(30))
    assert book.view("tp_customer_service_users_change") == [(91, 12, 13, unix(30), T)]
    book.put("desk_transfer", conversation_id="c1", no=94, from_agent_no=13, to_team_no=5, mode=1, how=5,
             asked_at=at(40), ended_at=at(40))
    assert book.view("tp_customer_service_users_change")[1:] == [(94, 13, 0, unix(40), T)]
    book.stint(83, 1, 3, agent_no=12, from_seq=5, started_at=at(50))
    assert book.view("tp_customer_service_users_change")[1:] == [(94, 13, 12, unix(40), T)]


def test_no_view_takes_a_change(book):
    book.visitor("ann", 123)
    book.agent("bob", 789)
    book.conversation(456, AWAITED, visitor_no=123, room="r")
    book.message("r", 1, "ann", 101)
    made = {name: updatable for name, updatable in book.rows(
        "SELECT table_name, is_updatable FROM information_schema.views WHERE table_schema = DATABASE()")}
    # MySQL says YES of a view whose column looks up its row, and refuses to write to it.
    if book.server == "MariaDB":
        assert {name: made[name] for name in COLUMNS} == dict.fromkeys(COLUMNS, "NO")
    tables = [table for (table,) in book.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        " AND table_type = 'BASE TABLE'")]

    def all_rows():
        return {table: book.rows(f"SELECT * FROM {table}") for table in tables}

    before = all_rows()
    first = {name: columns.split()[0] for name, columns in COLUMNS.items()}
    for write in WRITES + [f"UPDATE {name} SET {column} = 1" for name, column in first.items()] + [
            f"DELETE FROM {name}" for name in first] + [
            f"INSERT INTO {name} ({column}) VALUES (1)" for name, column in first.items()]:
        with pytest.raises(pymysql.err.MySQLError) as refused:
            book.rows(write)
        assert refused.value.args[0] in (1288, 1348, 1395, 1471), write
    assert all_rows() == before


def test_who_waits_is_found_by_an_index(book):
    """Beside many who do not; so is what else those systems look for."""
    many = 3000
    # As every server makes them: a sequence is MariaDB's alone.
    hundreds, ones = (" UNION ".join(f"SELECT {n} AS n" for n in range(count)) for count in (many // 100, 100))
    numbers = f"(SELECT 100 * h.n + o.n + 1 AS seq FROM ({hundreds}) h JOIN ({ones}) o) numbers"
    book.rows("INSERT INTO desk_party (ent_id, member_id, no)"
              f" SELECT %s, CONCAT('v', seq), seq FROM {numbers}", T)
    book.rows("INSERT INTO desk_conversation (ent_id, conversation_id, no, room, visitor_id, visitor_no,"
              " status, state, first_seq, last_seq) SELECT %s, CONCAT('c', seq), seq, CONCAT('r', seq),"
              " CONCAT('v', seq), seq, IF(seq %% 100 = 0, 'open', 'closed'),"
              f" IF(seq %% 100 = 0, 2, 7), 1, 2 FROM {numbers}", T)
    book.rows("INSERT INTO group_message (ent_id, group_id, seq, sender, sender_name, sender_avatar, message_type,"
              " content_type, message_content, client_id, position, created_at) SELECT %s, CONCAT('r', seq), 1,"
              f" CONCAT('v', seq), '', '', 1, 0, 'hello', '', seq, NOW() FROM {numbers}", T)
    book.rows("ANALYZE TABLE desk_party, desk_conversation, group_message")
    found = book.rows(WAITING)
    assert sorted(id for id, _, _ in found) == list(range(100, many + 1, 100))
    assert all(name == f"v{id}" for id, name, _ in found)
    for question, count in (
            (WAITING, many // 100), (WAITING + " ORDER BY c.created_at LIMIT 20", 20),
            ("SELECT * FROM messages WHERE conversation_id = 456 ORDER BY created_at", 1),
            ("SELECT m.id FROM conversations c JOIN messages m ON m.conversation_id = c.id WHERE c.id = 456", 1),
            ("SELECT * FROM users WHERE username = 'v9'", 1), ("SELECT * FROM users WHERE id = 9", 1),
            ("SELECT * FROM session_mapping WHERE session_id = 'c9'", 1),
            ("SELECT * FROM session WHERE user_name = 'v9'", 1), ("SELECT * FROM session WHERE id = -9", 1),
            ("SELECT * FROM tp_customer_service_fans_message WHERE openid = 'v9'", 1)):
        assert len(book.rows(question)) == count, question
        filled = ("c", "m", "p")  # as the views call the tables with many rows
        scanned = [step for step in book.rows("EXPLAIN FORMAT=TRADITIONAL " + question)
                   if step[2] in filled and {"ALL", "index"} & set(step[3:5])]
        assert scanned == [], question


def test_a_name_that_something_else_has_is_left_to_it_and_said(database):
    name = "desk_taken"
    database.query(f"DROP DATABASE IF EXISTS {name}", database=None)
    database.query(f"CREATE DATABASE {name}", database=None)
    database.query("CREATE TABLE users (id INT PRIMARY KEY, mine TEXT)", database=name)
    database.query("INSERT INTO users VALUES (1, 'mine')", database=name)
    database.query("CREATE VIEW session AS SELECT mine FROM users", database=name)
    first = migrate(database.url(name))
    for taken in ("users", "session"):
        assert f"has {taken} already" in first.err, first.err
    assert database.query("SELECT version, left_out FROM schema_version WHERE left_out IS NOT NULL",
                          database=name) == ((5, " session users "),)
    assert "is left out" not in migrate(database.url(name)).err
    assert database.query("SELECT * FROM users", database=name) == ((1, "mine"),)
    assert database.query("SELECT * FROM session", database=name) == (("mine",),)
    views = {view for (view,) in database.query(
        "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()", database=name)}
    assert views == set(COLUMNS) - {"users"} | {"chat_group_current"}


def test_a_table_of_the_desk_that_something_else_has_is_refused_by_name(database):
    name = "desk_refused"
    database.query(f"DROP DATABASE IF EXISTS {name}", database=None)
    database.query(f"CREATE DATABASE {name}", database=None)
    database.query("CREATE TABLE desk_agent (id INT PRIMARY KEY)", database=name)
    done = run(program("parlor-worker"), "--migrate", env=environment(PARLOR_MYSQL=database.url(name)), status=None)
    assert done.status != 0 and "desk_agent" in done.err
    assert database.query("SHOW TABLES", database=name) == (("desk_agent",),)
