"""Data directories as builds have left them: one that this build opens holds what it
held, and one that it does not open is refused with a text that names both versions. One
of each layout is kept in tests/data/directories. A build of another layout needs one of
its own:

    PARLOR_KEEP_DIRECTORY=1 ctest --preset release -R e2e_layout
"""

import glob
import io
import json
import os
import re
import tarfile

import pytest
from auditor import talk, verify
from client import Client
from conftest import people, say, whole_history
from proc import Broker, program, run
from test_record import ROOMS, attend, endings, quarrel

SOURCE = os.environ["PARLOR_SOURCE"]
KEPT = os.path.join(SOURCE, "tests/data/directories")
TALKED = ["r0", "r1", "r2", "r3", "keys"]
POSTS = 40
SIZE_MAX = 16 * 1024
FILES = {"data.mdb", "held.json"}


def of_this_build():
    with open(os.path.join(SOURCE, "broker/store/store.c"), encoding="utf-8") as file:
        return int(re.search(r"#define VERSION (\d+)", file.read())[1])


def kept_as(version):
    return os.path.join(KEPT, f"{version}.tar.xz")


def post(client, number):
    return client.post(room="keys", sender="bob", client_id=f"id {number}", body=f"text {number}").seq


def live(broker):
    """Rows that were written in order, and records behind them that no row tells of."""
    with Client(broker.client) as client:
        quarrel(client)
        endings(client)
        talk(client, 1, 40)
        client.room_create(room="keys", members=people("bob", "m1", "m3"))
        for number in range(POSTS):
            post(client, number)
    attend(broker.client, "default")
    broker.restart()
    with Client(broker.client) as client:
        client.room_labels(room="keys", add=["kept", "客"])
        client.members_remove(room="keys", members=["m3"])
        client.recall(room="keys", seq=5, by="bob")
        client.read(room="keys", member="m1", seq=9)
        say(client, "one", "two", room="desk", sender="alice")
        client.room_dissolve(room="r3")
    broker.kill()


def held(client):
    """All that is asked about rooms and members, as lists and texts."""
    found = {}
    for room in ROOMS + TALKED:
        show = client.room_show(room=room)
        found[room] = dict(
            show=[show.name, show.state, show.history_open, show.members, show.last_seq, show.counted,
                  list(show.labels)],
            messages=[[m.seq, m.sender, m.type, m.content_type, m.body, m.client_id, list(m.mentions),
                       m.recalled] for m in whole_history(client, room)],
            members=[[m.member, m.type, m.name, m.avatar, m.read_seq, m.unread, m.joined_seq]
                     for m in client.members_list(room=room).members])
    for member in ("alice", "bob", "carol", "m0", "m3"):
        found[member] = [[i.room, i.unread, i.read_seq, i.mentioned, i.last.body]
                         for i in client.list(member=member).items]
    return found


def keep(place, copy):
    """A copy without free pages: no zeros that nobody needs."""
    with Broker() as broker:
        live(broker)
        run(program("parlor-replay"), "backup", "--compact", broker.data, str(copy))
        data = (copy / "data.mdb").read_bytes()
        broker.start()
        with Client(broker.client) as client:
            says = json.dumps(held(client), ensure_ascii=False).encode()
    os.makedirs(KEPT, exist_ok=True)
    with tarfile.open(place, "w:xz", preset=9) as tar:
        for name, content in (("data.mdb", data), ("held.json", says)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def test_one_of_this_layout_is_kept(tmp_path):
    place = kept_as(of_this_build())
    if os.environ.get("PARLOR_KEEP_DIRECTORY"):
        keep(place, tmp_path / "copy")
    assert os.path.exists(place), "see the beginning of this file"
    assert os.path.getsize(place) < SIZE_MAX


@pytest.fixture(params=[int(os.path.basename(path).split(".")[0]) for path in glob.glob(kept_as("*"))])
def kept(request, tmp_path):
    """Its version and place, and what it held."""
    with tarfile.open(kept_as(request.param)) as tar:
        assert set(tar.getnames()) == FILES
        tar.extractall(tmp_path)
    text = (tmp_path / "held.json").read_text(encoding="utf-8")
    os.remove(tmp_path / "held.json")
    return request.param, str(tmp_path), json.loads(text)


BROUGHT_UP = {5: 6}  # by a broker of that version, and never back


def test_what_was_kept_is_opened_with_all_it_held_or_refused_in_words(kept):
    version, place, was = kept
    if BROUGHT_UP.get(version) == of_this_build():
        with Broker(data=place) as broker, Client(broker.client) as client:
            assert held(client) == was
            broker.restart()
        assert verify(place)["result"] == "equal"
        return
    if version != of_this_build():
        broker = Broker(data=place)
        text = broker.refused_start()
        assert f"of version {version}, this broker reads version {of_this_build()}" in text
        return
    found = verify(place)
    assert found["result"] == "equal" and found["covered"] < found["position"]
    with Broker(data=place) as broker:
        with Client(broker.client) as client:
            assert held(client) == was
            assert [post(client, number) for number in range(POSTS)] == list(range(1, POSTS + 1))
            assert held(client) == was, "all of it was there"
        broker.stop()
        assert verify(place)["result"] == "equal"
