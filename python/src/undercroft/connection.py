"""One connection to a server: requests go out, replies come back in the same order.

What the outcome means for the caller, and whether something is sent again, is decided in client.py.
"""

from __future__ import annotations

import socket
import time
from typing import NamedTuple, Optional, Sequence

from . import errors
from .errors import UndercroftError
from .login import log_in
from .protocol import HEADER_SIZE, Address, Reply, Request, parse_dictionary, parse_integer

_CHUNK_SIZE = 65_536


class Options(NamedTuple):
    """Limits of a client; durations in seconds, sizes in bytes."""

    connect_timeout: float
    reply_timeout: float
    max_value_size: int
    connections: int
    idle_timeout: float
    max_packet_size: int
    secret: Optional[bytes]


class Exchange(NamedTuple):
    """What became of requests sent together."""

    replies: list[Reply]
    """Of the first requests; all of them, unless the connection ended."""
    sent_count: int
    """Requests whose last byte left here. The server cannot have executed any other."""
    is_silent: bool
    """A new connection was closed without a byte, which is how uWSGI says no."""


class Connection:
    """Used by one thread at a time. A failure other than the server's closing ends it."""

    def __init__(self, address: Address, options: Options) -> None:
        self._from = str(address)
        self._options = options
        self._buffer = bytearray()
        self.is_kept = False
        """The server said that it takes more requests."""
        self.idle_since = 0.0
        self._socket = connect(address, options.connect_timeout)
        if options.secret is not None:
            try:
                log_in(options.secret, self._from, self._ask)
            except BaseException:
                self.close()
                raise
            self.is_kept = True

    def exchange(self, requests: Sequence[Request]) -> Exchange:
        """Sends all of them, then reads a reply for each. Several only while ``is_kept``.

        Raises UNDERCROFT_TIMEOUT and UNDERCROFT_PROTOCOL.
        """
        was_kept = self.is_kept
        self.is_kept = False  # until the last reply says so, the connection is not to be reused
        sent_count = self._send(requests)
        replies: list[Reply] = []
        for _ in requests:
            reply = self._read_reply()
            if reply is None:
                return Exchange(replies, sent_count, not was_kept and not replies)
            replies.append(reply)
            if not reply.is_kept:
                return Exchange(replies, sent_count, False)
        self.is_kept = sent_count == len(requests)
        return Exchange(replies, sent_count, False)

    def is_fresh(self) -> bool:
        """Whether an idle connection can be used: not idle for too long, not closed meanwhile."""
        if time.monotonic() - self.idle_since > self._options.idle_timeout or self._buffer:
            return False
        try:
            self._socket.settimeout(0)
            self._socket.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        return False  # bytes that nobody asked for, or the end

    def _ask(self, packet: bytes) -> Optional[Reply]:
        """One packet and its reply; None: the server closed. Before the first request only."""
        try:
            self._socket.settimeout(self._options.reply_timeout)
            self._socket.sendall(packet)
        except socket.timeout as error:
            raise self._timed_out() from error
        except OSError:
            return None
        return self._read_reply()

    def close(self) -> None:
        self._socket.close()

    def _send(self, requests: Sequence[Request]) -> int:
        """How many were sent as a whole. An end of the connection shows when reading."""
        deadline = self._deadline()
        sent_size = 0
        try:
            for part in _joined(requests):
                view = memoryview(part)
                while view:
                    self._socket.settimeout(self._left(deadline))
                    size = self._socket.send(view)
                    sent_size += size
                    view = view[size:]
            return len(requests)
        except socket.timeout as error:
            raise self._timed_out() from error
        except OSError:
            return _whole_count(requests, sent_size)

    def _read_reply(self) -> Optional[Reply]:
        """None: the connection ended where a reply would have begun."""
        deadline = self._deadline()
        if not self._buffer and not self._receive(deadline):
            return None
        header = self._take(HEADER_SIZE, deadline)
        dictionary = self._take(int.from_bytes(header[1:3], "little"), deadline)
        fields = parse_dictionary(dictionary)
        if fields is None or b"status" not in fields:
            raise self._protocol_error("a reply is not a dictionary with a status")
        if b"size" not in fields:
            return Reply(fields, None)
        size = parse_integer(fields[b"size"])
        if size is None or size < 0:
            raise self._protocol_error("the size in a reply is not a number")
        if size > self._options.max_value_size:
            limit = self._options.max_value_size
            what = f"a reply of {size} bytes is over max_value_size, {limit}; raise that to read it"
            raise self._protocol_error(what)
        return Reply(fields, self._take(size, deadline))

    def _take(self, size: int, deadline: float) -> bytes:
        while len(self._buffer) < size:
            if not self._receive(deadline):
                raise self._protocol_error("the connection ended within a reply")
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _receive(self, deadline: float) -> bool:
        """False: the end, which a reset is as well."""
        try:
            self._socket.settimeout(self._left(deadline))
            chunk = self._socket.recv(_CHUNK_SIZE)
        except socket.timeout as error:
            raise self._timed_out() from error
        except OSError:
            return False
        self._buffer += chunk
        return bool(chunk)

    def _deadline(self) -> float:
        return time.monotonic() + self._options.reply_timeout

    def _left(self, deadline: float) -> float:
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._timed_out()
        return left

    def _timed_out(self) -> UndercroftError:
        what = f"{self._from}: no reply within {self._options.reply_timeout} s"
        return UndercroftError(errors.TIMEOUT, f"{what}; a change may or may not have been made")

    def _protocol_error(self, what: str) -> UndercroftError:
        return UndercroftError(errors.PROTOCOL, f"{self._from}: {what}")


def connect(address: Address, timeout: float) -> socket.socket:
    """Opens a socket, whose timeout is also that of its later calls."""
    try:
        if address.path:
            return _connect_unix(address.path, timeout)
        connection = socket.create_connection((address.host, address.port), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection
    except socket.timeout as error:
        message = f"{address}: no connection within {timeout} s; is the server up?"
        raise UndercroftError(errors.TIMEOUT, message) from error
    except OSError as error:
        message = f"{address}: cannot connect ({error}); is the server up?"
        raise UndercroftError(errors.CONNECTION, message) from error


def _connect_unix(path: str, timeout: float) -> socket.socket:
    if not hasattr(socket, "AF_UNIX"):
        raise OSError("this Python has no Unix sockets")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _joined(requests: Sequence[Request]) -> list[bytes]:
    """Small requests leave in one write; the parts of a large one as they are."""
    if all(len(request.parts) == 1 for request in requests):
        return [b"".join(request.parts[0] for request in requests)]
    return [part for request in requests for part in request.parts]


def _whole_count(requests: Sequence[Request], sent_size: int) -> int:
    count = 0
    for request in requests:
        sent_size -= request.size
        if sent_size < 0:
            break
        count += 1
    return count
