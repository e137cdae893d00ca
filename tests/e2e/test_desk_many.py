"""Everybody at once: thousands of agents behind a few sessions, and a broker that dies."""

from auditor import verify
from client import Client
from conftest import counters, stat, until
from proc import Broker

ACTIVE = 5
GATEWAYS, AGENTS_OF_ONE = 4, 500
AGENTS = [[f"a{g}-{n}" for n in range(AGENTS_OF_ONE)] for g in range(GATEWAYS)]
WAIT = 3000
FRAME = 500  # requests


def all_of(client, requests):
    requests = list(requests)
    for at in range(0, len(requests), FRAME):
        for id in client.send_all(requests[at:at + FRAME]):
            assert client.wait(id).code == 0


def seated(agent, **more):
    return [("desk_set", {"agent": dict(agent=agent)}),
            ("desk_set", {"seat": dict(desk="shop", agent=agent, max=3)}),
            ("desk_set", {"team_seat": dict(desk="shop", team="*", agent=agent)})]


def pages(ask):
    after, more = 0, True
    while more:
        page = ask(after)
        yield from page.conversations
        after, more = page.after, page.more


def served(client):
    return {v.conversation: v.agent
            for v in pages(lambda after: client.desk_list(desk="shop", state=ACTIVE, after=after))}


def waiting(client):
    return [v.conversation for v in pages(lambda after: client.desk_queue(desk="shop", team="*", after=after))]


def gateways(broker):
    return [Client(broker.client, members=members) for members in AGENTS]


def test_everybody_back_after_a_kill_has_what_it_had_and_nobody_gets_more():
    """Each agent rests for an hour behind a conversation, and could have two more: so there is
    room for none of those who wait, whoever is the first to come back."""
    with Broker() as broker:
        with Client(broker.client) as service:
            service.desk_set(desk=dict(desk="shop"))
            service.desk_set(team=dict(desk="shop", team="*", gap_ms=3600000))
            all_of(service, (row for members in AGENTS for agent in members for row in seated(agent)))
            before = gateways(broker)
            count = GATEWAYS * AGENTS_OF_ONE
            all_of(service, (("desk_open", dict(conversation=f"c{n}", desk="shop", visitor=f"v{n}"))
                             for n in range(count + WAIT)))
            until(lambda: stat(service, "desk_active") == count)
            had, queue = served(service), waiting(service)
            assert len(set(had.values())) == count and queue == [f"c{n}" for n in range(count, count + WAIT)]
            broker.kill()
            broker.start()
            for client in before:
                client.close()
            after = gateways(broker)
            service.hello(resume=True)
            # Who was not there before shows that pairing goes on, and gets the first.
            all_of(service, seated("new"))
            after.append(Client(broker.client, members=["new"]))
            until(lambda: stat(service, "desk_active") == count + 1)
            assert served(service) == {**had, queue[0]: "new"}
            assert waiting(service) == queue[1:]
            counted = counters(service)
            assert counted["desk_requeued_gone"] == counted["desk_closed"] == 0 and counted["desk_oldest_ms"] > 0
            for client in after:
                client.close()
        assert verify(broker.data)["desk"]["places"] > count + WAIT
