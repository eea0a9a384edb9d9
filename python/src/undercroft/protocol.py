"""Packets, dictionaries, numbers and addresses of uWSGI's cache protocol: bytes only, no sockets.

The commands are those of modifier2 17; see docs/reference/wire-extension.md for what undercroft
adds to them. A real uWSGI ignores the names it does not know.
"""

from __future__ import annotations

import math
import re
from typing import Iterable, NamedTuple, Optional, Union

from . import errors
from .errors import UndercroftError

Key = Union[str, bytes]
Value = Union[str, bytes, bytearray, memoryview]
Pair = tuple[bytes, bytes]

NEVER = math.inf
"""The TTL of an item that never ends."""

HEADER_SIZE = 4
MAX_PACKET_SIZE = 65_535
DEFAULT_BUFFER_SIZE = 4096
"""uWSGI's ``buffer-size``: the largest packet a server takes unless told otherwise."""

MODIFIER1_CACHE = 111
MODIFIER2_MAGIC = 17
MAX_KEYS_LIMIT = 1000

READS = frozenset(["get", "exists", "ttl", "keys", "stats", "verify", "caches", "segment"])
"""Commands that change nothing, so that sending one a second time does no harm."""

UWSGI_COMMANDS = frozenset(["get", "exists", "set", "update", "del", "clear"])
"""Commands a real uWSGI knows, so that its silence is an answer."""

_NEVER_TTL = b"-1"
_MAX_EXACT = 2**53 - 1
_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1
_MAX_CACHE_NAME_SIZE = 255
_MAX_UNIX_PATH_SIZE = 103
_INLINE_BODY_SIZE = 16_384


class Address(NamedTuple):
    """Where a server listens: a path, or a host and a port."""

    path: str
    host: str
    port: int

    def __str__(self) -> str:
        if self.path:
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Request(NamedTuple):
    """One command, ready to be sent."""

    command: str
    parts: tuple[bytes, ...]
    """Sent one after the other; a large body is apart, which saves copying it."""

    @property
    def size(self) -> int:
        return sum(len(part) for part in self.parts)

    @property
    def is_read(self) -> bool:
        return self.command in READS


class Reply(NamedTuple):
    """The dictionary of a reply, and the bytes announced by its ``size``."""

    fields: dict[bytes, bytes]
    body: Optional[bytes]

    @property
    def is_kept(self) -> bool:
        """The server takes more requests on this connection."""
        return self.fields.get(b"keep") == b"1"


def encode_login_request(command: str, pairs: Iterable[Pair] = ()) -> bytes:
    """Of a login, which has neither key nor cache."""
    return _packet([(b"cmd", command.encode("ascii")), *pairs, (b"keep", b"1")])


def encode_request(
    command: str,
    cache_name: bytes,
    max_packet_size: int,
    key: Optional[Key] = None,
    pairs: Iterable[Pair] = (),
    body: Optional[bytes] = None,
) -> Request:
    """Names in the order of uWSGI's own client; ``keep`` asks the server to stay open."""
    given: list[Pair] = [(b"cmd", command.encode("ascii"))]
    if key is not None:
        given.append((b"key", key_bytes(key)))
    if body is not None:
        given.append((b"size", b"%d" % len(body)))
    given += [*pairs, (b"cache", cache_name), (b"keep", b"1")]
    size = sum(4 + len(name) + len(value) for name, value in given)
    if size > max_packet_size:
        raise UndercroftError(
            errors.KEY_INVALID,
            f"a request with this key has a packet of {size} bytes, over max_packet_size, "
            f"{max_packet_size}; shorten the key, or raise that and the server's buffer-size",
        )
    head = _packet(given)
    if body is None:
        return Request(command, (head,))
    if len(body) <= _INLINE_BODY_SIZE:
        return Request(command, (head + body,))
    return Request(command, (head, body))


def _packet(pairs: Iterable[Pair]) -> bytes:
    payload = encode_dictionary(pairs)
    size = len(payload)
    return bytes((MODIFIER1_CACHE, size & 255, size >> 8, MODIFIER2_MAGIC)) + payload


def encode_dictionary(pairs: Iterable[Pair]) -> bytes:
    """Encodes what ``parse_dictionary`` parses; a name or value has at most 65535 bytes."""
    return b"".join(
        len(name).to_bytes(2, "little") + name + len(value).to_bytes(2, "little") + value
        for name, value in pairs
    )


def parse_dictionary(payload: bytes) -> Optional[dict[bytes, bytes]]:
    """Repeated ``u16le size, name, u16le size, value``; None: malformed."""
    fields: dict[bytes, bytes] = {}
    offset, end = 0, len(payload)
    while offset < end:
        name_start = offset + 2
        name_end = name_start + int.from_bytes(payload[offset:name_start], "little")
        value_start = name_end + 2
        if name_end == name_start or value_start > end:
            return None
        offset = value_start + int.from_bytes(payload[name_end:value_start], "little")
        if offset > end:
            return None
        fields[payload[name_start:name_end]] = payload[value_start:offset]
    return fields


def parse_list(body: bytes) -> Optional[list[bytes]]:
    """Repeated ``u16le size, bytes``; None: malformed."""
    items: list[bytes] = []
    offset, end = 0, len(body)
    while offset < end:
        start = offset + 2
        if start > end:
            return None
        offset = start + int.from_bytes(body[offset:start], "little")
        if offset > end:
            return None
        items.append(body[start:offset])
    return items


def parse_integer(text: Optional[bytes]) -> Optional[int]:
    """ASCII digits, ``-`` in front of a negative number; None: it is not one."""
    if text is None or re.fullmatch(rb"-?[0-9]{1,20}", text) is None:
        return None
    return int(text)


def key_bytes(key: Key) -> bytes:
    """Text as UTF-8, bytes as they are; never empty."""
    if isinstance(key, str):
        try:
            key = key.encode("utf-8")
        except UnicodeEncodeError as error:
            raise UndercroftError(errors.KEY_INVALID, f"the key is no UTF-8: {error}") from error
    elif not isinstance(key, bytes):
        kind = type(key).__name__
        raise UndercroftError(errors.KEY_INVALID, f"a key must be str or bytes; got {kind}")
    if not key:
        raise UndercroftError(errors.KEY_INVALID, "a key must not be empty")
    return key


def value_bytes(value: Value) -> bytes:
    """Text as UTF-8, bytes as they are. An empty value is the same as a miss on the wire."""
    if isinstance(value, str):
        value = value.encode("utf-8")
    elif isinstance(value, (bytearray, memoryview)):
        value = bytes(value)
    elif not isinstance(value, bytes):
        raise UndercroftError(
            errors.VALUE_UNSUPPORTED,
            f"a value must be str or bytes; got {type(value).__name__}. For a counter use "
            "encode_counter()",
        )
    if not value:
        raise UndercroftError(
            errors.VALUE_UNSUPPORTED,
            "an empty value cannot be sent: on the wire it is the same as a miss",
        )
    return value


def encode_counter(value: int) -> bytes:
    """The bytes of a counter as the cache stores it, to be given to ``Client.set``."""
    return require_int64("value", value).to_bytes(8, "little", signed=True)


def decode_counter(data: bytes) -> int:
    """The number in the bytes that ``Client.get`` gave for a counter."""
    if len(data) != 8:
        raise UndercroftError(errors.NOT_A_COUNTER, f"a counter has 8 bytes; got {len(data)}")
    return int.from_bytes(data, "little", signed=True)


def is_int64(value: int) -> bool:
    return _MIN_INT64 <= value <= _MAX_INT64


def require_int64(name: str, value: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and is_int64(value):
        return value
    raise UndercroftError(
        errors.OPTION_INVALID, f"{name} must be an int from -2**63 to 2**63 - 1; got {value!r}"
    )


def ttl_pair(ttl: float) -> Pair:
    """Milliseconds, rounded up. What is too long to write exactly is never."""
    if not isinstance(ttl, (int, float)) or not ttl >= 0:
        raise UndercroftError(
            errors.OPTION_INVALID, f"ttl must be a number of seconds from 0; got {ttl!r}"
        )
    if ttl * 1000 > _MAX_EXACT:
        return b"ttl", _NEVER_TTL
    return b"ttl", b"%d" % math.ceil(ttl * 1000)


def ttl_pairs(ttl: Optional[float]) -> list[Pair]:
    """``ttl`` for undercroft, which lets it win, and whole seconds for a real uWSGI."""
    if ttl is None:
        return []
    pair = ttl_pair(ttl)
    if pair[1] == _NEVER_TTL:
        return [pair]
    return [pair, (b"expires", b"%d" % max(1, math.ceil(ttl)))]


def seconds_of_ttl(text: Optional[bytes]) -> Optional[float]:
    """The other way round; None: not a TTL."""
    milliseconds = parse_integer(text)
    if milliseconds is None or milliseconds < -1:
        return None
    return NEVER if milliseconds == -1 else milliseconds / 1000


def parse_location(location: str) -> tuple[str, Address]:
    """``name@host:port``, ``name@[ipv6]:port``, ``name@/path`` or the same without a name."""
    name, at, address = location.partition("@")
    if not at:
        raise _bad_location(location)
    if len(name.encode("utf-8")) > _MAX_CACHE_NAME_SIZE:
        raise _bad_location(location)
    if "/" in address:
        if "\0" in address or len(address.encode("utf-8")) > _MAX_UNIX_PATH_SIZE:
            raise _bad_location(location)
        return name, Address(address, "", 0)
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.%]+)\]|([^:\[\]]+)):([0-9]{1,5})", address)
    if match is None or not 0 < int(match[3]) <= 65_535:
        raise _bad_location(location)
    return name, Address("", match[1] or match[2], int(match[3]))


def _bad_location(location: str) -> UndercroftError:
    return UndercroftError(
        errors.OPTION_INVALID,
        f"a location must be name@host:port, name@[ipv6]:port or name@/path, with a name of at "
        f"most {_MAX_CACHE_NAME_SIZE} bytes and a path of at most {_MAX_UNIX_PATH_SIZE}; "
        f"got {location!r}",
    )
