"""Which reads of a client go to shared memory, and when they go to the server instead."""

from __future__ import annotations

import logging
import time
from typing import Optional, Union

from . import errors
from .calls import Caller
from .errors import UndercroftError
from .protocol import Address, parse_integer
from .segment import ASK, Ask, Segment, SegmentFile, Unreadable

logger = logging.getLogger("undercroft")

_PAUSE = 60.0
"""Seconds until the server is asked again for a file that could not be read."""


class SharedReads:
    """Finds the memory of one cache by its server, and reads it. May be used by many threads.

    A call that fails ends the reads until the server answers again. So a client whose server is down
    does not read on in a cache that it can no longer write to.
    """

    def __init__(self, caller: Caller, label: str, max_value_size: int) -> None:
        self._caller = caller
        self._label = label
        self._max_value_size = max_value_size
        self._segment: Optional[Segment] = None
        self._retry_at = 0.0
        self._is_warned = False

    def get(self, key: bytes) -> Union[bytes, None, Ask]:
        """Returns the value, None for a miss, or ``ASK``. Raises what a call to the server raises."""
        segment = self._segment
        if segment is None or not segment.is_current():
            segment = self._segment = self._find()
        return ASK if segment is None else segment.get(key)

    def forget(self) -> None:
        """Ends the reads until the server has named the file again."""
        self._segment = None

    def _find(self) -> Optional[Segment]:
        now = time.monotonic()
        if now < self._retry_at:
            return None
        try:
            file = self._ask()
            if file is not None:
                return Segment(file, self._max_value_size)
        except Unreadable as error:
            self._warn(error)
        self._retry_at = now + _PAUSE
        return None

    def _ask(self) -> Optional[SegmentFile]:
        """Returns None where the server does not name a file: it is a uWSGI, or on another machine,
        its option inspect forbids it, or the cache is in private memory."""
        try:
            reply = self._caller.call("segment")
        except UndercroftError as error:
            if error.code == errors.REMOTE_REFUSED:
                return None
            raise
        if reply is None:
            return None
        path = reply.fields.get(b"file", b"").decode("utf-8", "surrogateescape")
        inode = parse_integer(reply.fields.get(b"inode"))
        checksum = parse_integer(reply.fields.get(b"checksum"))
        if not path or inode is None or checksum is None:
            raise self._caller.protocol_error("a reply does not name a file")
        return SegmentFile(path, inode, checksum)

    def _warn(self, reason: Unreadable) -> None:
        """Once for each client: the reason seldom changes, and reads work without the memory."""
        if not self._is_warned:
            self._is_warned = True
            logger.warning(_UNREADABLE, self._label, reason)


_UNREADABLE = (
    "%s: the shared memory of this cache cannot be read here, because %s. Each read asks the server "
    "instead, which takes longer. To do without this line, set shared_memory to False."
)


def is_local(address: Address) -> bool:
    """Whether the server can be on this machine only. Its memory is then looked for."""
    return bool(address.path) or address.host in ("localhost", "::1") or address.host[:4] == "127."
