"""Tables of another customer service become a desk: agents with seats, visitors, what
waits in the order in which it asked, what is served, and what has been. Read back through
the views of its own names the rows are what they were."""

import csv
import json
import os
import shutil
from datetime import datetime, timedelta

import desk_pb2 as dpb
import pytest
from client import Client
from conftest import unreads, whole_history
from proc import Broker, Worker, ctl, environment, program, run

DATA = os.path.join(os.path.dirname(__file__), "..", "data")


class Old:
    """A database with old tables, and what is made of it."""

    def __init__(self, server, name, directory, system, file):
        self.server, self.name, self.system = server, name, system
        self.url = server.url(name)
        self.data = str(directory / "data")
        server.query(f"DROP DATABASE IF EXISTS {name}", database=None)
        server.query(f"CREATE DATABASE {name}", database=None)
        with open(os.path.join(DATA, file), encoding="utf-8") as sql:
            self.run(*sql.read().split(";\n"))

    def run(self, *statements):
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
            for statement in filter(str.strip, statements):
                cursor.execute(statement)

    def rows(self, sql):
        return self.server.query(sql, database=self.name)

    def adopt(self, *more, status=0):
        return run(program("parlor-replay"), "adopt", "--system", self.system, "--data", self.data, "--json",
                   *more, status=status, env=environment(PARLOR_MYSQL=self.url))

    def verify(self, *more):
        return run(program("parlor-replay"), "verify", "--data", self.data, *more)


def kept_up(old):
    """Served by a broker with a worker that has caught up."""
    with Broker(data=old.data) as broker:
        old.broker = broker
        worker = Worker(broker, old.url)
        try:
            ctl(broker, "sync", "wait", "--timeout", "60")
            old.verify("--mysql", old.url)
            yield old
            worker.stop()
        finally:
            worker.end()


def served(server, directory, system, file):
    """Adopted, and kept up."""
    old = Old(server, system, directory, system, file)
    old.report = old.adopt().json()
    old.verify()
    yield from kept_up(old)


@pytest.fixture(scope="module")
def small(database, tmp_path_factory):
    yield from served(database, tmp_path_factory.mktemp("small"), "conversations", "conversations.sql")


def client_of(old, **more):
    return Client(old.broker.client, **more)


def found(report):
    return {f["name"]: (f["count"], f["examples"]) for f in report["findings"]}


# ---- users, conversations, messages, agent_status -----------------------------------------


def test_a_small_desk_says_what_came_of_it_and_what_it_assumed(small):
    report = small.report
    assert report["findings"] == []
    assert {name: report[name] for name in ("agents", "seats", "visitors", "conversations", "waiting", "served",
                                            "messages")} == {
        "agents": 3, "seats": 3, "visitors": 4, "conversations": 6, "waiting": 3, "served": 1, "messages": 11}
    assert any("one desk" in text for text in report["assumptions"])


def test_a_small_desk_gives_its_tables_back(small):
    """Ids are the broker's own: rows are told apart by what they are otherwise known by."""
    assert small.rows("SELECT username, password_hash, role, COALESCE(email, ''), created_at FROM users"
                      " ORDER BY created_at") == small.rows(
        "SELECT username, '', role, email, created_at FROM users_before_parlor ORDER BY created_at")
    was = small.rows(
        "SELECT CAST(c.id AS CHAR), u.username, a.username, c.status, c.created_at,"
        " GREATEST(COALESCE(c.updated_at, c.created_at), (SELECT MAX(m.created_at) FROM messages_before_parlor m"
        " WHERE m.conversation_id = c.id)) FROM conversations_before_parlor c JOIN users_before_parlor u"
        " ON u.id = c.customer_id LEFT JOIN users_before_parlor a ON a.id = IF(c.status = 'closed', NULL, c.agent_id)"
        " ORDER BY c.id")
    assert small.rows(
        "SELECT d.conversation_id, u.username, a.username, c.status, c.created_at, c.updated_at FROM conversations c"
        " JOIN desk_conversation d ON d.no = c.id JOIN users u ON u.id = c.customer_id"
        " LEFT JOIN users a ON a.id = c.agent_id ORDER BY d.conversation_id") == was
    assert small.rows(
        "SELECT d.conversation_id, u.username, m.content, m.is_read, m.created_at FROM messages m"
        " JOIN desk_conversation d ON d.no = m.conversation_id JOIN users u ON u.id = m.sender_id"
        " ORDER BY m.id") == small.rows(
        "SELECT CAST(m.conversation_id AS CHAR), u.username, m.content, m.is_read, m.created_at"
        " FROM messages_before_parlor m JOIN users_before_parlor u ON u.id = m.sender_id ORDER BY m.created_at, m.id")
    assert small.rows("SELECT u.username, s.status, s.last_seen FROM agent_status s JOIN users u ON u.id = s.agent_id"
                      " ORDER BY 1") == small.rows(
        "SELECT u.username, IF(s.status = 'online', 'offline', s.status), s.last_seen FROM agent_status_before_parlor s"
        " JOIN users_before_parlor u ON u.id = s.agent_id ORDER BY 1")


def test_who_waited_waits_in_the_order_of_asking(small):
    waiting = "SELECT u.username FROM conversations c JOIN users u ON c.customer_id = u.id" \
              " WHERE c.status = 'open' AND c.agent_id IS NULL ORDER BY c.created_at"
    assert [name for (name,) in small.rows(waiting)] == ["ben", "cho 初", "dee"]
    with client_of(small) as client:
        assert [c.conversation for c in client.desk_queue(desk="service", team="*").conversations] == [
            "104", "105", "106"]


def test_history_and_unread_are_as_they_were(small):
    with client_of(small) as client:
        shown = client.desk_show(conversation="103")
        assert (shown.agent, shown.state) == ("mo", dpb.CONVERSATION_ACTIVE)
        messages = whole_history(client, shown.room)
        assert [(m.sender, m.body) for m in messages] == [
            ("ann", "Where is my tea? 🍵"), ("lin", "On its way."), ("ann", "Thanks"), ("ann", "It is cold"),
            ("mo", "Sorry!"), ("ann", "And now?"), ("ann", "Hello?")]
        assert unreads(client, shown.room)["mo"] == 2
        closed = client.desk_show(conversation="101")
        assert (closed.state, closed.first_seq, closed.last_seq) == (dpb.CONVERSATION_CLOSED, 1, 3)
    assert small.rows("SELECT agent_id, started_at, ended_at FROM desk_stint ORDER BY no") == (
        ("lin", datetime(2024, 3, 2, 10, 1), datetime(2024, 3, 2, 10, 30)), ("mo", datetime(2024, 3, 2, 12, 5), None))


def test_the_first_who_comes_online_is_given_who_waited_longest(small):
    with client_of(small) as client, client_of(small, members=["lin"]) as lin:
        changed = lin.event("conversation").conversation
        assert (changed.conversation.conversation, changed.conversation.agent) == ("104", "lin")
        assert client.desk_show(conversation="104").state == dpb.CONVERSATION_ACTIVE


BROKEN = (
    "ALTER TABLE messages DROP FOREIGN KEY messages_ibfk_1, DROP FOREIGN KEY messages_ibfk_2",
    "ALTER TABLE conversations DROP PRIMARY KEY, MODIFY id INT NOT NULL, MODIFY status VARCHAR(20),"
    " MODIFY created_at DATETIME NULL",
    "ALTER TABLE messages MODIFY content LONGBLOB",
    "ALTER TABLE users MODIFY role VARCHAR(20), MODIFY email VARCHAR(500)",
    "INSERT INTO users VALUES (20, REPEAT('长', 30), '', 'customer', 'x', '2024-03-03 01:00:00'),"
    " (21, 'eve', '', 'boss', REPEAT('e', 300), '2024-03-03 01:00:00')",
    "INSERT INTO conversations VALUES"
    " (201, 11, NULL, 'open', '2024-03-03 10:00:00', NULL),"       # follows 103, which is served
    " (202, 99, NULL, 'open', '2024-03-03 10:01:00', NULL),"       # of nobody
    " (203, 21, 77, 'pending', '2024-03-03 10:02:00', NULL),"      # nobody's agent
    " (204, 20, NULL, 'pending', '2024-03-03 10:03:00', NULL),"
    " (205, 14, 13, 'what', NULL, NULL),"                          # served by a customer
    " (101, 11, NULL, 'closed', '2024-03-04 10:00:00', '2024-03-04 10:00:01'),"
    " (206, 13, NULL, 'open', '2124-03-03 10:00:00', NULL)",
    "INSERT INTO messages (id, conversation_id, sender_id, content, is_read, created_at) VALUES"
    " (30, 103, 11, 'late', 0, '2024-03-03 10:05:00'),"
    " (31, 999, 11, 'lost', 0, '2024-03-03 10:05:00'),"
    " (32, 202, 98, X'68ff69', 0, '2024-03-03 10:05:00'),"
    " (33, 203, 21, 'early', 0, '2024-01-01 00:00:00'),"
    " (34, 103, 11, REPEAT('x', 70000), 1, '2024-03-02 12:42:00'),"
    " (35, 204, 20, 'no time', 0, NULL)",
)


def test_what_is_wrong_in_the_tables_of_a_small_desk_is_named(database, tmp_path):
    old = Old(database, "broken", tmp_path, "conversations", "conversations.sql")
    old.run(*BROKEN)
    before = old.rows("SELECT * FROM messages ORDER BY id")
    report = old.adopt("--check").json()
    assert not os.path.exists(old.data) and old.rows("SELECT * FROM messages ORDER BY id") == before
    assert old.adopt().json()["findings"] == report["findings"]
    shutil.rmtree(old.data)
    assert old.adopt().json() == {**report, "check": False}, "from where they stand aside by now"
    what = found(report)
    assert {name: count for name, (count, _) in what.items()} == {
        "long_id": 3, "long_text": 1, "invalid_text": 1, "long_body": 1, "member_type": 1, "twice": 1, "untimed_row": 2,
        "future_time": 1, "unknown_visitor": 1, "unknown_agent": 2, "unknown_sender": 1, "unknown_conversation": 1,
        "followed": 3, "message_behind_end": 1, "message_before": 1, "status": 2, "read_behind_unread": 1}
    assert what["unknown_conversation"][1] == ["messages 31: 999"]
    assert what["twice"][1] == ["conversations 101"]
    assert what["followed"][1][-1].startswith("conversations 105: conversations 206")
    old.verify()


# ---- tp_customer_service_* ------------------------------------------------------------------


@pytest.fixture(scope="module")
def wechat(database, tmp_path_factory):
    yield from served(database, tmp_path_factory.mktemp("wechat"), "tp_customer_service", "wechat.sql")


JOINS = {
    "fans": "LEFT JOIN tp_customer_service_fans_group g ON g.gid = x.gid",
    "fans_visitors": "JOIN desk_conversation c ON c.no = x.vid LEFT JOIN tp_customer_service_users u ON u.uid = x.uid"
                     " LEFT JOIN tp_customer_service_fans_visitors_type y ON y.tid = x.tid",
    "fans_message": "LEFT JOIN tp_customer_service_users u ON u.uid = x.uid",
    "users_message": "JOIN tp_customer_service_users u ON u.uid = x.uid",
    "users_job": "JOIN tp_customer_service_users u ON u.uid = x.uid",
    "users_change": "JOIN tp_customer_service_users u ON u.uid = x.uid"
                    " JOIN tp_customer_service_users v ON v.uid = x.touid",
}

def before(join):
    """The same tables, where they stand aside."""
    for table in ("fans_group", "fans_visitors_type", "users"):
        join = join.replace(f"tp_customer_service_{table} ", f"tp_customer_service_{table}_before_parlor ")
    return join


def test_desks_of_accounts_say_what_came_of_them(wechat):
    assert wechat.report["findings"] == []
    assert {name: wechat.report[name] for name in (
        "desks", "agents", "seats", "visitors", "groups", "types", "conversations", "waiting", "served", "messages")} == {
        "desks": 2, "agents": 3, "seats": 3, "visitors": 4, "groups": 3, "types": 3, "conversations": 5, "waiting": 2,
        "served": 1, "messages": 12}


@pytest.mark.parametrize("table, columns, order", [
    ("fans_group", "token, groupname", "groupname"),
    ("fans_visitors_type", "token, name", "name"),
    ("users", "token, number, name, type, usernam", "usernam"),
    ("fans", "openid, x.token, nickname, sex, province, city, headimgurl, tel, remark, g.groupname", "openid"),
    ("fans_visitors", "{vid}, openid, x.token, starttime, lasttime, x.status, u.usernam, y.name, time", "time"),
    ("fans_message", "x.token, openid, u.usernam, message, time", "mid"),
    ("users_message", "x.token, openid, u.usernam, message, time", "time"),
    ("users_job", "openid, u.usernam, starttime, lasttime, time", "starttime"),
    ("users_change", "u.usernam, v.usernam, time", "time"),
])
def test_desks_of_accounts_give_their_tables_back(wechat, table, columns, order):
    name, join = f"tp_customer_service_{table}", JOINS.get(table, "")
    now = wechat.rows(f"SELECT {columns.format(vid='c.conversation_id')} FROM {name} x {join} ORDER BY x.{order}")
    join = before(join).replace("JOIN desk_conversation c ON c.no = x.vid", "")
    then = wechat.rows(f"SELECT {columns.format(vid='CAST(x.vid AS CHAR)')} FROM {name}_before_parlor x {join}"
                       f" ORDER BY x.{order}")
    assert now == then and then


def test_passwords_are_not_read(wechat):
    assert wechat.rows("SELECT DISTINCT userpwd FROM tp_customer_service_users") == (("",),)
    with open(os.path.join(wechat.data, "data.mdb"), "rb") as data:
        assert b"secret" not in data.read()


def test_visitors_of_an_account_wait_in_the_order_of_asking(wechat):
    with client_of(wechat, tenant="gh_tea") as client:
        assert [c.conversation for c in client.desk_queue(desk="service", team="*").conversations] == ["45", "43"]
        shown = client.desk_show(conversation="44")
        assert (shown.agent, shown.state) == ("mo", dpb.CONVERSATION_ACTIVE)
        assert unreads(client, shown.room) == {"oA": 0, "mo": 1}
    with client_of(wechat, tenant="gh_pots") as client:
        assert client.desk_show(conversation="46").state == dpb.CONVERSATION_CLOSED


BROKEN_WECHAT = (
    "ALTER TABLE tp_customer_service_fans_visitors MODIFY vid INT NOT NULL, DROP PRIMARY KEY",
    "INSERT INTO tp_customer_service_fans VALUES ('oE', 'gh_tea', 'Eve', 1, '', '', '', '', '', 99),"
    " ('oA', 'gh_tea', 'Ann again', 1, '', '', '', '', '', 0)",
    "INSERT INTO tp_customer_service_users VALUES (10, 'gh_tea', '', 'No type', 5, '0', '')",
    "INSERT INTO tp_customer_service_fans_visitors VALUES"
    " (42, 'oB', 'gh_tea', 1700001000, 1700001000, 0, 0, 0, 1700001000),"   # its number stood before
    " (47, 'oB', 'gh_tea', 1700001100, 1700001100, 1, 77, 9, 1700001100),"  # follows 45; agent and type unknown
    " (48, '', 'gh_tea', 1700001200, 1700001200, 0, 0, 0, 1700001200)",     # of nobody
    "INSERT INTO tp_customer_service_fans_message VALUES (20, 'gh_tea', 'oE', 7, 'stray', 1700001300),"
    " (21, 'gh_tea', 'oE', 7, 'and more', 1700001301)",
    "INSERT INTO tp_customer_service_users_job VALUES ('oE', 7, 1700000900, 1700000900, 0)",
    "INSERT INTO tp_customer_service_users_change VALUES (2, 8, 9, 1600000000)",
)


def test_what_is_wrong_in_the_tables_of_an_account_is_named(database, tmp_path):
    old = Old(database, "broken2", tmp_path, "tp_customer_service", "wechat.sql")
    old.run(*BROKEN_WECHAT)
    what = found(old.adopt().json())
    assert {name: count for name, (count, _) in what.items()} == {
        "twice": 2, "member_type": 1, "followed": 1, "unknown_agent": 1, "unknown_type": 1, "unknown_group": 1,
        "refused_row": 1, "stray_message": 1, "stray_stint": 1, "lost_transfer": 1}
    assert what["lost_transfer"][1] == ["tp_customer_service_users_change 2"]
    assert what["followed"][1] == ["tp_customer_service_fans_visitors 45: tp_customer_service_fans_visitors 47"]
    old.verify()


# ---- Startalk ---------------------------------------------------------------------------------


def at(minutes, seconds=0):
    return datetime(2024, 3, 1, 10) + timedelta(minutes=minutes, seconds=seconds)


NEVER = datetime(1970, 1, 1)
SUPPLIER = [  # two shops; the second lets nobody line up
    dict(id=17, name="Tea 茶", create_time=at(-90), last_update_time=at(-50), old_id=170, logo_url="/tea.png",
         welcomes="Welcome!", status=1, ext_flag=1, assign_strategy=1, no_service_welcomes="Nobody is here"),
    dict(id=18, name="Pots", create_time=at(-90), last_update_time=at(-90), old_id=None, logo_url="", welcomes=None,
         status=1, ext_flag=0, assign_strategy=0, no_service_welcomes=""),
]


def seat(id, name, supplier, **more):
    return dict(dict(id=id, qunar_name=name, web_name=name.title(), nickname=f"{name} 号", face_link=f"/{name}.png",
                     supplier_id=supplier, priority=0.5, create_time=at(-80), last_update_time=at(-40 - id),
                     old_supplier_id=None, old_id=id * 10, service_status=0, status=1, max_user=10, bind_wx=0,
                     host="chat.example.org"), **more)


SEAT = [seat(5, "lin", 17), seat(6, "mo", 17, priority=2.5, max_user=3), seat(7, "lin", 18), seat(8, "bot", 17),
        seat(9, "gone", 18, status=0), seat(10, "kim", 18, service_status=4, bind_wx=1), seat(11, "shy", 17, service_status=1)]
QUIET = ("lin", "mo", "bot")  # those that are as they were from the beginning


def session(id, session_id, user, seat_name, shop, state, created, updated, robot=0, product="*"):
    return dict(id=id, session_id=session_id, user_name=user, seat_name=seat_name, shop_name=f"shop_{shop}",
                product_id=product, session_state=state, isrobot_seat=robot, created_time=created, update_time=updated)


SESSION = [
    session(1, "s-a", "ann", "lin", 17, 5, at(0, 10), at(2), product="green \"tea\", loose"),
    session(2, "s-a", "ann", "mo", 17, 7, at(2), at(5), product="green \"tea\", loose"),
    session(3, "s-b", "ben", None, 17, 3, at(20), at(21)),
    session(4, "s-c", "cho", "lin", 17, 4, at(22), at(24)),
    session(5, "s-d", "dee", "bot", 17, 6, at(6), at(8), robot=1),
    session(6, "s-e", "eve", "mo", 17, 4, at(25, 0.25), at(25, 0.25)),
]


def mapping(session_id, customer, shop, status, asked, ack, seat_name="", distributed=NEVER, count=1, group=0,
            product="*"):
    return dict(customer_name=customer, shop_id=shop, product_id=product, session_id=session_id, status=status,
                request_count=count, distributed_time=distributed, inqueue_time=asked, last_ack_time=ack,
                seat_name=seat_name, group_id=group)


MAPPING = [
    mapping("s-a", "ann", 17, 5, at(0), at(5), "mo", at(0, 10), count=2, product="green \"tea\", loose"),
    mapping("s-b", "ben", 17, 1, at(20), at(21), count=3, group=3),
    mapping("s-c", "cho", 17, 4, at(21), at(24), "lin", at(22), group=3),
    mapping("s-d", "dee", 17, 5, at(6), at(8)),
    mapping("s-e", "eve", 17, 2, at(23), at(23), "mo", at(25, 0.25)),
    mapping("s-f", "fay", 18, 5, at(9), at(10), "lin", at(9, 30), group=4),
]
BUSI_SUPPLIER = [dict(id=1, supplier_id=17, busi_id=70, busi_supplier_id="b17", create_time=at(-80),
                      last_update_time=at(-60), bsuid_and_type="b17_70", supplier_operator="op", operator_webname="Op",
                      status=1)]
BUSI_SEAT = [dict(id=1, busi_id=70, seat_id=6, create_time=at(-70), last_update_time=at(-70), status=1),
             dict(id=2, busi_id=71, seat_id=6, create_time=at(-70), last_update_time=at(-65), status=0)]
TABLES = dict(supplier=SUPPLIER, seat=SEAT, session=SESSION, session_mapping=MAPPING, busi_supplier_mapping=BUSI_SUPPLIER,
              busi_seat_mapping=BUSI_SEAT)


def in_china(value, form):
    if not isinstance(value, datetime):
        return value
    local = value + timedelta(hours=8)
    return local.isoformat("T" if form == "ndjson" else " ") + ("+08:00" if form == "ndjson" else "+08")


def dump(directory, form, tables=TABLES):
    directory.mkdir()
    for name, rows in tables.items():
        with open(directory / f"{name}.{form}", "w", encoding="utf-8", newline="") as file:
            rows = [{column: in_china(value, form) for column, value in row.items()} for row in rows]
            if form == "ndjson":
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            else:
                writer = csv.DictWriter(file, rows[0])
                writer.writeheader()
                writer.writerows(rows)
    return str(directory)


def adopt_dump(directory, data, *more, status=0):
    return run(program("parlor-replay"), "adopt", "--system", "startalk", "--dump", directory, "--data", data, "--json",
               *more, status=status)


@pytest.fixture(scope="module")
def startalk(database, tmp_path_factory):
    here = tmp_path_factory.mktemp("startalk")
    old = Old(database, "startalk", here, "startalk", os.devnull)
    old.report = adopt_dump(dump(here / "dump", "ndjson"), old.data).json()
    run(program("parlor-worker"), "--migrate", env=environment(PARLOR_MYSQL=old.url))
    yield from kept_up(old)


def test_a_dump_of_startalk_says_what_came_of_it(startalk):
    assert startalk.report["findings"] == []
    assert {name: startalk.report[name] for name in (
        "desks", "teams", "agents", "seats", "businesses", "conversations", "waiting", "served", "messages")} == {
        "desks": 2, "teams": 2, "agents": 6, "seats": 7, "businesses": 1, "conversations": 6, "waiting": 1, "served": 2, "messages": 0}


def rows_of(table, *columns, keep=lambda row: True):
    return tuple(tuple(row[column] for column in columns) for row in table if keep(row))


def test_a_dump_of_startalk_is_given_back_by_the_views(startalk):
    columns = ("name", "create_time", "last_update_time", "logo_url", "status", "ext_flag", "assign_strategy", "old_id",
               "welcomes", "no_service_welcomes")
    assert startalk.rows(f"SELECT {', '.join(columns)} FROM supplier ORDER BY id") == rows_of(SUPPLIER, *columns)

    fixed = ("qunar_name", "web_name", "nickname", "face_link", "create_time", "old_supplier_id", "old_id",
             "service_status", "status", "max_user", "bind_wx", "host")
    shop = {row["id"]: row["name"] for row in SUPPLIER}
    found = startalk.rows(f"SELECT {', '.join(fixed)}, CAST(priority AS DOUBLE), supplier_name FROM seat"
                          " ORDER BY supplier_name DESC, old_id")
    assert found == tuple(sorted(
        (row + (of["priority"], shop[of["supplier_id"]]) for row, of in zip(rows_of(SEAT, *fixed), SEAT, strict=True)),
        key=lambda row: (row[-1] == "Pots", row[6])))
    quiet = startalk.rows("SELECT qunar_name, last_update_time FROM seat WHERE supplier_name = 'Tea 茶' AND qunar_name IN"
                          f" {QUIET} ORDER BY old_id")
    assert quiet == rows_of(SEAT, "qunar_name", "last_update_time",
                            keep=lambda row: row["supplier_id"] == 17 and row["qunar_name"] in QUIET)

    columns = ("busi_id", "busi_supplier_id", "create_time", "last_update_time", "bsuid_and_type", "supplier_operator",
               "operator_webname", "status")
    assert startalk.rows(f"SELECT {', '.join(columns)} FROM busi_supplier_mapping") == rows_of(BUSI_SUPPLIER, *columns)
    columns = ("busi_id", "create_time", "last_update_time", "status")
    assert startalk.rows(f"SELECT {', '.join(f'b.{c}' for c in columns)} FROM busi_seat_mapping b JOIN seat s"
                         " ON s.id = b.seat_id WHERE s.qunar_name = 'mo' ORDER BY b.busi_id") == rows_of(BUSI_SEAT, *columns)


def test_sessions_of_startalk_are_given_back_by_the_views(startalk):
    columns = ("session_id", "user_name", "seat_name", "product_id", "session_state", "isrobot_seat", "created_time",
               "update_time")
    found = startalk.rows(f"SELECT {', '.join(f'x.{c}' for c in columns)}, CONCAT('shop_', IF(s.name = 'Pots', 18, 17))"
                          " FROM session x JOIN supplier s ON x.shop_name = CONCAT('shop_', s.id)"
                          " WHERE x.session_id <> 's-f' ORDER BY x.session_id, x.created_time")
    assert found == rows_of(sorted(SESSION, key=lambda row: row["session_id"]), *columns, "shop_name")
    columns = ("customer_name", "product_id", "session_id", "status", "request_count", "distributed_time",
               "inqueue_time", "last_ack_time", "seat_name")
    found = startalk.rows(
        f"SELECT {', '.join(f'x.{c}' for c in columns)}, CASE s.name WHEN 'Pots' THEN 18 ELSE 17 END,"
        " CAST(REPLACE(t.team, '*', '0') AS INT), COALESCE((SELECT e.qunar_name FROM seat e WHERE e.id = x.seat_id), '')"
        " FROM session_mapping x JOIN supplier s ON s.id = x.shop_id JOIN desk_team t ON t.no = x.group_id"
        " ORDER BY x.session_id")
    assert found == rows_of([dict(row, seat=row["seat_name"]) for row in MAPPING], *columns, "shop_id", "group_id", "seat")


def test_seats_of_startalk_serve_on(startalk):
    with client_of(startalk) as client:
        assert [c.conversation for c in client.desk_queue(desk="17", team="3").conversations] == ["s-b"]
        assert client.desk_show(conversation="s-c").agent == "lin"
        assert client.desk_show(conversation="s-e").state == dpb.CONVERSATION_ACTIVE
        assert {row.row.seat.agent: (row.row.seat.max, row.row.seat.mode, row.row.seat.bind, row.row.seat.off)
                for row in client.desk_rows(like={"seat": {"desk": "18"}}).rows} == {
            "lin": (10, dpb.MODE_READY, False, False), "gone": (10, dpb.MODE_READY, False, True),
            "kim": (10, dpb.MODE_ALWAYS, True, False)}


def test_a_dump_in_csv_is_the_same(startalk, tmp_path):
    report = adopt_dump(dump(tmp_path / "dump", "csv"), str(tmp_path / "data")).json()
    assert report == startalk.report
    run(program("parlor-replay"), "verify", "--data", str(tmp_path / "data"))


def test_what_is_wrong_in_a_dump_of_startalk_is_named(tmp_path):
    broken = dict(TABLES, seat=[*SEAT, seat(5, "lin", 17), seat(12, "lost", 99)], session_mapping=[
        *MAPPING, mapping("s-a", "zoe", 17, 5, at(30), at(30)), mapping("s-g", "ben", 17, 9, at(31), at(31)),
        mapping("s-h", "", 17, 1, at(32), at(32)), mapping("s-i", "ida", 17, 3, at(33), at(33), "nobody", at(33))])
    directory = dump(tmp_path / "dump", "ndjson", broken)
    with open(os.path.join(directory, "session.ndjson"), "ab") as file:
        file.write(b'{"session_id": "\xff"}\nnonsense\n{"session_id": "' + b"x" * (1 << 20) + b'"}\n')
    what = found(adopt_dump(directory, str(tmp_path / "data"), "--check").json())
    assert {name: count for name, (count, _) in what.items()} == {
        "twice": 2, "refused_row": 3, "status": 1, "followed": 1, "unknown_agent": 1, "unreadable_row": 3}
    assert what["unreadable_row"][1] == ["session line 7", "session line 8", "session line 9"]
    assert not os.path.exists(tmp_path / "data")


def test_a_dump_that_lacks_a_table_is_refused_and_leaves_nothing(tmp_path):
    directory = dump(tmp_path / "dump", "csv", {"seat": SEAT, "session_mapping": MAPPING})
    refused = adopt_dump(directory, str(tmp_path / "data"), status=1)
    assert "supplier" in refused.err and os.listdir(tmp_path) == ["dump"]
    adopt_dump(directory, str(tmp_path / "data"), "--desk", "", status=2)
