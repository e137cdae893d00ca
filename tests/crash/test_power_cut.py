"""A broker under load with a recorder of its disk; then the power is cut, on
paper, before every sync, with any mixture of what was not synced, and each disk
that could be left is recovered (power_cut.c). And the same with a disk that
lies, which must be found out.

PARLOR_SEED names another load and other mixtures, PARLOR_POWER_ALL=1 takes
every one of them."""

import os
import random
import re
import shutil
import subprocess
import tempfile

import pytest
from client import Client
from load import Load
from proc import Broker, environment, program

SEED = os.environ.get("PARLOR_SEED", "1")
ALL = os.environ.get("PARLOR_POWER_ALL")
REQUESTS = 700
LITTLE = {"store.map_init_bytes": "1M", "store.headroom_bytes": "1M", "store.dirty_rows_max": 1000,
          "store.write_back_rows": 64}
STARTED = 4  # images that a real broker is started on

# That a reader crashes is a finding about the image, not the sanitizer's.
PLAIN = environment(ASAN_OPTIONS="exitcode=99:handle_segv=0:handle_sigbus=0:handle_abort=0",
                    UBSAN_OPTIONS="exitcode=99:print_stacktrace=1")


class Recording:
    """What a load did to the disk, and what was acknowledged."""

    def __init__(self, path, requests, **more):
        self.log, self.acks, self.data = (str(path / name) for name in ("log", "acks", "data"))
        self.load = Load(self.log, SEED)
        broker = Broker(LITTLE)
        broker.env = environment(LD_PRELOAD=os.environ["PARLOR_POWER"], POWER_LOG=self.log,
                                 POWER_DIR=broker.data, **more)
        broker.env["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
        with broker, Client(broker.client) as client:
            self.load.make_rooms(client)
            self.load.run(client, requests // 2)
            broker.restart()
            self.load.run(client, requests // 2)
            broker.stop()
            shutil.copytree(broker.data, self.data)
        self.load.write(self.acks)

    def cut(self, images, *more):
        """power_cut on it: its exit status and what it said."""
        done = subprocess.run(
            [program("power_cut"), "--log", self.log, "--acks", self.acks, "--data", self.data,
             "--images", images, "--seed", SEED, *more],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=PLAIN)
        print(done.stdout)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def images():
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="parlor-images-", dir=memory) as path:
        yield path


def check_broker(image, load, cut):
    """A real broker starts on it, goes on, and says what it said before."""
    with Broker(LITTLE, data=image) as broker, Client(broker.client) as client:
        for note in load.notes:
            if note.kind == "post" and note.at <= cut:
                posted = client.post(room=note.room, sender=note.member, client_id=note.client_id,
                                     body=note.body)
                assert (posted.seq, posted.position, posted.time_us) == (
                    note.seq, note.position, note.time_us)
        last = client.room_show(room="r0").last_seq
        assert client.post(room="r0", sender="m0", client_id="after", body="goes on").seq == last + 1


def test_whatever_a_power_cut_leaves_is_recovered_with_all_that_was_acknowledged(tmp_path, images):
    recording = Recording(tmp_path, REQUESTS)
    mixtures = ["--all"] if ALL else ["--some", "6"]
    status, said = recording.cut(images, *mixtures)
    assert status == 0, said
    built, partly = map(int, re.search(r"(\d+) images .* (\d+) with rows partly", said).groups())
    assert built > 1000 and partly > built / 10, "of a disk worth cutting"

    for image in random.Random(SEED).sample(range(built // 5, built), STARTED):
        status, said = recording.cut(images, *mixtures, "--image", str(image), "--build")
        path, cut = said.split()
        check_broker(path, recording.load, int(cut))
        shutil.rmtree(path)


@pytest.mark.parametrize("lie", ["data", "meta"])
def test_a_disk_that_does_not_sync_is_found_out(tmp_path, images, lie):
    status, said = Recording(tmp_path, 60, POWER_DROP=lie).cut(images, "--acknowledged")
    assert status == 1 and "power cut at" in said, said
