"""A reader that does not end: python3 lmdb_reader.py DIRECTORY. Begins a read
transaction of the LMDB environment there, prints "ready", and holds it until
its stdin ends."""

import ctypes
import sys

RDONLY = 0x20000
DATABASES = 16


def main():
    lmdb = ctypes.CDLL("liblmdb.so.0")

    def call(name, *args):
        rc = getattr(lmdb, name)(*args)
        if rc:
            sys.exit(f"{name}: {rc}")

    env, txn = ctypes.c_void_p(), ctypes.c_void_p()
    call("mdb_env_create", ctypes.byref(env))
    call("mdb_env_set_maxdbs", env, DATABASES)
    call("mdb_env_open", env, sys.argv[1].encode(), RDONLY, 0o600)
    call("mdb_txn_begin", env, None, RDONLY, ctypes.byref(txn))
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
