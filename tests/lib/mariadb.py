"""A private MariaDB for a test: its own data directory and unix socket, no
network, and the power to be killed, frozen and started again.

    with MariaDB() as db:
        subprocess.run([worker, "--mysql", db.url("parlor"), "--migrate"], check=True)
        with db.connect("parlor") as connection: ...

The first server of a test run makes an empty data directory; later ones of the
same process copy it, which is quicker than installing again.
"""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from urllib.parse import quote

import pymysql

START_SECONDS = 60


class MariaDBError(Exception):
    pass


def _find(*names):
    for name in names:
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/libexec:/usr/bin")
        if path:
            return path
    raise MariaDBError(f"none of {', '.join(names)} is installed")


class MariaDB:
    """Not started by the constructor; `with` starts it and removes it."""

    _template = None

    def __init__(self, *options, directory=None):
        """options: further mariadbd options, such as "--max-allowed-packet=1M".
        directory: where to keep everything; removed at the end only if made here."""
        self.options = list(options)
        self._own = directory is None
        self.dir = directory or tempfile.mkdtemp(prefix="parlor-db-")
        self.data = os.path.join(self.dir, "data")
        self.socket = os.path.join(self.dir, "s.sock")
        self.log = os.path.join(self.dir, "err.log")
        self.process = None
        self._stopped = False

    # ---- life ------------------------------------------------------------

    def start(self):
        """Starts the server (installing the data directory first if there is
        none) and returns once it answers a query."""
        if self.process is not None:
            raise MariaDBError("already running")
        os.makedirs(os.path.join(self.dir, "tmp"), exist_ok=True)
        if not os.path.isdir(os.path.join(self.data, "mysql")):
            shutil.copytree(self._installed(), self.data, dirs_exist_ok=True)
        command = [
            _find("mariadbd", "mysqld"), "--no-defaults",
            f"--datadir={self.data}", f"--tmpdir={self.dir}/tmp",
            f"--socket={self.socket}", f"--pid-file={self.dir}/pid", f"--log-error={self.log}",
            "--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=1",
            "--innodb-log-file-size=16M", "--skip-networking", *self._user(), *self.options,
        ]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._await_ready()
        return self

    def stop(self):
        """A clean stop; the data stays."""
        if self.process is None:
            return
        self.cont()
        self.process.terminate()
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill9(self):
        """As a power cut would: no warning, the data stays for start()."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def freeze(self):
        """The server stops answering but keeps its connections."""
        self.process.send_signal(signal.SIGSTOP)
        self._stopped = True

    def cont(self):
        if self._stopped and self.process is not None:
            self.process.send_signal(signal.SIGCONT)
        self._stopped = False

    def restart(self):
        self.stop()
        return self.start()

    def remove(self):
        """Stops the server and removes its directory."""
        self.stop()
        if self._own:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, *_):
        self.remove()

    # ---- use -------------------------------------------------------------

    def url(self, database="parlor", user="root", password=None):
        """What parlor-worker --mysql takes."""
        who = user if password is None else f"{user}:{quote(password, safe='')}"
        return f"mysql://{who}@localhost/{database}?socket={quote(self.socket)}"

    def connect(self, database=None, **options):
        """A pymysql connection in autocommit mode."""
        options = {"autocommit": True, "charset": "utf8mb4", **options}
        return pymysql.connect(unix_socket=self.socket, user="root", database=database, **options)

    def query(self, sql, args=None, database="parlor"):
        """All rows of one statement, as tuples, over a connection of its own."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, args)
                return cursor.fetchall()
        finally:
            connection.close()

    def errors(self):
        """The server's own log, for the message of a failing test."""
        if not os.path.exists(self.log):
            return ""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    # ---- inside ----------------------------------------------------------

    @staticmethod
    def _user():
        return ["--user=root"] if os.geteuid() == 0 else []

    @classmethod
    def _installed(cls):
        if cls._template is None:
            directory = tempfile.mkdtemp(prefix="parlor-db-template-")
            atexit.register(shutil.rmtree, directory, ignore_errors=True)
            data, tmp = os.path.join(directory, "data"), os.path.join(directory, "tmp")
            os.mkdir(tmp)
            done = subprocess.run(
                [_find("mariadb-install-db", "mysql_install_db"), "--no-defaults",
                 f"--datadir={data}", f"--tmpdir={tmp}", "--innodb-log-file-size=16M",
                 "--auth-root-authentication-method=normal", "--skip-test-db",
                 "--skip-name-resolve", "--skip-log-bin", *cls._user()],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, check=False)
            if done.returncode != 0:
                raise MariaDBError(f"mariadb-install-db failed:\n{done.stdout}")
            cls._template = data
        return cls._template

    def _await_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self.process.poll() is not None:
                status, self.process = self.process.returncode, None
                raise MariaDBError(f"mariadbd left with {status}:\n{self.errors()}")
            try:
                self.connect().close()
                return
            except pymysql.err.OperationalError as error:
                if time.monotonic() > deadline:
                    self.stop()
                    raise MariaDBError(f"mariadbd does not answer: {error}\n{self.errors()}") from error
            time.sleep(0.02)  # nothing announces readiness but a connection that works
