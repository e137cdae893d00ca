"""Stands between a worker and MySQL and hands on what they say, one statement
and its answer after the other. A test can have something go wrong at a
statement that it names by its first words:

    with SqlProxy(server) as proxy:
        worker = stack.hire(url=proxy.url("parlor"))
        cut = proxy.at("COMMIT", cut_after)
        ...
        cut.wait()

Knows of the protocol what it takes to see where a statement begins, and what
its answer is; changes no byte of what it hands on."""

import collections
import os
import select
import shutil
import socket
import tempfile
import threading
from urllib.parse import quote

PATIENCE = 60  # seconds a test waits for what must come
QUERY, PREPARE = 3, 0x16
ERROR = 0xFF


class Closed(Exception):
    """One of the two hung up."""


class SqlProxy:
    """Between one unix socket of its own and the server's."""

    def __init__(self, server):
        self.server = server
        self.errors = collections.Counter()  # number: how often the server answered it
        self._dir = tempfile.mkdtemp(prefix="parlor-proxy-")
        self._path = os.path.join(self._dir, "s.sock")
        self._snags = []
        self._changed = threading.Condition()
        self._links = set()
        self._listener = None
        self._threads = []

    def __enter__(self):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self._path)
        self._listener.listen()
        self._thread(self._accept)
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._join(self._threads[:1])
        self._listener.close()
        for snag in self._snags:
            snag.let_go()
        for link in list(self._links):
            link.cut()
        self._join(self._threads)
        shutil.rmtree(self._dir)

    def url(self, database, user="root"):
        """What parlor-worker --mysql takes."""
        return f"mysql://{user}@localhost/{database}?socket={quote(self._path)}"

    def at(self, words, do, times=1):
        """From now on the next `times` statements that begin so are left to `do`,
        a function of the Exchange."""
        snag = Snag(words, do, times)
        with self._changed:
            self._snags.append(snag)
        return snag

    def wait_error(self, number, times=1):
        """Until the server has answered this error as often."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.errors[number] >= times, PATIENCE), self.errors

    # ---- inside ------------------------------------------------------------

    def _thread(self, run, *args):
        thread = threading.Thread(target=run, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    @staticmethod
    def _join(threads):
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a connection of the proxy does not end"

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed: the test is over
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.server.socket)
            except OSError:
                client.close()  # as if there were no server
                server.close()
                continue
            link = _Link(self, client, server)
            with self._changed:
                self._links.add(link)
            self._thread(link.run)

    def _snag(self, statement):
        with self._changed:
            for snag in self._snags:
                if snag.left > 0 and statement.startswith(snag.words):
                    snag.left -= 1
                    return snag
        return None

    def _answered(self, packet):
        if packet[4] == ERROR:
            with self._changed:
                self.errors[int.from_bytes(packet[5:7], "little")] += 1
                self._changed.notify_all()

    def _ended(self, link):
        with self._changed:
            self._links.discard(link)


class Snag:
    """Where something goes wrong: counts how often it came to it."""

    def __init__(self, words, do, times):
        self.words, self.do, self.left = words, do, times
        self.answers = []  # packets of the server that it saw
        self._happened = threading.Semaphore(0)
        self._go = threading.Event()

    def wait(self):
        """Until it happened (once more)."""
        assert self._happened.acquire(timeout=PATIENCE), f"no {self.words!r} came"

    def let_go(self):
        """What it holds may go on, now and later."""
        self.left = 0
        self._go.set()


class Exchange:
    """One statement that waits for its answer, in the hands of a snag."""

    def __init__(self, link, snag, packet):
        self._link, self.snag, self._packet = link, snag, packet

    def forward(self):
        self._link.server.sendall(self._packet)

    def answer(self):
        """The answer's first packet, which the worker does not see."""
        packet = self._link.from_server.packet()
        self._link.proxy._answered(packet)
        self.snag.answers.append(packet)
        return packet

    def reply(self, packet):
        self._link.client.sendall(packet)

    def refuse(self, number, state, text):
        """An error in place of the server's answer."""
        body = b"\xff" + number.to_bytes(2, "little") + b"#" + state + text
        self.reply(len(body).to_bytes(3, "little") + b"\x01" + body)

    def say(self, text):
        """A statement of our own to the server; its answer."""
        body = bytes([QUERY]) + text
        self._link.server.sendall(len(body).to_bytes(3, "little") + b"\x00" + body)
        return self.answer()

    def cut(self):
        self._link.cut()
        raise Closed

    def happened(self):
        """For the test that waits for it; a snag that returns has happened anyway."""
        self.snag._happened.release()

    def held(self):
        """Until the test lets go."""
        self.happened()
        self.snag._go.wait()


# ---- what may go wrong ----------------------------------------------------------------


def cut_before(exchange):
    """The statement never reaches the server: it rolls back."""
    exchange.happened()
    exchange.cut()


def cut_after(exchange):
    """The server has carried it out; nobody hears of it."""
    exchange.forward()
    exchange.answer()
    exchange.happened()
    exchange.cut()


def lose_commit(exchange):
    """A cluster that refuses at the last moment: rolled back, and said so."""
    exchange.say(b"ROLLBACK")
    exchange.refuse(1213, b"40001", b"certification failed")
    exchange.happened()


def hold(exchange):
    """It stands before the server until the test lets go, and is carried out then."""
    exchange.held()
    exchange.forward()
    exchange.reply(exchange.answer())
    exchange.happened()


# ---- one connection -------------------------------------------------------------------


class _Stream:
    """Bytes of one side, cut into packets."""

    def __init__(self, sock):
        self.socket = sock
        self.data = b""

    def fill(self):
        try:
            more = self.socket.recv(1 << 16)
        except OSError as error:
            raise Closed from error
        if not more:
            raise Closed
        self.data += more

    def whole(self):
        """The next packet with its header, if it is there."""
        if len(self.data) < 4:
            return None
        end = 4 + int.from_bytes(self.data[:3], "little")
        if len(self.data) < end:
            return None
        packet, self.data = self.data[:end], self.data[end:]
        return packet

    def packet(self):
        packet = self.whole()
        while packet is None:
            self.fill()
            packet = self.whole()
        return packet


class _Link:
    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.from_client, self.from_server = _Stream(client), _Stream(server)

    def run(self):
        sides = {self.client: (self.from_client, self._said), self.server: (self.from_server, self._answered)}
        try:
            while True:
                for sock in select.select(list(sides), [], [])[0]:
                    stream, handle = sides[sock]
                    stream.fill()
                    while (packet := stream.whole()) is not None:
                        handle(packet)
        except (Closed, OSError):
            pass  # either side may hang up at any time: then both are
        finally:
            self.cut()
            self.client.close()
            self.server.close()
            self.proxy._ended(self)

    def cut(self):
        for sock in (self.client, self.server):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was before

    def _said(self, packet):
        words = packet[5:45].decode(errors="replace") if packet[3] == 0 and packet[4] == QUERY else ""
        snag = self.proxy._snag(words) if words else None
        if snag:
            snag.do(Exchange(self, snag, packet))
        else:
            self.server.sendall(packet)

    def _answered(self, packet):
        self.proxy._answered(packet)
        self.client.sendall(packet)
