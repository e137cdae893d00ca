"""The auditor beside the desk's tables: what a worker wrote is what the journal gives, and
whatever is changed, lost or added there is found and named, by table, key, column and both
values."""

import pytest
from auditor import MYSQL, replay, verify
from conftest import say, stat, until
from desk_talk import awaited, furnish, opened, says, talk
from stack import Stack

TABLES = {  # of each table one value that is wrong
    "desk": ("name", "'Coffee'"), "desk_team": ("offer_ms", "7"), "desk_agent": ("email", "'no'"),
    "desk_seat": ("max", "9"), "desk_team_seat": ("weight", "9"), "desk_visitor": ("remark", "'x'"),
    "desk_group": ("name", "'x'"), "desk_type": ("priority", "3"), "desk_route": ("team", "'*'"),
    "desk_text": ("text", "'Hi'"), "desk_business": ("operator", "'x'"), "desk_seat_business": ("off", "1"),
    "desk_hours": ("zone", "'x'"), "desk_party": ("no", "no + 1000"), "desk_conversation": ("spoke", "0"),
    "desk_stint": ("end_why", "8"), "desk_offer": ("decision", "'{}'"), "desk_transfer": ("note", "'x'"),
    "desk_rating": ("comment", "'x'")}


# One of each way in which a table's rows are known: of the configuration, re-executed, told.
EACH_WAY = {"desk_team", "desk_conversation", "desk_offer"}


@pytest.fixture(scope="module")
def synced(database):
    """A desk of which everything is in the database; nothing writes there any more."""
    with Stack(database, name="verified_desk") as stack:
        with stack.client(*["lin", "chen"]) as client:
            furnish(client)
            client.desk_set(hours=dict(hours="day", name="Day", zone="Asia/Shanghai", rules="mon-sun 00:00-24:00"))
            talk(client)
            awaited(client, "c4", lambda now: now.agent)
            opened(client, "c5", "v5", team="bills")
            awaited(client, "c5", lambda now: now.offer)
            stack.settle()
            verify(stack.broker.data, "--mysql", stack.url)  # beside a worker, too
        stack.settle()
        stack.dismiss()
        yield stack


def change(stack, sql, *args):
    with stack.server.connect(stack.name) as connection, connection.cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.rowcount


def key_of(stack, table):
    return [name for (name,) in stack.rows(
        "SELECT column_name FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = %s"
        " AND index_name = 'PRIMARY' ORDER BY seq_in_index", table)]


def differs(stack):
    found = verify(stack.broker.data, "--mysql", stack.url, status=MYSQL)
    return found["what"], found.get("expected", ""), found.get("found", "")  # empty ones are not told


def test_a_desk_that_a_worker_wrote_is_equal(synced):
    found = verify(synced.broker.data, "--mysql", synced.url)["mysql"]
    assert found["desk"] == sum(synced.rows(f"SELECT COUNT(*) FROM {table}")[0][0] for table in TABLES)
    assert found["desk_changed"] == 0


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_is_wrong_missing_or_too_many_is_named(synced, table):
    keys = key_of(synced, table)
    column, wrong = TABLES[table]
    match = " AND ".join(f"`{key}` <=> %s" for key in keys)
    names = ", ".join(f"`{key}`" for key in keys)
    values = synced.rows(f"SELECT {names} FROM {table} ORDER BY 1 DESC, 2 DESC LIMIT 1")[0]
    where = f"({', '.join(f'{key} {value}' for key, value in zip(keys[1:], values[1:], strict=True))})"
    change(synced, f"CREATE TABLE kept AS SELECT * FROM {table} WHERE {match}", *values)
    columns = ", ".join(f"`{name}`" for (name,) in synced.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s"
        " AND extra NOT LIKE '%%GENERATED%%'", table))
    ((good,),) = synced.rows(f"SELECT `{column}` FROM kept")
    try:
        assert change(synced, f"UPDATE {table} SET `{column}` = {wrong} WHERE {match}", *values) == 1
        what, expected, found = differs(synced)
        if column == "no":
            assert what in (f"{table} {where}", f"{table}.no {where}")
        else:
            assert (what, expected) == (f"{table}.{column} {where}", str(good)) and found != expected
        if table not in EACH_WAY:
            return
        change(synced, f"DELETE FROM {table} WHERE {match}", *values)
        assert differs(synced) == (f"{table} {where}", "a row", "no row")
        change(synced, f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept")
        change(synced, "UPDATE kept SET ent_id = 'another'")
        change(synced, f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept")
        assert differs(synced) == (f"{table} {where}", "no row", "a row")
    finally:
        change(synced, "UPDATE kept SET ent_id = 'default'")
        change(synced, f"REPLACE INTO {table} ({columns}) SELECT {columns} FROM kept")
        change(synced, f"DELETE FROM {table} WHERE ent_id = 'another'")
        change(synced, "DROP TABLE kept")


def test_the_desk_is_as_it_was_then(synced):
    verify(synced.broker.data, "--mysql", synced.url)


def test_a_desk_that_changes_beside_it_is_compared_at_its_marks(database):
    """Rows of the configuration, which belong to no room, may be ahead of the conversations, and
    behind them: what was changed behind their mark is left out, and said."""
    with Stack(database, {"sync.partitions": 4}, name="moving_desk", workers=2) as stack, \
            stack.client("lin", "chen") as client:
        furnish(client)
        stack.settle()
        ((journal,),) = stack.rows("SELECT DISTINCT broker_id FROM sync_mark")
        with stack.server.connect(stack.name, autocommit=False) as locked, locked.cursor() as cursor:
            cursor.execute("SELECT position FROM sync_mark WHERE broker_id = %s AND part = 0 FOR UPDATE", (journal,))
            client.desk_set(desk=dict(desk="shop", name="Renamed"))
            for n in range(8):
                opened(client, f"n{n}", f"guest{n}")
            says(client, "n0", "guest0")
            until(lambda: stack.rows("SELECT COUNT(*) FROM desk_conversation")[0][0] > 1)
            found = verify(stack.broker.data, "--mysql", stack.url)["mysql"]
            assert found["desk_changed"] == 1
            locked.rollback()
        stack.settle()
        assert verify(stack.broker.data, "--mysql", stack.url)["mysql"]["desk_changed"] == 0


def test_a_trimmed_journal_tells_less_of_a_desk_and_nothing_wrong(database):
    """Behind a snapshot the state is whole; of offers, transfers and ratings what came since is known."""
    settings = {"history.hot_records": 20, "history.snapshots": "on", "store.dirty_rows_max": 1000}
    with Stack(database, settings, name="trimmed_desk") as stack, stack.client("lin", "chen") as client:
        furnish(client)
        talk(client)
        opened(client, "c5", "v5", team="bills")
        awaited(client, "c5", lambda now: now.offer)
        stack.settle()
        replay("snapshot", "--data", stack.broker.data)
        agent = awaited(client, "c4", lambda now: now.agent).agent
        room = awaited(client, "c4", lambda now: now.agent).room
        say(client, *["hello"] * 60, sender=agent, room=room)
        until(lambda: stat(client, "journal_first") > 1)
        client.desk_close(conversation="c5", by="v5")  # its offer ends, which began before the snapshot
        stack.settle()
        assert verify(stack.broker.data, "--mysql", stack.url)["snapshot"] > 0
        for spoilt, what in (
                ("UPDATE desk_stint SET wait_ms = wait_ms + 1 ORDER BY no LIMIT 1", "desk_stint.wait_ms"),
                ("UPDATE desk_seat SET nickname = 'x' LIMIT 1", "desk_seat.nickname"),
                ("UPDATE desk_offer SET how = 1 WHERE conversation_id = 'c5'", "desk_offer.how"),
                ("DELETE FROM desk_offer WHERE conversation_id = 'c5'", "desk_offer ")):
            table = what.split(".")[0].strip()
            change(stack, f"CREATE TABLE kept AS SELECT * FROM {table}")
            assert change(stack, spoilt) == 1
            assert differs(stack)[0].startswith(what)
            change(stack, f"REPLACE INTO {table} SELECT * FROM kept")
            change(stack, "DROP TABLE kept")


def test_a_conversation_in_quarantine_is_left_out(database):
    with Stack(database, name="quarantined_desk") as stack, stack.client("lin", "chen") as client:
        furnish(client)
        stack.settle()
        change(stack, "ALTER TABLE desk_conversation ADD CONSTRAINT no_pots CHECK (product <> 'pots')")
        opened(client, "good", "v1")
        opened(client, "bad", "v2", product="pots")
        until(lambda: client.sync_status().quarantined)
        stack.settle()
        found = verify(stack.broker.data, "--mysql", stack.url)["mysql"]
        assert found["quarantined"] == 1 and stack.rows("SELECT conversation_id FROM desk_conversation") == (("good",),)
