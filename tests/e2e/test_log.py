"""What the broker logs holds nobody up and does not fill a disk: a stderr that
nobody reads, and strangers that make it log."""

import fcntl
import os
import re
import select
import time

import pytest
import zmq
from client import PATIENCE, Client
from conftest import stat
from proc import Broker, program, run

LOG_BURST = 20


def fill(pipe):
    flags = fcntl.fcntl(pipe, fcntl.F_GETFL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    try:
        while True:
            os.write(pipe, bytes(select.PIPE_BUF))
    except BlockingIOError:
        fcntl.fcntl(pipe, fcntl.F_SETFL, flags)


def read_until(pipe, word):
    said, deadline = b"", time.monotonic() + PATIENCE
    while word not in said:
        assert select.select([pipe], [], [], deadline - time.monotonic())[0], said[-1000:]
        said += os.read(pipe, 65536)
    return said.strip(b"\0").decode()


def test_a_stderr_that_nobody_reads_stops_nothing():
    reader, writer = os.pipe()
    with Broker({"broker.log_level": "debug"}, stderr=writer) as broker:
        fill(writer)
        os.close(writer)
        with Client(broker.client) as client:
            for _ in range(3):
                with Client(broker.client) as other:
                    other.goodbye()
            assert stat(client, "log_lines_lost") == 3
        said = read_until(reader, b"lost: stderr was full\n")
        lost = int(re.search(r"warn parlord: (\d+) log lines were lost: stderr was full\n$", said)[1])
        assert lost in (3, 4)  # the last client's end, too, or not yet
        broker.stop()
        read_until(reader, b"info parlord: stopping\n")
    os.close(reader)


@pytest.fixture
def keys(tmp_path):
    printed = run(program("parlord"), "--make-keys").out
    path = tmp_path / "keys"
    path.touch(0o600)
    path.write_text(printed)
    words = [line.removeprefix("# ").split() for line in printed.splitlines()]
    first = [next(w[1] for w in words if w[:1] == [name] and len(w) == 2)
             for name in ("public", "secret")]
    server = next(line.split()[2] for line in printed.splitlines() if line.startswith("# server "))
    return str(path), server.encode(), *(part.encode() for part in first)


def test_strangers_without_a_key_do_not_fill_the_log(keys):
    path, server, public, secret = keys
    context = zmq.Context.instance()
    strangers = []
    with Broker({"broker.keys": path}) as broker, \
            Client(broker.client, CURVE_SERVERKEY=server, CURVE_PUBLICKEY=public,
                   CURVE_SECRETKEY=secret) as client:
        try:
            begin = time.monotonic()
            for _ in range(200):
                stranger = context.socket(zmq.DEALER)
                strangers.append(stranger)
                stranger.linger = 0
                stranger.curve_serverkey = server
                stranger.curve_publickey, stranger.curve_secretkey = zmq.curve_keypair()
                stranger.connect(broker.client)
            while stat(client, "keys_refused") < 200:
                assert time.monotonic() < begin + PATIENCE
        finally:
            for stranger in strangers:
                stranger.close()
        broker.stop()
        said = re.findall(r"was refused: its key is not known.*", broker.process.stderr())
        assert LOG_BURST <= len(said) <= LOG_BURST + 2 + time.monotonic() - begin
        more = re.findall(r"and (\d+) more like", broker.process.stderr())
        assert len(said) - 1 + sum(map(int, more)) >= 200, "what was left out is counted"
