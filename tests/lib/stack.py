"""A broker, a database and the workers between them, as a story needs them."""

import signal

import compare
from client import Client
from proc import Broker, Worker, ctl, environment, program, run


def migrate(url, status=0):
    return run(program("parlor-worker"), "--migrate", env=environment(PARLOR_MYSQL=url), status=status)


class Stack:
    """A broker, a database and any number of workers between them."""

    def __init__(self, server, settings=None, name="parlor", workers=1):
        self.server = server
        self.url = server.url(name)
        self.name = name
        self.broker = Broker(settings)
        self.workers = []
        self.first = workers

    def __enter__(self):
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {self.name}")
        migrate(self.url)
        try:
            self.broker.start()
            for _ in range(self.first):
                self.hire()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.dismiss()
        finally:
            self.broker.remove()

    def dismiss(self):
        """Ends the workers, which must end cleanly."""
        try:
            for worker in self.workers:
                if worker.running():
                    worker.signal(signal.SIGCONT)
                    worker.stop()
        finally:
            for worker in self.workers:
                worker.end()
            self.workers.clear()

    def hire(self, *more, url=None, env=None):
        """One more worker, with these options; env: on top of the environment."""
        env = environment(PARLOR_MYSQL=url or self.url, **(env or {}))
        self.workers.append(Worker(self.broker, None, *more, env=env))
        return self.workers[-1]

    def replace(self, worker):
        worker.kill()
        self.workers.remove(worker)
        self.hire()

    def client(self, *members, **options):
        return Client(self.broker.client, members=members, **options)

    def settle(self, seconds=60):
        """Waits until MySQL has everything, by the command a script would use."""
        ctl(self.broker, "sync", "wait", "--timeout", str(seconds), timeout=seconds + 30)

    def rows(self, sql, *args):
        return self.server.query(sql, args, self.name)

    def differences(self, rooms, tenant="default"):
        connection = self.server.connect(self.name)
        try:
            return compare.differences(connection, tenant, rooms)
        finally:
            connection.close()
