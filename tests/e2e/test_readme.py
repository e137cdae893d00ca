"""README.md and PROTOCOL.md do what they say: the clients are the example files
and run, the typed commands give the output that stands there, the queries find
rows, the settings have the defaults listed, the bytes of the example are
answered as shown. (post.c is built and run by test_programs.py.)"""

import os
import re
import subprocess

import parlor_pb2 as pb
import pytest
from client import Wire
from proc import BIN, Broker, Worker, environment, program, run

SOURCE = os.environ["PARLOR_SOURCE"]


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


def blocks(text, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.M | re.S)


def block(text, kind):
    (found,) = blocks(text, kind)
    return found


README = read("README.md")
PROTOCOL = read("proto", "PROTOCOL.md")


@pytest.mark.parametrize("kind, file", [("c", "post.c"), ("python", "example.py")])
def test_the_clients_are_the_example_files(kind, file):
    assert block(README, kind) == read("tests", "e2e", file)


def test_the_client_in_python_runs_again_and_again(broker):
    for _ in range(2):
        done = run("/usr/bin/python3", os.path.join(SOURCE, "tests/e2e/example.py"), broker.client)
        assert done.out == "request 1: ok\nrequest 2: ok\nrequest 3: ok\nalice: hello, bob\n"


# ---- what is typed -------------------------------------------------------------------------


def typed(session):
    """Each command of a console block, and what it prints."""
    for part in re.split(r"^\$ ", session, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def without_measures(text):
    """Without times, rates and trailing blanks."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "DATE", text)
    text = re.sub(r'"time_us":\d+', "TIME", text)
    text = re.sub(r"^(set  no \d+) .*$", r"\1", text, flags=re.M)
    text = re.sub(r"^(ack time|requests .* in) .*$", r"\1", text, flags=re.M)
    return re.sub(r" +$", "", text, flags=re.M)


@pytest.fixture(scope="module")
def played(broker_alone, database):
    """A fresh broker and database with all that README types."""
    url = database.url("readme")
    env = environment(PARLOR_MYSQL=url)
    run(program("parlor-worker"), "--migrate", env=env)
    worker = Worker(broker_alone, url, "--name", "worker-1")
    results = []
    try:
        for command, expected in typed("".join(blocks(README, "console"))):
            if command.startswith("parlor-replay"):
                command += f" --broker {broker_alone.client}"
            env = environment(PARLOR_BROKER=broker_alone.client,
                              PATH=f"{os.path.abspath(BIN)}:{os.environ['PATH']}")
            done = subprocess.run(command, shell=True, cwd=SOURCE, env=env, timeout=60, text=True, check=False,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE if "replay" in command else subprocess.STDOUT)
            results.append((command, expected, done.stdout))
        run(program("parlor"), "--broker", broker_alone.client, "sync", "wait")
        yield results
    finally:
        worker.stop()


@pytest.fixture(scope="module")
def broker_alone():
    with Broker() as broker:
        yield broker


def test_the_commands_print_what_stands_there(played):
    assert len(played) > 10
    for command, expected, printed in played:
        assert without_measures(printed) == without_measures(expected), command


def test_the_queries_find_rows(played, database):
    queries = block(README, "sql").split(";")[:-1]
    assert len(queries) == 6
    with database.connect("readme") as connection, connection.cursor() as cursor:
        for query in queries:
            cursor.execute(query)
            assert cursor.fetchall() or "online_status" in query, query
        cursor.execute(queries[0])
        ((unread, seq),) = cursor.fetchall()
        assert (unread, seq) == (1, 3), "chen has not read what lin said"


# ---- the specification ------------------------------------------------------------------------


def test_the_settings_have_the_defaults_that_are_listed():
    printed, section = {}, ""
    for line in run(program("parlord"), "--print-config").out.splitlines():
        if line.startswith("["):
            section = line[1:-1]
        elif line.startswith(";"):
            key, _, value = line[1:].partition(" =")
            printed[f"{section}.{key}"] = value.strip()
    listed = dict(re.findall(r"^\| `(\w+\.\w+)` \| (\S+) \|", PROTOCOL, re.M))
    assert listed == {name: value for name, value in printed.items()
                      if name.split(".")[0] in ("limits", "session", "tenant", "turn", "history", "sync")}


def test_the_example_is_answered_as_shown():
    hello, welcome = (bytes.fromhex(block(PROTOCOL, f"hex {name}")) for name in ("hello", "welcome"))
    shown = pb.FromBroker.FromString(welcome)
    with Broker() as broker:
        wire = Wire(broker.client)
        wire.raw(hello)
        answered = wire.receive(20)
        wire.close()
    assert 0 < answered.replies[0].welcome.journal < 2**63
    answered.replies[0].welcome.journal = shown.replies[0].welcome.journal
    assert answered == shown


# ---- the tests --------------------------------------------------------------------------------


def test_every_promise_has_tests_and_those_named_are_there():
    text = read("tests", "README.md")
    rows = re.findall(r"^\| ([IP]\d+|desk|labels|tools) \| `(\S+)` \| (.+?) \| (.+) \|$", text, re.M)
    assert len(rows) == len(re.findall(r"^\| (?:[IP]\d|desk|labels|tools)", text, re.M))
    assert {promise for promise, *_ in rows if promise[0] == "I"} == {f"I{n}" for n in range(1, 11)}
    assert [report for report, *_ in rows if report[0] == "P"] == [f"P{n}" for n in range(1, 45)]
    for promise, file, test, seen in rows:
        others = [read("tests", os.path.dirname(file), name) for name in re.findall(r"`(test_\w+\.\w+)`", seen)]
        tests = "".join([read("tests", file), *others])
        for name in re.findall(r"`(\w+)`", test + seen):
            assert re.search(rf"\b{name}\(", tests), (promise, file, name)
        assert "`" in test or test.startswith("all "), (promise, file)
