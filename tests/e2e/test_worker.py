"""One worker between a broker of the test's own and a real database: what it
writes and what it refuses to write. Its unread columns are in test_worker_unread,
its connections in test_worker_links."""

import datetime
import json

from fake_broker import FENCED, STUCK, T0, World, pb, wpb
from mariadb import MariaDB
from worker_bench import Bench


def test_the_ready_line_names_worker_broker_and_database(bench):
    worker = bench.hire("ada")
    assert worker.line() == f"ready worker ada broker {bench.broker.worker} database parlor"


def test_records_become_rows(bench):
    bench.hire()
    world = World()
    state = bench.broker.assign("w")
    assert (state.epoch, state.db_epoch, state.position) == (1, 1, 0)
    records = world.create("r", "Desk 🛎", ["alice", "bob"])
    records += [world.post("r", "alice", "quote ' \" back\\slash 你好 👋🏽\n\x01%_", mentions=["bob", 'q"\\']),
                world.post("r", "bob", "x" * 65536),
                world.post("r", "bob", "moved in", type=2)]
    done = bench.broker.apply("w", records, after=0)
    assert done.unread_position == done.position == world.position
    messages = bench.rows("SELECT seq, sender, sender_name, message_type, message_content, mentions,"
                          " recalled, position, created_at FROM group_message ORDER BY seq")
    assert [m[0] for m in messages] == [1, 2, 3]
    assert messages[0][4] == "quote ' \" back\\slash 你好 👋🏽\n\x01%_"
    assert json.loads(messages[0][5]) == ["bob", 'q"\\'] and messages[1][5] is None
    assert messages[1][4] == "x" * 65536 and messages[2][3] == 2
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=T0 + 4 * 1_000_001)
    assert messages[0][8] == at
    assert bench.unread("r") == world.unread("r") == {"alice": 1, "bob": 1}
    assert bench.rows("SELECT group_name, unread_seq FROM chat_group") == (("Desk 🛎", 3),) * 2
    assert bench.rows("SELECT member_id, member_name FROM group_member ORDER BY 1") == (
        ("alice", "Alice"), ("bob", "Bob"))
    assert bench.rows("SELECT uuid, name, online_status FROM member ORDER BY 1") == (
        ("alice", "Alice", "offline"), ("bob", "Bob", "offline"))
    assert bench.rows("SELECT counted, last_seq, state, position FROM room") == (
        (2, 3, 1, world.position),)


def test_ids_are_bytes_and_text_to_python(bench):
    bench.hire()
    world = World(tenant="é ")
    bench.broker.assign("w")
    records = []
    for room in ("a", "A", "a ", "ä", "😀"):
        records += world.create(room, members=["m", "M", "m "])
        records.append(world.post(room, "m", room))
    bench.broker.apply("w", records, after=0)
    for room in world.rooms:
        assert bench.unread(room, tenant="é ") == {"m": 0, "M": 1, "m ": 1}
    assert bench.unread("a", tenant="é") == {}


def test_leaving_joining_recalling_renaming_and_dissolving_in_order(bench):
    bench.hire()
    world = World()
    bench.broker.assign("w")
    first = world.create("r", members=["a", "b", "c"]) + [world.post("r", "a", "one"),
                                                         world.post("r", "a", "two")]
    bench.broker.apply("w", first, after=0)
    at = world.position
    second = [world.leave("r", "b"), world.leave("r", "c"), world.join("r", "b", type=1, name="B2"),
              world.recall("r", 1, "a"), world.post("r", "a", "three"), world.recall("r", 3, "a"),
              world.change("r", wpb.RECORD_ROOM_RENAMED, name="Neu")]
    bench.broker.apply("w", second, after=at)
    assert bench.unread("r") == {"a": 0, "b": 1} == world.unread("r")
    assert bench.rows("SELECT member_id, member_type, group_name, joined_seq, read_seq FROM chat_group"
                      " ORDER BY 1") == (("a", 2, "Neu", 0, 0), ("b", 1, "Neu", 2, 2))
    assert bench.rows("SELECT member_id, member_name FROM group_member ORDER BY 1") == (
        ("a", "A"), ("b", "B2"))
    assert bench.rows("SELECT seq, message_content, recalled FROM group_message ORDER BY 1") == (
        (1, "", 1), (2, "two", 0), (3, "", 1))
    at = world.position
    bench.broker.apply("w", [world.change("r", wpb.RECORD_ROOM_STATE, state=pb.ROOM_DISSOLVED)], after=at)
    assert bench.rows("SELECT COUNT(*) FROM chat_group") == ((0,),)
    assert bench.rows("SELECT COUNT(*) FROM group_member") == ((0,),)
    assert bench.rows("SELECT state FROM room") == ((3,),)
    assert bench.rows("SELECT COUNT(*) FROM group_message") == ((3,),)


def test_presence_follows_the_journal_and_a_boot_ends_it(bench):
    bench.hire()
    world = World()
    bench.broker.assign("w")
    bench.broker.apply("w", [world.presence("a", pb.PRESENCE_ONLINE), world.presence("b", pb.PRESENCE_BUSY),
                             world.presence("c", pb.PRESENCE_ONLINE)], after=0)
    read = "SELECT uuid, online_status FROM member ORDER BY 1"
    assert bench.rows(read) == (("a", "online"), ("b", "busy"), ("c", "online"))
    bench.broker.apply("w", [world.presence("d", pb.PRESENCE_ONLINE), world.boot(),
                             world.presence("c", pb.PRESENCE_ONLINE)], after=3)
    assert bench.rows(read) == (("a", "offline"), ("b", "offline"), ("c", "online"), ("d", "offline"))


def test_applying_again_changes_nothing(bench):
    bench.hire()
    world = World()
    bench.broker.assign("w")
    records = world.create("r", members=["a", "b"]) + [world.post("r", "a", "one"), world.read("r", "b"),
                                                       world.post("r", "b", "two"), world.leave("r", "a")]
    bench.broker.apply("w", records, after=0)
    before = bench.dump()
    bench.rows("UPDATE sync_mark SET position = 0")
    bench.broker.send_batch("w", records, after=world.position, upto=world.position + 1)
    assert bench.broker.hear("w", "batch_failed").fail == FENCED
    assert bench.broker.hear("w", "partition_state").position == 0
    bench.broker.apply("w", records, after=0)
    assert bench.dump() == before


def test_the_brokers_digest_stands_beside_the_mark_and_is_told(bench):
    def stored():
        return bench.rows("SELECT position, digest FROM sync_mark WHERE part = 0")

    bench.hire("one")
    world = World()
    assert bench.broker.assign("one").digest == 0, "nothing is applied"
    upto = bench.broker.send_batch("one", world.create("r", members=["a"]), after=0,
                                   digest=2**64 - 1)
    assert bench.broker.hear("one", "batch_done").position == upto
    assert stored() == ((upto, 2**64 - 1),)
    bench.broker.send_batch("one", [], after=upto, upto=upto + 5, digest=77)
    bench.broker.hear("one", "batch_done")
    bench.hire("two")
    state = bench.broker.assign("two", epoch=2)
    assert (state.position, state.digest) == (upto + 5, 77)

    bench.rows("UPDATE sync_mark SET digest = 78")
    bench.broker.send_batch("two", [world.post("r", "a", "x")], after=upto + 5, upto=upto + 6,
                            epoch=2, digest=79)
    assert bench.broker.hear("two", "batch_failed").fail == FENCED
    assert bench.broker.hear("two", "partition_state").digest == 78
    assert stored() == ((upto + 5, 78),)


def test_a_stale_epoch_changes_no_row(bench):
    bench.hire("old")
    bench.hire("new")
    world = World()
    bench.broker.assign("old", epoch=1)
    records = world.create("r", members=["a", "b"]) + [world.post("r", "a", "one")]
    bench.broker.apply("old", records, after=0, epoch=1)
    assert bench.broker.assign("new", epoch=2).position == world.position
    before, at = bench.dump(), world.position
    late = [world.post("r", "a", "late"), world.leave("r", "b"), world.presence("a", pb.PRESENCE_ONLINE)]
    bench.broker.send_batch("old", late, after=at, epoch=1)
    assert bench.broker.hear("old", "batch_failed").fail == FENCED
    state = bench.broker.hear("old", "partition_state")
    assert (state.epoch, state.db_epoch) == (1, 2)
    assert bench.dump() == before
    assert bench.broker.assign("old", epoch=1).db_epoch == 2
    bench.broker.apply("new", late, after=at, epoch=2)
    assert bench.mark() == (2, world.position)


def test_a_batch_from_elsewhere_is_answered_with_where_the_database_is(bench):
    bench.hire()
    world = World()
    bench.broker.assign("w")
    bench.broker.apply("w", world.create("r"), after=0)
    bench.broker.send_batch("w", [], after=50, upto=60)
    assert bench.broker.hear("w", "batch_failed").fail == FENCED
    assert bench.broker.hear("w", "partition_state").position == 1
    bench.broker.send_batch("w", [], after=0, upto=5, partition=3)
    failed = bench.broker.hear("w", "batch_failed")
    assert (failed.fail, failed.partition) == (FENCED, 3)


def test_a_refused_room_goes_to_quarantine_and_comes_back(bench):
    bench.hire()
    world = World()
    bench.broker.assign("w")
    bench.broker.apply("w", world.create("good", members=["a", "b"]) + world.create("bad", members=["a", "b"]),
                       after=0)
    bench.rows("ALTER TABLE group_message MODIFY message_content VARCHAR(10) NOT NULL")
    at, bad = world.position, []
    first = [world.post("good", "a", "short"), world.post("bad", "a", "fits"),
             world.post("bad", "a", "longer than ten"), world.post("good", "b", "too")]
    bad += first[1:3]
    bench.broker.apply("w", first, after=at)
    (room,) = bench.broker.hear("w", "partition_state").quarantined
    assert (room.tenant, room.topic_kind, room.topic) == ("acme", wpb.TOPIC_ROOM, "bad")
    assert room.position == bad[0].event.position
    assert "1406" in room.error
    assert bench.unread("good") == {"a": 1, "b": 1}
    assert bench.unread("bad") == {"a": 0, "b": 0}
    bad.append(world.post("bad", "b", "meanwhile!"))
    bench.broker.apply("w", bad[-1:], after=at + 4)

    release = dict(partition=0, epoch=1, tenant="acme", topic_kind=wpb.TOPIC_ROOM, topic="bad",
                   after=room.position - 1,
                   upto=world.position, records=bad, last=True)
    bench.broker.tell("w", release=wpb.Release(**release))
    assert "1406" in bench.broker.hear("w", "release_done").error
    assert bench.rows("SELECT COUNT(*) FROM sync_quarantine") == ((1,),)

    bench.rows("ALTER TABLE group_message MODIFY message_content MEDIUMTEXT NOT NULL")
    # Another worker takes over and knows the room from the table.
    bench.hire("w2")
    assert [q.topic for q in bench.broker.assign("w2", epoch=2).quarantined] == ["bad"]
    release.update(epoch=2)
    for chunk in ([bad[0]], bad[1:]):
        release.update(records=chunk, after=chunk[0].event.position - 1,
                       upto=chunk[-1].event.position, last=chunk is not bad and chunk[0] is not bad[0])
        bench.broker.tell("w2", release=wpb.Release(**release))
        assert bench.broker.hear("w2", "release_done").error == ""
    assert bench.unread("bad") == world.unread("bad") == {"a": 1, "b": 2}
    assert bench.rows("SELECT COUNT(*) FROM sync_quarantine") == ((0,),)
    bench.broker.tell("w2", release=wpb.Release(**release))
    assert "quarantine" in bench.broker.hear("w2", "release_done").error


def test_more_refused_rooms_than_quarantine_takes_hold_the_partition(bench):
    bench.hire()
    world, rooms = World(), [f"r{n}" for n in range(1001)]
    bench.broker.assign("w")
    bench.broker.apply("w", [record for room in rooms for record in world.create(room, members=["a", "b"])], after=0)
    bench.rows("ALTER TABLE group_message MODIFY message_content VARCHAR(10) NOT NULL")
    at = world.position
    upto = bench.broker.send_batch("w", [world.post(room, "a", "longer than ten") for room in rooms], after=at)
    failed = bench.broker.hear("w", "batch_failed")
    assert failed.fail == STUCK and "1406" in failed.error
    assert bench.mark() == (1, at)
    assert bench.rows("SELECT COUNT(*) FROM sync_quarantine") == ((0,),)
    bench.rows("ALTER TABLE group_message MODIFY message_content MEDIUMTEXT NOT NULL")
    assert bench.broker.hear("w", "batch_done").position == upto
    assert bench.rows("SELECT COUNT(*) FROM group_message") == ((1001,),)


def test_a_missing_column_holds_the_partition_and_skips_nothing(bench):
    bench.hire()
    world = World()
    bench.broker.assign("w")
    bench.broker.apply("w", world.create("r", members=["a"]), after=0)
    bench.rows("ALTER TABLE group_message RENAME COLUMN client_id TO cid")
    at = world.position
    upto = bench.broker.send_batch("w", [world.post("r", "a", "one")], after=at)
    failed = bench.broker.hear("w", "batch_failed")
    assert failed.fail == STUCK and "1054" in failed.error
    assert bench.mark() == (1, at)
    bench.rows("ALTER TABLE group_message RENAME COLUMN cid TO client_id")
    assert bench.broker.hear("w", "batch_done").position == upto
    assert bench.rows("SELECT COUNT(*) FROM group_message") == ((1,),)


def test_history_pages_are_read_back(bench):
    bench.hire()
    world = World()
    bench.broker.assign("w")
    records = world.create("r", members=["a"]) + [
        world.post("r", "a", f"{i} 👋", mentions=["a", "b"] if i == 3 else []) for i in range(1, 31)]
    bench.broker.apply("w", records, after=0)

    def page(**query):
        bench.broker.tell("w", archive_query=wpb.ArchiveQuery(query=9, tenant="acme", room="r", **query))
        page = bench.broker.hear("w", "archive_page")
        assert (page.query, page.code) == (9, 0)
        return [m.seq for m in page.messages], page.more, page.messages

    seqs, more, messages = page(**{"from": 1, "limit": 5})
    assert seqs == [1, 2, 3, 4, 5] and more
    assert messages[2].mentions == ["a", "b"] and messages[2].body == "3 👋"
    assert messages[0].time_us == T0 + 3 * 1_000_001 and messages[0].sender_name == "A"
    assert page(**{"from": 30, "limit": 100, "backwards": True, "floor": 28})[:2] == ([30, 29, 28], False)
    assert page(**{"from": 29, "limit": 100})[:2] == ([29, 30], False)
    assert page(**{"from": 1, "limit": 100, "bytes": 12})[:2] == ([1, 2], True)
    assert page(**{"from": 31, "limit": 100})[:2] == ([], False)


def test_rows_are_the_same_from_a_server_that_keeps_no_statements_and_takes_small_packets():
    with MariaDB("--max-prepared-stmt-count=0", "--max-allowed-packet=64K") as server, Bench(server) as bench:
        bench.hire()
        world = World()
        bench.broker.assign("w")
        records = world.create("r", members=["a", "b"]) + [
            world.post("r", "a", f"it's {i} " + "x" * (i * 7 % 3000)) for i in range(1, 201)]
        bench.broker.apply("w", records, after=0)
        assert bench.rows("SELECT seq, message_content FROM group_message ORDER BY seq") == tuple(
            (i, f"it's {i} " + "x" * (i * 7 % 3000)) for i in range(1, 201))
        assert server.query("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'")[0][1] == "0"
