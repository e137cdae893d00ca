"""The programs as their users meet them: ready lines, exit codes, output, files."""

import json
import os
import signal
import socket
import subprocess
import time

import oracle
import pytest
from client import Client
from conftest import check_rooms, people
from proc import Broker, Process, ctl, environment, play, play_argv, program, run

SOURCE = os.environ["PARLOR_SOURCE"]
BUILD = os.environ["PARLOR_BUILD"]
SAMPLE = os.path.join(SOURCE, "tests/data/sample.ndjson")


STOPPING = 46


# ---- parlord ------------------------------------------------------------------------------


def refused(*argv):
    """The program leaves by itself, with an error, and says why."""
    done = run(*argv, status=None, timeout=30)
    assert done.status > 0 and done.out == "", done.out
    return done.err


def test_the_ready_line_names_the_endpoints_that_were_bound(broker):
    words = broker.process.ready.split()
    assert words[0] == "ready"
    for endpoint in (broker.client, broker.worker):
        assert endpoint in words and endpoint.startswith("tcp://127.0.0.1:")
        assert int(endpoint.rsplit(":", 1)[1]) > 0


def test_a_second_broker_on_the_same_data_is_refused(broker, service):
    err = refused(program("parlord"), "--data", broker.data, "--listen", "tcp://127.0.0.1:*",
                  "--worker-listen", "tcp://127.0.0.1:*")
    assert broker.data in err or "another broker" in err
    assert service.call("ping") is not None


@pytest.mark.parametrize("option", ["--listen", "--worker-listen"])
@pytest.mark.parametrize("endpoint", ["tcp://0.0.0.0:*", "tcp://*:*", "tcp://[::]:*"])
def test_without_keys_only_loopback_is_bound(tmp_path, option, endpoint):
    addresses = {"--listen": "tcp://127.0.0.1:*", "--worker-listen": "tcp://127.0.0.1:*", option: endpoint}
    err = refused(program("parlord"), "--data", str(tmp_path / "d"), *sum(addresses.items(), ()))
    assert "loopback" in err


def test_an_address_in_use_is_refused(broker, tmp_path):
    err = refused(program("parlord"), "--data", str(tmp_path / "d"), "--listen", broker.client,
                  "--worker-listen", "tcp://127.0.0.1:*")
    assert broker.client in err


def test_a_broker_on_an_address_of_ipv6_is_found_by_every_program():
    try:
        with socket.socket(socket.AF_INET6) as here:
            here.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 on this machine")
    broker = Broker()
    broker.client = broker.worker = "tcp://[::1]:*"
    with broker:
        assert broker.client.startswith("tcp://[::1]:")
        ctl(broker, "room", "create", "--id", "r", "--member", "lin:manager")
        assert play(broker, SAMPLE)["acknowledged"] > 0
        tape = run(program("parlor-replay"), "record", "--broker", broker.worker)
        assert '"room":"r"' in tape.out
        worker = Process(program("parlor-worker"), "--broker", broker.worker,
                         env=environment(PARLOR_MYSQL="mysql://nobody@127.0.0.1:1/none"))
        try:
            deadline = time.monotonic() + 60
            while ctl(broker, "sync", "status").json()["workers"] == 0:
                assert time.monotonic() < deadline
            worker.stop()
        finally:
            worker.end()


@pytest.mark.parametrize("text, words", [
    ("[session]\nno_such_key = 1\n", ["no_such_key"]),
    ("[session]\ntimeout_ms = soon\n", ["timeout_ms"]),
    ("[session]\ntimeout_ms = 1000000000000\n", ["timeout_ms"]),
    ("[session]\nheartbeat_ms = 2000\ntimeout_ms = 1000\n", ["timeout_ms"]),
    (None, ["nowhere.ini"]),
])
def test_a_wrong_configuration_is_refused_by_name(tmp_path, text, words):
    path = tmp_path / "nowhere.ini"
    if text:
        path.write_text(text)
    err = refused(program("parlord"), "--config", str(path), "--data", str(tmp_path / "d"), "--listen",
                  "tcp://127.0.0.1:*", "--worker-listen", "tcp://127.0.0.1:*")
    assert all(word in err for word in words)


def test_a_data_directory_that_is_none_is_refused(tmp_path):
    (tmp_path / "file").write_text("not a directory")
    assert "file" in refused(program("parlord"), "--data", str(tmp_path / "file"), "--listen",
                             "tcp://127.0.0.1:*", "--worker-listen", "tcp://127.0.0.1:*")


@pytest.mark.parametrize("name", ["parlord", "parlor-worker", "parlor", "parlor-replay"])
def test_a_word_too_many_is_a_usage_error(name):
    done = run(program(name), "--no-such-option", status=None, timeout=30)
    assert done.status > 0 and name in done.err


@pytest.mark.parametrize("name", ["parlord", "parlor-worker", "parlor", "parlor-replay"])
def test_help_is_given(name):
    assert name in run(program(name), "--help").out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_other_signals_end_the_broker_as_sigterm_does(number):
    with Broker() as broker, Client(broker.client, members=["alice"]) as client:
        broker.process.signal(number)
        assert broker.process.wait() == 0
        assert client.event("end").end.code == STOPPING


def test_under_nohup_it_goes_on_when_its_terminal_goes():
    with Broker(limits=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as broker, \
            Client(broker.client) as client:
        broker.process.signal(signal.SIGHUP)
        client.room_create(room="r", members=people("alice"))
        assert client.post(room="r", sender="alice", client_id="1", body="goes on").seq == 1


# ---- parlor, the command line ----------------------------------------------------------------

DONE, REFUSED, USAGE, AWAY = range(4)


@pytest.fixture
def parlor(broker, tenant):
    """parlor("room show", "r"): the lines of JSON it prints."""
    def parlor(command, *words, status=DONE):
        done = ctl(broker, *command.split(), *words, tenant=tenant, status=status)
        return [json.loads(line) for line in done.out.splitlines()] if status == DONE else done.err

    return parlor


@pytest.fixture
def desk(parlor):
    return parlor("room create", "--id", "r", "--name", "Desk", "--member", "alice:manager:Alice",
                  "--member", "bob")


def test_rooms_from_the_command_line(parlor, desk):
    (shown,) = parlor("room show", "r")
    assert (shown["room"], shown["name"], shown["state"], shown["members"]) == ("r", "Desk", "open", 2)
    parlor("room rename", "r", "Counter", "--notice", "renamed")
    parlor("room close", "r")
    assert "closed" in parlor("post", "r", "bob", "too late", status=REFUSED)
    parlor("room reopen", "r")
    (shown,) = parlor("room show", "r")
    assert (shown["name"], shown["state"], shown["last_seq"]) == ("Counter", "open", 1)
    parlor("room dissolve", "r")
    assert parlor("room show", "r")[0]["state"] == "dissolved"


def test_members_from_the_command_line(parlor, desk):
    parlor("member add", "r", "carol:member:Carol", "dave:manager")
    assert [(m["member"], m["type"], m["name"]) for m in parlor("member list", "r")] == [
        ("alice", "manager", "Alice"), ("bob", "member", ""), ("carol", "member", "Carol"),
        ("dave", "manager", "")]
    parlor("member change", "r", "bob", "--type", "manager", "--name", "Bob")
    parlor("member remove", "r", "carol", "dave")
    assert [(m["member"], m["type"], m["name"]) for m in parlor("member list", "r")] == [
        ("alice", "manager", "Alice"), ("bob", "manager", "Bob")]
    assert parlor("presence", "bob")[0]["presence"] == "offline"


def test_messages_from_the_command_line(parlor, desk):
    (posted,) = parlor("post", "r", "alice", "hello 👋", "--mention", "bob", "--id", "one")
    assert posted["seq"] == 1
    assert parlor("post", "r", "alice", "hello 👋", "--mention", "bob", "--id", "one") == [posted]
    assert "client id" in parlor("post", "r", "alice", "other", "--id", "one", status=REFUSED)
    parlor("post", "r", "alice", "a notice", "--type", "notice")
    assert [(m["seq"], m["body"], m["type"]) for m in parlor("history", "r")] == [
        (1, "hello 👋", "message"), (2, "a notice", "notice")]
    assert [m["seq"] for m in parlor("history", "r", "--back", "--limit", "1")] == [2]
    parlor("recall", "r", "1", "--by", "alice")
    assert parlor("history", "r", "--member", "bob")[0]["recalled"] is True


def test_reading_from_the_command_line(parlor, desk):
    for n in range(3):
        parlor("post", "r", "alice", str(n), "--mention", "bob")
    assert parlor("unread", "bob", "r")[0]["unread"] == parlor("unread", "bob")[0]["unread"] == 3
    (item,) = parlor("list", "bob")
    assert (item["room"], item["unread"], item["mentioned"], item["last"]["body"]) == ("r", 3, True, "2")
    parlor("read", "r", "bob", "2")
    assert parlor("unread", "bob", "r")[0]["read_seq"] == 2
    parlor("mark-unread", "r", "bob", "1")
    assert parlor("unread", "bob", "r")[0]["unread"] == 3
    parlor("read", "r", "bob")
    assert parlor("unread", "bob")[0]["unread"] == 0


def test_operation_from_the_command_line(parlor, desk):
    (status,) = parlor("sync status")
    assert status["position"] > 0 and status["workers"] == 0
    assert any(counter["value"] for counter in parlor("stats"))
    assert parlor("sync wait", "--timeout", "0.2", status=AWAY)
    assert "quarantine" in parlor("sync release", "r", status=REFUSED)


def test_exit_codes_tell_refused_usage_and_away_apart(broker, parlor):
    assert "no such room" in parlor("room show", "nowhere", status=REFUSED)
    for words in ("", "nonsense", "room", "room show", "room show a b", "recall r x --by a",
                  "post r", "history r --limit none", "member change r bob"):
        assert parlor(words, status=USAGE)
    away = run(program("parlor"), "--broker", "tcp://127.0.0.1:1", "--timeout", "0.3", "stats", status=AWAY)
    assert away.err and away.out == ""


def test_people_get_text_that_cannot_play_with_their_terminal(broker, tenant, service, room):
    service.post(room="r", sender="bob", client_id="1", body="a\x1b[31mred\nline \u202e謝謝")
    done = run(program("parlor"), "--broker", broker.client, "--tenant", tenant, "history", "r")
    assert "\x1b" not in done.out and "\u202e" not in done.out and done.out.count("\n") == 1
    assert "Bob" in done.out and "謝謝" in done.out


def test_a_transcript_cannot_play_with_a_terminal_either(broker, tenant, service):
    odd = "x\x1b]0;title\x07"
    service.room_create(room="odd", members=people(odd))
    service.post(room="odd", sender=odd, client_id="1",
                 body="a\x9b2J\nb\u2028c\u202ed\u2066e\tf謝")
    dump = run(program("parlor-replay"), "dump", "odd", "--broker", broker.client, "--tenant", tenant)
    first, second = dump.out.split("\n")[:2]
    assert first.endswith("x\\x1b]0;title\\x07: a\\u009b2J")
    assert second == "    b\\u2028c\\u202ed\\u2066e\\tf謝"


def test_following_shows_what_happens_as_it_happens(broker, tenant, service, room):
    argv = [program("parlor"), "--broker", broker.client, "--tenant", tenant, "follow", "bob", "--ready"]
    person = Process(*argv, ready="ready")
    script = Process(*argv, "--json", "--count", "2", ready="ready")
    endless = Process(*argv, ready="ready")
    try:
        service.post(room="r", sender="alice", client_id="1", body="first")
        service.post(room="r", sender="alice", client_id="2", body="second")
        assert "Alice: first" in person.line() and "Alice: second" in person.line()
        assert [json.loads(script.line())["posted"]["body"] for _ in range(2)] == ["first", "second"]
        assert script.wait() == 0
        for process, number in ((person, signal.SIGINT), (endless, signal.SIGTERM)):
            process.signal(number)
            assert process.wait() == 0
    finally:
        for process in (person, script, endless):
            process.end()


def test_following_goes_on_when_the_broker_comes_back(broker, tenant, service, room):
    follow = Process(program("parlor"), "--broker", broker.client, "--tenant", tenant, "follow", "bob",
                     "--ready", "--json", ready="ready")
    try:
        broker.crash()
        service.post(room="r", sender="alice", client_id="1", body="after the crash")
        while "posted" not in (event := json.loads(follow.line())):
            pass
        assert event["posted"]["body"] == "after the crash"
        follow.stop()
    finally:
        follow.end()


# ---- parlor-replay --------------------------------------------------------------------------


def transcript(broker, room, tenant="default"):
    done = run(program("parlor-replay"), "dump", room, "--ndjson", "--broker", broker.client,
               "--tenant", tenant)
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_played_file_is_as_the_file_says(broker, tenant, service):
    summary = play(broker, SAMPLE, tenant=tenant)
    rooms = list(oracle.rooms(SAMPLE))
    assert summary["good"] and summary["refused"] == {}
    assert summary["rooms"] == len(rooms)
    assert summary["texts"] == sum(room.counted() for room in rooms)
    assert summary["notices"] == sum(room.last_seq() - room.counted() for room in rooms)
    for room in rooms:
        assert service.room_show(room=room.id).counted == room.counted()
    check_rooms(service, rooms)


def test_playing_again_posts_nothing_twice(broker, tenant, service):
    play(broker, SAMPLE, tenant=tenant)
    again = play(broker, SAMPLE, tenant=tenant)
    assert again["good"] and again["already_there"] == again["texts"] + again["notices"]
    check_rooms(service, oracle.rooms(SAMPLE))


def test_members_read_as_they_go(broker, tenant, service):
    assert play(broker, SAMPLE, "--read-every", "2", tenant=tenant)["reads"] > 0
    check_rooms(service, oracle.rooms(SAMPLE, read_every=2))


def test_everything_played_is_heard(broker, tenant):
    heard = play(broker, SAMPLE, "--verify-deliveries", "--sessions", "4", tenant=tenant)["deliveries"]
    assert heard["expected"] == heard["heard"] > 0
    assert heard["missing"] == heard["unexpected"] == heard["out_of_order"] == 0


def test_a_dump_is_the_transcript_and_can_be_played(broker, tenant, tmp_path):
    play(broker, SAMPLE, tenant=tenant)
    recorded = [json.loads(line) for line in open(SAMPLE, encoding="utf-8")]
    dumped = tmp_path / "dumped.ndjson"
    with open(dumped, "w", encoding="utf-8") as file:
        for room in oracle.rooms(SAMPLE):
            events = transcript(broker, room.id, tenant)
            assert [(e["from"], e["type"], e["body"]) for e in events] == [
                (e["from"], e["type"], e["body"]) for e in recorded
                if e["room"] == room.id and e["type"] in ("text", "notice")]
            file.writelines(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    assert play(broker, dumped, tenant=f"{tenant}-copy")["good"]
    for room in oracle.rooms(SAMPLE):
        assert [e["body"] for e in transcript(broker, room.id, f"{tenant}-copy")] == [
            m.body for m in room.messages]


def test_a_gzip_file_plays_as_the_plain_one(broker, tenant, tmp_path):
    packed = tmp_path / "sample.ndjson.gz"
    with open(packed, "wb") as file:
        subprocess.run(["gzip", "-c", SAMPLE], stdout=file, check=True)
    assert play(broker, packed, tenant=tenant)["rooms"] == len(list(oracle.rooms(SAMPLE)))


@pytest.mark.parametrize("damage", ["{\n", "[]\n", '{"room":"x"}\n', "\xff\n", '{"room":"r","seq":7}\n'])
def test_a_file_of_another_format_is_refused_by_line(broker, tenant, tmp_path, damage):
    path = tmp_path / "bad.ndjson"
    with open(SAMPLE, "rb") as file:
        path.write_bytes(file.readline() + damage.encode("latin-1"))
    done = run(*play_argv(broker, path, tenant=tenant), status=2)
    assert "bad.ndjson:2" in done.out + done.err


def test_a_file_that_is_not_there_and_a_room_that_is_not_there(broker, tenant):
    assert run(*play_argv(broker, "/nowhere.ndjson", tenant=tenant), status=None).status > 0
    done = run(program("parlor-replay"), "dump", "nowhere", "--broker", broker.client, status=1)
    assert "nowhere" in done.err or "no such room" in done.err


def test_an_interrupted_replay_says_so_and_is_finished_by_the_next(broker, tenant, service):
    replay = Process(*play_argv(broker, SAMPLE, "--speed", "100", tenant=tenant))
    try:
        with Client(broker.client, tenant=tenant, members=["agent-lin"]) as agent:
            agent.event("posted")
        replay.signal(signal.SIGINT)
        assert json.loads(replay.line(60))["interrupted"]
        assert replay.wait() == 1
    finally:
        replay.end()
    summary = play(broker, SAMPLE, tenant=tenant)
    assert summary["good"] and 0 < summary["already_there"] < summary["texts"] + summary["notices"]
    check_rooms(service, oracle.rooms(SAMPLE))


# ---- installing --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", BUILD, "--prefix", str(prefix))
    return prefix


def sanitizers():
    """What a program must be linked with to use a sanitized library."""
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as file:
        value = next(line for line in file if line.startswith("PARLOR_SANITIZE:")).strip().split("=")[1]
    return [f"-fsanitize={value}"] if value else []


def check_example(binary, library):
    with Broker() as broker:
        done = run(str(binary), broker.client, env=environment(LD_LIBRARY_PATH=str(library)))
        assert done.out == "acknowledged as 1\nalice: hello, bob\n"


def check_post(binary, library):
    env = environment(LD_LIBRARY_PATH=str(library))
    with Broker() as broker:
        nowhere = run(str(binary), broker.client, env=env)
        assert nowhere.out == "" and "no such room" in nowhere.err
        run(program("parlor"), "--broker", broker.client, "room", "create", "--id", "tea-1", "--member", "lin")
        assert run(str(binary), broker.client, env=env).out == "acknowledged as 1\n"


def test_programs_are_installed(prefix):
    for name in ("parlord", "parlor-worker", "parlor", "parlor-replay"):
        assert os.access(prefix / "bin" / name, os.X_OK)
        assert name in run(str(prefix / "bin" / name), "--help").out


@pytest.mark.parametrize("static", [False, True], ids=["shared", "static"])
def test_an_example_builds_against_the_installed_library(prefix, tmp_path, static):
    (described,) = prefix.rglob("parlor.pc")
    how = ["pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs"]
    flags = run(*how, *(["--static"] if static else []), "parlor",
                env=dict(os.environ, PKG_CONFIG_PATH=str(described.parent))).out.split()
    if static:
        flags[flags.index("-lparlor")] = "-l:libparlor.a"
    for name, check in (("example", check_example), ("post", check_post)):
        binary = tmp_path / name
        run("gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", *sanitizers(), "-o", str(binary),
            os.path.join(SOURCE, f"tests/e2e/{name}.c"), *flags)
        check(binary, described.parent.parent)


def test_an_example_builds_with_the_installed_cmake_package(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(f"""
cmake_minimum_required(VERSION 3.25)
project(example C)
find_package(parlor REQUIRED)
add_executable(example {SOURCE}/tests/e2e/example.c)
target_link_libraries(example parlor::parlor)
""")
    flags = " ".join(sanitizers())
    run("cmake", "-G", "Ninja", "-S", str(tmp_path), "-B", str(tmp_path / "b"),
        f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_C_FLAGS={flags}")
    run("cmake", "--build", str(tmp_path / "b"))
    (described,) = prefix.rglob("parlor.pc")
    check_example(tmp_path / "b" / "example", described.parent.parent)
