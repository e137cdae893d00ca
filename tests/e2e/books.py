"""What was posted into one room, kept by who posted it: at any time the room's
history has to be that, once and in order."""

import os

from conftest import people, whole_history

NO_MEMORY = 69


class Books:
    """Posts into one room, and what became of each: by its client id. again: codes of a refusal
    after which it is asked again."""

    def __init__(self, room="r", again=(NO_MEMORY,)):
        self.room = room
        self.again = again
        self.asked = {}  # client id: request
        self.acknowledged = {}  # client id: posted
        self.bodies = {}

    def make_room(self, client):
        client.room_create(room=self.room, members=people("alice", "bob"))

    def ask(self, client, n=1):
        for _ in range(n):
            id = f"{len(self.bodies)}"
            self.bodies[id] = os.urandom(60).hex()
            self._send(client, id)

    def _send(self, client, id):
        self.asked[id] = client.send("post", room=self.room, sender="alice", client_id=id,
                                     body=self.bodies[id])

    def settle(self, client, patience=60):
        """Every answer that is still owed."""
        while self.asked:
            id, request = next(iter(self.asked.items()))
            reply = client.wait(request, patience)
            del self.asked[id]
            if reply.code in self.again:
                self._send(client, id)
                continue
            assert reply.code == 0, reply
            self.acknowledged[id] = reply.posted

    def post(self, client, n=1):
        self.ask(client, n)
        self.settle(client)

    def check(self, client):
        """What was asked is there once, as it was said, and counts."""
        assert not self.asked
        messages = whole_history(client, self.room)
        assert [m.seq for m in messages] == list(range(1, len(messages) + 1))
        assert {m.client_id: (m.seq, m.time_us, m.body) for m in messages} == {
            id: (p.seq, p.time_us, self.bodies[id]) for id, p in self.acknowledged.items()}
        assert client.unread_get(room=self.room, member="bob").unread == len(messages)
