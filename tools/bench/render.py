#!/usr/bin/env python3
"""render.py FIGURES RESULTS.md: writes the tables between the marks

    <!-- NAME -->  ...  <!-- /NAME -->

of a page anew. What stands outside of them is nobody's but the author's."""

import re
import sys

from figures import DESKS, DURABLE, NAMES, SYSTEMS, Figures, number


def table(head, rows):
    if not rows:
        return "Not measured."
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def columns(rows, *fields):
    """A table with a row for each of `rows`: pairs of heading and field."""
    return table([h for h, _ in fields], [[number(r.get(f)) for _, f in fields] for r in rows])


def spread(row):
    """Half of what lies between the least and the most; of one run there is none."""
    if row["runs"] < 2 or "acks_per_s_spread" not in row:
        return "–"
    return f"±{row['acks_per_s_spread'] * 50:.0f} %"


# ---- blocks ---------------------------------------------------------------------------


def machine(f):
    m = f.machine
    rows = [
        ["processor", f"{m['processor']}, {m['cores']} cores"],
        ["memory", f"{m['memory_gib']} GiB"],
        ["file system", m["filesystem"]],
        ["system", f"{m['system']}, Linux {m['kernel']}"],
        ["commit", m["commit"]],
    ]
    rows += [[package, version] for package, version in m["versions"].items()]
    return table(["", ""], rows).replace("---:", "---")


def commands(f):
    return "```\n" + "\n".join(command for _, command in f.commands) + "\n```"


def ratio(of, to, field):
    """How many times; an absence stays one."""
    if not of or not to or not of.get(field) or not to.get(field):
        return None
    return of[field] / to[field]


def times(value):
    return "–" if value is None else f"{value:.2f}×"


def compared(f, section, in_flight):
    ours = f.row(section, system="parlor", in_flight=in_flight)
    rows = []
    for system in SYSTEMS:
        row = f.deepest(section, system, in_flight)
        if not row:
            continue
        name = NAMES[system]
        if row["in_flight"] != in_flight:
            name += f", {row['in_flight']:.0f} in flight"
        rows.append(
            [
                name,
                number(row["acks_per_s"]),
                spread(row),
                number(row["deliveries_per_s"]),
                number(row["p50_us"]),
                number(row["p99_us"]),
                number(row.get("broker_cpu_us_per_post")),
                number(row.get("broker_rss_mb")),
                times(ratio(ours, row, "acks_per_s")),
            ]
        )
    head = ["", "acknowledged/s", "spread", "delivered/s", "p50 µs", "p99 µs"]
    return table(head + ["CPU µs a message", "MB", "Parlor is"], rows)


def fastest_durable(f, section, in_flight):
    ours = f.row(section, system="parlor", in_flight=in_flight)
    rows = [r for s in DURABLE if (r := f.deepest(section, s, in_flight))]
    if not rows:
        return ""
    row = max(rows, key=lambda r: r["acks_per_s"])
    return f"\n\nThe fastest durable peer is {NAMES[row['system']]}: Parlor is {times(ratio(ours, row, 'acks_per_s'))}"


def depths(f, section):
    found = sorted({r["in_flight"] for r in f.rows(section, system="parlor")})
    return "\n\n".join(
        f"**{n:.0f} in flight**\n\n{compared(f, section, n)}{fastest_durable(f, section, n)}" for n in reversed(found)
    )


def half(f):
    rows = []
    for system in SYSTEMS:
        row = f.row("floor", system=system, variant="half")
        if row:
            rows.append([NAMES[system]] + [number(row[k]) for k in ("rate", "p50_us", "p99_us")])
    return table(["", "posts/s", "p50 µs", "p99 µs"], rows)


def team(f):
    rows = []
    for section, name in (("team", "Parlor"), ("router", "bare ROUTER")):
        for members in ("50", "500"):
            for r in f.rows(section, variant=members):
                fields = ("in_flight", "deliveries_per_s", "delivery_p50_us", "delivery_p99_us")
                rows.append([f"{name}, {members}"] + [number(r[k]) for k in fields])
    return table(["", "in flight", "deliveries/s", "p50 µs", "p99 µs"], rows)


def size(f):
    rows = []
    for r in f.rows("size"):
        counted = f.row("size", variant="callgrind", members=r["members"])
        rows.append(
            [
                number(r["members"]),
                number(r["acks_per_s"]),
                number(r["broker_main_us_per_post"]),
                number(counted and counted["instructions_per_post"]),
            ]
        )
    return table(["members", "posts/s", "CPU µs a post", "instructions a post"], rows)


def sync(f):
    return columns(
        f.rows("sync"),
        ("workers", "workers"),
        ("messages/s", "messages_per_s"),
        ("seconds for the backlog", "seconds"),
        ("posts/s meanwhile", "lag_rate"),
        ("lag p50 µs", "lag_p50_us"),
        ("lag max µs", "lag_max_us"),
    )


def reading(f):
    return columns(
        f.rows("list"),
        ("rooms", "rooms"),
        ("posts/s meanwhile", "rate"),
        ("page p50 µs", "page_p50_us"),
        ("page p99 µs", "page_p99_us"),
        ("total unread p50 µs", "total_p50_us"),
        ("total unread p99 µs", "total_p99_us"),
    )


def storm(f):
    return columns(
        f.rows("storm"),
        ("sessions", "sessions"),
        ("messages missed", "messages"),
        ("events", "events"),
        ("all welcomed, s", "welcomed_s"),
        ("all caught up, s", "caught_up_s"),
    )


def hostile(f):
    rows = []
    for r in f.medians.get("hostile", []):
        rows.append(
            [r["variant"]]
            + [number(r[k] / 1000) for k in ("alone_p99_us", "p99_us", "max_us")]
            + [times(r["ratio"]), number(r["turn_us_max"] / 1000), number(r["turn_steps_max"])]
            + [f"{r['memory_peak_mb']:.0f} of {r['memory_allowed_mb']:.0f}", number(r["attack_answers_per_s"])]
        )
    head = ["beside", "p99 alone, ms", "p99, ms", "longest, ms", "ratio", "longest turn, ms", "most steps of a turn"]
    return table(head + ["memory, MB", "attacker is answered/s"], rows)


def turn_ends(f):
    kinds = ("requests", "bytes_in", "records", "steps", "rows", "deliveries", "bytes_out", "time")
    names = [f"turns_full_of_{k}" for k in kinds] + ["turns_ended_by_commit"]
    rows = [[r["variant"][0]] + [number(r[name]) for name in names] for r in f.medians.get("hostile", [])]
    return table(["turns that were full of"] + [k.replace("_", " ") for k in kinds] + ["ended by a commit"], rows)


def desk(f):
    ours = f.row("desk", system="parlor")
    rows = []
    for r in f.rows("desk"):
        fields = ("links", "conversations_per_s", "open_p50_us", "open_p99_us", "close_p99_us", "overtaken_by_max")
        rows.append([DESKS[r["system"]]] + [number(r.get(k)) for k in fields])
        rows[-1].append(times(ratio(ours, r, "conversations_per_s")))
    head = ["", "at once", "conversations/s", "open p50 µs", "open p99 µs", "close p99 µs", "overtaken by"]
    return table(head + ["Parlor is"], rows)


def desk_queue(f):
    rows = [r for r in f.medians.get("desk_queue", []) if r["variant"] != "posts"]
    return columns(
        rows,
        ("waiting", "waiting"),
        ("seats", "seats"),
        ("CPU µs a close, which serves the next", "close_main_us"),
        ("a decision, p50 µs", "decision_p50_us"),
        ("a decision, p99 µs", "decision_p99_us"),
        ("CPU µs a place", "place_main_us"),
        ("close p99 µs", "close_p99_us"),
        ("place p99 µs", "place_p99_us"),
        ("bytes who waits", "bytes_per_waiting"),
        ("restart, s", "restart_s"),
    )


def mixed(f):
    rows = [r for r in f.medians.get("mixed", [])]
    return columns(
        rows,
        ("rooms", "rooms"),
        ("posts/s", "acks_per_s"),
        ("requests/s", "requests_per_s"),
        ("deliveries/s", "deliveries_per_s"),
        ("p50 µs", "p50_us"),
        ("p99 µs", "p99_us"),
    )


def history(f):
    rows = [
        [r["variant"]] + [number(r[k]) for k in ("page_p50_us", "page_p99_us")]
        for r in f.medians.get("history", [])
    ]
    return table(["pages of 50", "p50 µs", "p99 µs"], rows)


def footprint(f):
    idle, floor = f.row("idle"), f.row("floor", system="parlor", in_flight=256)
    restart = f.row("restart")
    rows = []
    if floor:
        rows.append(["broker's own memory, floor", f"{floor['broker_anon_mb']:.0f} MB"])
        rows.append(["with the pages of its map, floor", f"{floor['broker_rss_mb']:.0f} MB"])
    if idle:
        rows.append([f"an idle session, of {number(idle['sessions'])}", f"{idle['kb_per_session']:.0f} KB"])
    if restart:
        name = f"{number(restart['data_mb'])} MB of data, SIGKILL, to the first served request"
        rows.append([name, f"{restart['served_s']:.2f} s"])
    return table(["", ""], rows)


def lmdb(f):
    return columns(
        f.rows("lmdb"),
        ("records a commit", "in_flight"),
        ("records/s", "acks_per_s"),
        ("commits/s", "commits_per_s"),
        ("commit p50 µs", "p50_us"),
        ("commit p99 µs", "p99_us"),
    )


# ---- what it must reach -------------------------------------------------------------------


def best(rows, field):
    values = [r[field] for r in rows if r.get(field) is not None]
    return max(values) if values else None


def share_of_router(f):
    """The worse one of 50 and 500 sessions, each at its best depth."""
    shares = []
    for members in ("50", "500"):
        ours = best(f.rows("team", variant=members), "deliveries_per_s")
        bare = best(f.rows("router", variant=members), "deliveries_per_s")
        if ours and bare:
            shares.append(ours / bare)
    return min(shares) if shares else None


def against(f, system, in_flight, field="acks_per_s"):
    ours = f.row("floor", system="parlor", in_flight=in_flight)
    return ratio(ours, f.deepest("floor", system, in_flight), field)


def aims_of(f):
    """What, at least, aim, measured; whether more is better; how it is written."""
    half_of = {s: f.row("floor", system=s, variant="half") for s in ("parlor", "redis")}
    few = f.row("size", variant="callgrind", members=10)
    many = f.row("size", variant="callgrind", members=10000)
    mysql = f.deepest("floor", "mysql", 16)
    synced = best(f.rows("sync"), "messages_per_s")
    listed, storm_row, floor = f.row("list"), f.row("storm"), f.row("floor", system="parlor", in_flight=256)
    idle, restart = f.row("idle"), f.row("restart")
    desks = {s: f.row("desk", system=s) for s in DESKS}
    short, long = (f.row("desk_queue", variant=f"{n} waiting") for n in (10000, 100000))

    def get(row, key, scale=1.0):
        return row[key] * scale if row else None

    return [
        ("`floor`, 256 in flight, against Redis", 10, 18, against(f, "redis", 256), True, "{:.1f}×"),
        ("the same against MySQL, 16 connections", 15, 28, against(f, "mysql", 256), True, "{:.1f}×"),
        ("`floor`, 256 in flight, share of the bare skeleton", 45, 75, scaled(against(f, "skeleton", 256)), True, "{:.0f} %"),
        ("`floor`, 16 in flight, against Redis", 3, 4.5, against(f, "redis", 16), True, "{:.1f}×"),
        ("`floor`, 1 in flight, p50 against Redis", 1.3, 1, against(f, "redis", 1, "p50_us"), False, "{:.2f}×"),
        ("`floor`, p99 at half of the own peak, against Redis", 1, 0.3, ratio(half_of["parlor"], half_of["redis"], "p99_us"), False, "{:.2f}×"),
        ("`team`, deliveries/s, share of the bare ROUTER", 50, 85, scaled(share_of_router(f)), True, "{:.0f} %"),
        ("`size`, instructions, 10,000 members against 10", 1.10, 1.02, ratio(many, few, "instructions_per_post"), False, "{:.3f}×"),
        ("`sync`, messages/s against MySQL, 16 connections", 4, 8, synced / mysql["acks_per_s"] if synced and mysql else None, True, "{:.1f}×"),
        ("`list`, a page, p99", 5, 1, get(listed, "page_p99_us", 1e-3), False, "{:.2g} ms"),
        ("`list`, total unread, p99", 5, 1, get(listed, "total_p99_us", 1e-3), False, "{:.2g} ms"),
        ("`storm`, all caught up", 5, 2, get(storm_row, "caught_up_s"), False, "{:.2g} s"),
        ("broker's own memory, `floor`", 200, 120, get(floor, "broker_anon_mb"), False, "{:.0f} MB"),
        ("memory of an idle session", 60, 40, get(idle, "kb_per_session"), False, "{:.0f} KB"),
        ("`desk`, conversations/s against MySQL, 16 connections", 10, 10, ratio(desks["parlor"], desks["mysql"], "conversations_per_s"), True, "{:.1f}×"),
        ("the same against Redis", 4, 4, ratio(desks["parlor"], desks["redis"], "conversations_per_s"), True, "{:.1f}×"),
        ("`desk`, CPU of a close, 100,000 waiting against 10,000", 2, 2, ratio(long, short, "close_main_us"), False, "{:.2f}×"),
        ("`desk`, a post against one elsewhere", 1.02, 1.02, get(f.row("desk_queue", variant="posts"), "desk_post_ratio"), False, "{:.3f}×"),
        ("restart after SIGKILL to the first served request", 2, 0.5, get(restart, "served_s"), False, "{:.2g} s"),
    ]


def scaled(value):
    return None if value is None else value * 100


def verdict(least, aim, value, more):
    if value is None:
        return "not measured"
    if not more:
        least, aim, value = -least, -aim, -value
    return "aim" if value >= aim else "at least" if value >= least else "**missed**"


def aims(f):
    rows = [
        [
            what,
            form.format(least),
            form.format(aim),
            "–" if value is None else form.format(value),
            verdict(least, aim, value, more),
        ]
        for what, least, aim, value, more, form in aims_of(f)
    ]
    return table(["", "at least", "aim", "measured", "reached"], rows)


BLOCKS = {
    "machine": machine,
    "commands": commands,
    "aims": aims,
    "floor": lambda f: depths(f, "floor"),
    "half": half,
    "slow": lambda f: depths(f, "slow"),
    "team": team,
    "size": size,
    "sync": sync,
    "list": reading,
    "storm": storm,
    "hostile": hostile,
    "turn_ends": turn_ends,
    "desk": desk,
    "desk_queue": desk_queue,
    "mixed": mixed,
    "history": history,
    "footprint": footprint,
    "lmdb": lmdb,
}


def main(figures_path, page_path):
    figures = Figures(figures_path)
    with open(page_path, encoding="utf-8") as page:
        text = page.read()
    for name, block in BLOCKS.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
        if not marks.search(text):
            sys.exit(f"{page_path}: no place for {name}")
        text = marks.sub(lambda m, b=block: m[1] + "\n" + b(figures) + "\n\n" + m[2], text)
    with open(page_path, "w", encoding="utf-8") as page:
        page.write(text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
