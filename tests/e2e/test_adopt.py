"""Tables as a product had them before, with everything that is wrong in such
tables, become rooms; nothing of them is destroyed."""

import os
import shutil

import compare
import pytest
from client import Client
from conftest import say, unreads, whole_history
from mariadb import MariaDB
from proc import Broker, Process, Worker, ctl, environment, program, run

SQL = os.path.join(os.path.dirname(__file__), "..", "data", "legacy.sql")
OLD = ("chat_group", "group_member", "group_message", "member")
ASIDE = tuple(f"{table}_before_parlor" for table in OLD)
MESSAGE, NOTICE = 1, 2
LONG_ROOM = "long-room-long-room-long-room-l~"
LONG_MEMBER = "long-member-long-member-long-me~"

FOUND = {
    "empty_room": 3, "empty_member": 2, "long_id": 2, "invalid_id": 1, "invalid_text": 1,
    "long_body": 1, "long_name": 1, "long_avatar": 1, "duplicate_group": 1, "duplicate_member": 1,
    "only_in_chat_group": 1, "only_in_group_member": 1, "alike_ids": 1, "names_differ": 1,
    "types_differ": 1, "member_type": 1, "orphan_room": 1, "sender_not_member": 4,
    "empty_sender": 1, "message_type": 1, "no_time": 2, "future_time": 2, "alike_messages": 1,
    "spoke_before_joining": 1, "negative_unread": 1, "unread_too_high": 2,
}


class Shop:
    """The old database, and what is made of it."""

    def __init__(self, server, name, directory):
        self.server, self.name = server, name
        self.url = server.url(name)
        self.data = str(directory / "data")
        server.query(f"DROP DATABASE IF EXISTS {name}", database=None)
        server.query(f"CREATE DATABASE {name}", database=None)
        self.load()

    def load(self):
        with open(SQL, encoding="utf-8") as file:
            statements = file.read().split(";\n")
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            for statement in filter(str.strip, statements):
                cursor.execute(statement)

    def rows(self, sql, name=None):
        return self.server.query(sql, database=name or self.name)

    def dump(self, tables=OLD):
        return [self.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables]

    def tables(self):
        return {table for (table,) in self.rows("SHOW TABLES")}

    def adopt(self, *more, status=0, data=None, url=None):
        return run(program("parlor-replay"), "adopt", "--data", data or self.data, "--json", *more,
                   status=status, env=environment(PARLOR_MYSQL=url or self.url))


@pytest.fixture
def shop(database, tmp_path):
    return Shop(database, "shop", tmp_path)


@pytest.fixture(scope="module")
def adopted(tmp_path_factory):
    """Adopted, and served by a broker with a worker that has caught up."""
    with MariaDB() as server:
        shop = Shop(server, "shop", tmp_path_factory.mktemp("adopted"))
        shop.before = shop.dump()
        shop.report = shop.adopt().json()
        with Broker(data=shop.data) as broker:
            shop.broker = broker
            worker = Worker(broker, shop.url)
            try:
                ctl(broker, "sync", "wait", "--timeout", "60")
                yield shop
                worker.stop()
            finally:
                worker.end()


def client_of(shop, tenant="acme"):
    return Client(shop.broker.client, tenant=tenant)


def history(shop, room, tenant="acme"):
    with client_of(shop, tenant) as client:
        return whole_history(client, room)


def unread_of(shop, room, tenant="acme"):
    with client_of(shop, tenant) as client:
        return unreads(client, room)


def members_of(shop, room):
    with client_of(shop) as client:
        return {m.member: m for m in client.members_list(room=room).members}


def long_id(shop, start):
    ids = {room for (room,) in shop.rows("SELECT uuid FROM room")} | {
        member for (member,) in shop.rows("SELECT member_id FROM chat_group")}
    (found,) = [name for name in ids if name.startswith(start)]
    assert len(found) <= 64
    return found


def test_it_says_what_it_found(adopted):
    report = adopted.report
    assert {f["name"]: f["count"] for f in report["findings"]} == FOUND
    assert all(f["examples"] and f["what"] for f in report["findings"])
    assert report["rooms"] == 10 and report["messages"] == 26


def test_the_old_tables_stand_aside_as_they_were(adopted):
    assert adopted.dump(ASIDE) == adopted.before


def test_a_room_that_was_in_order_is_as_it_was(adopted):
    messages = history(adopted, "tea")
    assert [(m.seq, m.sender, m.sender_name, m.type, m.body) for m in messages] == [
        (1, "chen", "Chen", MESSAGE, "Where is my tea? 🍵"),
        (2, "lin", "Lin", MESSAGE, "On its way."),
        (3, "chen", "Chen", MESSAGE, "Since when?"),
        (4, "lin", "Lin", MESSAGE, "Yesterday."),
        (5, "chen", "Chen", MESSAGE, "Thanks"),
        (6, "chen", "Chen", MESSAGE, "Bye"),
        (7, "lin", "Lin", NOTICE, "Lin closed the conversation")]
    assert [m.time_us // 1000000 for m in messages[:2]] == [1682931605, 1682931660]
    assert unread_of(adopted, "tea") == {"lin": 2, "chen": 0, "mo": 6}
    members = members_of(adopted, "tea")
    assert (members["lin"].type, members["lin"].name, members["lin"].avatar) == (1, "Lin 林", "/lin.png")
    assert members["lin"].joined_us == 1682931600 * 1000000
    with client_of(adopted) as client:
        assert client.room_show(room="tea").name == "Tea 茶"


def test_tenants_stay_apart(adopted):
    assert [m.body for m in history(adopted, "tea", "bolt")] == ["nuts"]
    assert unread_of(adopted, "tea", "bolt") == {"kim": 0, "lin": 1}
    assert unread_of(adopted, "tea", "default") == {"chen": 0}


def test_counters_that_drifted_are_kept_where_it_is_possible(adopted):
    assert unread_of(adopted, "drift") == {"high": 2, "low": 0, "none": 0, "right": 1}


def test_what_stood_twice_is_one_with_the_larger_count(adopted):
    assert unread_of(adopted, "twice") == {"ann": 2, "ben": 0}
    members = members_of(adopted, "twice")
    assert members["ann"].name == "Ann M." and members["ben"].type == 1
    assert [m.body for m in history(adopted, "twice")] == ["ok", "ok"], "no message is left out"
    with client_of(adopted) as client:
        assert client.room_show(room="twice").name == "New name"


def test_members_of_either_table_are_members(adopted):
    members = members_of(adopted, "half")
    assert set(members) == {"left", "right", "Ann", "ann "}
    assert (members["left"].type, members["left"].name) == (2, "")
    assert members["right"].type == 1
    assert members["Ann"].name == "n" * 256 and members["Ann"].avatar == ""
    assert unread_of(adopted, "half") == {"left": 1, "right": 0, "Ann": 0, "ann ": 0}


def test_messages_are_mended_not_lost(adopted):
    messages = history(adopted, "half")
    assert [(m.sender, m.type, m.body) for m in messages[:4]] == [
        ("ghost", MESSAGE, "boo"), ("", NOTICE, "Ann joined"), ("Ann", MESSAGE, "seven"),
        ("right", MESSAGE, "h\ufffd\ufffdi\ufffd你")]
    assert messages[4].body == "长" * (65536 // 3)


def test_a_room_without_members_has_its_messages(adopted):
    assert [m.body for m in history(adopted, "orphan")] == ["is anybody there?", "hello?"]
    assert members_of(adopted, "orphan") == {}


def test_times_that_are_none_come_first_and_those_of_the_future_are_of_now(adopted):
    messages = history(adopted, "time")
    assert [m.body for m in messages] == ["no time", "zero time", "first of the day", "from the future"]
    times = [m.time_us for m in messages]
    assert times == sorted(times) and times[0] >= 1682931600 * 1000000
    with client_of(adopted) as client:
        say(client, "now", sender="chen", room=long_id(adopted, LONG_ROOM))
        (last,) = whole_history(client, long_id(adopted, LONG_ROOM))[-1:]
        assert times[-1] <= last.time_us, "the clock did not run away"
        assert last.time_us - times[-1] < 3600 * 1000000
    assert unread_of(adopted, "time") == {"early": 0, "never": 2, "later": 1}


def test_ids_that_cannot_be_are_given_others(adopted):
    room, member = long_id(adopted, LONG_ROOM), long_id(adopted, LONG_MEMBER)
    first = history(adopted, room)[0]
    assert (first.sender, first.body) == (member, "a long story")
    (message,) = history(adopted, long_id(adopted, "nul"))
    assert message.sender.startswith("b\ufffdad\ufffd~") and message.body == "bad sender"


def test_mysql_is_filled_by_the_workers(adopted):
    ctl(adopted.broker, "sync", "wait", "--timeout", "60")
    for tenant in ("acme", "bolt", "default"):
        with adopted.server.connect(adopted.name) as connection:
            messages = compare.messages(connection, tenant)
            stored = compare.unreads(connection, tenant)
            current = compare.unreads(connection, tenant, "chat_group_current")
        assert stored == current
        with client_of(adopted, tenant) as client:
            for room, rows in messages.items():
                assert [(m.seq, m.sender, m.type, m.body, m.client_id)
                        for m in whole_history(client, room)] == rows
            for room, rows in stored.items():
                assert dict(rows) == unreads(client, room)


def test_nicknames_of_the_old_table_are_kept(adopted):
    assert adopted.rows("SELECT uuid, name, nickname, status FROM member WHERE ent_id = 'acme'"
                        " AND uuid IN ('lin', 'gone') ORDER BY uuid") == (
        ("gone", "Gone", "g", ""), ("lin", "Lin 林", "linny", "on leave"))


def test_rooms_go_on(adopted):
    with client_of(adopted) as client:
        assert client.room_create(room="drift").room == "drift", "who makes it again finds it"
        say(client, "more", sender="right", room="drift")
        assert whole_history(client, "drift")[-1].seq == 4
        assert unreads(client, "drift") == {"high": 3, "low": 1, "none": 1, "right": 1}
        client.read(room="drift", member="high", seq=2)
        assert unreads(client, "drift")["high"] == 2


# ---- what does not happen ------------------------------------------------------------------


def test_a_check_says_the_same_and_changes_nothing(shop, adopted, tmp_path):
    before, tables = shop.dump(), shop.tables()
    report = run(program("parlor-replay"), "adopt", "--check", "--json",
                 env=environment(PARLOR_MYSQL=shop.url, TMPDIR=str(tmp_path))).json()
    assert report.pop("check") is True
    assert {name: value for name, value in adopted.report.items() if name != "check"} == report
    assert (shop.dump(), shop.tables()) == (before, tables)
    assert os.listdir(tmp_path) == []


def test_the_report_for_people(shop):
    out = run(program("parlor-replay"), "adopt", "--check",
              env=environment(PARLOR_MYSQL=shop.url)).out
    assert "rooms       10 with" in out and "nothing was changed" in out
    assert "counts above what there is to read" in out and "member high: 99, now 2" in out
    assert "\0" not in out


def test_from_another_database_which_stays_as_it_is(shop):
    before = shop.dump()
    url = shop.server.url("fresh")
    shop.server.query("DROP DATABASE IF EXISTS fresh", database=None)
    report = shop.adopt("--from", "shop", url=url).json()
    assert report["rooms"] == 10
    assert shop.dump() == before and shop.tables() == set(OLD)
    with Broker(data=shop.data) as broker:
        worker = Worker(broker, url)
        try:
            ctl(broker, "sync", "wait", "--timeout", "60")
            worker.stop()
        finally:
            worker.end()
    assert shop.rows("SELECT COUNT(*) FROM group_message", "fresh") == ((26,),)
    said = shop.adopt("--from", "shop", url=url, data=shop.data + "2", status=1).err
    assert "hold rooms there already" in said
    assert not os.path.exists(shop.data + "2")


def test_a_server_that_does_not_answer_is_waited_for_and_one_that_is_not_there_is_not(shop):
    shop.server.freeze()
    try:
        waiting = Process(program("parlor-replay"), "adopt", "--data", shop.data,
                          env=environment(PARLOR_MYSQL=shop.url))
        waiting.await_said("trying on")
    finally:
        shop.server.cont()
    assert waiting.wait() == 0
    assert os.listdir(shop.data)
    nowhere = f"mysql://root@localhost/shop?socket={shop.data}/none"
    assert "cannot be used" in shop.adopt(status=1, data=shop.data + "2", url=nowhere).err


def test_an_attempt_that_was_cut_short_is_made_again(shop):
    shop.adopt()
    shutil.rmtree(shop.data)
    assert shop.adopt().json()["rooms"] == 10, "the tables stand aside already"


def test_whatever_has_the_name_of_a_table_of_parlors_stands_aside(shop):
    """Also of one that no old product is known for."""
    shop.rows("CREATE TABLE room_label (word VARCHAR(9))")
    shop.rows("INSERT INTO room_label VALUES ('old')")
    shop.adopt()
    assert shop.rows("SELECT word FROM room_label_before_parlor") == (("old",),)
    assert shop.rows("SELECT group_id, label FROM room_label") == ()


def test_other_layouts(shop):
    shop.rows("ALTER TABLE chat_group DROP COLUMN id, CHANGE ent_id company VARCHAR(500)")
    shop.rows("ALTER TABLE group_message DROP COLUMN id, CHANGE ent_id company VARCHAR(500)")
    shop.rows("DROP TABLE group_member")
    report = shop.adopt("--tenant-column", "company", "--zone", "+08:00").json()
    found = {f["name"]: f["count"] for f in report["findings"]}
    assert found["no_order"] >= 2 and found["only_in_chat_group"] == report["memberships"]
    with Broker(data=shop.data) as broker, Client(broker.client, tenant="acme") as client:
        assert whole_history(client, "tea")[0].time_us == (1682931605 - 8 * 3600) * 1000000


def test_rows_without_a_tenant_column_are_of_one_tenant(shop):
    for table in ("chat_group", "group_member", "group_message"):
        shop.rows(f"DELETE FROM {table} WHERE ent_id <> 'acme'")
        shop.rows(f"ALTER TABLE {table} DROP COLUMN ent_id")
    shop.adopt("--tenant", "only")
    with Broker(data=shop.data) as broker, Client(broker.client, tenant="only") as client:
        assert unreads(client, "tea") == {"lin": 2, "chen": 0, "mo": 6}


@pytest.mark.parametrize("harm, words", [
    ("DROP TABLE group_message", "group_message is not there"),
    ("ALTER TABLE chat_group DROP COLUMN uuid", "has no column uuid"),
    ("ALTER TABLE chat_group MODIFY created_at VARCHAR(40)", "of type varchar"),
    ("ALTER TABLE chat_group ADD seen INT", "is Parlor's own already"),
], ids=["table", "column", "time", "own"])
def test_tables_that_are_not_understood_are_refused_by_name(shop, harm, words):
    shop.rows(harm)
    tables = shop.tables()
    said = shop.adopt(status=1).err
    assert words in said
    assert not os.path.exists(shop.data) and shop.tables() == tables


@pytest.mark.parametrize("words", [
    (), ("--data", "x", "more"), ("--check", "--zone", "Asia/Shanghai"), ("--check", "--zone", "+25:00"),
    ("--check", "--tenant", "t" * 65), ("--check", "--partitions", "0"),
], ids=["where", "more", "name", "offset", "tenant", "parts"])
def test_bad_usage(shop, words):
    assert run(program("parlor-replay"), "adopt", *words, status=2,
               env=environment(PARLOR_MYSQL=shop.url)).err
    assert not os.path.exists("x") and shop.tables() == set(OLD)


def test_a_directory_that_holds_something_is_not_touched(shop):
    os.mkdir(shop.data)
    with open(os.path.join(shop.data, "mine"), "w", encoding="ascii") as file:
        file.write("x")
    assert "not empty" in shop.adopt(status=1).err
    assert os.listdir(shop.data) == ["mine"] and shop.tables() == set(OLD)
