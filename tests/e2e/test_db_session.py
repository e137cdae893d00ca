"""Connections that are not what a worker asked for: a server, or what stands in
front of it, that keeps a character set or a mode of its own, or that asks for
the password in clear; and tables in which two ids are the same."""

import contextlib
import re
import time

import pytest
from client import Client
from mariadb import MariaDB
from proc import Broker, Process, ctl, environment, program, run
from rogue_mysql import RogueMySQL
from sql_proxy import SqlProxy, pretend
from stack import Stack, migrate

FOREVER = 1 << 30
ONE_PARTITION = {"sync.partitions": 1}
IGNORES_THE_HANDSHAKE = "--skip-character-set-client-handshake"
PASSWORD = "open-sesame"
# Read as GBK, the second byte of the sign and the backslash behind it are one
# character, and the quote ends the text.
CUNNING = "告\\'))) OR 1=1 -- "


def as_utf8(server, sql, database="parlor"):
    """Rows over a connection that such a server cannot lead astray."""
    with server.connect(database, init_command="SET NAMES utf8mb4") as connection, \
            connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@contextlib.contextmanager
def server_of(*options):
    """Its users are nobody special: who is has no init_connect."""
    with MariaDB(*options) as server:
        for sql in ("CREATE DATABASE parlor DEFAULT CHARACTER SET utf8mb4", "CREATE USER app@localhost",
                    "GRANT ALL ON parlor.* TO app@localhost"):
            server.query(sql, database=None)
        yield server


def await_trouble(client, words):
    deadline = time.monotonic() + 60
    while words not in client.sync_status().partitions[0].error:
        assert time.monotonic() < deadline, f"never {words}: {client.sync_status()}"


# ---- a server with a character set of its own ---------------------------------------


@pytest.mark.parametrize("options", [
    ("--character-set-server=latin1", IGNORES_THE_HANDSHAKE),
    ("--character-set-server=gbk", IGNORES_THE_HANDSHAKE),
    ("--init-connect=SET NAMES latin1",),
    ("--init-connect=SET NAMES gbk; SET sql_mode = 'NO_BACKSLASH_ESCAPES'",),
], ids=["latin1", "gbk", "init-latin1", "init-gbk"])
def test_a_server_that_prefers_another_character_set_stores_what_was_posted(options):
    with server_of(*options) as server, Broker(ONE_PARTITION) as broker:
        url = server.url(user="app")
        migrate(url)
        worker = Process(program("parlor-worker"), "--broker", broker.worker, ready="ready",
                         env=environment(PARLOR_MYSQL=url))
        try:
            with Client(broker.client) as client, Client(broker.client, tenant="other") as other:
                client.room_create(room="茶", members=[dict(member="é", type=1), dict(member=CUNNING, type=2)])
                other.room_create(room="茶", members=[dict(member="x", type=1), dict(member="y", type=2)])
                client.post(room="茶", sender="é", client_id="1", body="茶☕ é")
                client.members_remove(room="茶", members=[CUNNING])
                ctl(broker, "sync", "wait", "--timeout", "60")
            assert as_utf8(server, "SELECT group_id, sender, message_content FROM group_message"
                                   " WHERE message_type = 1") == (("茶", "é", "茶☕ é"),)
            members = "SELECT member_id FROM {} WHERE ent_id = '{}' ORDER BY 1"
            for table in ("chat_group", "group_member"):
                assert as_utf8(server, members.format(table, "default")) == (("é",),)
                assert as_utf8(server, members.format(table, "other")) == (("x",), ("y",))
            run(program("parlor-replay"), "verify", "--data", broker.data, "--mysql", url)
            worker.stop()
        finally:
            worker.end()


# ---- one whose session cannot be set ----------------------------------------------------


@pytest.fixture(scope="module")
def stubborn():
    """Everything that a session may be set to is another way here."""
    with server_of("--character-set-server=latin1", IGNORES_THE_HANDSHAKE, "--default-time-zone=+05:00",
                   "--sql-mode=NO_BACKSLASH_ESCAPES", "--autocommit=0") as server:
        migrate(server.url())
        yield server


@pytest.mark.parametrize("words, says", [
    ("SET NAMES", "character_set_client at latin1"),
    ("SET SESSION sql_mode", "sql_mode at NO_BACKSLASH_ESCAPES"),
    ("SET SESSION time_zone", "time_zone at +05:00"),
    ("SET SESSION autocommit", "autocommit at 0"),
], ids=["names", "mode", "zone", "autocommit"])
def test_a_session_that_a_proxy_did_not_set_is_not_used(stubborn, words, says):
    with SqlProxy(stubborn) as proxy:
        proxy.at(words, pretend, FOREVER)
        said = migrate(proxy.url("parlor"), status=1).err
        assert says in said and "needed" in said


def test_all_programs_refuse_it_and_nothing_is_written_until_it_is_right(stubborn, tmp_path):
    with SqlProxy(stubborn) as proxy, Broker(ONE_PARTITION) as broker, Client(broker.client) as client:
        url, says = proxy.url("parlor"), "character_set_client at latin1"
        swallowed = proxy.at("SET NAMES", pretend, FOREVER)
        worker = Process(program("parlor-worker"), "--broker", broker.worker, env=environment(PARLOR_MYSQL=url))
        try:
            client.room_create(room="茶", members=[dict(member="é", type=1)])
            await_trouble(client, says)
            assert "DB_SESSION" in client.sync_status().partitions[0].error
            for words in (("rebuild", "lmdb", "--data", tmp_path / "new"), ("adopt", "--data", tmp_path / "new"),
                          ("rebuild", "mysql", "--data", broker.data), ("verify", "--data", broker.data)):
                done = run(program("parlor-replay"), *map(str, words), "--mysql", url, status=None)
                assert done.status != 0 and says in done.err, done.err + done.out
            assert as_utf8(stubborn, "SELECT COUNT(*) FROM room") == ((0,),)
            swallowed.let_go()
            ctl(broker, "sync", "wait", "--timeout", "60")
            assert as_utf8(stubborn, "SELECT uuid FROM room") == (("茶",),)
            worker.stop()
        finally:
            worker.end()


# ---- logging in ---------------------------------------------------------------------------


@pytest.mark.parametrize("plugin, data", [
    (b"mysql_clear_password", b""),
    (b"dialog", b"\x04Password: "),
    (b"sha256_password", b"abcdefghijklmnopqrst\x00"),
    (b"caching_sha2_password", b"abcdefghijklmnopqrst\x00"),
    (b"mysql_old_password", b"abcdefgh\x00"),
], ids=["clear", "dialog", "sha256", "caching_sha2", "old"])
@pytest.mark.parametrize("at_once", [False, True], ids=["switch", "greeting"])
def test_whoever_asks_for_the_password_in_a_way_that_gives_it_away_gets_nothing(plugin, data, at_once):
    greets = plugin if at_once else b"mysql_native_password"
    with RogueMySQL(plugin, data, greets) as rogue:
        said = migrate(rogue.url(PASSWORD), status=1).err
        assert "not allowed" in said and PASSWORD not in said
    assert len(rogue.logins) == 1 and b"parlor" in rogue.logins[0]
    assert rogue.afterwards == [] and PASSWORD.encode() not in rogue.heard()


def test_a_serving_worker_does_not_tell_its_password_either():
    with Broker(ONE_PARTITION) as broker, Client(broker.client) as client, \
            RogueMySQL(b"mysql_clear_password", b"") as rogue:
        worker = Process(program("parlor-worker"), "--broker", broker.worker,
                         env=environment(PARLOR_MYSQL=rogue.url(PASSWORD)))
        try:
            await_trouble(client, "not allowed")
            worker.stop()
        finally:
            worker.end()
    assert rogue.logins and rogue.afterwards == [] and PASSWORD.encode() not in rogue.heard()


def test_a_server_key_that_is_not_there_is_said_before_anybody_is_asked():
    with RogueMySQL(b"caching_sha2_password") as rogue:
        said = migrate(rogue.url(PASSWORD) + "?server-key=/nowhere/key.pem", status=1).err
        assert "/nowhere/key.pem" in said
    assert rogue.heard() == b""


# ---- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize("harm, words", [
    ("ALTER TABLE chat_group MODIFY member_id VARCHAR(64) COLLATE utf8mb4_general_ci NOT NULL",
     "column member_id of table chat_group has the collation utf8mb4_general_ci"),
    ("ALTER TABLE room MODIFY uuid VARCHAR(64) COLLATE utf8mb4_bin NOT NULL",
     "column uuid of table room has the collation utf8mb4_bin"),
    ("ALTER TABLE group_message ADD UNIQUE once (ent_id, client_id)",
     "table group_message has a unique key once"),
    ("ALTER TABLE member DROP PRIMARY KEY, ADD PRIMARY KEY (uuid, ent_id)",
     "primary key of table member has the column uuid where ent_id is needed"),
    ("ALTER TABLE room DROP PRIMARY KEY, ADD PRIMARY KEY (ent_id, uuid(10))",
     "primary key of table room has the column uuid in part"),
    ("ALTER TABLE group_message DROP PRIMARY KEY", "table group_message is missing, or its primary key"),
    ("ALTER TABLE chat_group DROP PRIMARY KEY, ADD PRIMARY KEY (ent_id, uuid)", "lacks the column member_id"),
], ids=["case", "blanks", "unique", "order", "prefix", "no-key", "short-key"])
def test_tables_that_would_take_two_rows_for_one_are_refused_by_name(database, harm, words):
    url = database.url("wrong_tables")
    database.query("DROP DATABASE IF EXISTS wrong_tables", database=None)
    migrate(url)
    database.query(harm, database="wrong_tables")
    assert words in migrate(url, status=1).err


def test_a_worker_waits_until_its_tables_are_right(database):
    with Stack(database, ONE_PARTITION, name="mended", workers=0) as stack, stack.client() as client:
        right = stack.rows("SELECT COLLATION_NAME FROM information_schema.columns WHERE table_schema ="
                           " 'mended' AND table_name = 'room' AND column_name = 'uuid'")[0][0]
        change = "ALTER TABLE room MODIFY uuid VARCHAR(64) COLLATE {} NOT NULL"
        stack.rows(change.format("utf8mb4_general_ci"))
        worker = Process(program("parlor-worker"), "--broker", stack.broker.worker,
                         env=environment(PARLOR_MYSQL=stack.url))
        try:
            for room in ("R", "r"):
                client.room_create(room=room, members=[dict(member="lin", type=1)])
            await_trouble(client, "column uuid of table room")
            assert stack.rows("SELECT COUNT(*) FROM room") == ((0,),)
            stack.rows(change.format(right))
            stack.settle()
            assert stack.rows("SELECT uuid FROM room ORDER BY uuid") == (("R",), ("r",))
            worker.stop()
        finally:
            worker.end()


def test_a_migration_calls_no_function_that_only_some_servers_have(database):
    """MySQL 9 has no MD5() unless a component is installed."""
    common = {"CAST", "COALESCE", "CONCAT", "COUNT", "DATABASE", "GET_LOCK", "GREATEST", "IF", "MAX", "MIN", "NULLIF",
              "RELEASE_LOCK", "TIMESTAMPDIFF", "VALUES"}
    types = {"VARCHAR", "DATETIME", "DECIMAL", "KEY", "IN", "NOT_IN", "EXISTS", "AND", "OR", "AS"}
    statements = []

    def listen(exchange):
        statements.append(exchange.statement.decode())
        exchange.forward()

    database.query("DROP DATABASE IF EXISTS plain", database=None)
    database.query("CREATE DATABASE plain", database=None)
    with SqlProxy(database) as proxy:
        proxy.at("", listen, FOREVER)
        migrate(proxy.url("plain"))
    assert any("GET_LOCK" in statement for statement in statements)
    called = {name for text in statements for name in re.findall(r"\b(\w+) ?\(", re.sub(r"'[^']*'", "", text))}
    assert {name for name in called if name.isupper()} <= common | types, called
