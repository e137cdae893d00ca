import sys, uuid, parlor_pb2 as p, zmq

dealer = zmq.Context().socket(zmq.DEALER)
dealer.connect(sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5570")
members = [p.MemberSpec(member="alice", type=1), p.MemberSpec(member="bob", type=2)]
post = p.Post(room="desk", sender="alice", client_id=str(uuid.uuid4()), body="hello, bob")
dealer.send(p.ToBroker(requests=[
    p.Request(id=1, hello=p.Hello(version=1, tenant="default", members=["bob"])),
    p.Request(id=2, room_create=p.RoomCreate(room="desk", members=members)),
    p.Request(id=3, post=post)]).SerializeToString())
heard = False
while not heard:
    frame = p.FromBroker.FromString(dealer.recv())
    for reply in frame.replies:
        print(f"request {reply.id}: {reply.text or 'ok'}")
    for message in [event.posted for event in frame.events if event.HasField("posted")]:
        print(f"{message.sender}: {message.body}")
        heard |= message.client_id == post.client_id
