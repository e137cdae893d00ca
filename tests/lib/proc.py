"""The programs as processes: started with their ready line awaited, ended by
pid, their stderr kept. A process that a sanitizer complained about, or that
left with another status than expected, fails the test that owns it."""

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

BIN = os.environ.get("PARLOR_BIN", "build/debug/bin")
START_SECONDS = 30
STOP_SECONDS = 60
COMPLAINTS = ("Sanitizer", "runtime error:", "Assertion `", "stack smashing")


def program(name):
    return os.path.join(BIN, name)


def environment(**more):
    env = dict(os.environ, **more)
    env.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=1")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    return env


def check_stderr(name, text):
    for word in COMPLAINTS:
        assert word not in text, f"{name} complained:\n{text[-8000:]}"


class Process:
    """One program from start to end. `kill`, `terminate` and `wait` leave it ended."""

    def __init__(self, *argv, ready=None, env=None, limits=None):
        self.name = os.path.basename(argv[0])
        self._errors = tempfile.TemporaryFile(prefix=f"{self.name}-stderr-")
        self._out = b""
        self._silent = False  # stdout has ended
        self._expected = False  # its end was asked for or waited for
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors,
            env=env or environment(), preexec_fn=limits)
        self.pid = self.process.pid
        if ready:
            self.ready = self.line(START_SECONDS)
            if not self.ready.startswith(ready):
                self.end()
                raise AssertionError(f"{self.name} said {self.ready!r} and on stderr\n{self.stderr()}")

    def line(self, seconds=20):
        """The next line of stdout; "" at its end. Fails when none comes in time."""
        deadline = time.monotonic() + seconds
        fd = self.process.stdout.fileno()
        while b"\n" not in self._out and not self._silent:
            if not select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]:
                self.end()
                raise AssertionError(f"{self.name} said nothing in {seconds} s:\n{self.stderr()}")
            more = os.read(fd, 65536)
            self._silent = not more
            self._out += more
        line, _, self._out = self._out.partition(b"\n")
        return line.decode()

    def stderr(self):
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def running(self):
        return self.process.poll() is None

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return next(int(row.split()[1]) for row in file if row.startswith("VmRSS:"))

    def check(self):
        """Fails when it left although nobody asked it to."""
        assert self._expected or self.running(), \
            f"{self.name} left by itself with {self.process.returncode}:\n{self.stderr()[-8000:]}"

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        """The exit status, once it has left."""
        self._expected = True
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            raise AssertionError(f"{self.name} did not leave:\n{self.stderr()[-8000:]}") from None
        self.process.stdout.close()
        check_stderr(self.name, self.stderr())
        return status

    def kill(self):
        """SIGKILL: as a crash would."""
        self.check()
        self._expected = True
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        check_stderr(self.name, self.stderr())

    def stop(self):
        """SIGTERM, and a clean end."""
        self.check()
        self.process.terminate()
        status = self.wait()
        assert status == 0, f"{self.name} left with {status}:\n{self.stderr()[-8000:]}"

    def end(self):
        """Whatever its state: afterwards it is gone."""
        if self.running():
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Finished:
    """What a program left behind that ran to its end."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)


def run(*argv, status=0, timeout=120, env=None):
    """Runs a program to its end and checks its exit status (None: any)."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout, env=env or environment(), check=False)
    check_stderr(argv[0], done.stderr)
    if status is not None:
        assert done.returncode == status, \
            f"{' '.join(argv)} left with {done.returncode}, not {status}:\n{done.stdout}{done.stderr}"
    return Finished(done)


class Broker:
    """parlord on a data directory of its own and free loopback ports, which it
    keeps over restarts. settings: "section.key": value of its configuration."""

    def __init__(self, settings=None, env=None, data=None):
        self.dir = tempfile.mkdtemp(prefix="parlor-broker-")
        self.data = data or os.path.join(self.dir, "data")
        self.client = self.worker = "tcp://127.0.0.1:*"
        self.env = env
        self.config = self._configure(settings or {})
        self.process = None

    def argv(self):
        more = ["--config", self.config] if self.config else []
        return [program("parlord"), "--data", self.data, "--listen", self.client,
                "--worker-listen", self.worker, *more]

    def start(self):
        self.process = Process(*self.argv(), ready="ready ", env=self.env)
        words = self.process.ready.split()
        self.client = words[words.index("client") + 1]
        self.worker = words[words.index("worker") + 1]
        return self

    def kill(self):
        self.process.kill()

    def stop(self):
        self.process.stop()

    def crash(self):
        """SIGKILL and a new start on the same data and ports."""
        self.kill()
        return self.start()

    def restart(self):
        self.stop()
        return self.start()

    def remove(self):
        """Ends it; a broker that was not ended before must end cleanly now."""
        try:
            if self.process is not None:
                self.process.check()
                if self.process.running():
                    self.stop()
        finally:
            if self.process is not None:
                self.process.end()
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, *_):
        self.remove()

    def _configure(self, settings):
        if not settings:
            return None
        path = os.path.join(self.dir, "parlord.ini")
        sections = {}
        for name, value in settings.items():
            section, key = name.split(".")
            sections.setdefault(section, []).append(f"{key} = {value}\n")
        with open(path, "w", encoding="utf-8") as file:
            for section, lines in sections.items():
                file.write(f"[{section}]\n{''.join(lines)}")
        return path


class Worker(Process):
    """parlor-worker between a broker and a database."""

    def __init__(self, broker, url, *more, env=None, ready="ready"):
        super().__init__(program("parlor-worker"), "--broker", broker.worker, *more, ready=ready,
                         env=env or environment(PARLOR_MYSQL=url))


def ctl(broker, *words, tenant="default", status=0, timeout=120):
    """parlor, the command line, with --json."""
    return run(program("parlor"), "--broker", broker.client, "--tenant", tenant, "--json", *words,
               status=status, timeout=timeout)


def play_argv(broker, file, *more, tenant="default"):
    return [program("parlor-replay"), "play", str(file), "--broker", broker.client,
            "--tenant", tenant, "--json", *more]


def play(broker, file, *more, tenant="default", status=0, timeout=300):
    """parlor-replay play; its summary."""
    return run(*play_argv(broker, file, *more, tenant=tenant), status=status, timeout=timeout).json()
