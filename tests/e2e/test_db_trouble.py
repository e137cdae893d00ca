"""What a database can do to a worker: refuse, hang, vanish in the middle of a
COMMIT. Posting goes on meanwhile; afterwards every row and every unread count is
as the conversation says, written once. One that comes back as it was yesterday
is in test_db_restore, two workers that write at once are in test_two_owners."""

import itertools
import os
import random
import signal
import time

import pymysql
import pytest
from audit import Audit
from db_story import Story
from dumps import dump, put_back
from proc import ctl
from sql_proxy import cut_after, cut_before, lose_commit

STORED = 1
DB_DATA = 95
SEED = int(os.environ.get("PARLOR_SEED", "1"))
CHAOS_STEPS = int(os.environ.get("PARLOR_CHAOS_STEPS", "12"))


# ---- the end of a transaction -------------------------------------------------------


@pytest.mark.parametrize("trouble", [cut_before, cut_after, lose_commit], ids=lambda f: f.__name__)
def test_a_commit_whose_outcome_is_not_known_is_settled_by_the_mark(database, trouble):
    with Story(database) as story:
        audit = Audit(story.stack)
        story.hire()
        story.check()
        for n in range(5):
            snag = story.proxy.at("COMMIT", trouble)
            story.talk.go_on(rooms=[story.talk.room(n % 4)])
            snag.wait()
            story.check()
        audit.check_once(story.talk.rooms)


def test_a_server_killed_at_a_commit_has_the_batch_once(own_server):
    def kill_before(exchange):
        own_server.kill9()
        exchange.happened()
        exchange.cut()

    def kill_after(exchange):
        exchange.forward()
        exchange.answer()
        kill_before(exchange)

    with Story(own_server) as story:
        audit = Audit(story.stack)
        story.hire()
        story.check()
        for kill in (kill_before, kill_after, kill_after):
            snag = story.proxy.at("COMMIT", kill)
            story.talk.go_on()
            snag.wait()
            story.talk.go_on()
            own_server.start()
            story.check()
        audit.check_once(story.talk.rooms)


def test_a_server_that_commits_after_nobody_waits_any_more(own_server):
    """Frozen with the COMMIT before it: it carries it out when it goes on."""
    def freeze(exchange):
        own_server.freeze()
        exchange.forward()
        exchange.happened()

    with Story(own_server) as story:
        audit = Audit(story.stack)
        story.hire(timeout=1)
        story.check()
        snag = story.proxy.at("COMMIT", freeze)
        story.talk.say(story.talk.room(0), "what the frozen one has")
        snag.wait()
        story.await_trouble()
        story.talk.go_on()
        own_server.cont()
        story.check()
        audit.check_once(story.talk.rooms)


# ---- locks ------------------------------------------------------------------------------


class Locker:
    """Another client of the database that locks the worker's rows in the other
    order, and holds on to so many of its own that it is the worker who loses."""

    def __init__(self, stack):
        self.stack = stack
        self.connection = stack.server.connect(stack.name, autocommit=False)
        self.cursor = self.connection.cursor()
        self.cursor.execute("CREATE TABLE IF NOT EXISTS heavy (n INT PRIMARY KEY)")
        self.cursor.execute("INSERT IGNORE INTO heavy SELECT seq FROM seq_1_to_3000")
        self.connection.commit()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def lock(self, table):
        self.cursor.execute(f"SELECT * FROM {table} WHERE ent_id = 'default' FOR UPDATE")

    def await_waiter(self):
        """Until somebody waits for a lock."""
        deadline = time.monotonic() + 60
        while self.stack.rows("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")[0][1] == "0":
            assert time.monotonic() < deadline, "nobody waits"

    def fight(self, talk):
        """Members first, then rooms, which the worker locks first."""
        self.cursor.execute("UPDATE heavy SET n = -n")
        self.lock("chat_group")
        talk.go_on(10)
        self.await_waiter()
        try:
            self.lock("room")
        except pymysql.err.OperationalError as error:
            assert error.args[0] == 1213, error  # this time the server chose us to lose
        self.connection.rollback()


def test_deadlocks_and_lock_waits_are_tried_again_until_it_passes(database):
    with Story(database) as story:
        audit = Audit(story.stack)
        story.hire()
        story.check()
        with Locker(story.stack) as locker:
            fights = 0
            while story.proxy.errors[1213] < 5:
                fights += 1
                assert fights < 100, "it is never the worker who loses"
                locker.fight(story.talk)
            locker.lock("chat_group")
            story.talk.go_on()
            story.proxy.wait_error(1205, times=2)
            story.talk.go_on()
        story.check()
        audit.check_once(story.talk.rooms)


def test_a_table_locked_for_longer_than_the_worker_waits(database):
    """It gives its connection up; what that one had begun ends with the lock."""
    with Story(database) as story:
        audit = Audit(story.stack)
        story.hire(timeout=1)
        story.check()
        with database.connect(story.stack.name) as held, held.cursor() as cursor:
            cursor.execute("LOCK TABLES group_message WRITE")
            story.talk.go_on()
            story.await_trouble()
            story.talk.go_on()
        story.check()
        audit.check_once(story.talk.rooms)


def test_a_backup_that_holds_back_a_commit(database):
    """The whole server is locked against writing when the COMMIT comes, which
    is carried out at the end of that, when nobody waits for it any more."""
    with Story(database) as story, database.connect() as backup, backup.cursor() as cursor:
        def lock(exchange):
            cursor.execute("FLUSH TABLES WITH READ LOCK")
            exchange.forward()
            exchange.happened()

        audit = Audit(story.stack)
        story.hire(timeout=1)
        story.check()
        snag = story.proxy.at("COMMIT", lock)
        story.talk.go_on()
        snag.wait()
        story.await_trouble()
        story.talk.go_on()
        cursor.execute("UNLOCK TABLES")
        story.check()
        audit.check_once(story.talk.rooms)


def test_connections_that_the_server_kills(database):
    with Story(database) as story:
        audit = Audit(story.stack)
        audit.user("clerk")
        story.hire(user="clerk")
        story.check()
        with story.talking():
            for _ in range(20):
                synced = story.client.sync_status().synced
                story.stack.rows("KILL USER clerk@localhost")
                story.await_synced(synced)
        story.check()
        audit.check_once(story.talk.rooms)


# ---- a server that will not -----------------------------------------------------------


def test_a_read_only_database_is_waited_for(own_server):
    with Story(own_server) as story:
        audit = Audit(story.stack)
        audit.user("clerk")
        story.hire(user="clerk")
        story.check()
        before = story.dump()
        own_server.query("SET GLOBAL read_only = 1")
        story.talk.go_on()
        story.await_trouble("1290")
        assert ctl(story.stack.broker, "sync", "wait", "--timeout", "1", status=None).status != 0
        assert story.dump() == before
        own_server.query("SET GLOBAL read_only = 0")
        story.check()
        audit.check_once(story.talk.rooms)


def test_a_server_that_turns_read_only_in_the_middle_of_a_batch(own_server):
    def turn(exchange):
        """A transaction that wrote is refused at its COMMIT."""
        own_server.query("SET GLOBAL read_only = 1")
        exchange.forward()
        exchange.reply(exchange.answer())
        exchange.happened()

    with Story(own_server) as story:
        audit = Audit(story.stack)
        audit.user("clerk")
        story.hire(user="clerk")
        story.check()
        before = story.dump()
        snag = story.proxy.at("COMMIT", turn)
        story.talk.go_on()
        snag.wait()
        assert int.from_bytes(snag.answers[0][5:7], "little") == 1290  # of its COMMIT
        story.await_trouble("1290")
        assert story.dump() == before
        own_server.query("SET GLOBAL read_only = 0")
        story.check()
        audit.check_once(story.talk.rooms)


def test_a_missing_table_holds_the_partition_and_says_so(database):
    with Story(database) as story:
        story.hire()
        story.talk.go_on()
        story.check()
        story.stack.rows("RENAME TABLE group_message TO elsewhere")
        story.talk.go_on()
        story.await_trouble("1146")
        status = ctl(story.stack.broker, "sync", "status").json()
        assert "1146" in status["partitions"][0]["error"] and not status.get("quarantined")
        story.talk.go_on()
        story.stack.rows("RENAME TABLE elsewhere TO group_message")
        story.check()


# ---- a row that does not fit ----------------------------------------------------------------


def test_a_room_that_mysql_refuses_is_named_and_the_others_go_on(database):
    with Story(database) as story:
        stack, talk = story.stack, story.talk
        bad = talk.room(0)
        story.hire()
        talk.go_on()
        story.check()
        stack.rows("ALTER TABLE group_message MODIFY message_content VARCHAR(40) NOT NULL")
        request = talk.ask(bad, "x" * 41, level=STORED)
        assert talk.client.wait(request, patience=60).code == DB_DATA
        status = ctl(stack.broker, "sync", "status").json()
        assert status["quarantined"] == [bad.id]
        assert stack.rows("SELECT group_id, LEFT(error, 4) FROM sync_quarantine") == ((bad.id, "1406"),)
        before = stack.rows("SELECT COUNT(*) FROM group_message WHERE group_id = %s", bad.id)

        talk.go_on(80)
        stack.settle()
        others = talk.rooms[1:]
        assert [d for d in stack.differences(others) if bad.id not in d] == []
        assert stack.rows("SELECT COUNT(*) FROM group_message WHERE group_id = %s", bad.id) == before
        refused = ctl(stack.broker, "sync", "release", bad.id, status=1)
        assert "1406" in refused.err and str(DB_DATA) in refused.err

        # Neither a new worker nor a new broker forgets it.
        stack.workers.pop().kill()
        stack.broker.crash()
        story.hire("w2")
        stack.settle()
        status = ctl(stack.broker, "sync", "status").json()
        assert status["quarantined"] == [bad.id]

        stack.rows("ALTER TABLE group_message MODIFY message_content MEDIUMTEXT NOT NULL")
        ctl(stack.broker, "sync", "release", bad.id)
        assert not ctl(stack.broker, "sync", "status").json().get("quarantined")
        talk.go_on()
        story.check()
        talk.say(bad, "y" * 100, level=STORED)


# ---- all of it ---------------------------------------------------------------------------------------


class Chaos:
    """Troubles of every kind, one after the other by chance, each over when its
    call returns or soon after it."""

    def __init__(self, story, seed):
        self.story, self.stack, self.server = story, story.stack, story.server
        self.chance = random.Random(seed)
        self.dumps = [dump(self.stack)]
        self.names = (f"w{n}" for n in itertools.count())
        for _ in range(2):
            self.hire()

    def hire(self):
        self.story.hire(next(self.names))

    def step(self):
        trouble = self.chance.choice([self.kill_worker, self.stop_worker, self.kill_server, self.freeze_server,
                                      self.put_back, self.lock, self.cut])
        trouble()
        if self.chance.random() < 0.3:
            self.dumps.append(dump(self.stack))

    def look(self):
        """For less than the lease, or for longer."""
        for _ in range(self.chance.randrange(500)):
            self.story.client.sync_status()

    def kill_worker(self):
        worker = self.chance.choice(self.stack.workers)
        worker.kill()
        self.stack.workers.remove(worker)
        self.hire()

    def stop_worker(self):
        worker = self.chance.choice(self.stack.workers)
        worker.signal(signal.SIGSTOP)
        self.look()
        worker.signal(signal.SIGCONT)

    def kill_server(self):
        self.server.kill9()
        self.server.start()

    def freeze_server(self):
        self.server.freeze()
        self.look()
        self.server.cont()

    def put_back(self):
        put_back(self.stack, self.chance.choice(self.dumps))

    def lock(self):
        with self.server.connect(self.stack.name) as held, held.cursor() as cursor:
            cursor.execute(f"LOCK TABLES {self.chance.choice(['room', 'chat_group', 'group_message'])} WRITE")
            self.look()

    def cut(self):
        self.story.proxy.at("COMMIT", self.chance.choice([cut_before, cut_after, lose_commit]), times=3)


def test_all_of_it_one_after_the_other(own_server):
    settings = {"sync.partitions": 4, "sync.worker_lease_ms": 700, "session.heartbeat_ms": 100}
    with Story(own_server, settings, rooms=12) as story:
        chaos = Chaos(story, SEED)
        with story.talking():
            for _ in range(CHAOS_STEPS):
                chaos.step()
        story.check()
