#!/usr/bin/python3
"""Writes hours.txt: when rules open and close, by Python's own zones and dates.

    tests/data/hours.py > tests/data/hours.txt

Every minute of some weeks is looked at by itself. A line "rules" has the text; a line
"week" its first second and that behind its last, whether it is open at its beginning, and
every second at which that changes."""

import datetime
import zoneinfo

UTC = datetime.timezone.utc
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAY = datetime.timedelta(days=1)

# zone, rules, first days of the weeks
CASES = [
    ("Europe/Berlin", "mon-fri 09:00-12:30, mon-fri 13:30-17:00, sat 10:00-13:00,"
     " 2026-12-24 closed, 2026-12-25 closed, 2026-12-31 09:00-12:00, 2026-12-31 14:00-15:00,"
     " 2027-01-01 closed, 2027-01-02 22:00-03:00",
     ["2026-03-27", "2026-10-23", "2026-12-22", "2026-12-29"]),
    ("Europe/Berlin", "mon-sun 22:00-06:00, 2026-10-24 closed, 2026-03-29 01:00-24:00",
     ["2026-03-25", "2026-10-20", "2026-10-24"]),
    ("Europe/Berlin", "sun 02:30-04:00, sat 23:00-02:30, mon-wed 00:00-24:00",
     ["2026-03-27", "2026-10-23"]),
    ("Asia/Shanghai", "mon-sun 09:00-21:00, 2026-10-01 closed, 2026-10-02 10:00-16:00",
     ["2026-03-27", "2026-09-29", "2026-12-30"]),
    ("America/New_York", "mon-fri 18:00-02:15, sun 01:15-01:45, 2026-11-26 closed",
     ["2026-03-06", "2026-10-30", "2026-11-24"]),
    ("Asia/Kolkata", "fri-mon 23:45-08:10", ["2026-03-27", "2026-12-30"]),
    ("Australia/Lord_Howe", "mon-sun 01:40-02:10, sat 00:00-24:00",
     ["2026-04-02", "2026-10-01"]),
    ("America/St_Johns", "mon-sun 00:00-00:01, sun 00:00-24:00", ["2026-03-06", "2026-10-30"]),
]


def offsets_of(zone):
    """Every half hour of two years is asked."""
    moment, last, parts = datetime.datetime(2026, 1, 1, tzinfo=UTC), None, []
    while moment.year < 2028:
        ahead = int(moment.astimezone(zone).utcoffset().total_seconds())
        if ahead != last:
            parts.append(f"@{int(moment.timestamp())} {ahead:+d}")
        last, moment = ahead, moment + datetime.timedelta(minutes=30)
    return ", ".join(parts)


def minutes(text):
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def read(rules):
    """weekday or date -> [(from, until)] in minutes; until may be in the next day."""
    table = {}
    for part in rules.split(","):
        days, interval = part.split()
        span = []
        if interval != "closed":
            start, end = map(minutes, interval.split("-"))
            span = [(start, end if end > start else end + 1440)]
        if days[0].isdigit():
            names = [datetime.date.fromisoformat(days)]
        else:
            first, last = (WEEKDAYS.index(day) for day in (days.split("-") * 2)[:2])
            names = [(first + n) % 7 for n in range((last - first) % 7 + 1)]
        for name in names:
            table.setdefault(name, []).extend(span)
    return table


def is_open(table, local):
    today, minute = local.date(), local.hour * 60 + local.minute
    for day, now in ((today, minute), (today - DAY, minute + 1440)):
        for start, end in table.get(day, table.get(day.weekday(), [])):
            if start <= now < end:
                return True
    return False


def main():
    print("# Written by hours.py.")
    for name, rules, weeks in CASES:
        zone, table = zoneinfo.ZoneInfo(name), read(rules)
        print(f"rules {rules}, {offsets_of(zone)}")
        for week in weeks:
            begin = int(datetime.datetime.fromisoformat(week).replace(tzinfo=UTC).timestamp())
            seconds = range(begin, begin + 7 * 86400, 60)
            states = [is_open(table, datetime.datetime.fromtimestamp(s, zone)) for s in seconds]
            changes = [s for s, a, b in zip(seconds[1:], states, states[1:]) if a != b]
            print("week", begin, seconds.stop, int(states[0]), *changes)


main()
