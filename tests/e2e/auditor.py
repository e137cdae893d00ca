"""parlor-replay as an auditor uses it, its exit codes, and a talk of everything
that can happen in rooms for it to look at."""

import itertools
import json
import random

from conftest import people, spec
from proc import environment, program, run

NOTICE = 2
EQUAL, DIFFERENT, USAGE, JOURNAL, ROWS, UNREAD, MYSQL, UNREADABLE, TRIMMED, DESK = range(10)


def replay(*words, status=EQUAL, **env):
    return run(program("parlor-replay"), *map(str, words), status=status, env=environment(**env))


def verify(data, *more, status=EQUAL):
    """The result, as the object that --json prints."""
    return replay("verify", "--data", data, "--json", *more, status=status).json()


def lines(*words, **more):
    return [json.loads(line) for line in replay(*words, "--json", **more).out.splitlines()]


def talk(client, seed, steps=300, prefix="r"):
    """Everything that can happen in rooms, at random."""
    chance, names = random.Random(seed), [f"m{n}" for n in range(6)]
    serial = itertools.count(1)
    rooms = {}  # room: members in it
    for n in range(4):
        rooms[f"{prefix}{n}"] = set(names[:4])
        client.room_create(room=f"{prefix}{n}", name=f"Room {n}", members=people(*names[:4]),
                           history_open=n % 2 == 0)
    length = dict.fromkeys(rooms, 0)
    recalled = set()
    for _ in range(steps):
        room = chance.choice(list(rooms))
        inside, outside = sorted(rooms[room]), sorted(set(names) - rooms[room])
        member = chance.choice(inside)
        match chance.randrange(13):
            case 0 | 1 | 2 | 3 | 4:
                length[room] = client.post(
                    room=room, sender=member, client_id=f"{seed}-{next(serial)}", body=f"said {seed} 你好",
                    type=NOTICE if chance.random() < 0.1 else 1,
                    mentions=[m for m in inside if m != member][:chance.randrange(2)]).seq
            case 5 | 6:
                client.read(room=room, member=member, seq=chance.randint(0, length[room]))
            case 7 if length[room]:
                client.unread_mark(room=room, member=member, seq=chance.randint(1, length[room]))
            case 8 if outside:
                client.members_add(room=room, members=[spec(outside[0])])
                rooms[room].add(outside[0])
            case 9 if member != "m0" and len(inside) > 2:
                client.members_remove(room=room, members=[member], notice=dict(body="left"))
                rooms[room].discard(member)
                length[room] += 1
            case 10 if length[room]:
                seq = chance.randint(1, length[room])
                if (room, seq) not in recalled:
                    client.recall(room=room, seq=seq, by="m0")
                    recalled.add((room, seq))
            case 12:
                label = chance.choice(("vip", "waits", "bill", "客"))
                client.room_labels(room=room, **{chance.choice(("add", "remove")): [label]})
            case 11:
                client.room_rename(room=room, name=f"Named {next(serial)}")
                client.members_change(room=room, members=[
                    dict(member=member, set_name=True, name=f"Name {next(serial)}")])
