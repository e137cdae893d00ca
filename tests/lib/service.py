"""A backend service that goes on through every crash of what it talks to: it
keeps requests in flight, sends again what was not answered, and books what it
was told. Rooms of its own follow the oracle, request by request; in the hall
all services speak."""

import random
import threading
import time

import oracle
from client import Client

MESSAGE, NOTICE, STORED = 1, 2, 1
NOT_MEMBER = 26
PATIENCE = 120  # seconds: what is asked may have to outlive several crashes
STORED_MAX = 20
KINDS = {"message": 60, "hall": 12, "read": 10, "notice": 5, "stored": 3, "repeat": 4, "join": 3,
         "leave": 2, "recall": 1}


def room_create(client, room, members):
    client.room_create(room=room, name=room, members=[dict(member=m, type=2) for m in members])


class Service(threading.Thread):
    """is_stored(room, seq): whether MySQL has the message now."""

    def __init__(self, endpoint, name, hall, is_stored, rooms=2, members=3, window=40):
        super().__init__(name=name)
        self.client = Client(endpoint)
        self.chance = random.Random(name)
        self.hall = hall
        self.is_stored = is_stored
        self.window = window
        self.asked = 0
        self.told = {}  # (room, client id): posted, as it was acknowledged
        self.kept = {}  # the same: the request's fields, for repeating it
        self.rooms = [oracle.Room(f"{name}-{n}") for n in range(rooms)]
        self.people = [f"m{n}" for n in range(members)]
        self.burst = []  # ((op, fields), what to do with the reply), not sent yet
        self.flight = []  # (request id, what to do with its reply)
        self.stored = []  # the same, of posts that wait for MySQL
        self.repeated = self.checked = 0
        self.stopping = threading.Event()  # asks no more, and hears the rest
        self.leaving = threading.Event()  # goes at once
        self.failure = None
        for room in self.rooms:
            room_create(self.client, room.id, self.people)
            for member in self.people:
                room.join(member)

    def run(self):
        try:
            while not self.stopping.is_set():
                while len(self.flight) + len(self.burst) < self.window:
                    self._ask()
                self._send_burst(whole=self.chance.random() < 0.5)
                self._settle(self.flight, self.window // 2)
                self._settle(self.stored, STORED_MAX)
            self._settle(self.flight, 0)
            self._settle(self.stored, 0)
        except BaseException as error:  # told to the test, which fails with it
            self.failure = error

    def stop(self):
        self.leaving.set()
        self.stopping.set()
        self.join()
        self.client.close()

    # ---- asking ------------------------------------------------------------------

    def _ask(self):
        kind, = self.chance.choices(list(KINDS), KINDS.values())
        getattr(self, f"_ask_{kind}")(self.chance.choice(self.rooms))

    def _put(self, done, op, **fields):
        self.asked += 1
        self.burst.append(((op, fields), done))

    def _send_burst(self, whole):
        """In one frame, which is one turn of the broker, or each by itself."""
        asked = [what for what, _ in self.burst]
        if whole:
            ids = self.client.send_all(asked)
        else:
            ids = [self.client.send(op, **fields) for op, fields in asked]
        for id, ((_, fields), done) in zip(ids, self.burst):
            (self.stored if "level" in fields else self.flight).append((id, done))
        self.burst.clear()

    def _post(self, room, sender, type=MESSAGE, **more):
        """Predicts the seq where nobody else posts."""
        id = f"{self.name}-{self.asked}"
        body = " ".join(self.chance.choices(["order", "你好", "it's", "tea 👍", id], k=8))
        seq = None
        if isinstance(room, oracle.Room):
            room.post(sender, type, body, id)
            seq, room = room.last_seq(), room.id
        fields = dict(room=room, sender=sender, type=type, client_id=id, body=body)

        def done(reply):
            assert reply.code == 0, reply
            assert seq in (None, reply.posted.seq), f"{room}: {reply.posted.seq}, not {seq}"
            self.told[room, id] = reply.posted
            self.kept[room, id] = fields
        self._put(done, "post", **fields, **more)

    def _ask_message(self, room):
        self._post(room, self.chance.choice(self.people))

    def _ask_notice(self, room):
        self._post(room, self.chance.choice(self.people), NOTICE)

    def _ask_hall(self, _):
        self._post(self.hall, self.name)

    def _ask_stored(self, room):
        self._post(room, self.people[0], level=STORED)
        what, done = self.burst.pop()

        def done_and_there(reply):
            done(reply)
            assert self.is_stored(room.id, reply.posted.seq), "acknowledged before MySQL has it"
            self.checked += 1
        self.burst.append((what, done_and_there))

    def _ask_repeat(self, _):
        """What was acknowledged is, sent again, acknowledged alike."""
        if not self.told:
            return
        key = self.chance.choice(list(self.told)[-500:])

        def done(reply):
            assert reply.code == 0 and reply.posted == self.told[key], (reply, self.told[key])
            self.repeated += 1
        self._put(done, "post", **self.kept[key])

    def _ask_read(self, room):
        if room.messages:
            member, seq = self.chance.choice(self.people), self.chance.randint(1, room.last_seq())
            room.read(member, seq)
            self._put(self._fine, "read", room=room.id, member=member, seq=seq)

    def _ask_join(self, room):
        guest = f"guest-{self.asked}"
        room.join(guest)
        self._put(self._fine, "members_add", room=room.id, members=[dict(member=guest, type=2)])

    def _ask_leave(self, room):
        """A guest: they neither speak nor read. Who left already has left."""
        guests = [member for member in room.floors if member not in self.people]
        if guests:
            guest = self.chance.choice(guests)
            room.leave(guest)
            self._put(lambda reply: self._fine(reply, NOT_MEMBER), "members_remove", room=room.id,
                       members=[guest])

    def _ask_recall(self, room):
        if room.messages:
            message = self.chance.choice(room.messages[-50:])
            message.body = ""
            self._put(self._fine, "recall", room=room.id, seq=message.seq, by=message.sender)

    # ---- hearing -------------------------------------------------------------------

    @staticmethod
    def _fine(reply, *codes):
        assert reply.code in (0, *codes), reply

    def _settle(self, requests, left):
        """Waits until no more than so many of them are unanswered."""
        while len(requests) > left:
            request, done = requests.pop(0)
            reply = self._wait(request)
            if reply is None:
                return
            done(reply)

    def _wait(self, request):
        """The reply; None when it is time to go."""
        deadline = time.monotonic() + PATIENCE
        while not self.leaving.is_set():
            try:
                return self.client.wait(request, patience=1)
            except TimeoutError:
                assert time.monotonic() < deadline, f"no answer to request {request}"
        return None


class Watcher(threading.Thread):
    """A session that hears its members' rooms, resumes, and keeps what came."""

    def __init__(self, endpoint, members):
        super().__init__(name="watcher")
        self.client = Client(endpoint, members=members)
        self.events = []
        self.enough = None  # messages, once nobody posts any more
        self.stopping = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.stopping.is_set() and len(self.events) != self.enough:
                try:
                    self.events.append(self.client.event("posted", patience=1))
                except TimeoutError:
                    pass  # a quiet second
        except BaseException as error:  # told to the test, which fails with it
            self.failure = error

    def stop(self):
        self.stopping.set()
        self.join()
        self.client.close()
