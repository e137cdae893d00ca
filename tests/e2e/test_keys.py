"""A broker with keys: what `parlord --make-keys` prints opens it for every
program, up to MySQL; another key does not, and a tenant's key opens no more than
that tenant."""

import os
import time

import compare
import oracle
import pytest
import zmq
from client import PATIENCE, Client, Refused
from conftest import people, stat
from proc import Broker, Worker, ctl, play, program, run

SAMPLE = os.path.join(os.environ["PARLOR_SOURCE"], "tests/data/sample.ndjson")
TENANT = 6
USAGE, AWAY = 2, 3


class Keys:
    """The broker's file as it was printed, with a key of tenant acme added, and
    the files of the others."""

    def __init__(self, directory):
        self.directory = directory
        printed = run(program("parlord"), "--make-keys").out
        public, secret = (key.decode() for key in zmq.curve_keypair())
        self.broker = self.write("broker", f"{printed}tenant acme {public}\n")
        part = [line.removeprefix("# ") for line in printed.splitlines()
                if line.startswith(("# server ", "# public ", "# secret "))]
        assert len(part) == 6
        self.client, self.worker = (self.write(name, "\n".join(lines)) for name, lines in
                                    (("client", part[:3]), ("worker", part[3:])))
        self.acme = self.write("acme", f"{part[0]}\npublic {public}\nsecret {secret}\n")
        public, secret = (key.decode() for key in zmq.curve_keypair())
        self.stranger = self.write("stranger", f"{part[0]}\npublic {public}\nsecret {secret}\n")

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w",
                  encoding="ascii") as file:
            file.write(text)
        return path

    @staticmethod
    def options(path):
        """For a Client of the tests."""
        with open(path, encoding="ascii") as file:
            key = dict(line.split() for line in file)
        return {f"CURVE_{name.upper()}KEY": key[name].encode()
                for name in ("server", "public", "secret")}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def broker(keys):
    with Broker({"broker.keys": keys.broker}) as broker:
        yield broker


@pytest.fixture(scope="module")
def url(database):
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS parlor_keys")
    return database.url("parlor_keys")


@pytest.fixture
def operator(broker, keys):
    with Client(broker.client, **keys.options(keys.client)) as client:
        yield client


def await_refusal(operator, before):
    """Until the broker has refused one more key."""
    deadline = time.monotonic() + PATIENCE
    while stat(operator, "keys_refused") == before:
        assert time.monotonic() < deadline, "no key was refused"


def test_with_its_keys_every_program_works_up_to_mysql(broker, keys, url, database):
    worker = Worker(broker, url, "--migrate", "--keys", keys.worker)
    try:
        ctl(broker, "--keys", keys.client, "room", "create", "--id", "mine", "--member",
            "lin:manager", tenant="other")
        ctl(broker, "--keys", keys.client, "post", "mine", "lin", "hello", "--stored",
            tenant="other")
        assert database.query("SELECT message_content FROM group_message WHERE group_id = 'mine'",
                              database="parlor_keys") == (("hello",),)
        play(broker, SAMPLE, "--keys", keys.client, "--attach", "--verify-deliveries")
        ctl(broker, "--keys", keys.client, "sync", "wait", "--timeout", "60")
        with database.connect("parlor_keys") as connection:
            assert compare.differences(connection, "default", list(oracle.rooms(SAMPLE))) == []
        dump = run(program("parlor-replay"), "dump", "mine", "--broker", broker.client,
                   "--tenant", "other", "--keys", keys.client)
        assert dump.out.endswith("lin: hello\n")
        tape = run(program("parlor-replay"), "record", "--broker", broker.worker, "--tenant", "other",
                   "--keys", keys.worker)
        assert '"body":"hello"' in tape.out
        worker.stop()
    finally:
        worker.end()


def test_a_worker_takes_its_keys_from_its_configuration_too(broker, keys, url, operator):
    config = keys.write("worker.ini", f"[worker]\nkeys = {keys.worker}\n")
    worker = Worker(broker, url, "--migrate", "--config", config)
    try:
        assert operator.sync_status().workers == 1
        worker.stop()
    finally:
        worker.end()


def test_a_key_that_is_not_listed_is_not_let_in(broker, keys, operator):
    before, opened = stat(operator, "keys_refused"), stat(operator, "sessions_opened")
    done = ctl(broker, "--keys", keys.stranger, "--timeout", "1", "stats", status=AWAY)
    assert done.out == ""
    await_refusal(operator, before)
    assert stat(operator, "sessions_opened") == opened


def test_a_clients_key_opens_nothing_to_a_worker(broker, keys, url, operator):
    deadline = time.monotonic() + PATIENCE
    while operator.sync_status().workers:
        assert time.monotonic() < deadline, "a worker that was stopped is still there"
    before = stat(operator, "keys_refused")
    worker = Worker(broker, url, "--migrate", "--keys", keys.client, ready=None)
    try:
        await_refusal(operator, before)
        assert operator.sync_status().workers == 0
        worker.stop()
    finally:
        worker.end()


def test_a_tenants_key_opens_that_tenant_only(broker, keys):
    options = keys.options(keys.acme)
    with Client(broker.client, tenant="acme", **options) as acme:
        acme.room_create(room="r", members=people("alice"))
        with pytest.raises(Refused) as refused:
            Client(broker.client, tenant="bolt", **options)
        assert refused.value.code == TENANT
        assert acme.refusal("stats") == TENANT
        assert acme.room_show(room="r").members == 1


def test_the_databases_words_are_for_who_may_see_all_tenants(broker, keys, url, database, operator):
    def alter(change):
        database.query(f"ALTER TABLE group_message {change}", database="parlor_keys")

    worker = Worker(broker, url, "--migrate", "--name", "secret-host", "--keys", keys.worker)
    try:
        with Client(broker.client, tenant="acme", **keys.options(keys.acme)) as acme:
            acme.room_create(room="stuck", members=people("alice"))
            acme.sync_wait()
            assert {p.worker for p in operator.sync_status().partitions} == {"secret-host"}
            assert {p.worker for p in acme.sync_status().partitions} == {"worker"}

            alter("RENAME COLUMN content_type TO content_kind")
            acme.post(room="stuck", sender="alice", client_id="1", body="waits")
            deadline = time.monotonic() + PATIENCE
            while not (trouble := [p for p in operator.sync_status().partitions if p.error]):
                assert time.monotonic() < deadline, "no partition is stuck"
            assert "content_type" in trouble[0].error
            assert [(p.partition, p.error) for p in acme.sync_status().partitions if p.error] == [
                (trouble[0].partition, "trouble: ask the operator")]
            assert "secret-host" not in str(acme.sync_status())

            alter("RENAME COLUMN content_kind TO content_type")
            acme.sync_wait()
            assert [p.error for p in acme.sync_status().partitions if p.error] == []
        worker.stop()
    finally:
        worker.end()


@pytest.mark.parametrize("argv", [
    ["parlor", "stats"],
    ["parlor-replay", "dump", "r"],
    ["parlor-replay", "play", SAMPLE],
    ["parlor-worker", "--broker", "tcp://127.0.0.1:1", "--mysql", "mysql://u@localhost/d"],
])
def test_a_keys_file_that_others_may_read_is_refused(tmp_path, keys, argv):
    path = tmp_path / "open"
    with open(keys.client, encoding="ascii") as file:
        path.write_text(file.read())
    path.chmod(0o644)
    done = run(program(argv[0]), *argv[1:], "--keys", str(path), status=USAGE)
    assert done.out == "" and f"{path}: must be a file that only its owner may use" in done.err
