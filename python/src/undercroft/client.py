"""A cache served by undercroft or by a real uWSGI, for any Python program."""

from __future__ import annotations

import json
from typing import Any, Iterable, Iterator, Mapping, Optional, TypeVar

from . import errors
from .calls import Caller
from .connection import Options
from .errors import UndercroftError
from .login import Secret, secret_bytes
from .protocol import (
    DEFAULT_BUFFER_SIZE,
    MAX_KEYS_LIMIT,
    MAX_PACKET_SIZE,
    Key,
    Reply,
    Value,
    key_bytes,
    parse_integer,
    parse_list,
    parse_location,
    require_int64,
    seconds_of_ttl,
    ttl_pair,
    ttl_pairs,
    value_bytes,
)
from .segment import Ask
from .shared_reads import SharedReads, is_local

_K = TypeVar("_K", str, bytes)


class Client:
    """One cache at one server. May be used by many threads, and goes on working after a fork.

    Connects when first needed, and again after the server was gone. A read that met a dying
    connection is repeated once; a change is repeated only if the server cannot have seen it whole,
    and fails otherwise, because it may have been made.

    A real uWSGI says no by closing without a word. So there None and False can also mean that the
    cache does not exist or the value was too large, and what only undercroft knows (``incr``,
    ``decr``, ``touch``, ``ttl``, ``keys``, ``stats``) fails with UNDERCROFT_REMOTE_REFUSED.

    Durations are seconds. As ``ttl``, None is the cache's default and ``NEVER`` is for ever.

    Every method can raise UndercroftError with the codes UNDERCROFT_CONNECTION, _TIMEOUT,
    _PROTOCOL, _REMOTE_REFUSED, _NO_SUCH_CACHE, _KEY_INVALID, _ACCESS_DENIED and _CLOSED.

    >>> with Client("sessions@127.0.0.1:3031") as cache:
    ...     cache.set("user:1", b"Ada", ttl=60)
    ...     cache.get("user:1")
    True
    b'Ada'
    """

    def __init__(
        self,
        location: str,
        *,
        connect_timeout: float = 1.0,
        reply_timeout: float = 4.0,
        max_value_size: int = 64 * 1024 * 1024,
        connections: int = 8,
        idle_timeout: float = 30.0,
        max_packet_size: int = DEFAULT_BUFFER_SIZE,
        secret: Optional[Secret] = None,
        shared_memory: bool = False,
    ) -> None:
        """Connects to nothing yet.

        location: ``name@host:port`` or ``name@/path.sock``; without a name the server's first cache
        connect_timeout: seconds to connect to one address
        reply_timeout: seconds for a request to be sent, for its reply, and for a free connection
        max_value_size: largest value or listing accepted in a reply
        connections: how many at one time in one process; a thread needs one while it calls
        idle_timeout: seconds after which an unused connection is not used again; keep it below
            the server's own limit, 60
        max_packet_size: the server's ``buffer-size``, which limits keys; 64 to 65535
        secret: what the server asks for at this address, and must prove to know; 16 to 1024 bytes
        shared_memory: whether ``get``, ``get_many`` and ``has`` read the memory of a cache that an
            undercroft server on this machine serves. They take a fraction of the time, and count no
            hits and misses. Where that is not possible they ask the server.
        """
        name, address = parse_location(location)
        self._options = Options(
            _duration("connect_timeout", connect_timeout),
            _duration("reply_timeout", reply_timeout),
            _whole("max_value_size", max_value_size, 1, 2**32),
            _whole("connections", connections, 1, 1024),
            _duration("idle_timeout", idle_timeout),
            _whole("max_packet_size", max_packet_size, 64, MAX_PACKET_SIZE),
            secret_bytes(secret),
        )
        self.name = name
        self.address = str(address)
        self._caller = Caller(name.encode("utf-8"), address, self._options)
        self._shared: Optional[SharedReads] = None
        if _flag("shared_memory", shared_memory) and is_local(address):
            self._shared = SharedReads(self._caller, repr(self), self._options.max_value_size)
            self._caller.on_failure = self._shared.forget

    def get(self, key: Key) -> Optional[bytes]:
        """The value; None: a miss. A counter comes as 8 bytes, see ``decode_counter``."""
        if self._shared is not None:
            found = self._shared.get(key_bytes(key))
            if not isinstance(found, Ask):
                return found
        reply = self._caller.call("get", key)
        return None if reply is None else self._body_of(reply)

    def has(self, key: Key) -> bool:
        """Whether the key is there. Counts no hit."""
        if self._shared is not None:
            found = self._shared.get(key_bytes(key))
            if not isinstance(found, Ask):
                return found is not None
        return self._caller.call("exists", key) is not None

    def set(self, key: Key, value: Value, ttl: Optional[float] = None) -> bool:
        """Stores either way. False: the cache is full.

        Raises also UNDERCROFT_VALUE_TOO_LARGE, and UNDERCROFT_VALUE_UNSUPPORTED for an empty
        value, which the protocol cannot carry.
        """
        return self._store("update", key, value, ttl)

    def add(self, key: Key, value: Value, ttl: Optional[float] = None) -> bool:
        """Stores only if absent, in one step. False: there already, or full. Raises as ``set``."""
        return self._store("set", key, value, ttl)

    def delete(self, key: Key) -> bool:
        """Whether there was something to delete."""
        return self._caller.call("del", key) is not None

    def incr(
        self,
        key: Key,
        by: int = 1,
        *,
        initial: Optional[int] = None,
        ttl: Optional[float] = None,
        only_present: bool = False,
    ) -> Optional[int]:
        """Adds in one step at the server, on 64 bits, wrapping. The new value.

        An absent counter begins at ``initial``, without it where the server's cache says (0), and
        gets the ``ttl``; one that is there keeps its own. None: the cache is full, or with
        ``only_present`` there is no item.
        Raises also UNDERCROFT_NOT_A_COUNTER when the item holds something else.
        """
        return self._count("inc", key, by, initial, ttl, only_present)

    def decr(
        self,
        key: Key,
        by: int = 1,
        *,
        initial: Optional[int] = None,
        ttl: Optional[float] = None,
        only_present: bool = False,
    ) -> Optional[int]:
        """As ``incr``, subtracting."""
        return self._count("dec", key, by, initial, ttl, only_present)

    def multiply(
        self,
        key: Key,
        by: int = 2,
        *,
        initial: Optional[int] = None,
        ttl: Optional[float] = None,
        only_present: bool = False,
    ) -> Optional[int]:
        """As ``incr``, multiplying."""
        return self._count("mul", key, by, initial, ttl, only_present)

    def divide(
        self,
        key: Key,
        by: int = 2,
        *,
        initial: Optional[int] = None,
        ttl: Optional[float] = None,
        only_present: bool = False,
    ) -> Optional[int]:
        """As ``incr``, dividing and rounding towards 0; by 0 it gives 0, as in uWSGI."""
        return self._count("div", key, by, initial, ttl, only_present)

    def touch(self, key: Key, ttl: float) -> bool:
        """Gives the item a new TTL; whether there was one."""
        return self._caller.call("touch", key, [ttl_pair(ttl)]) is not None

    def ttl(self, key: Key) -> Optional[float]:
        """Seconds left; ``NEVER``: it never ends; None: no such item."""
        reply = self._caller.call("ttl", key)
        if reply is None:
            return None
        seconds = seconds_of_ttl(reply.fields.get(b"ttl"))
        if seconds is None:
            raise self._caller.protocol_error("a reply has no TTL")
        return seconds

    def get_many(self, keys: Iterable[_K]) -> dict[_K, bytes]:
        """The values of the keys that are there, asked for without waiting for each."""
        wanted = list(keys)
        values: dict[_K, bytes] = {}
        if self._shared is not None:
            read = [(key, self._shared.get(key_bytes(key))) for key in wanted]
            values = {key: value for key, value in read if isinstance(value, bytes)}
            wanted = [key for key, value in read if isinstance(value, Ask)]
        replies = self._caller.call_many("get", [(key, (), None) for key in wanted])
        for key, reply in zip(wanted, replies):
            if reply is not None:
                values[key] = self._body_of(reply)
        return values

    def set_many(self, values: Mapping[_K, Value], ttl: Optional[float] = None) -> list[_K]:
        """Stores several; the keys that were not stored (full, or too large for this cache)."""
        pairs = ttl_pairs(ttl)
        calls = [(key, pairs, value_bytes(value)) for key, value in values.items()]
        expected = ("full", "too-large", "busy")
        replies = self._caller.call_many("update", calls, expected)
        return [key for key, reply in zip(values, replies) if reply is None]

    def delete_many(self, keys: Iterable[Key]) -> int:
        """Deletes several; how many there were."""
        replies = self._caller.call_many("del", [(key, (), None) for key in keys])
        return sum(reply is not None for reply in replies)

    def keys(self, page_size: int = MAX_KEYS_LIMIT) -> Iterator[bytes]:
        """All live keys, fetched page by page, in no particular order.

        A key that is there all the time comes exactly once, whatever others write meanwhile.
        """
        _whole("page_size", page_size, 1, MAX_KEYS_LIMIT)
        cursor = 0
        while True:
            pairs = [(b"cursor", b"%d" % cursor), (b"limit", b"%d" % page_size)]
            reply = self._caller.require("keys", pairs)
            page = parse_list(self._body_of(reply))
            following = parse_integer(reply.fields.get(b"next"))
            if page is None or following is None:
                raise self._caller.protocol_error("a listing is not whole")
            yield from page
            if following == 0:
                return
            if following <= cursor:
                raise self._caller.protocol_error("a listing goes round in a circle")
            cursor = following

    def clear(self) -> Optional[int]:
        """Deletes all items of the cache; how many, or None from a server that does not tell."""
        return parse_integer(self._caller.require("clear").fields.get(b"count"))

    def stats(self) -> dict[str, Any]:
        """What the cache counts at the server: ``items``, ``maxItems``, ``hits``, ``misses`` ..."""
        body = self._body_of(self._caller.require("stats"))
        try:
            stats = json.loads(body)
        except ValueError:
            stats = None
        if not isinstance(stats, dict):
            raise self._caller.protocol_error("the stats are no JSON object")
        return stats

    def close(self) -> None:
        """Closes the connections. Calls under way finish; later ones fail. May be called again."""
        self._caller.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<undercroft.Client {self.name}@{self.address}>"

    def _store(self, command: str, key: Key, value: Value, ttl: Optional[float]) -> bool:
        expected = ("exists", "full")
        body = value_bytes(value)
        return self._caller.call(command, key, ttl_pairs(ttl), body, expected) is not None

    def _count(
        self,
        command: str,
        key: Key,
        by: int,
        initial: Optional[int],
        ttl: Optional[float],
        only_present: bool,
    ) -> Optional[int]:
        pairs = [
            (b"by", b"%d" % require_int64("by", by)),
            *ttl_pairs(ttl),
        ]
        if initial is not None:
            pairs.append((b"initial", b"%d" % require_int64("initial", initial)))
        if only_present:
            pairs.append((b"only", b"present"))
        reply = self._caller.call(command, key, pairs, expected=("full",))
        if reply is None:
            return None
        value = parse_integer(reply.fields.get(b"value"))
        if value is None:
            raise self._caller.protocol_error("a reply has no number as value")
        return value

    def _body_of(self, reply: Reply) -> bytes:
        if reply.body is None:
            raise self._caller.protocol_error("a value came without its size")
        return reply.body


def _duration(name: str, value: float) -> float:
    if isinstance(value, (int, float)) and 0 < value <= 2**31 and not isinstance(value, bool):
        return float(value)
    what = f"{name} must be a number of seconds above 0"
    raise UndercroftError(errors.OPTION_INVALID, f"{what}; got {value!r}")


def _flag(name: str, value: bool) -> bool:
    if isinstance(value, bool):
        return value
    raise UndercroftError(errors.OPTION_INVALID, f"{name} must be True or False; got {value!r}")


def _whole(name: str, value: int, least: int, most: int) -> int:
    if isinstance(value, int) and least <= value <= most and not isinstance(value, bool):
        return value
    what = f"{name} must be a whole number from {least} to {most}"
    raise UndercroftError(errors.OPTION_INVALID, f"{what}; got {value!r}")
