"""The file that results.sh writes: lines of JSON, in sections."""

import json


class Figures:
    """Medians by section; a section is what one command of results.sh measured."""

    def __init__(self, path):
        self.machine = {}
        self.commands = []  # (section, command)
        self.medians = {}  # section: rows
        section = ""
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if "machine" in row:
                    self.machine = row["machine"]
                elif "section" in row:
                    section = row["section"]
                    self.commands.append((section, row["command"]))
                elif row["run"] == "median":
                    self.medians.setdefault(section, []).append(row)

    def rows(self, section, **having):
        """Rows of a section in which these fields have these values; a variant
        that is not asked for must not be there."""
        having.setdefault("variant", None)
        return [
            row
            for row in self.medians.get(section, [])
            if all(row.get(key) == value for key, value in having.items())
        ]

    def row(self, section, **having):
        found = self.rows(section, **having)
        return found[0] if found else None

    def deepest(self, section, system, in_flight):
        """A system's row with as many in flight, or as near as it can."""
        rows = [r for r in self.rows(section, system=system) if r["in_flight"] <= in_flight]
        return max(rows, key=lambda r: r["in_flight"]) if rows else None


def number(value):
    """1234567.8 as 1,234,568; small ones with what is needed."""
    if value is None:
        return "–"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


SYSTEMS = [
    "parlor", "skeleton", "skeleton-log", "nats", "nats-2.15", "redis", "redis-8", "valkey-9", "mysql", "ejabberd",
    "rabbitmq",
]
# Those whose acknowledgement says that the message is on disk.
DURABLE = ["nats-2.15", "redis", "redis-8", "valkey-9", "mysql", "ejabberd", "rabbitmq"]
NAMES = {
    "parlor": "Parlor",
    "skeleton": "bare skeleton on LMDB",
    "skeleton-log": "bare skeleton on the log",
    "nats": "NATS JetStream",
    "redis": "Redis",
    "mysql": "MySQL (MariaDB)",
    "rabbitmq": "RabbitMQ",
    "ejabberd": "ejabberd",
    "redis-8": "Redis 8",
    "valkey-9": "Valkey 9",
    "nats-2.15": "NATS 2.15, flushed",
}
DESKS = {
    "parlor": "Parlor",
    "mysql": "MySQL, SKIP LOCKED",
    "mysql-update": "MySQL, WHERE agent_id IS NULL",
    "redis": "Redis",
}
