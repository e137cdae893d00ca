"""Tables of another customer service become a desk: agents with seats, visitors, what
waits in the order in which it asked, what is served, and what has been. Read back through
the views of its own names the rows are what they were."""

import os
from datetime import datetime

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


def served(server, directory, system, file):
    """Adopted, and served by a broker with a worker that has caught up."""
    old = Old(server, system, directory, system, file)
    old.report = old.adopt().json()
    old.verify()
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
