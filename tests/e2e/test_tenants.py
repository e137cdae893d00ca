"""Nothing crosses from one tenant to another: no message, name, count, or error
that would tell one about the other."""

import pytest
from client import Client
from conftest import people, spec

ROOM_UNKNOWN = 20


@pytest.fixture
def two(broker):
    """Two companies that chose the same names for everything."""
    clients = [Client(broker.client, tenant=tenant, members=["bob"], presence=True)
               for tenant in ("acme", "bolt")]
    yield clients
    for client in clients:
        client.close()


def test_the_same_names_are_other_things_in_another_tenant(two):
    acme, bolt = two
    acme.room_create(room="r", name="Acme", members=people("alice", "bob", "carol"))
    bolt.room_create(room="r", name="Bolt", members=people("alice", "bob"))
    for n in range(3):
        acme.post(room="r", sender="alice", client_id=str(n), body=f"acme {n}")
    assert bolt.post(room="r", sender="alice", client_id="0", body="bolt 0").seq == 1

    assert (acme.room_show(room="r").name, bolt.room_show(room="r").name) == ("Acme", "Bolt")
    assert acme.unread_get(room="r", member="bob").unread == 3
    assert bolt.unread_get(room="r", member="bob").unread == 1
    assert bolt.unread_total(member="bob").unread == 1
    assert [m.body for m in bolt.history(room="r").messages] == ["bolt 0"]
    assert [m.member for m in bolt.members_list(room="r").members] == ["alice", "bob"]
    assert [i.name for i in bolt.list(member="bob").items] == ["Bolt"]
    for client, own, other in ((acme, "acme", "bolt"), (bolt, "bolt", "acme")):
        seen = str(client.drain()).lower()
        assert own in seen and other not in seen


def test_presence_and_typing_stay_in_the_tenant(broker, two):
    acme, bolt = two
    for client in two:
        client.room_create(room="typing", members=people("alice", "bob"))
    with Client(broker.client, tenant="acme", members=["alice"]) as alice:
        alice.typing(room="typing", member="alice")
        assert acme.event("typing").typing.member == "alice"
        assert [p.presence for p in bolt.presence_get(members=["alice"]).members] == [1]
        assert not {"typing", "presence"} & {e.WhichOneof("kind") for e in bolt.drain()
                                             if "alice" in str(e)}


def test_a_stranger_cannot_tell_whether_a_room_exists(two):
    acme, bolt = two
    acme.room_create(room="secret", members=people("alice", "bob"))
    there = bolt.wait(bolt.send("room_show", room="secret"))
    not_there = bolt.wait(bolt.send("room_show", room="nothing"))
    assert there.code == not_there.code == ROOM_UNKNOWN
    assert there.text == not_there.text
    assert bolt.room_create(room="secret", members=[spec("zoe")]).members == 1


def test_who_catches_up_gets_only_its_own_tenant(broker, two):
    acme, bolt = two
    for client, name in zip(two, ("acme", "bolt")):
        client.room_create(room="late", members=people("alice", "bob"))
        for n in range(10):
            client.post(room="late", sender="alice", client_id=str(n), body=f"{name} {n}")
    with Client(broker.client, tenant="bolt", members=["bob"], resume=(bolt.journal, 0)) as back:
        assert not back.welcome.reset
        assert "acme" not in str(back.drain()).lower()


def test_positions_and_stats_name_no_other_tenant(two):
    acme, bolt = two
    acme.room_create(room="quiet-room-of-acme", members=people("alice"))
    assert "acme" not in str(bolt.stats())
    assert "acme" not in str(bolt.sync_status())
