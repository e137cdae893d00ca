"""Writes the golden frames with Python's protobuf, so that the C encoder is
compared with another implementation. Run only when the protocol gains frames:
    protoc --python_out=DIR -I proto proto/desk.proto proto/parlor.proto proto/worker.proto
    PYTHONPATH=DIR /usr/bin/python3 tests/data/golden/write.py
"""
import pathlib

import desk_pb2 as d
import parlor_pb2 as p
import worker_pb2 as w

TIME = 1700000000000000
BODY = "你好, café 👋"

hello = p.ToBroker(requests=[p.Request(id=1, hello=p.Hello(
    version=1, tenant="acme", client="gateway", members=["agent-1", "agent-2", "客服小李"],
    resume=True, journal=0xFEDCBA9876543210, position=300, credit=4096))])
post = p.ToBroker(requests=[p.Request(id=2, post=p.Post(
    room="room-7", sender="visitor-9", client_id="c-0001", type=p.MESSAGE_MESSAGE,
    content_type=p.CONTENT_IMAGE, body=BODY, mentions=["agent-2"], level=p.LEVEL_STORED))])
posted = p.FromBroker(replies=[p.Reply(id=2, posted=p.Posted(
    seq=12, position=123456789, time_us=TIME))])
listed = p.FromBroker(replies=[p.Reply(id=3, as_of=123456789, list=p.InboxPage(items=[
    p.InboxRoom(room="room-7", state=p.ROOM_OPEN, unread=1, last_seq=12)]))])
steps = p.FromBroker(replies=[p.Reply(id=4, as_of=123456790, steps=p.DeskSteps(more=True, before=123456700, steps=[
    p.Event(position=123456789, time_us=TIME, room="room-7", offer=d.ConversationChanged(
        conversation=d.Conversation(no=70001, conversation="c-1", state=d.CONVERSATION_OFFERED, position=123456789),
        offer=d.Offer(offer=8812, agent="客服小李", why=d.WHY_STRATEGY, expires_ms=20000),
        decision=d.Decision(strategy=d.STRATEGY_MOST_IDLE, why=d.WHY_STRATEGY, ready=3, score=1, of=10, second_seat=12,
                            second_score=2, second_of=10, full=5, place=4, second_agent="chen"),
        before=123456700))]))])
one_event = p.Event(position=123456789, time_us=TIME, room="room-7", posted=p.Message(
    seq=12, sender="visitor-9", sender_name="Ann", sender_avatar="https://example.com/a.png",
    type=p.MESSAGE_MESSAGE, content_type=p.CONTENT_IMAGE, body=BODY, client_id="c-0001",
    mentions=["agent-2"]))
event = p.FromBroker(events=[one_event])
worker_welcome = w.ToWorker(welcome=w.WorkerWelcome(
    broker_id=0x7EDCBA9876543211, partitions=16, heartbeat_ms=2000, lease_ms=10000, ancestors=[
        w.Ancestor(broker_id=0x7EDCBA9876543213, position=123456789),
        w.Ancestor(broker_id=0x7EDCBA9876543215, position=1001)]))
batch = w.ToWorker(batch=w.Batch(partition=5, epoch=7, after=123456000, upto=123456789,
                               digest=0x0123456789ABCDEF, records=[
    w.SyncRecord(kind=w.RECORD_BOOT),
    w.SyncRecord(kind=w.RECORD_POSTED, tenant="acme", counted=11, seen=4, members=3,
                 event=one_event, topic_kind=w.TOPIC_ROOM, topic="room-7")]))
partition_state = w.FromWorker(partition_state=w.PartitionState(
    partition=5, epoch=7, db_epoch=7, position=123456000, unread_position=123455000,
    digest=0xFEDCBA9876543210,
    quarantined=[w.QuarantinedTopic(tenant="acme", topic_kind=w.TOPIC_ROOM, topic="room-7", position=12,
                                   error="Data too long for column")]))
journal_read = w.FromWorker(journal_read=w.JournalRead(
    **{"query": 3, "from": 123456700, "max": 500, "wait_ms": 5000}))
journal_page = w.ToWorker(journal_page=w.JournalPage(
    query=3, journal=0x7EDCBA9876543211, first=1001, last=123456789, entries=[
        w.JournalEntry(position=123456788, partition=255, tenant="acme", head=b"\x01\x00\xff"),
        w.JournalEntry(position=123456789, partition=5, tenant="acme", head=b"\x02", event=one_event)]))

frames = {"hello": hello, "worker_welcome": worker_welcome, "post": post, "posted": posted, "listed": listed, "steps": steps, "event": event, "batch": batch,
          "partition_state": partition_state, "journal_read": journal_read, "journal_page": journal_page}
here = pathlib.Path(__file__).parent
for name, frame in frames.items():
    digits = frame.SerializeToString().hex()
    lines = [digits[i:i + 64] for i in range(0, len(digits), 64)]
    (here / f"{name}.hex").write_text("\n".join(lines) + "\n")
