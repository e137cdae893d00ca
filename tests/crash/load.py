"""A load whose every answer is noted together with how long the log of the
broker's disk was when it came (the form is in acks.h)."""

import dataclasses
import os
import random

WINDOW = 12  # requests in flight
ROOMS, MEMBERS = 6, 8
KINDS = {"post": 80, "read": 12, "join": 4, "recall": 4, "desk": 16}
MANUAL, ALWAYS = 9, 3
# What is asked of a conversation; it may be refused, for others ask at the same time.
DESK = {"desk_open": 6, "desk_assign": 6, "desk_transfer": 3, "desk_accept": 3, "desk_hold": 1, "desk_resume": 1,
        "desk_return": 1, "desk_mark": 1, "desk_close": 4, "desk_rate": 2}
BODY_BYTES = [2, 15, 50, 150, 1500, 4000]


@dataclasses.dataclass
class Note:
    kind: str
    room: str
    member: str
    client_id: str = "-"
    seq: int = 0
    position: int = 0
    time_us: int = 0
    body: str = "-"
    at: int = 0

    def line(self, kind):
        return (f"{self.at} {kind} {self.room} {self.member} {self.client_id} {self.seq} "
                f"{self.position} {self.time_us} {self.body}\n")


class Load:
    """Posts, reads, joins, recalls and conversations of one client, several in flight."""

    def __init__(self, log, seed):
        self.log = log
        self.chance = random.Random(seed)
        self.notes = []
        self.flight = []  # (request, note)
        self.posts = []  # notes of those acknowledged
        self.recalled = set()  # (room, seq) of those asked for
        self.asked = 0
        self.offers = {}  # of each conversation: the live one, as it was told last

    def make_rooms(self, client):
        members = [dict(member=f"m{n}", type=1 + (n > 0)) for n in range(MEMBERS)]
        for n in range(ROOMS):
            client.room_create(room=f"r{n}", members=members)
            self.notes.append(Note("join", f"r{n}", "m1", at=self.now()))
        client.desk_set(desk=dict(desk="d"))
        client.desk_set(team=dict(desk="d", team="*", strategy=MANUAL, gap_ms=1))
        for n in range(3):
            client.desk_set(agent=dict(agent=f"a{n}", mode=ALWAYS))
            client.desk_set(seat=dict(desk="d", agent=f"a{n}", max=1000))
            client.desk_set(team_seat=dict(desk="d", team="*", agent=f"a{n}"))

    def now(self):
        return os.stat(self.log).st_size

    def run(self, client, requests):
        goal = self.asked + requests
        while self.asked < goal or self.flight:
            while len(self.flight) < WINDOW and self.asked < goal:
                self.ask(client)
            self.answered(client)

    def write(self, path):
        with open(path, "w", encoding="ascii") as file:
            for note in self.notes:
                gone = note.kind == "post" and (note.room, note.seq) in self.recalled
                file.write(note.line("posted" if gone else note.kind))

    def ask(self, client):
        self.asked += 1
        (kind,) = self.chance.choices(list(KINDS), KINDS.values())
        if kind == "recall" and not self.posts:
            kind = "post"
        room, member = f"r{self.chance.randrange(ROOMS)}", f"m{self.chance.randrange(MEMBERS)}"
        note = Note(kind, room, member)
        self.flight.append((getattr(self, kind)(client, note), note))

    def post(self, client, note):
        note.client_id = f"id{self.asked}"
        note.body = self.chance.randbytes(self.chance.choice(BODY_BYTES)).hex()
        return client.send("post", room=note.room, sender=note.member, client_id=note.client_id,
                           body=note.body)

    def read(self, client, note):
        return client.send("read", room=note.room, member=note.member)

    def join(self, client, note):
        note.member = f"late{self.asked}"
        return client.send("members_add", room=note.room, members=[dict(member=note.member, type=2)])

    def recall(self, client, note):
        post = self.chance.choice(self.posts)
        note.room, note.seq = post.room, post.seq
        self.recalled.add((note.room, note.seq))
        return client.send("recall", room=note.room, seq=note.seq, by="m0")

    def desk(self, client, note):
        (op,) = self.chance.choices(list(DESK), DESK.values())
        if not self.offers:
            op = "desk_open"
        note.room, note.member = self.chance.choice(list(self.offers) or ["-"]), "-"
        fields = dict(conversation=note.room)
        agent = f"a{self.chance.randrange(3)}"
        if op == "desk_open":
            note.room = f"c{self.asked}"
            fields = dict(conversation=note.room, desk="d", visitor=f"v{self.asked % 9}", body="hello",
                          client_id=note.room)
        elif op == "desk_accept":
            fields.update(offer=self.offers[note.room], agent=agent)
        elif op in ("desk_assign", "desk_transfer"):
            fields.update(agent=agent)
        elif op == "desk_mark":
            fields.update(priority=self.chance.randrange(4))
        elif op == "desk_rate":
            fields.update(score=5)
        return client.send(op, **fields)

    def served(self, note, reply):
        now = reply.conversation
        if reply.code == 0:
            self.offers[now.conversation] = now.offer
        if reply.code == 0 and now.position:
            note.room, note.position = now.conversation, now.position
            self.notes.append(note)

    def answered(self, client):
        request, note = self.flight.pop(0)
        reply = client.wait(request)
        note.at = self.now()
        if note.kind == "desk":
            self.served(note, reply)
            return
        assert reply.code == 0, reply
        if note.kind == "post":
            note.seq, note.position, note.time_us = (
                reply.posted.seq, reply.posted.position, reply.posted.time_us)
            self.posts.append(note)
        elif note.kind == "read":
            note.seq, note.position = reply.unread.read_seq, reply.unread.position
        else:
            note.position = max(reply.done.position, reply.room.position, reply.posted.position)
        self.notes.append(note)
