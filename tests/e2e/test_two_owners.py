"""Two workers that believe they own a partition: the epoch of its mark decides,
and whoever has the older one changes no row."""

import signal

import pytest
from audit import Audit
from db_story import Story
from sql_proxy import hold


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
