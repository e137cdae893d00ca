#!/usr/bin/python3
"""The house stands on floors: a file includes and calls only what is on its own
floor's folder or below it, and nothing goes in a circle.

    test_floors.py SOURCE-DIR NM LIBRARY=ARCHIVE...

What a folder may see is said by FLOORS, from the ground up. Includes are read
from the sources, calls from the symbols of the built archives: a function that is
declared by hand does not slip through."""

import collections
import pathlib
import re
import subprocess
import sys

# A folder, or a module that is a floor by itself: the library it is built as. Each may
# use what stands above it in this list.
FLOORS = {
    "proto/base": "parlor_base",
    "proto": "parlor_wire",
    "broker/core/engine": "parlor_engine",
    "broker/core": "parlor_core",
    "broker/store": "parlor_store",
    "broker/front": "parlor_front",
    "broker/settings": "parlor_settings",
    "broker/feed": "parlor_feed",
    "broker/sync": "parlor_sync",
    "broker/fanout/event": "parlor_event",
    "broker/fanout": "parlor_fanout",
    "broker/turn": "parlor_turn",
    "broker/api": "parlor_api",
    "broker": "parlor_loop",
}


def folder_of(path):
    """The folder of FLOORS that a source belongs to."""
    for parent in (path.with_suffix(""), *path.parents):
        if str(parent) in FLOORS:
            return str(parent)
    return None


def files_of(source):
    for top in ("proto", "broker"):
        for path in sorted((source / top).rglob("*.[ch]")):
            short = path.relative_to(source)
            if folder_of(short):
                yield short


def includes(source):
    """file -> the files it includes, as paths below the source directory."""
    known = {}
    for path in files_of(source):
        known.setdefault("/".join(path.parts[1:]), path)  # below broker/ or proto/
        if len(path.parts) > 3:  # a folder in a folder is a library, too
            known.setdefault("/".join(path.parts[2:]), path)
    found = {}
    for path in files_of(source):
        names = re.findall(r'^#include "([^"]+)"', (source / path).read_text(), re.M)
        beside = {path.parent / name for name in names if (source / path.parent / name).exists()}
        found[path] = sorted(beside | {known[name] for name in names if name in known})
    return found


def leaks(source):
    """Includes of a header that calls itself private, from outside its floor."""
    private = {}
    for path in files_of(source):
        head = (source / path).read_text().split("*/")[0].replace("\n * ", " ")
        if path.suffix == ".h" and re.search(r"Private to (the core|this (folder|directory))", head):
            private["/".join(path.parts[1:])] = path
    if not private:
        return ["no header calls itself private"]
    return [
        f"{path.relative_to(source)} includes {name}, which is private to its floor"
        for top in ("broker", "worker", "tools") for path in sorted((source / top).rglob("*.[ch]"))
        for name in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M)
        if name in private and folder_of(path.relative_to(source)) != folder_of(private[name])
    ]


def symbols(nm, archives):
    """(archive, object file) -> (defined, undefined)."""
    command = [nm, "--extern-only", "--format=posix", *archives]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    objects, here = {}, None
    for line in text.splitlines():
        if line.endswith("]:"):
            archive, name = re.fullmatch(r"(.+)\[(.+)\.c\.o\]:", line).groups()
            here = objects.setdefault((archive, name + ".c"), (set(), set()))
        elif here and line.strip():
            name, kind = line.split()[:2]
            if kind in "TDBRC":
                here[0].add(name)
            elif kind == "U":
                here[1].add(name)
    return objects


def calls(nm, archives):
    """source file -> the files whose symbols it needs."""
    folders = {archives[library]: folder for folder, library in FLOORS.items() if library in archives}
    objects = {
        pathlib.Path(folder if folder.endswith(name[:-2]) else f"{folder}/{name}").with_suffix(".c"): both
        for (archive, name), both in symbols(nm, folders).items() for folder in [folders[archive]]
    }
    homes = {symbol: key for key, (defined, _) in objects.items() for symbol in defined}
    return {
        key: sorted({homes[s] for s in undefined if s in homes} - {key})
        for key, (_, undefined) in objects.items()
    }


def circles(graph):
    """Strongly connected components of more than one node (Tarjan)."""
    index, low, stack, on, out = {}, {}, [], set(), []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root), on.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in graph:
                    continue
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other), on.add(other)
                    work.append((other, iter(graph[other])))
                    break
                if other in on:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    ring = []
                    while True:
                        ring.append(stack.pop())
                        on.discard(ring[-1])
                        if ring[-1] == node:
                            break
                    if len(ring) > 1:
                        out.append(sorted(map(str, ring)))
    return out


def main():
    source, nm = pathlib.Path(sys.argv[1]), sys.argv[2]
    archives = dict(pair.split("=", 1) for pair in sys.argv[3:])
    order = {folder: floor for floor, folder in enumerate(FLOORS)}
    wrong = []

    seen = includes(source)
    for path, others in seen.items():
        for other in others:
            if order[folder_of(other)] > order[folder_of(path)]:
                wrong.append(f"{path} includes {other}, which is above it")
    wrong += ["includes go in a circle: " + ", ".join(ring) for ring in circles(seen)]

    wrong += leaks(source)

    needs = calls(nm, archives)
    for path, others in needs.items():
        for other in others:
            if order[folder_of(other)] > order[folder_of(path)]:
                wrong.append(f"{path} calls {other}, which is above it")
    wrong += ["calls go in a circle: " + ", ".join(ring) for ring in circles(needs)]

    missing = set(FLOORS.values()) - set(archives)
    if missing or len(seen) < 50 or len(needs) < 50:
        wrong.append(f"looked at {len(seen)} files and {len(needs)} objects only, without {sorted(missing)}")
    for line in wrong:
        print(line)
    print(f"{len(seen)} files, {len(needs)} objects, {len(wrong)} faults")
    return 1 if wrong else 0


sys.exit(main())
