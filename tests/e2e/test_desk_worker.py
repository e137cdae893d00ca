"""What a worker makes of the desk's records: a row of the configuration in its table,
column by column; conversations, with who served them, offers, transfers and ratings;
and what is said and read in between. The records are put together here."""

import datetime
import json

import desk_pb2 as dpb
from fake_broker import FENCED, T0, World, wpb

KINDS = {  # of DeskSet: table, records
    "desk": ("desk", "DESK"), "team": ("desk_team", "TEAM"), "agent": ("desk_agent", "AGENT"),
    "seat": ("desk_seat", "SEAT"), "team_seat": ("desk_team_seat", "TEAM_SEAT"),
    "visitor": ("desk_visitor", "VISITOR"), "group": ("desk_group", "GROUP"), "type": ("desk_type", "TYPE"),
    "route": ("desk_route", "ROUTE"), "text": ("desk_text", "TEXT"), "hours": ("desk_hours", "HOURS"),
    "business": ("desk_business", "BUSINESS"), "seat_business": ("desk_seat_business", "BUSINESS"),
}
TABLES = [table for table, _ in KINDS.values()] + [
    "desk_party", "desk_conversation", "desk_stint", "desk_offer", "desk_transfer", "desk_rating"]


def time_of(us):
    return datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=us)


def at(record):
    return time_of(record.event.time_us)


def all_rows(bench):
    return {table: bench.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4") for table in TABLES}


class Desk(World):
    """A world with a desk, and conversations in some of its rooms."""

    def __init__(self, tenant="acme"):
        super().__init__(tenant)
        self.now = {}  # conversation, by id

    def row(self, kind, no, remove=False, **fields):
        return self._record(getattr(wpb, f"RECORD_{KINDS[kind][1]}_SET"), "", desk_row=dpb.DeskRow(
            no=no, row=dpb.DeskSet(remove=remove, **{kind: fields})))

    def open(self, id, no, room="r", first_seq=1):
        self.now[id] = dpb.Conversation(
            no=no, conversation=id, room=room, desk="shop", desk_no=1, team="t", team_no=2, visitor="ann",
            visitor_no=11, state=dpb.CONVERSATION_WAITING, first_seq=first_seq, asks=1, opened_us=T0 + no,
            queued_us=T0 + no, last_message_us=T0 + no)
        return self.told(id, "OPENED", queued=dpb.QUEUE_NEW)

    def told(self, id, kind, stint=None, offer=None, transfer=None, decision=None, queued=0, comment="", **fields):
        for name, value in fields.items():
            setattr(self.now[id], name, value)
        self.now[id].position = self.position + 1
        event = {"OFFERED": "offer", "OFFER_ENDED": "offer_ended", "TRANSFER": "transfer"}.get(kind, "conversation")
        return self._record(getattr(wpb, f"RECORD_{kind}"), self.now[id].room, **{event: dpb.ConversationChanged(
            conversation=self.now[id], stint=stint, offer=offer, transfer=transfer, decision=decision,
            queued=queued, comment=comment)})

    def assign(self, id, agent, agent_no, n=1, **fields):
        self.now[id].stint = n
        return self.told(id, "ASSIGNED", stint=self.stint(agent, agent_no, n), state=dpb.CONVERSATION_ACTIVE,
                         agent=agent, agent_no=agent_no, seat_no=agent_no + 10, **fields)

    @staticmethod
    def stint(agent, agent_no, n, **more):
        return dpb.Stint(no=700 + n, n=n, agent=agent, agent_no=agent_no, seat_no=agent_no + 10, how=dpb.HOW_AUTO,
                         started_us=T0 + n, last_us=T0 + n, wait_ms=5, **more)

    def release(self, id, why, was=("bob", 12), n=1, to_seq=9):
        """Who serves at the time may be another already."""
        stint = self.stint(*was, n, ended_us=T0 + 50, end_why=why, to_seq=to_seq)
        if self.now[id].agent == was[0]:
            return self.told(id, "RELEASED", stint=stint, agent="", agent_no=0, seat_no=0)
        return self.told(id, "RELEASED", stint=stint)

    def close(self, id, last_seq):
        return self.told(id, "CLOSED", state=dpb.CONVERSATION_CLOSED, last_seq=last_seq, closed_us=T0 + 60,
                         close_why=dpb.CLOSE_SEAT)


def filled(kind, number):
    """Every field of a row of that kind, each with a value of its own."""
    message = dpb.DeskSet.DESCRIPTOR.fields_by_name[kind].message_type
    row = {}
    for field in message.fields:
        if field.type == field.TYPE_STRING:
            row[field.name] = f"{field.name} {number}"
        elif field.type == field.TYPE_BOOL:
            row[field.name] = True
        else:
            row[field.name] = 1 if field.type == field.TYPE_ENUM else (number + field.number) % 100
    return row


def test_each_field_of_a_row_has_a_column(bench):
    bench.hire()
    bench.broker.assign("w")
    desk = Desk()
    rows = {kind: filled(kind, number) for number, kind in enumerate(KINDS, 1)}
    records = [desk.row(kind, number, **rows[kind]) for number, kind in enumerate(KINDS, 1)]
    bench.broker.apply("w", records, after=0)
    for number, (kind, record) in enumerate(zip(KINDS, records, strict=True), 1):
        table, _ = KINDS[kind]
        columns = ", ".join(f"`{name}`" for name in rows[kind])
        (found,) = bench.rows(f"SELECT ent_id, no, removed, created_at, updated_at, {columns} FROM {table}")
        assert found == ("acme", number, 0, at(record), at(record), *rows[kind].values()), kind
        kept = {name for (name,) in bench.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
            " AND table_name = %s", table)}
        assert kept == set(rows[kind]) | {"ent_id", "no", "removed", "created_at", "updated_at"}
    assert bench.rows("SELECT member_id, no FROM desk_party ORDER BY 1") == (
        (rows["agent"]["agent"], rows["agent"]["party_no"]), (rows["visitor"]["visitor"], rows["visitor"]["party_no"]))


def test_a_row_changes_and_when_it_is_removed_stays_and_says_so(bench):
    bench.hire()
    bench.broker.assign("w")
    desk = Desk()
    first = [desk.row("desk", 1, desk="shop", name="Shop", strategy=2), desk.row("desk", 2, desk="other", name="Other"),
             desk.row("route", 3, desk="shop", by=1, value="tea", team="t")]
    bench.broker.apply("w", first, after=0)
    after = desk.position
    changed = [desk.row("desk", 1, desk="shop", name="Shoppe"), desk.row("desk", 2, remove=True, desk="other"),
               desk.row("route", 3, remove=True, desk="shop", by=1, value="tea")]
    bench.broker.apply("w", changed, after=after)
    read = "SELECT no, desk, name, strategy, removed, created_at, updated_at FROM desk ORDER BY no"
    assert bench.rows(read) == (
        (1, "shop", "Shoppe", 0, 0, at(first[0]), at(changed[0])),
        (2, "other", "Other", 0, 1, at(first[1]), at(changed[1])))
    assert bench.rows("SELECT team, removed FROM desk_route") == (("t", 1),)
    after = desk.position
    bench.broker.apply("w", [
        desk.row("desk", 2, desk="other", name="Again"), desk.row("desk", 1, desk="shop", name="Last words"),
        desk.row("desk", 1, remove=True, desk="shop")], after=after)
    assert [row[2:5:2] for row in bench.rows(read)] == [("Last words", 1), ("Again", 0)]
    after = desk.position
    made = [desk.row("desk", 3, desk="new"), desk.row("desk", 3, desk="new", name="New")]
    bench.broker.apply("w", made, after=after)
    assert at(made[0]) < at(made[1])
    assert bench.rows("SELECT created_at, updated_at FROM desk WHERE no = 3") == ((at(made[0]), at(made[1])),)


def test_a_conversation_from_its_opening_to_its_rating(bench):
    bench.hire()
    bench.broker.assign("w")
    desk = Desk()
    records = [desk.row("visitor", 101, visitor="ann", party_no=11), desk.row("agent", 102, agent="bob", party_no=12),
               desk.row("agent", 103, agent="chen", party_no=13)]
    records += desk.create("r", members=["ann"])
    records += [desk.open("c", 1), desk.post("r", "ann", "hello?"), desk.post("r", "ann", "anybody?")]
    offer = dict(offer=8, agent="bob", agent_no=12, seat_no=22)
    offered = desk.told("c", "OFFERED", state=dpb.CONVERSATION_OFFERED, asks=3, spoke=3,
                        offer=dpb.Offer(why=dpb.WHY_STRATEGY, team_no=4, **offer),
                        decision=dpb.Decision(strategy=dpb.STRATEGY_MOST_IDLE, ready=3, full=5, score=1, of=10,
                                              second_agent='so "called" 茶\\'))
    missed = desk.told("c", "OFFER_ENDED", state=dpb.CONVERSATION_WAITING,
                       offer=dpb.Offer(end=dpb.OFFER_EXPIRED, team_no=2, **offer))
    records += [offered, missed]
    bench.broker.apply("w", records, after=0)
    assert bench.rows("SELECT offer, seat_no, agent_no, team_no, why, offered_at, ended_at, how FROM desk_offer") == (
        (8, 22, 12, 4, dpb.WHY_STRATEGY, at(offered), at(missed), dpb.OFFER_EXPIRED),)
    ((decision,),) = bench.rows("SELECT decision FROM desk_offer")
    assert json.loads(decision) == {"strategy": dpb.STRATEGY_MOST_IDLE, "ready": 3, "full": 5, "score": 1, "of": 10,
                                    "second_agent": 'so "called" 茶\\'}
    assert bench.rows("SELECT c.id, u.username FROM conversations c JOIN users u ON c.customer_id = u.id"
                      " WHERE c.status = 'open' AND c.agent_id IS NULL") == ((1, "ann"),)
    assert bench.rows("SELECT request_count, status FROM session_mapping") == ((3, 1),)

    after = desk.position
    seen = dpb.Decision(strategy=dpb.STRATEGY_RANDOM, ready=7)
    records = [desk.assign("c", "bob", 12, assigned_us=T0 + 1, decision=seen), desk.join("r", "bob"), desk.read("r", "bob"),
               desk.post("r", "bob", "here I am")]
    answer = records[-1]
    transfer = dict(from_agent="bob", from_agent_no=12, to_team="t", to_team_no=2, note="knows it", asked_us=T0 + 40)
    records += [desk.told("c", "TRANSFER", spoke=4, first_response_us=answer.event.time_us, transfer=dpb.Transfer(
        no=500, end=dpb.TRANSFER_ASKED, **transfer))]
    bench.broker.apply("w", records, after=after)
    assert bench.rows("SELECT agent_id, agent_no, status, spoke, first_response_at FROM desk_conversation") == (
        ("bob", 12, "pending", 4, at(answer)),)
    assert bench.rows("SELECT how, ended_at FROM desk_transfer") == ((dpb.TRANSFER_ASKED, None),)
    assert bench.rows("SELECT sender_id, is_read FROM messages ORDER BY id") == ((11, 1), (11, 1), (12, 0))

    after = desk.position
    bench.broker.apply("w", [
        desk.assign("c", "chen", 13, n=2, spoke=4), desk.release("c", dpb.RELEASE_TRANSFER, to_seq=3),
        desk.told("c", "TRANSFER", transfer=dpb.Transfer(no=500, end=dpb.TRANSFER_ACCEPTED, ended_us=T0 + 50)),
        desk.leave("r", "bob"), desk.release("c", dpb.RELEASE_CLOSED, ("chen", 13), 2, 3), desk.close("c", 3),
        desk.read("r", "ann")], after=after)
    after = desk.position
    rating = desk.told("c", "RATED", score=5, comment="good 👍")
    bench.broker.apply("w", [rating], after=after)
    assert bench.rows("SELECT n, agent_no, end_why, to_seq, ended_at FROM desk_stint ORDER BY n") == (
        (1, 12, dpb.RELEASE_TRANSFER, 3, time_of(T0 + 50)), (2, 13, dpb.RELEASE_CLOSED, 3, time_of(T0 + 50)))
    assert bench.rows("SELECT decision FROM desk_stint ORDER BY n") == (
        (f'{{"strategy":{dpb.STRATEGY_RANDOM},"ready":7}}',), (None,))
    assert bench.rows("SELECT status, agent_id, agent_no, last_seq, closed_at, stints FROM desk_conversation") == (
        ("closed", None, None, 3, time_of(T0 + 60), 2),)
    assert bench.rows("SELECT uid, touid FROM tp_customer_service_users_change") == ((12, 13),)
    assert bench.rows("SELECT to_team_no, note, asked_at FROM desk_transfer") == ((2, "knows it", time_of(T0 + 40)),)
    assert bench.rows("SELECT is_read FROM messages ORDER BY id") == ((1,), (1,), (1,))
    assert bench.rows("SELECT stint, agent_no, visitor_no, score, comment, rated_at FROM desk_rating") == (
        (2, 13, 11, 5, "good 👍", at(rating)),)
    assert bench.rows("SELECT id, seat_name, session_state FROM session ORDER BY id") == (
        (701, "bob", 5), (702, "chen", 7))


def talk_at_the_desk(desk):
    """Words and readings around every change, some of which are nobody's."""
    records = [desk.row("agent", 102, agent="bob", party_no=12)]
    for room in ("r", "q", "plain"):
        records += desk.create(room, members=["ann", "bob", "eve"])
    records += [desk.open("c", 1), desk.open("d", 2, "q")]
    for room in ("r", "q", "plain"):
        records += [desk.post(room, "ann", "one"), desk.post(room, "eve", "looks on"), desk.post(room, "ann", "two")]
    records += [desk.post("r", "ann", "a notice", type=2), desk.read("r", "eve"),
                desk.assign("c", "bob", 12, asks=3, spoke=3), desk.read("r", "bob"), desk.post("r", "bob", "yes"),
                desk.read("plain", "bob"), desk.read("r", "ann"), desk.post("r", "ann", "three"),
                desk.post("q", "ann", "three")]
    return records


AFTER_TALK = (("c", 3, 3, 6, 5, 4), ("d", 4, 3, 4, 0, 0))
TALKED = ("SELECT conversation_id, asks, spoke, spoke_seq, visitor_read_seq, agent_read_seq FROM desk_conversation"
          " ORDER BY 1")


def test_words_and_readings_between_changes_move_the_row_however_they_are_cut(bench):
    bench.hire()
    bench.broker.assign("w")
    desk = Desk()
    records = talk_at_the_desk(desk)
    bench.broker.apply("w", records, after=0)
    assert bench.rows(TALKED) == AFTER_TALK
    ((spoke, changed, first),) = bench.rows(
        "SELECT last_message_at, updated_at, first_response_at FROM desk_conversation WHERE no = 1")
    said = {record.event.posted.body: at(record) for record in records if record.event.room == "r"
            and record.event.WhichOneof("kind") == "posted"}
    assert (spoke, changed, first) == (said["three"], said["three"], said["yes"])
    whole = all_rows(bench)
    for cut in (1, 3, 7):
        bench.rows("UPDATE sync_mark SET position = 0, projected = 0")
        bench.broker.send_batch("w", records, after=desk.position, upto=desk.position + 1)
        assert bench.broker.hear("w", "batch_failed").fail == FENCED
        assert bench.broker.hear("w", "partition_state").position == 0
        for table in TABLES if cut > 1 else ():
            bench.rows(f"DELETE FROM {table}")
        after = 0
        for first in range(0, len(records), cut):
            after = bench.broker.apply("w", records[first:first + cut], after=after).position
        assert bench.rows(TALKED) == AFTER_TALK, cut
        assert all_rows(bench) == whole, cut


def test_what_is_said_belongs_to_the_rooms_latest_conversation(bench):
    bench.hire()
    bench.broker.assign("w")
    desk = Desk()
    records = desk.create("r", members=["ann", "bob"])
    records += [desk.open("c", 1), desk.assign("c", "bob", 12), desk.post("r", "ann", "one"),
                desk.release("c", dpb.RELEASE_CLOSED, to_seq=1), desk.close("c", 1), desk.post("r", "ann", "between"),
                desk.open("d", 2, first_seq=3), desk.post("r", "ann", "three")]
    bench.broker.apply("w", records, after=0)
    after = desk.position
    bench.broker.apply("w", [
        desk.told("c", "RATED", score=4), desk.post("r", "ann", "four")], after=after)
    assert bench.rows("SELECT conversation_id, asks, spoke_seq, status FROM desk_conversation ORDER BY no") == (
        ("c", 1, 0, "closed"), ("d", 3, 4, "open"))
    assert bench.rows("SELECT conversation_id, content FROM messages ORDER BY id") == (
        (1, "one"), (2, "three"), (2, "four"))


def test_who_joins_from_an_earlier_message_on_has_the_rest_unread(bench):
    bench.hire()
    bench.broker.assign("w")
    desk = Desk()
    records = desk.create("r", members=["ann"]) + [desk.post("r", "ann", f"{n}") for n in range(3)]
    bench.broker.apply("w", records, after=0)
    after = desk.position
    joined = desk.join("r", "bob")
    joined.seen, joined.read_seq = 1, 1
    bench.broker.apply("w", [joined], after=after)
    read = "SELECT unread, unread_seq, seen, read_seq, joined_seq FROM chat_group WHERE member_id = 'bob'"
    assert bench.rows(read) == ((2, 3, 1, 1, 1),)
    after = desk.position
    desk.rooms["r"]["seen"]["bob"] = 1
    bench.broker.apply("w", [desk.post("r", "ann", "more")], after=after)
    assert bench.rows(read) == ((3, 4, 1, 1, 1),)


def test_a_conversation_that_mysql_refuses_waits_with_its_room(bench):
    bench.hire()
    bench.broker.assign("w")
    bench.rows("CREATE TRIGGER refuse BEFORE INSERT ON desk_stint FOR EACH ROW IF NEW.agent_id = 'bad' THEN"
               " SIGNAL SQLSTATE '22001' SET MYSQL_ERRNO = 1406; END IF")
    desk = Desk()
    records = desk.create("r", members=["ann"]) + desk.create("q", members=["ann"])
    records += [desk.open("c", 1), desk.open("d", 2, "q"), desk.assign("c", "bad", 12), desk.assign("d", "good", 13),
                desk.post("r", "ann", "one"), desk.post("q", "ann", "one")]
    bench.broker.apply("w", records, after=0)
    (refused,) = bench.broker.hear("w", "partition_state").quarantined
    assert (refused.topic_kind, refused.topic) == (wpb.TOPIC_ROOM, "r")
    assert bench.rows("SELECT conversation_id, agent_id, spoke FROM desk_conversation") == (("d", "good", 3),)
    bench.rows("DROP TRIGGER refuse")
    bench.broker.tell("w", release=wpb.Release(
        partition=0, epoch=1, tenant="acme", topic="r", topic_kind=wpb.TOPIC_ROOM, after=0, upto=desk.position,
        records=[record for record in records if record.topic == "r"], last=True))
    assert bench.broker.hear("w", "release_done").error == ""
    assert bench.rows("SELECT conversation_id, agent_id, spoke FROM desk_conversation ORDER BY no") == (
        ("c", "bad", 3), ("d", "good", 3))


def test_a_row_that_mysql_refuses_is_left_out_and_the_others_go_on(bench):
    worker = bench.hire()
    bench.broker.assign("w")
    bench.rows("CREATE TRIGGER refuse BEFORE INSERT ON desk_team FOR EACH ROW IF NEW.team = 'bad' THEN"
               " SIGNAL SQLSTATE '22001' SET MYSQL_ERRNO = 1406; END IF")
    desk = Desk()
    bench.broker.apply("w", [desk.row("team", 1, desk="shop", team="good"), desk.row("team", 2, desk="shop", team="bad"),
                             desk.row("team", 3, desk="shop", team="late")], after=0)
    assert bench.rows("SELECT team FROM desk_team ORDER BY no") == (("good",), ("late",))
    assert "refuses a record of kind 22 of tenant acme" in worker.stderr()


def test_a_stale_epoch_changes_no_row_of_a_desk(bench):
    bench.hire()
    bench.broker.assign("w")
    desk = Desk()
    bench.broker.apply("w", talk_at_the_desk(desk), after=0)
    before = all_rows(bench)
    bench.rows("UPDATE sync_mark SET epoch = 2")
    more = [desk.row("desk", 1, desk="late"), desk.told("c", "MARKED", priority=3), desk.post("r", "ann", "late")]
    bench.broker.send_batch("w", more, after=more[0].event.position - 1)
    assert bench.broker.hear("w", "batch_failed").fail == FENCED
    assert all_rows(bench) == before


def test_tenants_have_conversations_of_their_own(bench):
    bench.hire()
    bench.broker.assign("w")
    position = 0
    for number, tenant in enumerate(("acme", "bolt"), 1):
        desk = Desk(tenant)
        desk.position = position
        records = desk.create("r", members=["ann"]) + [desk.open("c", number)]
        records += [desk.post("r", "ann", tenant) for _ in range(number)]
        position = bench.broker.apply("w", records, after=position).position
    assert bench.rows("SELECT ent_id, member_id, no FROM desk_party ORDER BY 1") == (
        ("acme", "ann", 11), ("bolt", "ann", 11))
    assert bench.rows("SELECT ent_id, no, asks FROM desk_conversation ORDER BY 1") == (("acme", 1, 2), ("bolt", 2, 3))
    assert bench.rows("SELECT ent_id, COUNT(*) FROM messages GROUP BY ent_id ORDER BY 1") == (
        ("acme", 1), ("bolt", 2))
