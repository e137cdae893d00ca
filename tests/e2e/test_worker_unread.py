"""The unread columns that one worker brings up to date: in big rooms, behind
batches that wait, and where another worker left them stale."""

from fake_broker import World
from worker_bench import DATABASE


def big_room(world, members=500):
    return world.create("big", members=[f"m{i:03}" for i in range(members)])


def test_a_big_rooms_unread_follows_and_is_right(bench):
    bench.hire()
    world = World()
    bench.broker.assign("w")
    bench.broker.apply("w", big_room(world), after=0)
    for i in range(20):
        at = world.position
        bench.broker.send_batch("w", [world.post("big", "m000", str(i)), world.read("big", "m001")], after=at)
    while True:
        done = bench.broker.hear("w", "batch_done")
        assert done.unread_position <= done.position
        if done.unread_position == world.position:
            break
    assert bench.unread("big") == world.unread("big")
    assert bench.rows("SELECT position, projected FROM sync_mark") == ((world.position,) * 2,)


def test_who_reads_in_a_big_room_sees_it_at_once_and_the_view_is_always_right(bench):
    bench.hire()
    world = World()
    bench.broker.assign("w")
    # Nobody may flush meanwhile: what is seen below is the batch's own work.
    bench.broker.apply("w", big_room(world), after=0)
    with bench.server.connect(DATABASE, autocommit=False) as held, held.cursor() as cursor:
        cursor.execute("SELECT * FROM chat_group WHERE ent_id='acme' AND uuid='big' AND member_id='m400' FOR UPDATE")
        at = world.position
        done = bench.broker.apply("w", [world.post("big", "m000", "hi"), world.read("big", "m001")],
                                  after=at, unread=False)
        assert done.unread_position == at
        current = bench.unread("big", table="chat_group_current")
        assert current == world.unread("big")
        assert bench.rows("SELECT member_id, unread, unread_seq FROM chat_group WHERE member_id IN"
                          " ('m000', 'm001', 'm400') ORDER BY 1") == (
            ("m000", 0, 1), ("m001", 0, 1), ("m400", 0, 0))
        assert bench.rows("SELECT position, projected FROM sync_mark") == ((world.position, at),)
        held.rollback()
    while bench.broker.hear("w", "batch_done").unread_position != world.position:
        continue
    assert bench.unread("big") == world.unread("big")


def test_another_worker_repairs_what_a_dead_one_left_stale(bench):
    dead = bench.hire("dead")
    world = World()
    bench.broker.assign("dead")
    bench.broker.apply("dead", big_room(world), after=0)
    at = world.position
    with bench.server.connect(DATABASE, autocommit=False) as held, held.cursor() as cursor:
        cursor.execute("SELECT * FROM chat_group WHERE ent_id='acme' AND uuid='big' AND member_id='m400' FOR UPDATE")
        bench.broker.apply("dead", [world.post("big", "m000", "hi")], after=at, unread=False)
        dead.kill()
        # Its flush may still wait for the lock, and be carried out when it gets it.
        held.rollback()
    bench.hire("heir")
    state = bench.broker.assign("heir", epoch=2)
    assert state.position == world.position and state.unread_position == at
    done = bench.broker.hear("heir", "batch_done")
    assert done.unread_position == done.position == world.position
    assert bench.unread("big") == world.unread("big")


def test_while_more_batches_wait_unread_columns_do(bench):
    bench.hire()
    late, other = World(), World()
    bench.broker.assign("w", partition=0)
    bench.broker.assign("w", partition=1)
    bench.broker.apply("w", late.create("late", members=["a", "b"]), after=0)
    bench.broker.apply("w", other.create("other", members=["a", "b"]), after=0, partition=1)
    at = late.position
    done = bench.broker.apply("w", [late.post("late", "a", "1")], after=at, more=True, unread=False)
    assert done.unread_position == at
    # What came later to another partition goes first, so it is not just that nothing was due.
    bench.broker.apply("w", [other.post("other", "a", "1")], after=at, partition=1)
    assert bench.unread("other") == {"a": 0, "b": 1} and bench.unread("late") == {"a": 0, "b": 0}
    bench.broker.apply("w", [late.post("late", "a", "2")], after=at + 1)
    assert bench.unread("late") == {"a": 0, "b": 2}


def test_every_room_behind_the_projected_position_is_repaired_names_and_all(bench):
    bench.hire("dead")
    world, at = World(), 0
    bench.broker.assign("dead")
    for first in range(0, 5000, 1000):  # more than are looked up at once
        records = [world.post("late", "a", "x")] if first else []
        for i in range(first, first + 1000):
            room = f"r{i}" if i else "late"
            records += world.create(room, members=["a"])
            records.append(world.post(room, "a", "x"))
        bench.broker.apply("dead", records, after=at)
        at = world.position
    bench.workers["dead"].kill()
    bench.rows("UPDATE chat_group SET unread = 9, unread_seq = 0, group_name = 'old'")
    bench.rows("UPDATE sync_mark SET projected = 1")
    bench.hire("heir")
    assert bench.broker.assign("heir", epoch=2).unread_position == 1
    told = {bench.broker.hear("heir", "batch_done").unread_position}
    while world.position not in told:
        told.add(bench.broker.hear("heir", "batch_done").unread_position)
    assert told == {1, world.position}, "never more than is so"
    assert bench.rows("SELECT unread, unread_seq, group_name, COUNT(*) FROM chat_group"
                      " GROUP BY 1, 2, 3 ORDER BY 2") == ((0, 1, "Desk", 4999), (0, 5, "Desk", 1))
