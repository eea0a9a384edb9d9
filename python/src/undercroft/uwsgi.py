"""uWSGI's cache functions outside uWSGI, under uWSGI's names and with its results.

``import uwsgi`` gives this module in any Python program whose environment names a server:

    UNDERCROFT_UWSGI=/run/app.sock gunicorn app:app

UNDERCROFT_UWSGI is ``host:port``, the path of a Unix socket, or one of both after ``name@``. The
default cache is the one of this name, or the server's first. UNDERCROFT_SECRET is what the server
asks for there. UNDERCROFT_SHARED_MEMORY=0 sends reads to the server, too, which they otherwise do
not need on its machine.

A cache argument is a name at that server, an address (its first cache), or ``name@address``.

As in uWSGI, the functions return True or None and never raise an exception for a miss, a refusal,
an unknown cache or a server that is down, which is logged. Arguments of a wrong type raise
TypeError, and numbers beyond 64 bits OverflowError.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any, Callable, Literal, Optional, TypeVar, Union

from . import errors
from .client import Client
from .errors import UndercroftError
from .guarded import GuardedClient
from .protocol import NEVER, decode_counter, is_int64
from .send_message import Message, send_message

__all__ = [
    "Message",
    "cache_clear",
    "cache_dec",
    "cache_del",
    "cache_div",
    "cache_exists",
    "cache_get",
    "cache_inc",
    "cache_keys",
    "cache_mul",
    "cache_num",
    "cache_set",
    "cache_update",
    "opt",
    "send_message",
]

ADDRESS_VARIABLE = "UNDERCROFT_UWSGI"
SECRET_VARIABLE = "UNDERCROFT_SECRET"
SHARED_MEMORY_VARIABLE = "UNDERCROFT_SHARED_MEMORY"

opt: dict[str, bytes]
"""What the server says of the default cache, as uWSGI's options: ``cache``, how many items it
holds, and ``cache2``. Empty without a server. Asked for each time, so keep it if you need it."""

Done = Optional[Literal[True]]
_Text = Union[str, bytes]
_T = TypeVar("_T")

_REFUSED = frozenset(
    [
        errors.KEY_INVALID,
        errors.VALUE_TOO_LARGE,
        errors.VALUE_UNSUPPORTED,
        errors.NOT_A_COUNTER,
        errors.CLOSED,
    ]
)
"""What uWSGI answers with None. A client can be closed by a thread that needs another cache."""

_MAX_CLIENTS = 100
"""Caches with connections of their own. The cache argument may come from a request."""

_clients: dict[str, GuardedClient] = {}
_clients_lock = threading.Lock()


def cache_get(key: _Text, cache: Optional[str] = None, /) -> Optional[bytes]:
    """Returns the value; None: a miss."""
    return _ask(cache, key, lambda client: client.get(key), None)


def cache_set(
    key: _Text, value: _Text, expires: int = 0, cache: Optional[str] = None, /
) -> Done:
    """Stores a value if the key is absent; None: it is there, or the value finds no room.

    expires: seconds; 0 is never, and a negative number is already over
    """
    _require_text("value", value)
    ttl = _ttl(expires)
    return _ask(cache, key, lambda client: _done(client.add(key, value, ttl)), None)


def cache_update(
    key: _Text, value: _Text, expires: int = 0, cache: Optional[str] = None, /
) -> Done:
    """As ``cache_set``, whether or not the key is there."""
    _require_text("value", value)
    ttl = _ttl(expires)
    return _ask(cache, key, lambda client: _done(client.set(key, value, ttl)), None)


def cache_del(key: _Text, cache: Optional[str] = None, /) -> Done:
    """Deletes an item; None: there was none."""
    return _ask(cache, key, lambda client: _done(client.delete(key)), None)


def cache_exists(key: _Text, cache: Optional[str] = None, /) -> Done:
    """Returns True for an item that is there, else None. Counts no hit."""
    return _ask(cache, key, lambda client: _done(client.has(key)), None)


def cache_clear(cache: Optional[str] = None, /) -> Done:
    """Deletes all items."""

    def clear(client: Client) -> Done:
        client.clear()
        return True

    return _ask(cache, _NO_KEY, clear, None)


def cache_inc(
    key: _Text, value: int = 1, expires: int = 0, cache: Optional[str] = None, /
) -> Done:
    """Adds to a counter of 64 bits, which wraps; None: the item is no counter, or there is no room.

    An absent counter begins at 0 and gets ``expires``.
    """
    return _count(Client.incr, key, value, expires, cache)


def cache_dec(
    key: _Text, value: int = 1, expires: int = 0, cache: Optional[str] = None, /
) -> Done:
    """As ``cache_inc``, subtracting."""
    return _count(Client.decr, key, value, expires, cache)


def cache_mul(
    key: _Text, value: int = 2, expires: int = 0, cache: Optional[str] = None, /
) -> Done:
    """As ``cache_inc``, multiplying."""
    return _count(Client.multiply, key, value, expires, cache)


def cache_div(
    key: _Text, value: int = 2, expires: int = 0, cache: Optional[str] = None, /
) -> Done:
    """As ``cache_inc``, dividing and rounding towards 0; by 0 it gives 0."""
    return _count(Client.divide, key, value, expires, cache)


def cache_num(key: _Text, cache: Optional[str] = None, /) -> int:
    """Returns the number in a counter; 0: a miss, or no counter."""
    data = cache_get(key, cache)
    return 0 if data is None or len(data) != 8 else decode_counter(data)


def cache_keys(cache: Optional[str] = None, /) -> list[bytes]:
    """Returns all keys. Raises ValueError for a cache that is not there, as uWSGI does."""
    keys = _ask(cache, _NO_KEY, lambda client: list(client.keys()), None)
    if keys is None:
        raise ValueError("no local uWSGI cache available")
    return keys


def __getattr__(name: str) -> Any:
    if name != "opt":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    nothing: dict[str, Any] = {}
    stats = _ask(None, _NO_KEY, lambda client: client.stats(), nothing)
    if not stats:
        return {}
    cache2 = "name={name},items={maxItems},blocksize={blockSize},keysize={maxKeySize}"
    return {
        "cache": str(stats["maxItems"]).encode("ascii"),
        "cache2": cache2.format(**stats).encode("utf-8"),
    }


_NO_KEY = "-"


def _ask(
    cache: Optional[str], key: _Text, call: Callable[[Client], _T], otherwise: _T
) -> _T:
    _require_text("key", key)
    if cache is not None and not isinstance(cache, str):
        raise TypeError(f"cache must be a str; got {type(cache).__name__}")
    found = _find(cache or "")
    if found is None:
        return otherwise
    try:
        return found.ask(call, otherwise)
    except UndercroftError as error:
        if error.code in _REFUSED:
            return otherwise
        raise


def _find(cache: str) -> Optional[GuardedClient]:
    """The client of a cache, made at first use; None: the name has no server, or is not valid.

    Clients beyond the limit are closed, the oldest first; calls under way finish.
    """
    known = _clients.get(cache)
    if known is not None:
        return known
    default = _with_name(os.environ.get(ADDRESS_VARIABLE, ""))
    if default == "@" and not cache:
        what = f"the default cache needs {ADDRESS_VARIABLE} in the environment, with its address"
        raise UndercroftError(errors.OPTION_INVALID, what)
    is_elsewhere = "@" in cache or "/" in cache or ":" in cache
    location = _with_name(cache) if is_elsewhere else default
    if cache and not is_elsewhere:
        location = f"{cache}@{default.partition('@')[2]}"
    secret = os.environ.get(SECRET_VARIABLE)
    is_default = location.partition("@")[2] == default.partition("@")[2]
    try:
        client = Client(
            location,
            secret=secret if is_default else None,
            shared_memory=os.environ.get(SHARED_MEMORY_VARIABLE) != "0",
        )
    except UndercroftError:
        if cache:
            return None  # a caller's argument; uWSGI knows no such cache either
        raise
    with _clients_lock:
        if len(_clients) >= _MAX_CLIENTS:
            _clients.pop(next(iter(_clients))).client.close()
        return _clients.setdefault(cache, GuardedClient(client))


def _close() -> None:
    """Closes the connections; the next call opens them again."""
    with _clients_lock:
        clients = list(_clients.values())
        _clients.clear()
    for guarded in clients:
        guarded.client.close()


atexit.register(_close)


def _with_name(location: str) -> str:
    """An address without a name is that of the server's first cache."""
    return location if "@" in location else f"@{location}"


def _count(
    change: Callable[..., Optional[int]],
    key: _Text,
    value: int,
    expires: int,
    cache: Optional[str],
) -> Done:
    by, ttl = _int64("value", value), _ttl(expires)
    return _ask(
        cache, key, lambda client: _done(change(client, key, by, ttl=ttl) is not None), None
    )


def _done(is_done: bool) -> Done:
    return True if is_done else None


def _ttl(expires: int) -> float:
    seconds = _int64("expires", expires)
    return NEVER if seconds == 0 else max(0, seconds)


def _int64(name: str, value: int) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an int; got {type(value).__name__}")
    if not is_int64(value):
        raise OverflowError(f"{name} must have at most 64 bits")
    return value


def _require_text(name: str, value: _Text) -> None:
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"{name} must be str or bytes; got {type(value).__name__}")
