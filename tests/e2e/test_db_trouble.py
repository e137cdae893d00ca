"""What a database can do to a worker: refuse, hang, vanish in the middle of a
COMMIT, come back as it was yesterday. Posting goes on meanwhile; afterwards
every row and every unread count is as the conversation says, written once."""

import contextlib
import itertools
import os
import random
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pymysql
import pytest
from audit import Audit
from mariadb import MariaDB
from proc import ctl
from sql_proxy import SqlProxy, cut_after, cut_before, hold, lose_commit
from stack import Stack
from talk import Talk

STORED = 1
DB_DATA = 95
SEED = int(os.environ.get("PARLOR_SEED", "1"))
CHAOS_STEPS = int(os.environ.get("PARLOR_CHAOS_STEPS", "12"))
# Soon to notice that a worker is gone; one partition, so that one worker has it.
QUICK = {"sync.partitions": 1, "sync.worker_lease_ms": 3000, "sync.worker_heartbeat_ms": 100}
TABLES = ("room", "chat_group", "group_member", "group_message")


class Story:
    """A stack, a proxy before its database, and people who talk."""

    def __init__(self, server, settings=None, workers=0, **talk):
        self.exits = contextlib.ExitStack()
        self.server = server
        try:
            self.stack = self.exits.enter_context(Stack(server, {**QUICK, **(settings or {})}, workers=workers))
            self.proxy = self.exits.enter_context(SqlProxy(server))
            self.exits.callback(self.stack.dismiss)
            self.exits.callback(self.proxy.let_go)
            self.client = self.exits.enter_context(self.stack.client())  # asks how things stand
            self.talk = Talk(self.exits.enter_context(self.stack.client()), **talk)
        except BaseException:
            self.exits.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.exits.close()

    @contextlib.contextmanager
    def talking(self):
        """People talk all the while."""
        stop = threading.Event()

        def run():
            while not stop.is_set():
                self.talk.go_on(5)

        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(run)
            try:
                yield
            finally:
                stop.set()
        done.result()

    def hire(self, name="w", user="root", timeout=2):
        """A worker whose words pass through the proxy."""
        return self.stack.hire("--name", name, "--timeout", str(timeout),
                               url=self.proxy.url(self.stack.name, user))

    def await_trouble(self, words=""):
        """Until the status of the partition says so; without words: that there is some."""
        return self.await_partition(lambda part: part.error and words in part.error, words or "trouble")

    def await_partition(self, condition, what, seconds=120):
        deadline = time.monotonic() + seconds
        while True:
            status = self.client.sync_status()
            if condition(status.partitions[0]):
                return status
            assert time.monotonic() < deadline, f"never {what}: {status}"

    def await_synced(self, position):
        """Until MySQL has more than that."""
        deadline = time.monotonic() + 120
        while self.client.sync_status().synced <= position:
            assert time.monotonic() < deadline, f"never beyond {position}"

    def await_workers(self, n):
        deadline = time.monotonic() + 120
        while self.client.sync_status().workers < n:
            assert time.monotonic() < deadline, f"never {n} workers"

    def check(self):
        """MySQL catches up, and is as the conversation says."""
        try:
            self.stack.settle(60)
        except AssertionError as error:
            raise AssertionError(f"MySQL does not catch up: {self.client.sync_status()}") from error
        assert self.stack.differences(self.talk.rooms) == []

    def dump(self):
        return [self.stack.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in TABLES]


@pytest.fixture
def own_server():
    """A server that the test may kill, freeze, or set up in its way."""
    with MariaDB() as server:
        yield server


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
            while story.proxy.errors[1213] < 5:
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


def test_a_missing_table_holds_the_part_and_says_so(database):
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


# ---- a database put back ------------------------------------------------------------------------


def administer(program, stack, *words, **more):
    done = subprocess.run([program, "--no-defaults", f"--socket={stack.server.socket}", "--user=root", *words],
                          capture_output=True, check=False, **more)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def dump(stack):
    """As an administrator makes it, from a server that goes on."""
    return administer("mariadb-dump", stack, "--single-transaction", stack.name)


def restore(stack, dumped):
    """Table by table: nobody may write meanwhile."""
    administer("mariadb", stack, stack.name, input=dumped)


def put_back(stack, dumped):
    """All tables at once, while the workers write."""
    for aside in ("restored", "replaced"):
        stack.rows(f"DROP DATABASE IF EXISTS {aside}")
        stack.rows(f"CREATE DATABASE {aside}")
    administer("mariadb", stack, "restored", input=dumped)
    tables = [name for name, kind in stack.server.query("SHOW FULL TABLES", database="restored")
              if kind == "BASE TABLE"]
    stack.rows("RENAME TABLE " + ", ".join(
        f"{stack.name}.{t} TO replaced.{t}, restored.{t} TO {stack.name}.{t}" for t in tables))


def marks_back(story):
    return {c.name: c.value for c in story.client.stats().counters}["sync_marks_back"]


def test_a_database_restored_from_a_dump_is_brought_up_to_date(database):
    with Story(database) as story:
        story.hire()
        story.talk.go_on()
        story.check()
        dumped = dump(story.stack)
        story.stack.workers.pop().kill()  # who comes now has a higher epoch than the dump
        story.hire("heir")
        story.talk.go_on(100)
        story.check()
        for n in range(3):
            put_back(story.stack, dumped)
            story.talk.go_on(20)
            story.check()
            assert marks_back(story) >= n + 1
        with story.talking():
            for _ in range(3):
                put_back(story.stack, dumped)
                story.stack.settle()
        story.check()


def test_a_dump_restored_while_nobody_writes(database):
    """The worker that finds it is another, and so is the broker."""
    with Story(database) as story:
        story.hire()
        story.talk.go_on()
        story.check()
        dumped = dump(story.stack)
        story.talk.go_on()
        story.check()
        story.stack.dismiss()
        story.stack.broker.stop()
        restore(story.stack, dumped)
        story.stack.broker.start()
        story.hire()
        story.check()


def test_a_room_in_quarantine_in_the_dump_is_so_again_and_can_be_released_again(database):
    with Story(database) as story:
        stack, talk, bad = story.stack, story.talk, story.talk.room(0)
        story.hire()
        talk.go_on()
        stack.rows("ALTER TABLE group_message MODIFY message_content VARCHAR(40) NOT NULL")
        talk.say(bad, "x" * 41)
        stack.settle()
        dumped = dump(stack)
        stack.rows("ALTER TABLE group_message MODIFY message_content MEDIUMTEXT NOT NULL")
        ctl(stack.broker, "sync", "release", bad.id)
        story.check()
        put_back(stack, dumped)  # of the same position, and yet of before
        talk.go_on()
        stack.settle()
        assert ctl(stack.broker, "sync", "status").json()["quarantined"] == [bad.id]
        stack.rows("ALTER TABLE group_message MODIFY message_content MEDIUMTEXT NOT NULL")
        ctl(stack.broker, "sync", "release", bad.id)
        story.check()


def test_a_dump_from_between_messages_and_their_unread_columns(database):
    """Where the mark stands it says that; what the worker knew is no more so."""
    with Story(database) as story:
        story.hire()
        story.talk.go_on(100)
        story.check()
        with story.stack.server.connect(story.stack.name, autocommit=False) as put_back, put_back.cursor() as cursor:
            cursor.execute("UPDATE chat_group SET unread = 0, unread_seq = 0")
            cursor.execute("UPDATE sync_mark SET projected = 0")
            put_back.commit()
        assert story.stack.differences(story.talk.rooms) != []
        story.talk.say(story.talk.room(0), "one more")
        story.check()


def test_a_dump_from_before_what_the_journal_holds_is_an_alarm_and_changes_nothing(database):
    with Story(database, {"history.hot_records": 200, "store.dirty_rows_max": 1000}) as story:
        stack, talk = story.stack, story.talk
        story.hire()
        talk.go_on()
        story.check()
        too_old = dump(stack)
        until_trimmed(story, story.client.sync_status().position)
        story.check()
        good = dump(stack)
        talk.go_on()
        put_back(stack, too_old)
        talk.go_on()
        status = story.await_trouble("the journal begins at")
        assert status.synced == 0
        assert "the journal begins at" in ctl(stack.broker, "sync", "status").json()["partitions"][0]["error"]
        before = story.dump()
        talk.go_on(100)
        story.await_trouble("the journal begins at")
        assert story.dump() == before
        put_back(stack, good)
        story.check()


def until_trimmed(story, position):
    deadline = time.monotonic() + 60
    while {c.name: c.value for c in story.client.stats().counters}["journal_first"] <= position + 1:
        story.talk.go_on(200)
        story.stack.settle()
        assert time.monotonic() < deadline


# ---- two workers that believe they own a partition ------------------------------------------------------


def owner_is(name):
    return lambda part: part.worker == name and not part.error


@pytest.fixture
def two(database):
    """A story whose workers old and new are logins of their own, under audit."""
    with Story(database, {"sync.worker_lease_ms": 700}) as story:
        story.audit = Audit(story.stack)
        for name in ("old", "new"):
            story.audit.user(name)
        yield story


def matched(packet):
    """How many rows the server says that an UPDATE matched."""
    assert packet[4] == 0 and packet[5] < 251, packet
    return packet[5]


def test_a_fence_that_reaches_the_database_late_changes_no_row(two):
    """The old worker's batch stands before the server while the partition goes to
    another, whose first batch is the same: nothing but the epoch tells them apart."""
    old = two.hire("old", user="old", timeout=60)
    two.check()
    late = two.proxy.at("UPDATE sync_mark", hold)
    two.talk.go_on()
    late.wait()
    old.signal(signal.SIGSTOP)
    rightful = two.proxy.at("UPDATE sync_mark", hold)
    two.hire("new", user="new", timeout=60)
    rightful.wait()
    written = two.audit.rows()
    assert written[-1][0] == "new", "it has claimed the partition"
    late.let_go()
    late.wait()
    assert [matched(answer) for answer in late.answers] == [0]
    assert two.audit.rows() == written
    rightful.let_go()
    rightful.wait()
    assert [matched(answer) for answer in rightful.answers] == [1]
    old.signal(signal.SIGCONT)
    two.await_workers(2)
    two.talk.go_on()
    two.check()
    two.audit.check_once(two.talk.rooms)
    assert two.audit.check_fenced() >= 2


def test_a_commit_of_the_old_worker_comes_before_the_new_one_begins(two):
    """Its transaction holds the mark's row: who claims the partition waits for it."""
    old = two.hire("old", user="old", timeout=60)
    two.check()
    late = two.proxy.at("COMMIT", hold)
    two.talk.go_on()
    late.wait()
    old.signal(signal.SIGSTOP)
    two.hire("new", user="new", timeout=2)
    two.proxy.wait_error(1205)
    assert {who for who, _, _, _ in two.audit.rows()} == {"old"}
    late.let_go()
    late.wait()
    two.await_partition(owner_is("new"), "given to the new worker")
    two.talk.go_on()
    two.check()
    old.signal(signal.SIGCONT)
    two.await_workers(2)
    two.talk.go_on()
    two.check()
    two.audit.check_once(two.talk.rooms)
    assert two.audit.check_fenced() >= 2


def test_workers_stopped_past_their_lease_again_and_again(two):
    """Always in the middle of something: people talk all the while."""
    workers = {name: two.hire(name, user=name) for name in ("old", "new")}
    two.check()
    with two.talking():
        for _ in range(3):
            for name, other in (("old", "new"), ("new", "old")):
                two.await_workers(2)
                workers[name].signal(signal.SIGSTOP)
                two.await_partition(owner_is(other), f"given to {other}")
                workers[name].signal(signal.SIGCONT)
    two.check()
    two.audit.check_once(two.talk.rooms)
    assert two.audit.check_fenced() >= 4


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
