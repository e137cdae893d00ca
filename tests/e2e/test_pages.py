"""Answers that are larger than they may be, or cut: lists of rooms with long last
messages, words of a worker about a page of old history."""

import time

import pytest
import worker_pb2 as wp
import zmq
from client import PATIENCE, Client
from conftest import people, say, spec, stat, until
from proc import Broker

DB_DATA = 95
PREVIEW = 200
SMALL = {"limits.frame_bytes": 131072, "limits.body_bytes": 60000,
         "limits.page_bytes": 60000, "limits.mentions": 64}


def whole_list(client, member):
    items, cursor, pages = [], 0, 0
    while True:
        page = client.list(member=member, cursor=cursor)
        items += page.items
        pages += 1
        cursor = page.cursor
        if not cursor:
            return items, pages


@pytest.fixture(scope="module")
def small():
    """A broker whose replies may take half a megabyte."""
    with Broker(SMALL) as broker:
        yield broker


def test_long_last_messages_are_cut_and_all_rooms_are_on_the_page(small):
    with Client(small.client, tenant="long") as client:
        for n in range(20):
            client.room_create(room=f"r{n}", members=people("alice", "bob"))
            say(client, f"{n} " + "é" * 29000, room=f"r{n}")
        items, pages = whole_list(client, "bob")
        assert pages == 1
        assert {i.room for i in items} == {f"r{n}" for n in range(20)}
        for item in items:
            text = f"{item.room[1:]} " + "é" * PREVIEW
            assert item.last.body == text.encode()[:PREVIEW].decode(errors="ignore")
            assert (item.last.sender, item.last.seq, item.last.time_us) == ("alice", 1, item.active_us)


def test_a_list_too_large_for_a_reply_goes_on_on_the_next_page(small):
    """A message may mention many, and each is on the page."""
    crowd = [f"{n:02}" + "x" * 62 for n in range(64)]
    with Client(small.client, tenant="crowd") as client:
        for n in range(100):
            client.room_create(room=f"r{n}", members=[spec("alice", 1), *map(spec, crowd)])
            say(client, "all of you", room=f"r{n}", mentions=crowd)
        items, pages = whole_list(client, "alice")
        assert pages > 1
        assert [i.room for i in items] == [f"r{n}" for n in reversed(range(100))]
        assert all(list(i.last.mentions) == crowd for i in items)


class Stranger:
    """A worker that knows the protocol and no database: it refuses every query."""

    def __init__(self, broker, words):
        self.words = words
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(broker.worker)
        self.say(hello=dict(version=1, name="stranger"))

    def say(self, **op):
        self.socket.send(wp.FromWorker(**op).SerializeToString())

    def refuse_a_query(self):
        while self.socket.poll(PATIENCE * 1000):
            message = wp.ToWorker.FromString(self.socket.recv())
            if message.WhichOneof("op") == "archive_query":
                self.say(archive_page=dict(query=message.archive_query.query, code=DB_DATA,
                                        text=self.words))
                return
        raise AssertionError("no query came")

    def close(self):
        self.socket.close()


def test_a_refusal_is_cut_between_characters(tmp_path):
    """What begins a page is only to be had from a worker: trimmed without one, by
    a broker that was told that there is no database."""
    data = str(tmp_path / "data")
    with Broker({"history.hot_records": 1000, "history.without_mysql": "on"}, data=data) as broker, \
            Client(broker.client) as client:
        client.room_create(room="r", members=people("alice"))
        for n in range(30):
            client.send_all([("post", dict(room="r", sender="alice", client_id=f"{n}-{i}", body="x"))
                             for i in range(100)])
        deadline = time.monotonic() + PATIENCE
        while stat(client, "journal_first") < 10:
            assert time.monotonic() < deadline, "nothing is trimmed"
            say(client, "more")
    with Broker(data=data) as broker, Client(broker.client) as client:
        for shift in range(3):
            words = "-" * shift + "€" * 200
            worker = Stranger(broker, words)
            try:
                until(lambda: client.sync_status().workers)
                request = client.send("history", room="r", **{"from": 1})
                worker.refuse_a_query()
                reply = client.wait(request)
                assert reply.code == DB_DATA
                assert reply.text == words.encode()[:255].decode(errors="ignore")
                worker.say(goodbye={})
                until(lambda: not client.sync_status().workers)
            finally:
                worker.close()
