"""No room left, in the tables of a broker, in its map or on its disk: refused, with
nothing lost and nothing half done, and it goes on when there is room."""

import os
import random
import time

import parlor_pb2 as pb
import pytest
from client import PATIENCE, Client, Refused
from conftest import numbers, people, spec, stat, state, until
from proc import Broker, preloaded, program, run

TOO_MANY, ROOM_UNKNOWN, ROOM_FULL = 13, 20, 24
BUSY, STORE_FULL, SESSIONS_FULL, TENANT_FULL = 40, 41, 44, 45


# ---- tables ---------------------------------------------------------------------------------


@pytest.fixture
def narrow():
    """A broker whose tables are small."""
    settings = {"limits.room_members": 5, "limits.rooms": 4, "limits.members": 20,
                "limits.tenants": 2, "limits.page": 4, "session.session_members": 6,
                "session.sessions": 4, "session.session_waiting": 3}
    with Broker(settings) as broker:
        yield broker


def test_tables_of_the_broker_are_bounded(narrow):
    with Client(narrow.client, tenant="one") as client:
        client.room_create(room="r", members=people("a", "b", "c", "d"))
        assert client.refusal("members_add", room="r", members=[spec("e"), spec("f")]) == ROOM_FULL
        assert client.room_show(room="r").members == 4
        client.members_add(room="r", members=[spec("e")])
        assert client.refusal("members_add", room="r", members=[spec("f")]) == ROOM_FULL
        assert client.refusal("attach", members=list("abcdefg")) == TOO_MANY
        with pytest.raises(Refused) as refused:
            Client(narrow.client, tenant="one", members=list("abcdefg"))
        assert refused.value.code == TOO_MANY
        assert stat(client, "attaches_refused") == 2
        assert client.attach(members=list("abcdef")).attached == 6
        client.room_create(room="r2")
        client.room_create(room="r3")
        client.room_create(room="r4")
        assert client.refusal("room_create", room="r5") == TENANT_FULL
        assert client.refusal("room_show", room="r5") == ROOM_UNKNOWN
        assert client.room_show(room="r4").room == "r4"
        assert client.post(room="r", sender="a", client_id="1", body="goes on").seq == 1


def test_requests_that_wait_for_mysql_are_bounded(narrow):
    with Client(narrow.client, tenant="waiting") as client:
        client.room_create(room="r", members=people("a"))
        for n in range(3):
            client.send("post", room="r", sender="a", client_id=str(n), body="x", level=1)
        reply = client.wait(client.send("post", room="r", sender="a", client_id="3", body="x", level=1))
        assert (reply.code, reply.retry) == (BUSY, True)
        assert client.refusal("sync_wait") == BUSY
        assert client.room_show(room="r").last_seq == 3, "what is refused is not posted"
        assert client.post(room="r", sender="a", client_id="4", body="x").seq == 4


def test_sessions_are_bounded(narrow):
    clients = [Client(narrow.client, tenant="one") for _ in range(4)]
    try:
        late = Client(narrow.client, tenant="one", hello=False)
        clients.append(late)
        reply = late.wait(late.send("hello", version=1, tenant="one"))
        assert reply.code == SESSIONS_FULL and reply.retry
        assert clients[0].call("ping") is not None
        clients[0].goodbye()
        assert late.hello().version == 1
    finally:
        for client in clients:
            client.close()


# ---- map and disk -----------------------------------------------------------------------------------


def fill(client, enough=100_000):
    """Posts until the store refuses; returns how many were acknowledged."""
    for n in range(enough):
        reply = client.wait(client.send("post", room="r", sender="alice", client_id=str(n),
                                        body="x" * 60_000))
        if reply.code:
            assert (reply.code, reply.retry) == (STORE_FULL, True)
            return n
    raise AssertionError("the store never was full")


def insist(client, n, patience=PATIENCE):
    """Posts, and again while the store is full: there is room now, and the
    broker looks for it now and then."""
    deadline = time.monotonic() + patience
    while True:
        reply = client.wait(client.send("post", room="r", sender="alice", client_id=str(n),
                                        body="x" * 60_000))
        if reply.code == 0:
            return reply.posted.seq
        assert reply.code == STORE_FULL and time.monotonic() < deadline


def check_full(client, other, posted):
    """Nothing was lost, nothing came of what was refused, reading goes on."""
    before = state(client)
    for n in range(20):
        assert client.refusal("post", room="r", sender="bob", client_id=f"full-{n}",
                              body="y" * 60_000) == STORE_FULL
    again = client.wait(client.send("post", room="r", sender="alice", client_id="3", body="x" * 60_000))
    assert (again.code, again.posted.seq) == (0, 4), "what was acknowledged is so again"
    assert state(client) == before
    assert client.room_show(room="r").last_seq == posted
    assert client.unread_get(room="r", member="bob").unread == posted
    assert len(other.bodies(posted)) == posted
    assert other.drain() == []


FULL = {"store.map_init_bytes": "16M", "store.headroom_bytes": "4M"}


def when_full(tmp_path):
    """A disk that is full while the file is there: its path, and the environment."""
    flag = tmp_path / "full"
    return flag, preloaded("PARLOR_FAULT", FAULT_ENOSPC_WHEN_FILE=flag)


def fill_up(client, meanwhile):
    """Until not the shortest post fits, also when all rows are written."""
    size, deadline = 60_000, time.monotonic() + PATIENCE
    while size or stat(client, "rows_dirty"):
        assert time.monotonic() < deadline, "it is never full"
        meanwhile()
        size = size or 60_000
        reply = client.wait(client.send("post", room="r", sender="alice", client_id=f"up-{next(numbers)}",
                                        body="x" * size))
        assert reply.code in (0, STORE_FULL)
        size = size // 2 if reply.code else size


def test_sessions_come_and_go_while_the_disk_is_full(tmp_path):
    """Who goes is gone, who is known may come; that it was so is recorded, and
    told, as soon as there is room."""
    flag, env = when_full(tmp_path)
    settings = dict(FULL, **{"session.timeout_ms": 4000, "session.heartbeat_ms": 500})
    with Broker(settings, env=env) as broker, Client(broker.client) as client, \
            Client(broker.client, presence=True) as watcher:
        client.room_create(room="r", members=people("alice", "bob"))

        def keep(*sessions):
            for session in (watcher, *sessions):
                session.ping()

        gates = []
        for gate in range(3):
            gates.append(Client(broker.client, members=[f"{gate}-{n}" for n in range(1000)]))
            keep(*gates)
        both = Client(broker.client, members=["alice", "bob"])
        flag.touch()
        fill_up(client, lambda: keep(both, *gates))
        assert both.detach(members=["bob"]).attached == 1, "detaching needs no room"
        both.goodbye()
        for session in (both, *gates):
            session.close()
        until(lambda: keep() or stat(client, "members_attached") == 0)
        assert stat(client, "presence_owed") > 1000
        with Client(broker.client, members=["bob"]) as bob:
            fill_up(client, lambda: keep(bob))
            assert bob.refusal("attach", members=["nobody knew her"]) == STORE_FULL
            assert bob.attach(members=["alice"]).attached == 2
            with pytest.raises(Refused) as refused:
                Client(broker.client, members=["bob", "nobody knew him"])
            assert (refused.value.code, refused.value.retry) == (STORE_FULL, True)
            flag.unlink()
            until(lambda: keep(bob) or stat(client, "presence_owed") == 0)
            told = [e.presence.member for e in watcher.drain()
                    if e.WhichOneof("kind") == "presence" and e.presence.presence == pb.PRESENCE_OFFLINE]
            assert len(told) == len(set(told)) >= 3000
            shown = client.presence_get(members=["alice", "bob", "1-0"]).members
            assert [m.presence for m in shown] == [pb.PRESENCE_ONLINE, pb.PRESENCE_ONLINE, pb.PRESENCE_OFFLINE]


def furnish_shop(client, **team):
    """lin is offered one after the other."""
    client.desk_set(desk=dict(desk="shop"))
    client.desk_set(team=dict(desk="shop", team="*", accept=1, **team))
    client.desk_set(agent=dict(agent="lin"))
    client.desk_set(seat=dict(desk="shop", agent="lin", max=1))
    client.desk_set(team_seat=dict(desk="shop", team="*", agent="lin"))


def test_while_the_disk_is_full_no_offer_ends(tmp_path):
    """Who could not have accepted has missed nothing: the desk's time stands still."""
    flag, env = when_full(tmp_path)
    with Broker(FULL, env=env) as broker, Client(broker.client, members=["lin"]) as client:
        client.room_create(room="r", members=people("alice"))
        furnish_shop(client, offer_ms=2000)
        flag.touch()
        fill_up(client, client.ping)
        flag.unlink()
        until(lambda: client.refusal("desk_open", conversation="c1", desk="shop", visitor="v") == 0)
        offer = client.desk_show(conversation="c1").offer
        flag.touch()
        fill_up(client, client.ping)
        assert client.refusal("desk_accept", conversation="c1", offer=offer, agent="lin") == STORE_FULL
        full = time.monotonic()
        while time.monotonic() < full + 4:  # twice as long as it stands
            assert client.desk_show(conversation="c1").offer == offer
            client.drain()
        flag.unlink()
        until(lambda: client.refusal("desk_accept", conversation="c1", offer=offer, agent="lin") == 0)
        assert client.desk_show(conversation="c1").agent == "lin"


def test_what_was_decided_over_a_full_disk_is_decided_again(tmp_path):
    """One is accepted behind it and one expires: desk time, and what it held up, is as recorded."""
    flag, env = when_full(tmp_path)
    with Broker(FULL, env=env) as broker:
        with Client(broker.client, members=["lin"]) as client:
            client.room_create(room="r", members=people("alice"))
            furnish_shop(client, offer_ms=1000, again_ms=1, misses=4294967295, gap_ms=4294967295)
            for conversation in ("c1", "c2"):
                client.desk_open(conversation=conversation, desk="shop", visitor=f"of-{conversation}")
                until(lambda: client.desk_show(conversation="c1").offer)
                flag.touch()
                fill_up(client, client.ping)
                full = time.monotonic()
                while time.monotonic() < full + 2:
                    client.ping()
                flag.unlink()
                until(lambda: client.refusal("post", room="r", sender="alice", client_id=f"on-{next(numbers)}",
                                             body="there is room") == 0)
            until(lambda: stat(client, "desk_expired"))
            client.desk_close(conversation="c1", by="of-c1")
            until(lambda: client.refusal("desk_accept", conversation="c2", agent="lin",
                                         offer=client.desk_show(conversation="c2").offer) == 0)
            client.desk_close(conversation="c2", by="lin")
        broker.stop()
        found = run(program("parlor-replay"), "what-if", "--data", broker.data)
        assert found.out.startswith("as recorded: ")


def test_room_for_what_is_known_of_members_is_reserved():
    """A short request makes long records: who is changed, and who leaves, is told with name and avatar."""
    settings = {"store.map_init_bytes": "16M", "store.map_max_bytes": "64M", "store.headroom_bytes": "1M"}
    names = [f"m{n}" for n in range(500)]
    with Broker(settings) as broker, Client(broker.client) as client:
        client.room_create(room="r", members=people("alice", "bob"))
        client.room_create(room="team", members=[dict(spec(name), avatar="a" * 1000) for name in names])
        fill(client)
        changes = [dict(member=name, type=1) for name in names]
        assert client.refusal("members_change", room="team", members=changes) == STORE_FULL
        assert client.refusal("members_remove", room="team", members=names) == STORE_FULL
        assert client.room_show(room="team").members == 500
        run(program("parlor-replay"), "verify", "--data", broker.data)


def test_changed_rows_wait_for_room_and_end_nothing():
    """Many more than the headroom takes, on a full map: idle and started again
    the broker lives and is read; with a larger map it goes on."""
    settings = {"store.map_init_bytes": "16M", "store.map_max_bytes": "64M", "store.headroom_bytes": "1M"}

    def rows_at_rest(client):
        return stat(client, "rows_put_off") > 0 or stat(client, "rows_dirty") == 0

    with Broker(settings) as broker:
        with Client(broker.client) as client:
            client.room_create(room="r", members=people("alice", "bob"))
            for i in range(16):
                more = [dict(spec(f"m{i}-{n}"), avatar="a" * 1000) for n in range(500)]
                until(lambda: client.refusal("members_add", room="r", members=more) == 0)
            posted = fill(client)
            shown = client.room_show(room="r")
            until(lambda: rows_at_rest(client))
            assert client.room_show(room="r") == shown
        for _ in range(2):
            broker.crash()
            with Client(broker.client) as client:
                until(lambda: rows_at_rest(client))
                assert client.room_show(room="r") == shown
        broker.stop()
        broker.configure(dict(settings, **{"store.map_max_bytes": "256M"}))
        broker.start()
        with Client(broker.client) as client:
            assert insist(client, posted) == posted + 1
            until(lambda: stat(client, "rows_dirty") == 0)
        run(program("parlor-replay"), "verify", "--data", broker.data)


def test_a_full_map_refuses_and_loses_nothing():
    settings = {"store.map_init_bytes": "16M", "store.map_max_bytes": "32M", "store.headroom_bytes": "4M"}
    with Broker(settings) as broker, Client(broker.client) as client, \
            Client(broker.client, members=["bob"]) as bob:
        client.room_create(room="r", members=people("alice", "bob"))
        bob.event("joined")
        posted = fill(client)
        assert posted > 50
        check_full(client, bob, posted)
        broker.restart()
        assert client.room_show(room="r").last_seq == posted


def test_requests_that_make_many_rows_do_not_fill_the_map():
    """Thousands of names, memberships and joins at once: what does not fit the
    map of this turn is refused until it has grown; the broker goes on."""
    settings = {"store.map_init_bytes": "16M", "store.headroom_bytes": "4M", "store.dirty_rows_max": 4000}
    rooms, members = 40, 1000
    names = random.Random(7)
    with Broker(settings) as broker, Client(broker.client) as client:
        wanted = {f"r{room}": [spec(f"{names.getrandbits(200):050x}") for _ in range(members)]
                  for room in range(rooms)}
        deadline = time.monotonic() + 60
        while wanted:
            assert time.monotonic() < deadline
            sent = {room: client.send("room_create", room=room, members=who) for room, who in wanted.items()}
            for room, request in sent.items():
                reply = client.wait(request)
                assert reply.code in (0, STORE_FULL)
                if reply.code == 0:
                    assert reply.room.members == members
                    del wanted[room]
        broker.restart()
        for room in range(rooms):
            assert client.room_show(room=f"r{room}").members == members


def test_a_full_disk_refuses_and_loses_nothing_and_goes_on_when_there_is_room(tmp_path):
    flag, env = when_full(tmp_path)
    with Broker(FULL, env=env) as broker, Client(broker.client) as client, \
            Client(broker.client, members=["bob"]) as bob:
        client.room_create(room="r", members=people("alice", "bob"))
        bob.event("joined")
        flag.touch()
        posted = fill(client)
        check_full(client, bob, posted)
        flag.unlink()
        for n in range(posted, posted + 20):
            assert insist(client, n) == n + 1
        assert len(bob.bodies(20)) == 20
        broker.restart()
        assert client.room_show(room="r").last_seq == posted + 20


def test_a_directory_that_was_put_back_on_a_full_disk_is_refused_in_words(tmp_path):
    """A backup has no lock.mdb: LMDB would make one, and die of a page that has no block."""
    flag, env = when_full(tmp_path)
    with Broker(FULL, env=env) as broker:
        with Client(broker.client) as client:
            client.room_create(room="r", members=people("alice", "bob"))
        broker.stop()
        lock = os.path.join(broker.data, "lock.mdb")
        os.unlink(lock)
        flag.touch()
        words = f"{lock}: No space left on device"
        assert words in broker.refused_start()
        assert words in run(program("parlor-replay"), "verify", "--data", broker.data, status=7, env=env).err
        flag.unlink()
        broker.start()
        assert os.stat(lock).st_blocks * 512 >= os.stat(lock).st_size
        with Client(broker.client) as client:
            assert client.room_show(room="r").members == 2
