"""Workers between a broker of the test's own and a real database."""

import select

from fake_broker import FakeBroker
from proc import Process, environment, program, run

DATABASE = "parlor"


def worker_env(url):
    return environment(PARLOR_MYSQL=url)


class Bench:
    """A fake broker, a fresh database, and workers that the test names."""

    def __init__(self, server):
        self.server = server
        self.broker = FakeBroker()
        self.workers = {}
        server.query(f"DROP DATABASE IF EXISTS {DATABASE}", database=None)
        self.migrate()

    def migrate(self, status=0):
        return run(program("parlor-worker"), "--migrate", env=worker_env(self.server.url()),
                   status=status)

    def launch(self, name, *more, url=None):
        self.workers[name] = Process(program("parlor-worker"), "--broker", self.broker.worker,
                                     "--name", name, *more, env=worker_env(url or self.server.url()))
        return self.workers[name]

    def hire(self, name="w", *more):
        worker = self.launch(name, *more)
        self.broker.hear(name, "hello")
        self.broker.serve_until(lambda: worker_said(worker))
        return worker

    def rows(self, sql, *args):
        return self.server.query(sql, args, DATABASE)

    def unread(self, room, tenant="acme", table="chat_group"):
        return dict(self.rows(f"SELECT member_id, unread FROM {table} WHERE ent_id=%s AND uuid=%s",
                              tenant, room))

    def mark(self, partition=0):
        rows = self.rows("SELECT epoch, position FROM sync_mark WHERE part=%s", partition)
        return rows[0] if rows else None

    def dump(self):
        """Everything a batch could change."""
        return [self.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in (
            "room", "chat_group", "group_member", "group_message", "member", "sync_mark",
            "sync_quarantine")]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            for worker in self.workers.values():
                if worker.running():
                    worker.stop()
        finally:
            for worker in self.workers.values():
                worker.end()
            self.broker.close()


def worker_said(worker):
    """Whether the ready line is there, without waiting for it."""
    return bool(select.select([worker.process.stdout], [], [], 0)[0])
