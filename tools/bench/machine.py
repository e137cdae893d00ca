#!/usr/bin/env python3
"""Prints what figures depend on, as one line of JSON: processor, memory, disk,
kernel, versions of what was measured, the commit. With a directory: also those
of the servers that install-peers.sh --unstable put there."""

import json
import os
import platform
import subprocess
import sys

PACKAGES = [
    "libzmq5", "liblmdb0", "libprotobuf-c1", "libmariadb3", "mariadb-server",
    "redis-server", "libhiredis0.14", "nats-server", "rabbitmq-server", "librabbitmq4", "ejabberd", "gcc",
]
UNSTABLE = ["redis-server", "valkey-server", "nats-server"]


def field(path, name):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            key, _, value = line.partition(":" if ":" in line else "=")
            if key.strip() == name:
                return value.strip().strip('"')
    return ""


def said_by(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def version_of(package, root="/"):
    admin = f"--admindir={os.path.join(root, 'var/lib/dpkg')}"
    return said_by("dpkg-query", admin, "-W", "-f=${Version}", package)


def versions():
    found = {p: version_of(p) for p in PACKAGES}
    for root in sys.argv[1:]:
        found |= {f"{p}, unstable": version_of(p, root) for p in UNSTABLE}
    return {p: v for p, v in found.items() if v}


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    directory = os.environ.get("TMPDIR") or "/tmp"
    machine = {
        "processor": field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gib": round(int(field("/proc/meminfo", "MemTotal").split()[0]) / 2**20),
        "filesystem": said_by("stat", "-f", "-c", "%T", directory),
        "system": field("/etc/os-release", "PRETTY_NAME"),
        "kernel": platform.release(),
        "commit": said_by("git", "-C", here, "rev-parse", "--short=12", "HEAD"),
        "versions": versions(),
    }
    json.dump({"machine": machine}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
