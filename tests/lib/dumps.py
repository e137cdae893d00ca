"""Dumps of a stack's database, and putting them back, as an administrator does it."""

import subprocess


def administer(program, stack, *words, **more):
    done = subprocess.run([program, "--no-defaults", f"--socket={stack.server.socket}", "--user=root", *words],
                          capture_output=True, check=False, **more)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def dump(stack):
    """As an administrator makes it, from a server that goes on."""
    return administer("mariadb-dump", stack, "--single-transaction", stack.name)


def restore(stack, dumped):
    """Table by table: nobody may write meanwhile."""
    administer("mariadb", stack, stack.name, input=dumped)


def put_back(stack, dumped):
    """All tables at once, while the workers write."""
    for aside in ("restored", "replaced"):
        stack.rows(f"DROP DATABASE IF EXISTS {aside}")
        stack.rows(f"CREATE DATABASE {aside}")
    administer("mariadb", stack, "restored", input=dumped)
    tables = [name for name, kind in stack.server.query("SHOW FULL TABLES", database="restored")
              if kind == "BASE TABLE"]
    stack.rows("RENAME TABLE " + ", ".join(
        f"{stack.name}.{t} TO replaced.{t}, restored.{t} TO {stack.name}.{t}" for t in tables))
