"""A worker killed at every point of its work, many times over: whoever comes
next finds in the database what there is to do. For builds with proto/base/die.h."""

import os
import signal
import time
from itertools import count

import pytest
from audit import Audit
from proc import Worker, ctl, environment, program, run
from stack import Stack, migrate
from talk import Talk

# Labels in worker/, and how often it comes by before it is killed there.
POINTS = [("partition_claimed", 2), ("batch_fenced", 1), ("batch_written", 1), ("batch_written", 5),
          ("batch_committed", 1), ("batch_committed", 4), ("batch_told", 1), ("batch_told", 6),
          ("flush_written", 1), ("flush_written", 2), ("flush_committed", 1)]
ROUNDS = int(os.environ.get("PARLOR_KILL_ROUNDS", "8"))
DEATH_SECONDS = 120
WORKER, NOT_QUARANTINED = 43, 47


@pytest.fixture
def stack(database):
    settings = {"sync.partitions": 4, "sync.worker_lease_ms": 500, "sync.worker_heartbeat_ms": 100}
    with Stack(database, settings, workers=0) as stack:
        yield stack


class Mortal(Worker):
    """A worker that dies there, as by SIGKILL."""

    def __init__(self, stack, point, times):
        super().__init__(stack.broker, None, ready=None, env=environment(
            PARLOR_MYSQL=stack.url, PARLOR_DIE_AT=f"{point}:{times}"))

    def die(self):
        assert self.wait() == -signal.SIGKILL
        self.end()


def test_workers_killed_at_every_point_of_a_batch_and_of_a_flush(stack):
    audit = Audit(stack)
    with stack.client() as client:
        talk = Talk(client, rooms=8)
        for point, times in POINTS * ROUNDS:
            worker = Mortal(stack, point, times)
            try:
                deadline = time.monotonic() + DEATH_SECONDS
                while worker.running():
                    assert time.monotonic() < deadline, f"{point}: does not come by"
                    talk.go_on(10)
                worker.die()
            finally:
                worker.end()
        stack.hire()
        stack.settle(120)
    assert stack.differences(talk.rooms) == []
    audit.check_once(talk.rooms)


@pytest.mark.parametrize("point", ["release_written", "release_committed"])
def test_a_worker_killed_while_it_releases_a_room(stack, point):
    with stack.client() as client:
        talk = Talk(client)
        bad = talk.room(0)
        stack.rows("ALTER TABLE group_message MODIFY message_content VARCHAR(40) NOT NULL")
        talk.say(bad, "x" * 41)
        talk.go_on()
        worker = Mortal(stack, point, 1)
        try:
            stack.settle()
            stack.rows("ALTER TABLE group_message MODIFY message_content MEDIUMTEXT NOT NULL")
            talk.go_on()
            failed = ctl(stack.broker, "sync", "release", bad.id, status=1)
            assert f"({WORKER})" in failed.err
            worker.die()
        finally:
            worker.end()
        stack.hire()
        stack.settle()
        again = ctl(stack.broker, "sync", "release", bad.id, status=None)
        if point == "release_written":
            assert again.status == 0, again.err
        else:
            assert f"({NOT_QUARANTINED})" in again.err
        stack.settle()
    assert stack.differences(talk.rooms) == []


def made(database, name):
    """What migrations leave: tables as the server describes them, and versions applied."""
    tables = [table for (table,) in database.query("SHOW TABLES", database=name)]
    return ([database.query(f"SHOW CREATE TABLE {table}", database=name) for table in tables],
            database.query("SELECT version, name, left_out, applied_at IS NULL FROM schema_version ORDER BY version",
                           database=name))


def test_a_migration_killed_behind_any_of_its_statements_is_done_by_the_next(database):
    for name in ("at_once", "in_pieces"):  # the name of one view is taken in both
        database.query(f"CREATE DATABASE {name}", database=None)
        database.query("CREATE VIEW session AS SELECT 1 AS mine", database=name)
    migrate(database.url("at_once"))
    url = database.url("in_pieces")
    for statements in count(1):  # each begins with the migration that was cut short
        env = environment(PARLOR_MYSQL=url, PARLOR_DIE_AT=f"migration_statement:{statements}")
        done = run(program("parlor-worker"), "--migrate", env=env, status=None)
        if done.status != -signal.SIGKILL:
            break
    assert done.status == 0, done.err
    assert statements > 9, "there are no fewer statements"
    assert made(database, "in_pieces") == made(database, "at_once")
    assert database.query("SELECT * FROM session", database="in_pieces") == ((1,),)
