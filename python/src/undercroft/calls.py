"""Asking a server: commands out, and what their replies mean, as values or as exceptions.

Here is decided what is sent again when a connection ends, and what silence means.
"""

from __future__ import annotations

from typing import Callable, Iterable, NoReturn, Optional, Sequence

from . import errors
from .connection import Options
from .errors import UndercroftError
from .pool import Pool
from .protocol import UWSGI_COMMANDS, Address, Key, Pair, Reply, Request, encode_request

Call = tuple[Key, Sequence[Pair], Optional[bytes]]
"""A key, names beside those of uWSGI's own requests, and a value to be stored."""

_WINDOW_COUNT = 256
_WINDOW_SIZE = 32_768
"""Requests sent without waiting. Of reads, whose replies may be large, no more than the kernel
takes while the server itself waits for us to read; of writes the replies are small."""

_REFUSALS = {
    "exists": (errors.REMOTE_REFUSED, "the key exists"),
    "full": (errors.REMOTE_REFUSED, "the cache is full"),
    "too-large": (errors.VALUE_TOO_LARGE, "the value is larger than this cache takes"),
    "key": (errors.KEY_INVALID, "the key is empty or longer than this cache takes"),
    "unknown-cache": (errors.NO_SUCH_CACHE, "it has no cache of this name"),
    "not-a-counter": (errors.NOT_A_COUNTER, "the item is not a counter"),
    "bad-request": (errors.REMOTE_REFUSED, "an argument is not valid"),
    "read-only": (errors.REMOTE_REFUSED, "it is read-only at this address"),
    "secret": (errors.ACCESS_DENIED, "it asks for a secret; give it as the option secret"),
    "busy": (errors.REMOTE_REFUSED, "it holds too many large values now; call again later"),
    "unknown-command": (
        errors.REMOTE_REFUSED,
        "a uWSGI does not know this command; it needs an undercroft server there",
    ),
}


class Caller:
    """One cache at one server, as commands."""

    def __init__(self, cache_name: bytes, address: Address, options: Options) -> None:
        self._cache_name = cache_name
        self._from = str(address)
        self._max_packet_size = options.max_packet_size
        self._pool = Pool(address, options)
        self.on_failure: Callable[[], None] = lambda: None
        """Called before a call raises the error of a server that cannot be reached."""
        self._server_keeps = False
        """It has kept a connection open, so closing one without a byte is no answer from it, then or
        later: a server that stops closes what it has just accepted."""

    def call(
        self,
        command: str,
        key: Optional[Key] = None,
        pairs: Sequence[Pair] = (),
        body: Optional[bytes] = None,
        expected: Iterable[str] = (),
    ) -> Optional[Reply]:
        """The reply; None: a miss, or refused for one of the reasons that are ``expected``."""
        request = self._encode(command, key, pairs, body)
        (reply,) = self._ask([request])
        return self._meaning(command, reply, expected)

    def call_many(
        self, command: str, calls: Sequence[Call], expected: Iterable[str] = ()
    ) -> list[Optional[Reply]]:
        """As ``call``, for several keys; the first exception is raised after all were sent."""
        requests = [self._encode(command, *call) for call in calls]
        return [self._meaning(command, reply, expected) for reply in self._ask(requests)]

    def require(self, command: str, pairs: Sequence[Pair] = ()) -> Reply:
        """The reply of a command that cannot miss."""
        reply = self.call(command, None, pairs)
        if reply is None:  # from a uWSGI, where this is how it says that it has no such cache
            self._refuse(command, "unknown-cache")
        return reply

    def close(self) -> None:
        self._pool.close()

    def protocol_error(self, what: str) -> UndercroftError:
        return UndercroftError(errors.PROTOCOL, f"{self._from}: {what}")

    def _encode(
        self, command: str, key: Optional[Key], pairs: Sequence[Pair], body: Optional[bytes]
    ) -> Request:
        return encode_request(command, self._cache_name, self._max_packet_size, key, pairs, body)

    def _ask(self, requests: Sequence[Request]) -> list[Optional[Reply]]:
        try:
            return self._send(requests)
        except UndercroftError:
            self.on_failure()
            raise

    def _send(self, requests: Sequence[Request]) -> list[Optional[Reply]]:
        """A reply for each; None: the server closed without a byte, which is how uWSGI says no."""
        replies: list[Optional[Reply]] = []
        retried_count = 0  # requests before this position may not be sent again
        while len(replies) < len(requests):
            first = len(replies)
            if self._pool.is_closed:
                raise UndercroftError(errors.CLOSED, f"{self._from}: the client was closed")
            with self._pool.connection() as connection:
                limit = _WINDOW_COUNT if connection.is_kept else 1
                window = _window(requests, first, limit)
                exchange = connection.exchange(window)
            replies += exchange.replies
            answered = exchange.replies
            if answered:
                self._server_keeps = self._server_keeps or answered[-1].is_kept
                if len(answered) == len(window) or not answered[-1].is_kept:
                    continue  # what is left of the window was not executed
            elif exchange.is_silent and not self._server_keeps:
                replies.append(None)
                continue
            may_be_done = exchange.sent_count > len(answered) and not window[0].is_read
            if may_be_done or len(replies) < retried_count:
                raise self._died()
            retried_count = first + len(window)
        return replies

    def _meaning(
        self, command: str, reply: Optional[Reply], expected: Iterable[str]
    ) -> Optional[Reply]:
        if reply is None:
            if command in UWSGI_COMMANDS:
                return None
            self._refuse(command, "unknown-command")
        status = reply.fields[b"status"]
        if status == b"ok":
            return reply
        if status == b"miss":
            return None
        if status != b"refused":
            raise self.protocol_error(f"a reply has the status {status!r}")
        reason = reply.fields.get(b"reason", b"").decode("latin-1")
        if reason in expected:
            return None
        self._refuse(command, reason)

    def _refuse(self, command: str, reason: str) -> NoReturn:
        code, what = _REFUSALS.get(reason, _REFUSALS["bad-request"])
        raise UndercroftError(code, f"{self._from} refused {command}: {what}")

    def _died(self) -> UndercroftError:
        return UndercroftError(
            errors.CONNECTION,
            f"{self._from}: the connection ended before the reply, so it is unknown whether the "
            "server did it; call again if doing it twice does no harm",
        )


def _window(requests: Sequence[Request], first: int, limit: int) -> Sequence[Request]:
    """At least one request, and all of the same command."""
    last = min(first + limit, len(requests))
    if not requests[first].is_read:
        return requests[first:last]
    size = 0
    for position in range(first, last):
        size += requests[position].size
        if size > _WINDOW_SIZE and position > first:
            return requests[first:position]
    return requests[first:last]
