"""The broker's end of a worker's link, for stories about one worker alone: it
says what it is told to, and writes the records of a small world of its own."""

import time

import parlor_pb2 as pb
import worker_pb2 as wpb
import zmq

T0 = 1_700_000_000_000_000
FENCED, STUCK, TOO_LARGE = wpb.FAIL_FENCED, wpb.FAIL_STUCK, wpb.FAIL_TOO_LARGE


class FakeBroker:
    def __init__(self, broker_id=7, partitions=4, lease_ms=60000):
        self.broker_id, self.partitions, self.lease_ms = broker_id, partitions, lease_ms
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 0
        port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.worker = f"tcp://127.0.0.1:{port}"
        self.heard = []  # (worker's name, message), not asked for yet
        self.names = {}  # routing id to name
        self.greeting = True

    def close(self):
        self.socket.close()
        self.context.term()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- frames ----------------------------------------------------------

    def tell(self, name, **op):
        peer = next(p for p, n in reversed(self.names.items()) if n == name)
        self.socket.send_multipart([peer, wpb.ToWorker(**op).SerializeToString()])

    def hear(self, name, op, seconds=60):
        """The next message of that kind from that worker. Others are kept."""
        deadline = time.monotonic() + seconds
        while True:
            for i, (who, message) in enumerate(self.heard):
                if who == name and message.WhichOneof("op") == op:
                    del self.heard[i]
                    return getattr(message, op)
            left = deadline - time.monotonic()
            if left <= 0 or not self.socket.poll(left * 1000):
                raise AssertionError(f"{name} did not send {op}; heard {self.heard}")
            self._take()

    def _take(self):
        peer, frame = self.socket.recv_multipart()
        message = wpb.FromWorker.FromString(frame)
        op = message.WhichOneof("op")
        if op == "hello":
            self.names.pop(peer, None)
            self.names[peer] = message.hello.name
            if self.greeting:
                self._answer(peer, welcome=wpb.WorkerWelcome(
                    broker_id=self.broker_id, partitions=self.partitions, heartbeat_ms=100,
                    lease_ms=self.lease_ms))
        elif op == "ping":
            if peer in self.names:
                self._answer(peer, pong=wpb.WorkerPong())
            else:
                self._answer(peer, refused=wpb.WorkerRefused(code=3, text="no session"))
        self.heard.append((self.names.get(peer), message))
        if op == "ping":
            self.heard.pop()

    def _answer(self, peer, **op):
        self.socket.send_multipart([peer, wpb.ToWorker(**op).SerializeToString()])

    def serve_until(self, condition, seconds=60):
        """Keeps the link alive until something outside of it is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not become so; heard {self.heard}"
            if self.socket.poll(20):
                self._take()

    # ---- what a broker says ----------------------------------------------

    def assign(self, name, partition=0, epoch=1):
        self.tell(name, assign=wpb.Assign(partition=partition, epoch=epoch))
        return self.hear(name, "partition_state")

    def send_batch(self, name, records, after, upto=None, partition=0, epoch=1, digest=0, more=False):
        upto = upto if upto is not None else records[-1].event.position
        self.tell(name, batch=wpb.Batch(partition=partition, epoch=epoch, after=after, upto=upto,
                                        digest=digest, more=more, records=records))
        return upto

    def apply(self, name, records, after, upto=None, partition=0, seconds=60, unread=True, **more):
        """Sends a batch and waits for its end, and until the unread columns have it, too."""
        upto = self.send_batch(name, records, after, upto, partition, **more)
        return self.done(name, upto, partition, seconds, unread)

    def done(self, name, upto, partition=0, seconds=60, unread=True):
        while True:
            done = self.hear(name, "batch_done", seconds)
            if (done.partition, done.position) == (partition, upto) and (
                    not unread or done.unread_position == upto):
                return done


class World:
    """Rooms as the broker knows them, and the records that say so."""

    def __init__(self, tenant="acme", position=0):
        self.tenant = tenant
        self.position = position
        self.rooms = {}

    def _record(self, kind, room, **more):
        self.position += 1
        event = {k: more.pop(k) for k in list(more) if k not in ("seen", "read_seq", "counted", "members")}
        state = self.rooms.get(room)
        if state:
            more.setdefault("counted", state["counted"])
            more.setdefault("members", len(state["seen"]))
        return wpb.SyncRecord(kind=kind, tenant=self.tenant, event=pb.Event(
            position=self.position, time_us=T0 + self.position * 1_000_001, room=room, **event),
            topic_kind=wpb.TOPIC_ROOM if room else wpb.TOPIC_NONE, topic=room, **more)

    def create(self, room, name="Desk", members=()):
        self.rooms[room] = {"counted": 0, "last": 0, "seen": {}, "read": {}}
        made = self._record(wpb.RECORD_ROOM_CREATED, room,
                            room_changed=pb.RoomChanged(name=name, state=pb.ROOM_OPEN))
        return [made] + [self.join(room, member) for member in members]

    def change(self, room, kind, name="Desk", state=pb.ROOM_OPEN):
        if state == pb.ROOM_DISSOLVED:
            self.rooms[room]["seen"] = {}
        return self._record(kind, room, room_changed=pb.RoomChanged(name=name, state=state))

    def join(self, room, member, type=2, name=None, avatar=""):
        state = self.rooms[room]
        state["seen"][member] = state["counted"]
        state["read"][member] = state["last"]
        spec = pb.MemberSpec(member=member, type=type, avatar=avatar,
                             name=member.title() if name is None else name)
        return self._record(wpb.RECORD_JOINED, room, joined=spec, seen=state["counted"],
                            read_seq=state["last"])

    def leave(self, room, member):
        del self.rooms[room]["seen"][member]
        return self._record(wpb.RECORD_LEFT, room, left=pb.Left(member=member))

    def post(self, room, sender, body, type=1, **more):
        state = self.rooms[room]
        state["last"] += 1
        if type == 1:
            state["counted"] += 1
            state["seen"][sender] += 1
        seen = state["seen"].get(sender, 0)
        return self._record(wpb.RECORD_POSTED, room, seen=seen, posted=pb.Message(
            seq=state["last"], sender=sender, sender_name=sender.title(), type=type, body=body,
            client_id=f"c{self.position}", **more))

    def read(self, room, member):
        state = self.rooms[room]
        state["seen"][member], state["read"][member] = state["counted"], state["last"]
        return self._record(wpb.RECORD_READ, room, seen=state["counted"], read_seq=state["last"],
                            read=pb.HasRead(member=member, read_seq=state["last"]))

    def recall(self, room, seq, by):
        return self._record(wpb.RECORD_RECALLED, room, recalled=pb.Recalled(seq=seq, by=by))

    def presence(self, member, presence):
        return self._record(wpb.RECORD_PRESENCE, "", presence=pb.MemberPresence(
            member=member, presence=presence, last_seen_us=T0))

    def boot(self):
        record = self._record(wpb.RECORD_BOOT, "")
        record.tenant = ""
        return record

    def unread(self, room):
        state = self.rooms[room]
        return {m: state["counted"] - seen for m, seen in state["seen"].items()}
