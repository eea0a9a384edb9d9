"""What the tests share: where the servers are, and one that answers as it is told.

TEST_TCP and TEST_UNIX are the addresses of an undercroft server with the caches
``main``, ``tiny`` (3 items, no eviction, values up to 64 bytes), ``django``, those of TEST_KINDS, whose
memory Python can read, ``djb33x``, whose hash it cannot compute, and ``lost``, whose file a test
removes; at TEST_SECRET_TCP it asks for
TEST_SECRET. UWSGI_TCP and UWSGI_UNIX are those of a real uWSGI with the cache ``main``.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import unittest
from typing import Callable

from undercroft import Client, UndercroftError

TCP = os.environ.get("TEST_TCP", "127.0.0.1:3031")
UNIX = os.environ.get("TEST_UNIX", "/run/undercroft.sock")
SECRET_TCP = os.environ.get("TEST_SECRET_TCP", "127.0.0.1:3032")
SECRET = os.environ.get("TEST_SECRET", "the secret of the tests")
KINDS = os.environ.get("TEST_KINDS", "main,none,lru,bitmap,store").split(",")
UWSGI_TCP = os.environ.get("UWSGI_TCP", "")
UWSGI_UNIX = os.environ.get("UWSGI_UNIX", "")


def tell(order: str) -> None:
    """Has the test that runs the server do something with it: ``stop``, ``start``, ``restart``."""
    if os.environ.get("TEST_ORDERS") != "1":
        raise unittest.SkipTest("only run.py's caller can stop the server")
    print(json.dumps({"order": order}), flush=True)
    answer = sys.stdin.readline().strip()
    if answer != "done":
        raise AssertionError(f"{order}: {answer or 'no answer'}")


class ClientCase(unittest.TestCase):
    """Clients that are closed with the test, and errors by their codes."""

    def client(self, location: str = f"main@{TCP}", **options: object) -> Client:
        client = Client(location, **options)  # type: ignore[arg-type]
        self.addCleanup(client.close)
        return client

    def assertCode(self, code: str, call: Callable[..., object], *given: object, **named: object):
        with self.assertRaises(UndercroftError) as caught:
            call(*given, **named)
        self.assertEqual(caught.exception.code, code, caught.exception)


class ScriptedServer:
    """Runs ``script(socket, index)`` for each connection; the socket is closed after it."""

    def __init__(self, case: unittest.TestCase, script: Callable[[socket.socket, int], None]):
        self.connection_count = 0
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        case.addCleanup(self._listener.close)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.connection_count += 1
                try:
                    self._script(connection, self.connection_count - 1)
                except OSError:
                    pass


def read_request(connection: socket.socket) -> dict[bytes, bytes]:
    """The names of the next request, its body under ``body``; empty at the end."""
    from undercroft.protocol import parse_dictionary

    header = _read(connection, 4)
    if not header:
        return {}
    fields = parse_dictionary(_read(connection, int.from_bytes(header[1:3], "little"))) or {}
    fields[b"body"] = _read(connection, int(fields.get(b"size", b"0")))
    return fields


def reply(body: bytes = b"", **fields: str) -> bytes:
    """A reply with these names."""
    packet = b"".join(
        len(text).to_bytes(2, "little") + text
        for name, value in fields.items()
        for text in (name.encode(), value.encode())
    )
    return bytes((111, *len(packet).to_bytes(2, "little"), 17)) + packet + body


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            return data
        data += chunk
    return data
