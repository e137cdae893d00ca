#!/usr/bin/env python3
"""plot.py FIGURES DIRECTORY: draws floor.svg (bars, Parlor beside the others)
and size.svg (a post's cost by members of its room) from results.sh's file."""

import math
import os
import sys
from html import escape

from figures import NAMES, SYSTEMS, Figures, number

FONT = "font-family='system-ui, sans-serif'"
INK, PALE, OURS, CEILING, OTHER = "#1f2328", "#8c959f", "#0969da", "#b6c2cf", "#cf7a30"
WIDTH = 860
FOOTNOTE = "NATS keeps no counters and flushes every two minutes; RabbitMQ has 50 rooms, not 10,000."


class Picture:
    def __init__(self, width, height):
        self.head = (
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' "
            f"width='{width}' height='{height}' {FONT}>"
        )
        self.parts = [f"<rect width='{width}' height='{height}' fill='white'/>"]

    def text(self, x, y, words, size=13, colour=INK, anchor="start", weight="normal"):
        self.parts.append(
            f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{colour}' "
            f"text-anchor='{anchor}' font-weight='{weight}'>{escape(words)}</text>"
        )

    def bar(self, x, y, width, height, colour):
        self.parts.append(
            f"<rect x='{x:.1f}' y='{y:.1f}' width='{max(width, 1):.1f}' height='{height}' "
            f"rx='2' fill='{colour}'/>"
        )

    def line(self, points, colour, width=1.0, dash=""):
        at = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(
            f"<polyline points='{at}' fill='none' stroke='{colour}' stroke-width='{width}'"
            + (f" stroke-dasharray='{dash}'" if dash else "")
            + "/>"
        )

    def dot(self, x, y, colour):
        self.parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4' fill='{colour}'/>")

    def save(self, path):
        with open(path, "w", encoding="utf-8") as out:
            out.write("\n".join([self.head, *self.parts, "</svg>\n"]))


def bars_of(figures, in_flight):
    rows = []
    for system in SYSTEMS:
        row = figures.deepest("floor", system, in_flight)
        if row:
            name = NAMES[system]
            if row["in_flight"] != in_flight:
                name = f"{name.split(' (')[0]}, {row['in_flight']:.0f} in flight"
            rows.append((system, name, row["acks_per_s"]))
    return rows


def colour_of(system):
    return {"parlor": OURS, "skeleton": CEILING, "skeleton-log": CEILING}.get(system, OTHER)


def floor(figures, path):
    left, right, step = 190, 190, 24
    depths = sorted({r["in_flight"] for r in figures.rows("floor", system="parlor")}, reverse=True)
    groups = [(n, bars_of(figures, n)) for n in depths]
    height = 94 + sum(44 + step * len(bars) for _, bars in groups)
    p = Picture(WIDTH, height)
    p.text(20, 30, "Messages acknowledged a second: durable, counted for 20 others", 17, weight="600")
    p.text(20, 50, "rooms of 21 members, 200 B; delivered to 4 sessions, except by MySQL; NATS and ejabberd count nothing", 13, PALE)
    y = 84
    for in_flight, bars in groups:
        ours = next(value for system, _, value in bars if system == "parlor")
        most = max(value for _, _, value in bars)
        p.text(20, y, f"{in_flight:.0f} in flight", 14, weight="600")
        y += 12
        for system, name, value in bars:
            length = (WIDTH - left - right) * value / most
            p.text(left - 10, y + 14, name, 13, anchor="end")
            p.bar(left, y + 2, length, step - 7, colour_of(system))
            said = number(value)
            if colour_of(system) not in (OURS, CEILING):
                said += f" · Parlor is {ours / value:.1f}×"
            p.text(left + length + 8, y + 14, said, 13, PALE if colour_of(system) == CEILING else INK)
            y += step
        y += 32
    p.text(20, height - 14, FOOTNOTE, 12, PALE)
    p.save(path)


def size(figures, path):
    rows = [(r["members"], r["instructions_per_post"]) for r in figures.rows("size", variant="callgrind")]
    left, top, width, height = 70, 80, WIDTH - 130, 220
    if not rows:
        return
    most = max(value for _, value in rows)
    ceiling = 10 ** math.floor(math.log10(most))
    ceiling *= math.ceil(most * 1.15 / ceiling)
    low, high = math.log10(rows[0][0]), math.log10(rows[-1][0])

    def at(members, value):
        share = (math.log10(members) - low) / (high - low) if high > low else 0
        return left + 40 + (width - 80) * share, top + height * (1 - value / ceiling)

    p = Picture(WIDTH, top + height + 60)
    p.text(20, 30, "Instructions of the broker for one post, by members of its room", 17, weight="600")
    p.text(20, 50, "unread counts of all members kept exact", 13, PALE)
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = top + height * (1 - share)
        p.line([(left, y), (left + width, y)], "#d0d7de")
        p.text(left - 8, y + 4, number(round(ceiling * share)), 12, PALE, "end")
    p.line([at(m, v) for m, v in rows], OURS, 2.5)
    for members, value in rows:
        x, y = at(members, value)
        p.dot(x, y, OURS)
        p.text(x, y - 12, number(value), 13, anchor="middle")
        p.text(x, top + height + 22, number(members), 13, anchor="middle")
    p.text(left + width / 2, top + height + 46, "members", 13, PALE, "middle")
    p.save(path)


def main(figures_path, directory):
    figures = Figures(figures_path)
    floor(figures, os.path.join(directory, "floor.svg"))
    size(figures, os.path.join(directory, "size.svg"))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
