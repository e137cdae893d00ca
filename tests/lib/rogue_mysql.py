"""Plays a MySQL server, or who stands in front of one, far enough to be logged
in to: asks for the password in whatever way it is told to, and keeps each byte
that it is sent.

    with RogueMySQL(b"mysql_clear_password") as rogue:
        subprocess.run([worker, "--mysql", rogue.url("secret"), "--migrate"])
        assert b"secret" not in rogue.heard()
"""

import socket
import threading

SALT = b"abcdefghijklmnopqrst"
# Protocol 4.1, a salt of 20 bytes, plugins, a database at once.
CAPABILITIES = 0x1 | 0x8 | 0x200 | 0x8000 | 0x80000
UTF8MB4 = 45
DENIED = b"\xff" + (1045).to_bytes(2, "little") + b"#28000denied"
FULL_LOGIN = b"\x01\x04"  # of caching_sha2_password: "I have not seen you before"
PATIENCE = 30


class RogueMySQL:
    """Greets with one way to log in, then asks for `plugin`."""

    def __init__(self, plugin, data=SALT + b"\x00", greets=b"mysql_native_password"):
        self.plugin, self.data, self.greets = plugin, data, greets
        self.logins = []     # what came in answer to the greeting
        self.afterwards = []  # and what came once the plugin was asked for
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._listener.close()
        assert not self._thread.is_alive()

    def url(self, password, user="parlor"):
        return f"mysql://{user}:{password}@127.0.0.1:{self._port}/parlor"

    def heard(self):
        return b"".join(self.logins + self.afterwards)

    def _serve(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return  # closed: the test is over
            with peer:
                peer.settimeout(PATIENCE)
                try:
                    self._log_in(peer)
                except (OSError, EOFError):
                    pass  # it hung up, as it should

    def _log_in(self, peer):
        self._say(peer, 0, self._greeting())
        number, packet = self._hear(peer)
        self.logins.append(packet)
        self._say(peer, number + 1, b"\xfe" + self.plugin + b"\x00" + self.data)
        number, packet = self._hear(peer)
        self.afterwards.append(packet)
        if self.plugin == b"caching_sha2_password":
            self._say(peer, number + 1, FULL_LOGIN)
            number, packet = self._hear(peer)
            self.afterwards.append(packet)
        self._say(peer, number + 1, DENIED)

    def _greeting(self):
        low, high = CAPABILITIES & 0xffff, CAPABILITIES >> 16
        return (b"\x0a8.0.40\x00" + (7).to_bytes(4, "little") + SALT[:8] + b"\x00"
                + low.to_bytes(2, "little") + bytes([UTF8MB4]) + (2).to_bytes(2, "little")
                + high.to_bytes(2, "little") + bytes([len(SALT) + 1]) + bytes(10)
                + SALT[8:] + b"\x00" + self.greets + b"\x00")

    @staticmethod
    def _say(peer, number, body):
        peer.sendall(len(body).to_bytes(3, "little") + bytes([number & 255]) + body)

    @staticmethod
    def _hear(peer):
        head = RogueMySQL._exactly(peer, 4)
        return head[3], RogueMySQL._exactly(peer, int.from_bytes(head[:3], "little"))

    @staticmethod
    def _exactly(peer, n):
        data = b""
        while len(data) < n:
            more = peer.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data
