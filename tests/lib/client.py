"""A foreign client: the protocol spoken from PROTOCOL.md alone, with nothing
but ZeroMQ and protobuf. One request, one answer; events in between are kept."""

import collections
import itertools
import time

import parlor_pb2 as pb
import zmq

VERSION = 1
NO_SESSION = 3
PATIENCE = 20  # seconds a test waits for what must come


class Refused(Exception):
    """The broker's refusal: code, text, retry."""

    def __init__(self, reply):
        super().__init__(f"{reply.code} {reply.text}{' (retry)' if reply.retry else ''}")
        self.code, self.text, self.retry = reply.code, reply.text, reply.retry


class Wire:
    """A DEALER socket that sends and receives frames, and nothing more."""

    def __init__(self, endpoint, **options):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 10)
        for name, value in options.items():
            self.socket.setsockopt(getattr(zmq, name), value)
        self.socket.connect(endpoint)

    def send(self, *requests):
        self.raw(pb.ToBroker(requests=requests).SerializeToString())

    def raw(self, *parts):
        self.socket.send_multipart(parts)

    def receive(self, seconds):
        """The next FromBroker, or None when none comes in time."""
        if self.socket.poll(max(0, int(seconds * 1000))) == 0:
            return None
        (frame,) = self.socket.recv_multipart()
        return pb.FromBroker.FromString(frame)

    def close(self):
        self.socket.close()


class Client:
    """One session. `client.room_create(room="r", ...)` sends that request and
    returns its result, or raises Refused. A lost session is begun again, with
    resume, and what is unanswered is sent again."""

    def __init__(self, endpoint, tenant="default", members=(), credit=0, presence=False,
                 resume=None, hello=True, version=VERSION, **options):
        self.endpoint, self.options = endpoint, options
        self.greeting = dict(version=version, tenant=tenant, client="python", credit=credit,
                             presence=presence)
        self.members = list(members)
        self.journal, self.position = resume or (0, 0)
        self.ids = itertools.count(1)
        self.unanswered = {}  # id: request
        self.replies = {}
        self.events = collections.deque()
        self.welcome = None
        self.welcomes = 0
        self.end = None
        self.wire = None
        if hello:
            self.hello(resume=resume is not None)
        else:
            self._connect()

    # ---- session ---------------------------------------------------------------

    def hello(self, resume=False, patience=PATIENCE):
        """Connects and says hello, anew while the broker does not answer."""
        deadline = time.monotonic() + patience
        while True:
            self._connect()
            request = pb.Request(id=next(self.ids), hello=dict(
                **self.greeting, members=self.members, resume=resume, journal=self.journal,
                position=self.position))
            self.wire.send(request)
            reply = self._await(request.id, min(1.0, deadline - time.monotonic()))
            if reply is not None:
                break
            if time.monotonic() > deadline:
                raise TimeoutError("no answer to hello")
        if reply.code != 0:
            raise Refused(reply)
        self.welcome, self.end = reply.welcome, None
        self.welcomes += 1
        self.journal = self.welcome.journal
        if not resume or self.welcome.reset:
            self.position = self.welcome.position
        if self.unanswered:
            self.wire.send(*self.unanswered.values())
        return self.welcome

    def close(self):
        if self.wire is not None:
            self.wire.close()
            self.wire = None

    def drop(self):
        """As if the network went: no goodbye. Returns what to resume from."""
        self.close()
        return self.journal, self.position

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- requests ----------------------------------------------------------------

    def send(self, op, **fields):
        """Sends a request; its id is for `wait`."""
        request = pb.Request(id=next(self.ids), **{op: fields})
        self.unanswered[request.id] = request
        self.wire.send(request)
        return request.id

    def wait(self, id, patience=PATIENCE):
        """The reply to a request, whatever its code."""
        deadline = time.monotonic() + patience
        while True:
            reply = self._await(id, min(self._pause(), deadline - time.monotonic()))
            if reply is not None:
                return reply
            if time.monotonic() > deadline:
                raise TimeoutError(f"no answer to request {id}")
            self.ping()

    def call(self, op, **fields):
        reply = self.wait(self.send(op, **fields))
        if reply.code != 0:
            raise Refused(reply)
        result = reply.WhichOneof("result")
        return getattr(reply, result) if result else reply

    def __getattr__(self, op):
        if op not in pb.Request.DESCRIPTOR.fields_by_name:
            raise AttributeError(op)
        return lambda **fields: self.call(op, **fields)

    def refusal(self, op, **fields):
        """The code that a request is refused with; 0 if it is not."""
        return self.wait(self.send(op, **fields)).code

    def ping(self):
        self.wire.send(pb.Request(id=next(self.ids), ping={}))

    # ---- events --------------------------------------------------------------------

    def event(self, kind=None, patience=PATIENCE, **about):
        """The next event, or the next of a kind (and room); others are passed over."""
        deadline = time.monotonic() + patience
        while True:
            while self.events:
                event = self.events.popleft()
                if kind in (None, event.WhichOneof("kind")) and all(
                        getattr(event, name) == value for name, value in about.items()):
                    return event
            left = deadline - time.monotonic()
            if left < 0:
                raise TimeoutError(f"no event {kind or ''} {about or ''}")
            if not self._receive(min(self._pause(), left)):
                self.ping()

    def drain(self, op="ping"):
        """All events the broker had for this session: those that come before the
        answer to a request sent now, and those kept so far."""
        self.call(op)
        events = list(self.events)
        self.events.clear()
        return events

    def bodies(self, n, patience=PATIENCE):
        """The bodies of the next n messages delivered."""
        return [self.event("posted", patience).posted.body for _ in range(n)]

    # ---- inside ----------------------------------------------------------------------

    def _connect(self):
        self.close()
        self.wire = Wire(self.endpoint, **self.options)

    def _pause(self):
        """How long to be silent before a ping."""
        return min(0.5, self.welcome.heartbeat_ms / 1000) if self.welcome else 0.5

    def _await(self, id, seconds):
        deadline = time.monotonic() + seconds
        while id not in self.replies:
            left = deadline - time.monotonic()
            if left < 0 or not self._receive(left):
                return self.replies.pop(id, None)
        return self.replies.pop(id)

    def _receive(self, seconds):
        frame = self.wire.receive(seconds)
        if frame is None:
            return False
        lost = False
        for reply in frame.replies:
            lost |= self._replied(reply)
        for event in frame.events:
            self._happened(event)
        if lost:
            self.hello(resume=True)
        return True

    def _replied(self, reply):
        """Whether the broker does not know this session (any more)."""
        if reply.code == NO_SESSION and self.welcomes > 0:
            return True
        if self.unanswered.pop(reply.id, None) or reply.WhichOneof("result") == "welcome" \
                or reply.code != 0:
            self.replies[reply.id] = reply
        return False

    def _happened(self, event):
        if event.WhichOneof("kind") == "end":
            self.end = event.end
        if event.position:
            assert event.position > self.position, "events come in order, each once"
            self.position = event.position
        self.events.append(event)
