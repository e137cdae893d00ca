"""Who reads a directory beside its broker is seen by it, or refused: nobody is given a
copy or a verdict made of pages that were used again meanwhile."""

import os

import pytest
from client import Client
from conftest import people, say
from proc import Broker, Process, program, run

READERS = [("backup", "{data}", "{dest}"), ("verify", "--data", "{data}"),
           ("snapshot", "--data", "{data}"), ("at", "3", "r", "--data", "{data}"),
           ("explain", "r", "bob", "--data", "{data}"), ("diff", "{data}", "{data}")]


def backup(broker, dest):
    run(program("parlor-replay"), "backup", broker.data, str(dest))


def read_by_all(data, tmp_path, prefix=()):
    """What each reader says; all must refuse."""
    for number, words in enumerate(READERS):
        argv = [word.format(data=data, dest=tmp_path / f"dest{number}") for word in words]
        done = run(*prefix, program("parlor-replay"), *argv, status=None)
        assert done.status not in (0, 3, 4, 5, 6), (argv, done.status, done.out, done.err)
        assert not (tmp_path / f"dest{number}").exists()
        yield done.err + done.out


@pytest.fixture
def desk():
    with Broker() as broker:
        with Client(broker.client) as client:
            client.room_create(room="r", members=people("alice", "bob"))
            say(client, "one", "two")
        yield broker


def test_through_a_mount_that_cannot_be_written_nobody_reads(desk, tmp_path):
    """The broker would not see the reader, and use its pages again."""
    (tmp_path / "ro").mkdir()
    mounted = ("unshare", "-m", "sh", "-c", f"mount --bind '{desk.data}' '{tmp_path}/ro' && "
               f"mount -o remount,ro,bind '{tmp_path}/ro' && exec \"$@\"", "sh")
    if os.getuid():
        mounted = ("unshare", "-rm", *mounted[2:])
    for said in read_by_all(tmp_path / "ro", tmp_path, mounted):
        assert "lock.mdb cannot be written" in said


def test_a_lock_table_that_is_not_the_brokers_is_not_read_by(desk, tmp_path):
    os.unlink(os.path.join(desk.data, "lock.mdb"))
    for said in read_by_all(desk.data, tmp_path):
        assert "lock.mdb is not the one that its broker uses" in said
    open(os.path.join(desk.data, "lock.mdb"), "wb").close()
    for said in read_by_all(desk.data, tmp_path):
        assert "lock.mdb is not the one that its broker uses" in said
    desk.restart()
    backup(desk, tmp_path / "copy")
    # Nobody looks at the table of one that has ended.
    desk.stop()
    os.unlink(os.path.join(desk.data, "lock.mdb"))
    backup(desk, tmp_path / "another")
    desk.start()


def test_two_containers_with_processes_of_one_number(tmp_path):
    """LMDB knows its readers by number."""
    alone = ("unshare", "-pf" if not os.getuid() else "-Urpf", "--mount-proc", "--kill-child")
    broker = Broker()
    broker.process = Process(*alone, *broker.argv(), ready="ready ")
    try:
        for said in read_by_all(broker.data, tmp_path, alone):
            assert "a process of the same number (1)" in said and "not a journal" not in said
        run(*alone, "sh", "-c", f"'{program('parlor-replay')}' backup '{broker.data}' "
            f"'{tmp_path}/copy'; exit $?")
    finally:
        broker.kill()
        broker.remove()
