"""A desk run from the command line: its rows set and shown, conversations opened, taken,
passed on and closed, and what happens in words."""

import json
import re

import pytest
from client import Client
from conftest import stat, until
from proc import Broker, Process, program, run

MANUAL, ALWAYS, OFF = 9, 3, 4294967295  # values of desk.proto


@pytest.fixture
def parlor(broker, tenant):
    def parlor(*words, status=0):
        return run(program("parlor"), "--broker", broker.client, "--tenant", tenant, *words, status=status)
    return parlor


@pytest.fixture
def desk(parlor, service):
    """parlor("desk", ...), at a desk "shop" with a team "sales" of lin and wu, who have no need to be online."""
    service.desk_set(desk=dict(desk="shop", name="Tea shop"))
    service.desk_set(team=dict(desk="shop", team="sales", strategy=MANUAL, gap_ms=OFF))
    for agent in ("lin", "wu"):
        service.desk_set(agent=dict(agent=agent, mode=ALWAYS))
        service.desk_set(seat=dict(desk="shop", agent=agent, max=3))
        service.desk_set(team_seat=dict(desk="shop", team="sales", agent=agent))

    def desk(*words, **options):
        return parlor("desk", *words, **options)
    return desk


@pytest.fixture
def told(broker, tenant):
    """told(words...): the command shows events; it has begun when this returns."""
    running = []

    def told(*words):
        running.append(Process(program("parlor"), "--broker", broker.client, "--tenant", tenant, *words,
                               "--ready", ready="ready"))
        return running[-1]

    yield told
    for process in running:
        process.stop()


def rows(done):
    return [json.loads(line) for line in done.out.splitlines()]


def row(desk, kind, *key):
    """As it is, by its kind's own message."""
    (line,) = rows(desk(kind, "show", *key, "--json"))
    return line["row"][kind.replace("-", "_")]


def cells(done):
    """A table by its headings, without cells that have blanks."""
    heads, *lines = [line.split() for line in done.out.splitlines()]
    return [dict(zip(heads, line)) for line in lines]


def test_a_row_is_set_by_what_is_given_and_keeps_the_rest(desk):
    assert "set  no " in desk("team", "set", "shop", "care", "--accept", "offer", "--remind-seat-ms", "5000",
                              "--gap-ms", "off", "--hold-frees").out
    desk("team", "set", "shop", "care", "--name", "Care", "--hold-frees=no", "--strategy", "most-idle")
    care = row(desk, "team", "shop", "care")
    assert {name: value for name, value in care.items() if value} == dict(
        desk="shop", team="care", name="Care", strategy="most_idle", accept="offer", remind_seat_ms=5000,
        gap_ms=OFF, robot_policy="inherit", desk_no=care["desk_no"])
    assert "nothing had to change" in desk("team", "set", "shop", "care", "--name", "Care").out
    desk("team", "set", "shop", "care", "--gap-ms", "default", "--accept", "auto")
    shown = desk("team", "show", "shop", "care").out
    assert "most-idle" in shown and "gap-ms" not in shown and "accept" not in shown


def test_all_kinds_of_rows_are_set_listed_and_removed(desk, service):
    service.desk_set(hours=dict(hours="day", rules="mon-fri 09:00-17:00"))
    service.desk_set(group=dict(group="gold"))
    kinds = [("type", ("tea",), ("--team", "sales", "--desk", "shop", "--priority", "2"), dict(priority=2)),
             ("route", ("shop", "product", "p1"), ("--team", "sales"), dict(by="product", team="sales")),
             ("text", ("shop", "welcome"), ("--text", "Hello {seat}"), dict(team="", text="Hello {seat}")),
             ("text", ("shop", "welcome", "sales"), ("--text", "Hi"), dict(team="sales", text="Hi")),
             ("business", ("shop", "7"), ("--operator", "op"), dict(business=7, operator="op")),
             ("seat-business", ("shop", "lin", "7"), ("--off",), dict(agent="lin", off=True)),
             ("visitor", ("ann",), ("--sex", "1", "--group", "gold", "--owner", "lin"), dict(owner="lin")),
             ("team-seat", ("shop", "sales", "lin"), ("--level", "1"), dict(level=1)),
             ("seat", ("shop", "wu"), ("--priority-milli", "1500", "--bind"), dict(bind=True, max=3)),
             ("agent", ("wu",), ("--role", "manager"), dict(role="manager", mode="always")),
             ("hours", ("day",), ("--name", "By day"), dict(rules="mon-fri 09:00-17:00")),
             ("group", ("gold",), ("--name", "G"), dict(name="G")),
             ("desk", ("shop",), ("--hours", "day"), dict(name="Tea shop", hours="day"))]
    for kind, key, options, expected in kinds:
        desk(kind, "set", *key, *options)
        which = ("show", *key) if kind == "visitor" else ("list",)  # these are too many for a list
        listed = [line["row"][kind.replace("-", "_")] for line in rows(desk(kind, *which, "--json"))]
        assert any(expected.items() <= found.items() for found in listed), (kind, listed)
    for kind, key, *_ in kinds[:4]:
        assert "removed  no " in desk(kind, "remove", *key).out
    assert "nothing had to change" in desk("type", "remove", "tea").out
    assert "no such row" in desk("text", "show", "shop", "welcome", "sales", status=1).err


def test_lists_go_page_by_page_or_all_at_once(desk, service):
    for n in range(5):
        service.desk_set(group=dict(group=f"g{n}"))
    first = desk("group", "list", "--limit", "2")
    assert [line["GROUP"] for line in cells(first)] == ["g0", "g1"]
    assert "there are more: --after" in first.err
    after = first.err.split("--after ")[1].split(",")[0]
    assert [line["GROUP"] for line in cells(desk("group", "list", "--limit", "2", "--after", after))] == ["g2", "g3"]
    everything = rows(desk("group", "list", "--limit", "2", "--all", "--json"))
    assert [line["row"]["group"]["group"] for line in everything] == [f"g{n}" for n in range(5)]
    desk("desk", "set", "other")
    assert {line["DESK"] for line in cells(desk("team", "list", "other"))} == {"other"}
    assert {line["DESK"] for line in cells(desk("team", "list"))} == {"other", "shop"}


def test_an_agent_that_is_set_anew_keeps_the_mode_it_gave_itself(desk):
    desk("mode", "lin", "away", "--why", "lunch")
    desk("agent", "set", "lin", "--name", "Lin")
    assert (row(desk, "agent", "lin")["mode"], row(desk, "agent", "lin")["mode_why"]) == ("away", "lunch")
    desk("agent", "set", "lin", "--mode", "ready")
    assert row(desk, "agent", "lin")["mode"] == "ready"


def test_the_clock_of_a_zone_goes_with_the_rules(desk):
    desk("hours", "set", "day", "--rules", "mon-fri 09:00-17:00", "--zone", "Asia/Shanghai")
    day = row(desk, "hours", "day")
    assert day["zone"] == "Asia/Shanghai" and day["rules"].startswith("mon-fri 09:00-17:00, @")
    assert day["rules"].endswith(" +28800")
    desk("hours", "set", "day", "--rules", "sat 10:00-12:00")
    assert row(desk, "hours", "day")["rules"] == day["rules"].replace("mon-fri 09:00-17:00", "sat 10:00-12:00")
    desk("hours", "set", "day", "--zone", "America/New_York")
    rules = row(desk, "hours", "day")["rules"]
    assert rules.startswith("sat 10:00-12:00, @") and " -18000" in rules and "28800" not in rules
    desk("hours", "set", "day", "--zone", "")
    assert row(desk, "hours", "day")["rules"] == "sat 10:00-12:00"
    desk("hours", "set", "day", "--rules", "sun 10:00-12:00, @5 +60", "--zone", "by hand")
    assert row(desk, "hours", "day")["rules"] == "sun 10:00-12:00, @5 +60"
    assert "no zone" in desk("hours", "set", "day", "--zone", "Mars/Base", status=2).err


def test_conversations_wait_in_order_and_go_from_hand_to_hand(desk):
    for visitor, *more in (("ann", "--body", "Where is my tea?"), ("ben",), ("cat", "--priority", "3")):
        opened = desk("open", "shop", visitor, "--team", "sales", "--conversation", f"c-{visitor}", *more)
        assert cells(opened)[0]["STATE"] == "waiting"
    queue = cells(desk("queue", "shop", "sales"))
    assert [(line["PLACE"], line["VISITOR"]) for line in queue] == [("1", "cat"), ("2", "ann"), ("3", "ben")]
    second = cells(desk("queue", "shop", "sales", "--after", "1", "--limit", "1"))
    assert [(line["PLACE"], line["VISITOR"]) for line in second] == [("2", "ann")]
    assert desk("place", "c-ben").out == "waiting, place 3 of 3\n"
    assert [line["AGENT"] for line in cells(desk("claim", "c-ann", "lin"))] == ["lin"]
    assert "NOT_WAITING (112)" in desk("claim", "c-ann", "wu", status=1).err
    assert desk("place", "c-ann").out == "active, in no queue\n"
    assert cells(desk("list", "shop", "--agent", "lin"))[0]["CONVERSATION"] == "c-ann"
    assert cells(desk("hold", "c-ann", "--by", "lin"))[0]["STATE"] == "held"
    assert cells(desk("resume", "c-ann", "--by", "lin"))[0]["STATE"] == "active"
    assert "NOT_YOURS (116)" in desk("return", "c-ann", "--by", "wu", status=1).err
    desk("return", "c-ann", "--by", "lin", "--why", "no time")
    assert cells(desk("assign", "c-ann", "wu", "--over"))[0]["AGENT"] == "wu"
    (closed,) = rows(desk("close", "c-ann", "--by", "wu", "--json"))
    assert (closed["state"], closed["close_why"], closed["stint"]) == ("closed", "seat", 2)
    desk("rate", "c-ann", "5", "--by", "ann", "--comment", "quick")
    shown = desk("show", "c-ann").out
    assert "score" in shown and "close-why" in shown and "closed" in shown
    assert {line["CONVERSATION"] for line in cells(desk("list", "shop"))} == {"c-ben", "c-cat"}


def test_a_mark_changes_what_is_given(desk):
    desk("type", "set", "bill")
    desk("open", "shop", "ann", "--team", "sales", "--conversation", "c", "--priority", "2")
    (marked,) = rows(desk("mark", "c", "--type", "bill", "--json"))
    assert (marked["type"], marked["priority"]) == ("bill", 2)
    (marked,) = rows(desk("mark", "c", "--priority", "0", "--json"))
    assert (marked["type"], marked["priority"]) == ("bill", 0)


def test_offers_and_transfers_are_taken_by_their_numbers(desk):
    desk("team", "set", "shop", "sales", "--strategy", "round-robin", "--accept", "offer")
    desk("open", "shop", "ann", "--team", "sales", "--conversation", "c", "--agent", "lin")
    (waiting,) = cells(desk("list", "shop"))
    assert waiting["STATE"] == "offered" and "OFFER_GONE (111)" in desk("accept", "c", "9999999", "lin", status=1).err
    desk("decline", "c", waiting["OFFER"], "lin", "--why", "busy")
    (waiting,) = cells(desk("list", "shop"))
    assert cells(desk("accept", "c", waiting["OFFER"], "wu"))[0]["AGENT"] == "wu"
    (asked,) = rows(desk("transfer", "c", "--agent", "lin", "--by", "wu", "--note", "yours", "--json"))
    assert asked["agent"] == "wu" and asked["transfer"]
    desk("transfer-cancel", "c", str(asked["transfer"]), "--by", "wu")
    assert "TRANSFER_GONE (120)" in desk("transfer-cancel", "c", str(asked["transfer"]), status=1).err
    (asked,) = rows(desk("transfer", "c", "--agent", "lin", "--json"))
    (taken,) = rows(desk("accept", "c", str(asked["offer"]), "lin", "--json"))
    assert taken["agent"] == "lin" and not taken["transfer"]


def steps_of(done):
    """Each line without its times."""
    return [re.sub(r"waited \d+ s", "waited N s", " ".join(line.split()[2:])) for line in done.out.splitlines()]


def test_why_it_went_to_whom_is_said_step_by_step(desk):
    desk("team", "set", "shop", "sales", "--strategy", "most-idle", "--accept", "offer", "--again-ms", "60000")
    desk("open", "shop", "ben", "--team", "sales", "--conversation", "b", "--agent", "wu")
    (other,) = cells(desk("list", "shop"))
    desk("accept", "b", other["OFFER"], "wu")
    desk("open", "shop", "ann", "--team", "sales", "--conversation", "c", "--priority", "2")
    first = rows(desk("show", "c", "--json"))[0]["offer"]
    desk("decline", "c", str(first), "lin", "--why", "busy")
    second = rows(desk("show", "c", "--json"))[0]["offer"]
    desk("mark", "c", "--priority", "1")
    desk("accept", "c", str(second), "wu")
    desk("hold", "c", "--by", "wu")
    desk("resume", "c", "--by", "wu")
    desk("close", "c", "--by", "wu", "--why", "solved")
    desk("rate", "c", "5", "--by", "ann")
    assert steps_of(desk("why", "c")) == [
        "opened by ann team sales, new, priority 2",
        f"offered #{first} to lin for 20 s most-idle 0/3 before 1/3 (wu) of 2 ready place 1",
        f"declined #{first} lin busy",
        f"offered #{second} to wu for 20 s most-idle 1/3 before 0/3 (lin) of 2 ready; 1 asked before place 1",
        "marked team sales, new, priority 1",
        "assigned wu, accepted, waited N s asked by wu",
        "held team sales, priority 1 asked by wu",
        "resumed team sales, priority 1 asked by wu",
        "released wu, closed asked by wu solved",
        "closed seat asked by wu solved",
        "rated 5 of 5 asked by ann"]
    lines = rows(desk("why", "c", "--json"))
    assert lines[1]["offer"]["decision"]["second_agent"] == "wu" and lines[0]["conversation"]["before"] == 0
    last = desk("why", "c", "--limit", "2")
    assert steps_of(last) == steps_of(desk("why", "c"))[-2:] and "there are earlier ones: --before " in last.err
    earlier = last.err.split("--before ")[1].strip()
    assert steps_of(desk("why", "c", "--before", earlier)) == steps_of(desk("why", "c"))[:-2]
    assert "CONVERSATION_UNKNOWN (105)" in desk("why", "none", status=1).err


def test_a_team_is_reported_on(desk):
    for visitor in ("ann", "ben", "cat"):
        desk("open", "shop", visitor, "--team", "sales", "--conversation", visitor)
    desk("claim", "ann", "lin")
    desk("close", "ann", "--by", "lin")
    desk("rate", "ann", "4", "--by", "ann")
    desk("close", "ben", "--by", "ben")
    hour, day = rows(desk("report", "shop", "sales", "--json"))
    assert day["since_us"] == hour["since_us"] < day["until_us"]  # the broker's start
    for was in (hour, day):
        assert [was[name] for name in ("arrivals", "closed", "handled", "abandoned", "ratings", "rating_milli")] == \
            [3, 2, 1, 1, 1, 4000]
        assert [(of["agent"], of["assigned"]) for of in was["agents"]] == [("lin", 1), ("wu", 0)]
    shown = desk("report", "shop", "sales", "--last-hours", "0").out
    for words in ("handled", "1 of 2 (50 %)", "4.0 of 5, of 1", "evenness of assignments  0.5", "AGENT  ASSIGNED"):
        assert words in shown, shown
    pages = rows(desk("report", "shop", "sales", "--last-hours", "24", "--limit", "1", "--json"))
    assert [of["agent"] for of in pages[0]["agents"]] == ["lin", "wu"]
    assert "VALUE (14)" in desk("report", "shop", "sales", "--last-hours", "25", status=1).err
    assert "TEAM_UNKNOWN (101)" in desk("report", "shop", "none", status=1).err


def test_a_robot_hands_off(desk):
    desk("agent", "set", "bot", "--robot", "--mode", "always")
    desk("seat", "set", "shop", "bot")
    desk("team-seat", "set", "shop", "sales", "bot")
    desk("team", "set", "shop", "sales", "--robot-policy", "first")
    assert cells(desk("open", "shop", "ann", "--team", "sales", "--conversation", "c"))[0]["STATE"] == "bot"
    assert cells(desk("handoff", "c", "--by", "bot"))[0]["STATE"] == "waiting"


def expect(process, *lines):
    for words in lines:
        line = process.line()
        assert words in line, (words, line)


def test_what_happens_is_told_in_words_to_who_watches_a_team_and_to_who_is_asked(desk, told):
    desk("team", "set", "shop", "sales", "--strategy", "round-robin", "--accept", "offer", "--offer-ms", "20000")
    watcher, lin = told("desk", "watch", "shop", "sales"), told("follow", "lin")
    desk("open", "shop", "ann", "--team", "sales", "--conversation", "c", "--agent", "lin")
    asked = "conversation c of ann: lin is asked, offer "
    expect(watcher, "conversation c of ann: waits in team sales, new", asked)
    line = lin.line()
    assert asked in line and ", asked, for 20 s" in line
    offer = line.split("offer ")[1].split(",")[0]
    desk("decline", "c", offer, "lin", "--why", "busy")
    expect(lin, f"lin is asked no more, offer {offer}, declined: \"busy\"")
    expect(watcher, f"lin is asked no more, offer {offer}, declined: \"busy\"", "wu is asked, offer ")
    (waiting,) = cells(desk("list", "shop"))
    desk("accept", "c", waiting["OFFER"], "wu")
    expect(watcher, "wu serves it, accepted")
    (asked,) = rows(desk("transfer", "c", "--agent", "lin", "--by", "wu", "--note", "yours", "--json"))
    expect(watcher, f"transfer {asked['transfer']} to lin, asked, by wu: \"yours\"", "lin is asked, offer ")
    desk("accept", "c", str(asked["offer"]), "lin")
    expect(watcher, "lin serves it, accepted", "wu serves it no more, transfer",
           f"transfer {asked['transfer']}, accepted")
    desk("hold", "c", "--by", "lin")
    desk("resume", "c", "--by", "lin")
    desk("mark", "c", "--priority", "1")
    expect(watcher, "is held, by lin", "lin goes on with it, by lin", "lin goes on with it, priority 1")
    desk("close", "c", "--by", "lin", "--why", "solved")
    expect(watcher, "lin serves it no more, closed, by lin: \"solved\"", "is closed, seat, by lin: \"solved\"")
    desk("rate", "c", "4", "--by", "ann", "--comment", "fine")
    expect(watcher, "is rated 4 of 5, by ann: \"fine\"")


def test_who_watches_goes_on_when_the_broker_comes_back():
    with Broker() as broker, Client(broker.client) as client:
        client.desk_set(desk=dict(desk="shop"))
        watcher = Process(program("parlor"), "--broker", broker.client, "desk", "watch", "shop", "*", "--ready",
                          ready="ready")
        try:
            assert stat(client, "subscriber_entries") == 1
            broker.crash()
            until(lambda: stat(client, "subscriber_entries") == 1)
            client.desk_open(conversation="c", desk="shop", visitor="ann")
            expect(watcher, "conversation c of ann: waits in team *, new")
            watcher.stop()
        finally:
            watcher.end()


def test_words_that_are_wrong_are_refused_before_anything_is_asked(desk):
    before = desk("team", "list", "--json").out
    for words, said in ((("team", "set", "shop", "sales", "--strategy", "best"), "one of default, round-robin"),
                        (("team", "set", "shop", "sales", "--gap-ms", "5s"), "--gap-ms must be a number"),
                        (("team", "set", "shop", "sales", "--off=perhaps"), "--off is yes or no"),
                        (("team", "set", "shop"), "too few operands"),
                        (("route", "set", "shop", "colour", "red"), "BY is one of product, type"),
                        (("mode", "lin", "asleep"), "MODE is one of"),
                        (("rate", "c", "good"), "SCORE must be a number"),
                        (("team", "frob"), "no such command"), ((), "no such command")):
        assert said in desk(*words, status=2).err, words
    assert desk("team", "list", "--json").out == before
    assert "DESK_UNKNOWN (124)" in desk("watch", "nowhere", "sales", status=1).err
    assert "TEAM_UNKNOWN (101)" in desk("watch", "shop", "nowhere", status=1).err


def test_help_shows_the_desk_apart_and_each_command_with_its_options(parlor, desk):
    assert "desk ..." in parlor("--help").out and "desk claim" not in parlor("--help").out
    shown = desk("--help").out
    assert "desk claim CONVERSATION AGENT" in shown and "desk team-seat set DESK TEAM AGENT" in shown
    assert "desk claim" not in desk("team", "--help").out and "desk team list" in desk("team", "--help").out
    options = desk("team", "set", "--help").out
    assert "--remind-seat-ms N" in options and "round-robin, most-idle" in options and "--desk" not in options
    assert "--over[=no]" in desk("assign", "--help").out
