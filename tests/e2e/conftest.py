"""What the stories share: one broker for a file of tests, a tenant for each
test, and clients that are closed at its end; a database server, and what a worker
alone needs around it."""

import itertools
import time

import pytest
from client import PATIENCE, Client
from mariadb import MariaDB
from proc import Broker
from worker_bench import Bench

numbers = itertools.count(1)
POST = dict(room="r", sender="bob", client_id="1", body="hello")


@pytest.fixture(scope="module")
def broker():
    with Broker() as broker:
        yield broker


@pytest.fixture
def tenant():
    return f"tenant-{next(numbers)}"


@pytest.fixture
def connect(broker, tenant):
    """connect("alice", "bob", credit=10): a session with these members attached."""
    clients = []

    def connect(*members, **options):
        broker.process.check()
        client = Client(broker.client, members=members, **{"tenant": tenant, **options})
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.leave()


@pytest.fixture
def service(connect):
    """The backend's session: it asks, and has nobody attached."""
    return connect()


@pytest.fixture
def room(service):
    """A room "r" of the manager alice and the members bob and carol."""
    return service.room_create(room="r", name="Desk", members=people("alice", "bob", "carol")).room


@pytest.fixture
def witness(connect, room, service):
    """Nothing may reach him, and nothing may change in the room "r"."""
    witness = connect("alice", "bob", "carol")
    before = state(service)
    yield witness
    assert state(service) == before
    assert witness.drain() == [], "nothing was delivered"
    assert service.welcomes == witness.welcomes == 1, "the sessions live on"
    assert service.post(**POST).seq == 1
    assert witness.bodies(1) == ["hello"]


@pytest.fixture(scope="session")
def database():
    """A MySQL server; each test that writes there makes a database of its own."""
    with MariaDB() as server:
        yield server


@pytest.fixture
def own_server():
    """A server that the test may kill, freeze, or set up in its way."""
    with MariaDB() as server:
        yield server


@pytest.fixture
def bench(database):
    """A worker's surroundings, with a fresh database."""
    with Bench(database) as bench:
        yield bench


def people(manager, *members):
    """Specs of a manager and of members, all with a name and an avatar."""
    return [spec(manager, type=1), *map(spec, members)]


def spec(member, type=2):
    return dict(member=member, type=type, name=member.title(), avatar=f"/{member}.png")


def say(client, *bodies, sender="alice", room="r", **more):
    """Posts, each of them a new message."""
    for body in bodies:
        client.post(room=room, sender=sender, client_id=f"say-{next(numbers)}", body=body, **more)


def state(client):
    return (client.sync_status().position, client.room_show(room="r"), client.members_list(room="r"),
            client.history(room="r"), client.list(member="bob"))


def first_refusal(client):
    """The first reply that refuses, whatever it answers."""
    while True:
        for id, reply in list(client.replies.items()):
            if reply.code:
                return client.replies.pop(id)
        if not client._receive(PATIENCE):
            raise TimeoutError("no refusal came")


def counters(client):
    return {c.name: c.value for c in client.stats().counters}


def stat(client, name):
    return counters(client)[name]


def until(condition, seconds=PATIENCE):
    """Asks now and then: nothing announces it, and who asks all the time is in the way."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become so"
        time.sleep(0.02)


def ids(page):
    return [member.member for member in page.members]


def whole_history(client, room):
    """Every message of a room, page by page."""
    messages, more = [], True
    while more:
        page = client.history(room=room, **{"from": len(messages) + 1})
        messages += page.messages
        more = page.more
    return messages


def unreads(client, room):
    """Every member's unread, page by page."""
    found, after, more = {}, "", True
    while more:
        page = client.members_list(room=room, after=after)
        found.update((m.member, m.unread) for m in page.members)
        more, after = page.more, page.members[-1].member if page.members else ""
    return found


def check_rooms(client, rooms):
    """The broker has what the oracle makes of a recorded file."""
    for room in rooms:
        assert [(m.seq, m.sender, m.type, m.body, m.client_id)
                for m in whole_history(client, room.id)] == [
            (m.seq, m.sender, m.type, m.body, m.client_id) for m in room.messages], room.id
        assert unreads(client, room.id) == room.unreads(), room.id
