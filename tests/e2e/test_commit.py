"""A disk that fails: of a commit that was not written nobody hears."""


import parlor_pb2 as pb
import pytest
from client import Client
from conftest import people
from proc import Broker, preloaded


def post(n):
    return dict(room="r", sender="alice", client_id=f"late {n}", body=f"late {n}")


@pytest.mark.parametrize("posts", [1, 50])  # committed in the loop's thread, and beside it
def test_nothing_is_acknowledged_or_delivered_when_the_commit_fails(tmp_path, posts):
    flag = tmp_path / "broken"
    env = preloaded("PARLOR_FAULT", FAULT_FDATASYNC_EIO_WHEN_FILE=flag,
                    FAULT_SYNC_DELAY_US=20000)  # time for what leaves too early
    with Broker(env=env) as broker, Client(broker.client) as client, \
            Client(broker.client, members=["bob"]) as bob:
        client.room_create(room="r", members=people("alice", "bob"))
        assert client.post(room="r", sender="alice", client_id="first", body="first").seq == 1
        bob.event("posted")
        bob.drain()

        flag.touch()
        client.wire.send(*(pb.Request(id=10_000 + n, post=post(n)) for n in range(posts)))
        assert broker.process.wait() != 0
        assert "failed" in broker.process.stderr()
        assert client.wire.receive(0.3) is None and bob.wire.receive(0.1) is None

        flag.unlink()
        broker.start()
        assert [client.post(**post(n)).seq for n in range(posts)] == list(range(2, posts + 2))
        assert bob.bodies(posts) == [f"late {n}" for n in range(posts)]
        assert client.room_show(room="r").last_seq == posts + 1
