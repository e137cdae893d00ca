"""A broker, a database that gets into trouble behind a proxy, and people who
talk all the while: what must come of it in MySQL is known."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sql_proxy import SqlProxy
from stack import Stack
from talk import Talk

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
