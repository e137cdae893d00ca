"""People who talk in rooms by chance, from a seed, and what must come of it:
the oracle's rooms, kept while they talk."""

import itertools
import random

import oracle

MESSAGE, NOTICE = 1, 2
numbers = itertools.count(1)


class Talk:
    """Rooms of one session. `rooms` is what broker and MySQL must come to."""

    def __init__(self, client, rooms=4, members=5, seed=1):
        self.client = client
        self.chance = random.Random(seed)
        self.rooms = []
        for number in range(rooms):
            room = oracle.Room(f"talk-{number}")
            people = [f"m{n}" for n in range(members)]
            client.room_create(room=room.id, name=room.id, members=[dict(member=m, type=1) for m in people])
            for member in people:
                room.join(member)
            self.rooms.append(room)

    def room(self, number):
        return self.rooms[number]

    def say(self, room, body, **more):
        """One message; waits for its acknowledgement."""
        posted = self.client.wait(self._post(room, "m0", MESSAGE, body, **more))
        assert posted.code == 0, posted
        return posted.posted

    def go_on(self, things=40, rooms=None):
        """So many things happen, and are acknowledged."""
        asked = [self._something(self.chance.choice(rooms or self.rooms)) for _ in range(things)]
        for request in asked:
            reply = self.client.wait(request)
            assert reply.code == 0, reply

    # ---- inside ----------------------------------------------------------------

    def _post(self, room, sender, type, body, **more):
        id = f"t{next(numbers)}"
        room.post(sender, type, body, id)
        return self.client.send("post", room=room.id, sender=sender, type=type, client_id=id,
                                body=body, **more)

    def _something(self, room):
        members = list(room.floors)
        who = self.chance.choice(members)
        kind = self.chance.choices(("message", "notice", "read", "leave", "join"), (70, 5, 15, 4, 6))[0]
        if kind == "read" and room.last_seq():
            seq = self.chance.randrange(room.last_seq()) + 1
            room.read(who, seq)
            return self.client.send("read", room=room.id, member=who, seq=seq)
        if kind == "leave" and len(members) > 2:
            room.leave(who)
            return self.client.send("members_remove", room=room.id, members=[who])
        if kind == "join":
            new = f"n{next(numbers)}"
            room.join(new)
            return self.client.send("members_add", room=room.id, members=[dict(member=new, type=2)])
        body = " ".join(self.chance.choices(["order", "你好", "it's", "\\", "tea 👍"], k=6))
        return self._post(room, who, NOTICE if kind == "notice" else MESSAGE, body)
