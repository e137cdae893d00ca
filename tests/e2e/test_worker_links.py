"""A worker's two connections: to a database that is away, frozen or without
tables, to a broker that does not answer; and what it has to be told for them."""

import os
import pathlib
import random
import re
import signal
import threading

import pymysql
import pytest
from fake_broker import STUCK, FakeBroker, World, wpb
from proc import Process, program, run
from worker_bench import DATABASE, worker_env, worker_said


def test_the_database_away_at_start_and_later_is_waited_for(own_server):
    own_server.stop()
    broker = FakeBroker()
    worker = Process(program("parlor-worker"), "--broker", broker.worker, "--name", "w",
                     env=worker_env(own_server.url()))
    try:
        broker.serve_until(lambda: "trying on" in worker.stderr())
        own_server.start()
        run(program("parlor-worker"), "--migrate", env=worker_env(own_server.url()))
        broker.serve_until(lambda: worker_said(worker))
        world = World()
        broker.assign("w")
        broker.apply("w", world.create("r", members=["a", "b"]), after=0)
        for _ in range(3):
            at = world.position
            own_server.kill9()
            upto = broker.send_batch("w", [world.post("r", "a", "one")], after=at)
            failed = broker.hear("w", "batch_failed")
            assert failed.fail == STUCK
            broker.tell("w", archive_query=wpb.ArchiveQuery(query=1, tenant="acme", room="r", **{"from": 1}))
            assert broker.hear("w", "archive_page").code == 43
            own_server.start()
            broker.done("w", upto)
        assert dict(own_server.query("SELECT member_id, unread FROM chat_group")) == world.unread("r")
        worker.stop()
    finally:
        worker.end()
        broker.close()


def test_an_unknown_outcome_is_settled_by_the_mark(own_server):
    """The server freezes in the middle of batches: they are applied once."""
    run(program("parlor-worker"), "--migrate", env=worker_env(own_server.url()))
    broker = FakeBroker()
    worker = Process(program("parlor-worker"), "--broker", broker.worker, "--name", "w", "--timeout", "1",
                     env=worker_env(own_server.url()))
    try:
        broker.serve_until(lambda: worker_said(worker))
        world = World()
        broker.assign("w")
        broker.apply("w", world.create("r", members=["a", "b"]), after=0)
        chance = random.Random(4)
        for _ in range(4):
            at = world.position
            records = [world.post("r", "a", "x" * 200) for _ in range(1000)]
            timer = threading.Timer(chance.random() * 0.06, own_server.freeze)
            timer.start()
            upto = broker.send_batch("w", records, after=at)
            timer.join()
            broker.serve_until(lambda: any(m.WhichOneof("op") in ("batch_failed", "batch_done")
                                           for _, m in broker.heard))
            own_server.cont()
            broker.done("w", upto)
            broker.heard.clear()
        assert own_server.query("SELECT COUNT(*), MAX(seq) FROM group_message") == ((4000, 4000),)
        assert dict(own_server.query("SELECT member_id, unread FROM chat_group")) == world.unread("r")
        worker.stop()
    finally:
        worker.end()
        broker.close()


def test_a_lost_session_begins_again(bench):
    bench.broker.lease_ms = 300
    worker = bench.hire()
    bench.broker.assign("w")
    bench.broker.names.clear()  # as after a restart: it knows nobody
    bench.broker.hear("w", "hello")
    assert bench.broker.assign("w", epoch=2).db_epoch == 2
    # Nothing is read and nothing answered until the worker gives the session up.
    worker.await_said("does not answer")
    bench.broker.hear("w", "hello")
    assert bench.broker.assign("w", epoch=3).db_epoch == 3
    worker.signal(signal.SIGTERM)
    bench.broker.hear("w", "goodbye")
    assert worker.wait() == 0


def test_a_room_in_quarantine_stays_there_through_migration(bench):
    """A database of the first version, whose quarantine knew rooms only; and what was
    cut short is run again."""
    bench.server.query(f"DROP DATABASE {DATABASE}", database=None)
    bench.server.query(f"CREATE DATABASE {DATABASE}", database=None)
    tables = pathlib.Path(os.environ["PARLOR_SOURCE"], "schema/0001_tables.sql").read_text()
    for statement in re.sub("--.*", "", tables).split(";\n"):
        if statement.strip():
            bench.rows(statement)
    bench.rows("CREATE TABLE schema_version (version INT NOT NULL PRIMARY KEY, name VARCHAR(64) NOT NULL,"
               " started_at DATETIME(6) NOT NULL, applied_at DATETIME(6) NULL)")
    bench.rows("INSERT INTO schema_version VALUES (1, 'tables', NOW(), NOW())")
    bench.rows("INSERT INTO sync_quarantine (broker_id, part, ent_id, group_id, position, error, created_at)"
               " VALUES (7, 0, 'acme', 'bad', 5, '1406', NOW())")
    for _ in range(2):
        bench.migrate()
        assert bench.rows("SELECT ent_id, topic_kind, group_id, position FROM sync_quarantine") == (
            ("acme", 1, "bad", 5),)
        bench.rows("DELETE FROM schema_version WHERE version = 2")


def test_migrating_twice_at_once_and_beyond(bench):
    assert "already" in bench.migrate().err
    bench.rows(f"DROP DATABASE {DATABASE}")
    together = [Process(program("parlor-worker"), "--migrate", env=worker_env(bench.server.url()))
                for _ in range(4)]
    assert [process.wait() for process in together] == [0] * 4
    migrations = list(pathlib.Path(os.environ["PARLOR_SOURCE"], "schema").glob("*.sql"))
    versions = bench.rows("SELECT version FROM schema_version ORDER BY 1")
    assert versions == tuple((n + 1,) for n in range(len(migrations)))
    bench.rows("INSERT INTO schema_version (version, name, started_at) VALUES (9, 'later', NOW())")
    assert "version 9" in bench.migrate(status=3).err
    worker = bench.launch("w")
    assert worker.wait() == 3
    assert "version 9" in worker.stderr()


def test_a_database_without_schema_is_waited_for_and_foreign_tables_are_left_alone(bench):
    bench.rows(f"DROP DATABASE {DATABASE}")
    worker = bench.launch("w")
    bench.broker.serve_until(lambda: "trying on" in worker.stderr())
    bench.server.query(f"CREATE DATABASE {DATABASE}", database=None)
    bench.rows("CREATE TABLE chat_group (id INT)")
    assert "did not make" in bench.migrate(status=1).err
    bench.rows("DROP TABLE chat_group")
    bench.migrate()
    bench.broker.serve_until(lambda: worker_said(worker))


def test_wrong_usage_is_said():
    for argv in ([], ["--mysql", "mysql://u@h/d"], ["--mysql", "http://x", "--broker", "tcp://127.0.0.1:1"],
                 ["--nonsense"], ["--mysql-file", "/nonexistent", "--broker", "x"]):
        done = run(program("parlor-worker"), *argv, status=2)
        assert done.err.startswith("parlor-worker: ") or "nonsense" in done.err
    assert "--migrate" in run(program("parlor-worker"), "--help").out


def test_no_password_in_the_list_of_processes(bench, tmp_path):
    with pytest.raises(pymysql.err.OperationalError):
        bench.server.query("SELECT 1", database="absent")
    url = bench.server.url(user="nobody", password="open sesame")
    worker = bench.launch("w", "--mysql", url)
    bench.broker.hear("w", "hello")
    with open(f"/proc/{worker.pid}/cmdline", "rb") as file:
        assert b"sesame" not in file.read()
    bench.broker.serve_until(lambda: "1045" in worker.stderr() or "1698" in worker.stderr())
    assert "sesame" not in worker.stderr()
