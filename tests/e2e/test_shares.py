"""What runs out has a share for each tenant: one that uses up its own is refused, and
the others notice nothing."""

import signal
import time

import parlor_pb2 as pb
from client import PATIENCE, Client, Refused
from conftest import counters, people, say, spec, until
from proc import Broker, Worker, preloaded
from stack import Stack, migrate
from test_keys import Keys

TOO_MANY, BUSY, SESSIONS_FULL, TENANT_FULL, DB_DATA = 13, 40, 44, 45, 95
STORED = pb.LEVEL_STORED


def trimmed(client):
    """Posts until the room's beginning is in the archive alone."""
    trim(client, client, 60)


def trim(client, sayer, position):
    """The same until the journal begins there; trimming follows the commits."""
    deadline = time.monotonic() + PATIENCE
    while counters(client)["journal_first"] < position:
        assert time.monotonic() < deadline, "nothing is trimmed"
        say(sayer, *map(str, range(20)))


def test_sessions():
    with Broker({"tenant.tenant_sessions": 3}) as broker:
        mine = [Client(broker.client, tenant="mine") for _ in range(3)]
        try:
            Client(broker.client, tenant="mine")
            raise AssertionError("one more than its share")
        except Refused as refused:
            assert refused.code == SESSIONS_FULL and refused.retry
        with Client(broker.client, tenant="other") as other:
            assert counters(other)["sessions_refused"] == 1
        mine[0].goodbye()
        Client(broker.client, tenant="mine").close()
        for client in mine:
            client.close()


def test_requests_that_wait_for_mysql():
    with Broker({"tenant.tenant_waiting": 5}) as broker:
        mine = [Client(broker.client, tenant="mine") for _ in range(2)]
        other = Client(broker.client, tenant="other")
        for client in (mine[0], other):
            client.room_create(room="r", members=people("alice"))

        def post(client, n):
            return client.send("post", room="r", sender="alice", client_id=f"{n}", body="x", level=STORED)

        for n in range(5):
            post(mine[n % 2], n)
        for client in mine:  # what each of them sent has been taken
            client.call("ping")
        assert mine[0].wait(post(mine[0], 6)).code == BUSY
        assert mine[1].refusal("sync_wait") == BUSY
        assert mine[0].room_show(room="r").last_seq == 5, "what is refused is not posted"
        post(other, 1)
        other.call("ping")
        assert counters(other)["requests_waiting"] == 6 and counters(other)["waits_refused"] == 2

        mine[1].goodbye()
        post(mine[0], 6)
        mine[0].call("ping")
        assert mine[0].room_show(room="r").last_seq == 6
        for client in (*mine, other):
            client.close()


def asks_and_leaves(broker, tenant, *asked):
    """A frame of hello, requests and goodbye; how each request was answered, if at all."""
    with Client(broker.client, tenant=tenant, hello=False) as client:
        hello, *ids, goodbye = client.send_all([("hello", client.greeting), *asked, ("goodbye", {})])
        assert client.wait(hello).code == client.wait(goodbye).code == 0
        return [client.replies[id].code if id in client.replies else None for id in ids]


def test_queries_of_the_archive(database):
    settings = {"history.hot_records": 50, "tenant.tenant_queries": 2, "sync.archive_timeout_ms": 120_000,
                "sync.worker_lease_ms": 120_000, "session.timeout_ms": 120_000}
    with Stack(database, settings, "shares") as stack, stack.client() as mine, \
            stack.client(tenant="other") as other:
        for client in (mine, other):
            client.room_create(room="r", members=people("alice"))
            trimmed(client)
        trim(mine, other, counters(mine)["journal_first"] + 100)
        stack.workers[0].signal(signal.SIGSTOP)
        page = dict(room="r", **{"from": 1}, limit=10)
        sent = [mine.send("history", **page) for _ in range(2)]
        assert mine.wait(mine.send("history", **page)).code == BUSY
        theirs = other.send("history", **page)
        other.call("ping")
        assert counters(other)["queries_refused"] == 1
        stack.workers[0].signal(signal.SIGCONT)
        assert [mine.wait(id).code for id in sent] == [0, 0] and other.wait(theirs).code == 0
        assert mine.history(**page).messages[0].seq == 1

        # Of who asks and goes the worker has as much to do.
        mine.goodbye()
        stack.workers[0].signal(signal.SIGSTOP)
        asked = ("history", page)
        assert [asks_and_leaves(stack.broker, "default", asked) for _ in range(3)] == [[None], [None], [BUSY]]
        stack.workers[0].signal(signal.SIGCONT)
        until(lambda: counters(other)["requests_waiting"] == 0)
        with stack.client() as again:
            assert again.history(**page).messages[0].seq == 1


def test_rooms_on_their_way_out_of_quarantine(database):
    settings = {"tenant.tenant_releases": 1, "sync.worker_lease_ms": 120_000, "session.timeout_ms": 120_000}
    with Stack(database, settings, "shares") as stack, stack.client() as mine, \
            stack.client(tenant="other") as other:
        stack.rows("ALTER TABLE group_message MODIFY message_content VARCHAR(40) NOT NULL")
        for client, room in ((mine, "r1"), (mine, "r2"), (other, "r")):
            client.room_create(room=room, members=people("alice"))
            assert client.refusal("post", room=room, sender="alice", client_id="1", body="x" * 41,
                                  level=STORED) == DB_DATA
        stack.rows("ALTER TABLE group_message MODIFY message_content MEDIUMTEXT NOT NULL")
        stack.workers[0].signal(signal.SIGSTOP)
        mine.send("sync_release", room="r1")
        assert mine.refusal("sync_release", room="r2") == BUSY
        mine.goodbye()
        # It is under way, whoever is gone.
        assert asks_and_leaves(stack.broker, "default", ("sync_release", dict(room="r2"))) == [BUSY]
        theirs = other.send("sync_release", room="r")
        other.call("ping")
        assert counters(other)["releases_refused"] == 2 and counters(other)["sync_releases_refused"] == 0
        stack.workers[0].signal(signal.SIGCONT)
        assert other.wait(theirs).code == 0
        until(lambda: counters(other)["requests_waiting"] == 0)
        with stack.client() as again:
            again.sync_release(room="r2")
            assert list(again.sync_status().quarantined) == []


def test_what_the_database_says_of_an_old_page_is_for_who_may_see_all_tenants(database, tmp_path):
    keys = Keys(tmp_path)
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS parlor_words")
    url = database.url("parlor_words")
    migrate(url)
    with Broker({"broker.keys": keys.broker, "history.hot_records": 50}) as broker, \
            Client(broker.client, tenant="acme", **keys.options(keys.acme)) as acme, \
            Client(broker.client, tenant="acme", **keys.options(keys.client)) as operator:
        worker = Worker(broker, url, "--keys", keys.worker)
        try:
            acme.room_create(room="r", members=people("alice"))
            trimmed(operator)
            acme.sync_wait()
            database.query("ALTER TABLE group_message RENAME COLUMN content_type TO content_kind",
                           database="parlor_words")
            asked = dict(room="r", **{"from": 1})
            words = {client: client.wait(client.send("history", **asked)) for client in (acme, operator)}
            assert words[acme].code == words[operator].code != 0
            assert "content_type" in words[operator].text and words[acme].text
            assert "content" not in words[acme].text
            worker.stop()
        finally:
            worker.end()


def test_the_time_of_the_broker():
    """What one tenant asks for takes many turns; the others' requests come in between."""
    with Broker({"turn.turn_steps": 1000, "turn.turn_ms": 10_000, "session.timeout_ms": 120_000}) as broker:
        greedy = [Client(broker.client, tenant="greedy") for _ in range(4)]
        other = Client(broker.client, tenant="other")
        greedy[0].room_create(room="r", members=people("alice", *(f"m{n:03}" for n in range(400))))
        other.room_create(room="r", members=people("alice"))
        before = counters(other)["turns_full_of_steps"]
        for _ in range(10):  # all may be done when somebody comes to look
            asked = {client: client.send_all([("members_list", dict(room="r", limit=200))] * 200) for client in greedy}
            say(other, "c")
            assert other.history(room="r").messages[-1].body == "c"
            now = counters(other)
            for client, ids in asked.items():
                assert {len(client.wait(id).members.members) for id in ids} == {200}
            if now["sessions_held_back"]:
                break
        assert now["sessions_held_back"] > 0, "they wait while the other one is answered"
        for client in greedy:
            client.close()
        assert counters(other)["turns_full_of_steps"] - before >= 4 * 200 * 200 / 1000 / 2
        other.close()


def test_what_is_delivered():
    """Posts to a room that many sessions hear end turns, and are charged to who sent them."""
    rooms, listeners, posts = 4, 40, 500
    with Broker({"turn.turn_deliveries": 2000, "turn.turn_ms": 10_000, "session.timeout_ms": 120_000}) as broker:
        crowd = [Client(broker.client, tenant="greedy", members=["alice"]) for _ in range(listeners)]
        other = Client(broker.client, tenant="other")
        for n in range(rooms):
            crowd[n].room_create(room=f"r{n}", members=people("alice"))
        other.room_create(room="r", members=people("alice"))
        before = counters(other)
        asked = {client: client.send_all([("post", dict(room=f"r{n}", sender="alice", client_id=str(i), body="x"))
                                          for i in range(posts)]) for n, client in enumerate(crowd[:rooms])}
        say(other, "c")
        now = counters(other)
        assert now["sessions_held_back"] > 0, "they wait while the other one is answered"
        for client, ids in asked.items():
            assert [client.wait(id).posted.seq for id in ids] == [*range(1, posts + 1)]
        after = counters(other)
        assert after["commits"] - before["commits"] >= rooms * posts * listeners / 2000
        assert after["turns_full_of_deliveries"] > before["turns_full_of_deliveries"]
        for client in (*crowd, other):
            client.close()


def test_who_joins_where_many_listen():
    """Each who joins brings its sessions along: delivered over several turns, to each session once and in
    order, and whoever attaches in the midst of it listens to all that comes behind."""
    members = [f"m{n}" for n in range(60)]
    with Broker({"turn.turn_deliveries": 1000, "session.timeout_ms": 120_000}) as broker:
        crowd = [Client(broker.client, members=members) for _ in range(60)]
        with Client(broker.client) as mover, Client(broker.client) as late:
            mover.room_create(room="r", members=people("bot"))
            before = counters(mover)
            asked = mover.send_all([("members_add", dict(room="r", members=[spec(m) for m in members])),
                                    ("post", dict(room="r", sender="bot", client_id="1", body="welcome"))])
            for n in range(20):
                late.attach(members=members[n::20])
            said = [mover.wait(id) for id in asked][-1].posted
            assert counters(mover)["deliveries_put_off"] > before["deliveries_put_off"]
            assert counters(mover)["turns_full_of_deliveries"] > before["turns_full_of_deliveries"]
            last = mover.post(room="r", sender="bot", client_id="2", body="all here?")
            for client in crowd:
                events = [e for e in client.drain() if e.room == "r"]
                assert [e.position for e in events] == [*range(said.position - 60, said.position + 1), last.position]
            assert [e.position for e in late.drain() if e.WhichOneof("kind") == "posted"][-1] == last.position
            mover.members_remove(room="r", members=members)
            mover.post(room="r", sender="bot", client_id="3", body="nobody")
            for client in (*crowd, late):
                assert [e.WhichOneof("kind") for e in client.drain() if e.room == "r"] == ["left"] * 60
                client.close()


def test_what_is_queued_for_who_does_not_read():
    """One tenant's pages fill its share: its requests wait, and another's are answered."""
    settings = {"tenant.tenant_queue_bytes": "1M", "session.session_queue_bytes": "1M", "session.timeout_ms": 120_000}
    with Broker(settings) as broker, Client(broker.client, tenant="mine") as mine, \
            Client(broker.client, tenant="other") as other:
        for client in (mine, other):
            client.room_create(room="r", members=people("alice"))
            say(client, *(["x" * 60_000] * 10))
        page = dict(room="r", limit=200)
        deaf = [Client(broker.client, tenant="mine", RCVHWM=1, RCVBUF=64 * 1024) for _ in range(4)]
        # Pages may be cut to two messages: so many are more than what the kernel's buffers take.
        asked = {client: client.send_all([("history", page)] * 60) for client in deaf}
        until(lambda: counters(other)["sessions_held_back"] == len(deaf))
        for _ in range(5):
            assert len(other.history(**page).messages) == 10
        now = counters(other)
        assert now["tenants_full_of_queued"] >= 1 and now["frames_out_queued_bytes"] < 4 << 20
        for client, ids in asked.items():
            assert {client.wait(id).code for id in ids} == {0}
        # Before anyone leaves: one whose ping is not answered then is a session that failed.
        assert counters(other)["sessions_failed"] == 0
        for client in deaf:
            client.close()


def test_an_attach_that_is_refused_gives_no_names():
    with Broker({"tenant.tenant_members": 3}) as broker, Client(broker.client, tenant="mine") as mine:
        assert mine.refusal("attach", members=["a", "b", "c", "d"]) == TENANT_FULL
        assert counters(mine)["members"] == 0
        mine.attach(members=["b", "c", "d"])
        assert mine.refusal("attach", members=["a"]) == TENANT_FULL


def test_what_sessions_listen_to():
    with Broker({"session.subscriber_entries": 100, "tenant.tenant_entries": 10}) as broker, \
            Client(broker.client, tenant="other", members=["alice"]) as other:
        mine = Client(broker.client, tenant="mine", members=[f"m{n}" for n in range(9)])
        assert mine.refusal("attach", members=["x", "y"]) == TOO_MANY
        mine.attach(members=["m9"])
        try:
            Client(broker.client, tenant="mine", members=["m0"])
            raise AssertionError("one more than its share")
        except Refused as refused:
            assert refused.code == TOO_MANY
        other.room_create(room="r", members=people("alice"))
        other.attach(members=["bob"])
        Client(broker.client, tenant="other", members=["carol"]).close()
        say(other, "c")
        assert other.event("posted").posted.body == "c"
        with Client(broker.client, tenant="mine") as mute:
            mute.room_create(room="r", members=people("m0"))
        assert mine.event("end").end.code == BUSY, "it would have to listen to the room too"
        Client(broker.client, tenant="mine", members=["m0"]).close()
        now = counters(other)
        assert now["attaches_refused"] == 2
        assert (now["tenants_full_of_entries"], now["tenants_full_of_intervals"]) == (1, 0)
        assert now["sessions_overrun"] == 1


def test_what_sessions_listened_to_before():
    with Broker({"session.subscriber_entries": 100, "tenant.tenant_entries": 10}) as broker:
        for tenant, rooms, reset in (("mine", 11, True), ("mine", 10, False), ("other", 5, False)):
            away = Client(broker.client, tenant=tenant, members=["alice"]).drop()
            with Client(broker.client, tenant=tenant) as mute:
                for n in range(rooms):
                    mute.room_create(room=f"{rooms}-{n}", members=people("alice"))
                    mute.members_remove(room=f"{rooms}-{n}", members=["alice"])
            with Client(broker.client, tenant=tenant, members=["alice"], resume=away) as back:
                assert back.welcome.reset == reset, (tenant, rooms)
        with Client(broker.client) as client:
            assert counters(client)["tenants_full_of_intervals"] == 2


def test_rooms_and_members_known_for_ever():
    settings = {"tenant.tenant_rooms": 3, "tenant.tenant_members": 5, "limits.members": 8}
    with Broker(settings) as broker:
        with Client(broker.client, tenant="mine") as mine:
            mine.room_create(room="r1", members=people("alice", "bob"))
            mine.room_create(room="r2", members=people("alice", "carol"))
        broker.restart()
        with Client(broker.client, tenant="mine", members=["dave"]) as mine:
            assert mine.refusal("room_create", room="r3", members=people("eve", "fred")) == TENANT_FULL
            mine.room_create(room="r3", members=people("alice", "eve"))
            mine.room_create(room="r3", members=people("alice", "eve"))  # that is no new one
            assert mine.refusal("room_create", room="r4") == TENANT_FULL
            assert mine.refusal("attach", members=["fred"]) == TENANT_FULL
        broker.crash()
        with Client(broker.client, tenant="mine") as mine, Client(broker.client, tenant="other") as other:
            assert mine.refusal("room_create", room="r4") == TENANT_FULL
            assert mine.refusal("members_add", room="r1", members=people("fred")) == TENANT_FULL
            mine.members_add(room="r1", members=people("eve"))
            other.room_create(room="r1", members=people("alice", "bob", "carol"))
            assert other.refusal("members_add", room="r1", members=people("dave")) == TENANT_FULL, "8 of all"
            now = counters(other)
            assert (now["rooms"], now["members"]) == (4, 8)
            assert (now["rooms_refused"], now["members_refused"]) == (1, 2)


def test_what_one_commit_carries():
    """Nobody's record waits for a commit that another tenant has filled: of one that has had
    its part, a commit takes little while another one is busy."""
    env = preloaded("PARLOR_FAULT", FAULT_SYNC_DELAY_US=20_000)
    with Broker({"turn.turn_ms": 10_000, "session.timeout_ms": 120_000}, env=env) as broker:
        greedy = [Client(broker.client, tenant="greedy") for _ in range(4)]
        other = Client(broker.client, tenant="other")
        for client in (greedy[0], other):
            client.room_create(room="r", members=people("alice"))
        frames = [(client, [pb.Request(id=next(client.ids), post=dict(room="r", sender="alice", client_id=f"{n}-{m}",
                                                                      body="x")) for m in range(1000)])
                  for n, client in enumerate(greedy * 4)]
        packed = [pb.ToBroker(requests=requests).SerializeToString() for _, requests in frames]
        for n in range(10):  # each is known to be company for the other
            say(greedy[0], f"{n}")
            say(other, f"{n}")
        before = counters(other)
        for (client, requests), frame in zip(frames, packed):
            client.unanswered.update((request.id, request) for request in requests)
            client.wire.raw(frame)
        say(other, *(f"now {n}" for n in range(10)))  # a commit each, if not more
        for client, requests in frames:
            assert {client.wait(request.id).code for request in requests} == {0}
        now = counters(other)
        assert now["records"] - before["records"] == 16_010
        commits, turns = (now[name] - before[name] for name in ("commits", "turns"))
        assert commits > 16_000 / 500, "some sixteenth of turn.turn_requests each"
        assert turns < 20 * commits, "who waits for the disk sleeps"
        for client in (*greedy, other):
            client.close()
