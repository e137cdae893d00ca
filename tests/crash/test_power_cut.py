"""A broker under load with a recorder of its disk; then the power is cut, on
paper, before every sync, with any mixture of what was not synced, and each disk
that could be left is recovered (power_cut.c). And the same with a disk that
lies, which must be found out.

PARLOR_SEED names another load and other mixtures, PARLOR_POWER_ALL=1 takes
every one of them."""

import os
import shutil
import subprocess
import tempfile

import pytest
from client import Client
from load import Load
from proc import Broker, environment, program

SEED = int(os.environ.get("PARLOR_SEED", "1"))
ALL = ["--all"] if os.environ.get("PARLOR_POWER_ALL") else []
REQUESTS = 700
LITTLE = {"store.map_init_bytes": "1M", "store.headroom_bytes": "1M", "store.dirty_rows_max": 1000,
          "store.write_back_rows": 40}


class Recording:
    """What a load did to the disk, and what was acknowledged."""

    def __init__(self, path, requests, **more):
        self.log, self.acks = str(path / "log"), str(path / "acks")
        self.broker = Broker(LITTLE)
        self.broker.env = environment(LD_PRELOAD=os.environ["PARLOR_POWER"], POWER_LOG=self.log,
                                      POWER_DIR=self.broker.data, **more)
        self.broker.env["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
        self.load = Load(self.log, SEED)
        with self.broker, Client(self.broker.client) as client:
            self.load.make_rooms(client)
            self.load.run(client, requests // 2)
            self.broker.restart()
            self.load.run(client, requests // 2)
            self.broker.stop()
            self.load.write(self.acks)
            shutil.copytree(self.broker.data, path / "data")
        self.data = str(path / "data")


# That a reader crashes is a finding about the image, not the sanitizer's.
PLAIN = environment(ASAN_OPTIONS="exitcode=99:handle_segv=0:handle_sigbus=0:handle_abort=0",
                    UBSAN_OPTIONS="exitcode=99:print_stacktrace=1")


def power_cut(recording, *more):
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="parlor-images-", dir=memory) as images:
        done = subprocess.run(
            [program("power_cut"), "--log", recording.log, "--acks", recording.acks,
             "--data", recording.data, "--images", images, "--seed", str(SEED), *more],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=PLAIN)
    print(done.stdout, done.stderr[-2000:])
    return done


def test_whatever_a_power_cut_leaves_is_recovered_with_all_that_was_acknowledged(tmp_path):
    done = power_cut(Recording(tmp_path, REQUESTS), *ALL)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("lie", ["data", "meta"])
def test_a_disk_that_does_not_sync_is_found_out(tmp_path, lie):
    done = power_cut(Recording(tmp_path, 60, POWER_DROP=lie))
    assert done.returncode == 1, done.stdout + done.stderr
