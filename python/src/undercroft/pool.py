"""The connections of one client: a bounded number, each lent to one thread at a time.

After a fork the child starts with none. It must not use those of its parent, whose replies would
go to whichever of both reads first.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import Iterator

from . import errors
from .connection import Connection, Options
from .errors import UndercroftError
from .protocol import Address


class Pool:
    """Lends connections; a thread waits for one while all are lent."""

    def __init__(self, address: Address, options: Options) -> None:
        self._address = address
        self._options = options
        self._lendings = {os.getpid(): _Lending(options.connections)}
        self._is_closed = False

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection for the block. It is kept for others only if it ended the block whole."""
        lending = self._of_this_process()
        if not lending.places.acquire(timeout=self._options.reply_timeout):
            count, seconds = self._options.connections, self._options.reply_timeout
            what = f"{self._address}: all {count} connections were in use for {seconds} s"
            raise UndercroftError(errors.TIMEOUT, f"{what}; raise connections")
        try:
            connection = self._find_idle(lending) or self._open(lending)
            try:
                yield connection
            except BaseException:
                connection.is_kept = False  # a reply may still be on its way
                raise
            finally:
                self._take_back(lending, connection)
        finally:
            lending.places.release()

    def close(self) -> None:
        """Closes idle connections now, lent ones when they come back."""
        self._is_closed = True
        lending = self._of_this_process()
        with lending.lock:
            idle, lending.idle = lending.idle, []
        for connection in idle:
            lending.close(connection)

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def _find_idle(self, lending: _Lending) -> Connection | None:
        while True:
            with lending.lock:
                if not lending.idle:
                    return None
                connection = lending.idle.pop()  # the one used last: others may fall idle
            if connection.is_fresh():
                return connection
            lending.close(connection)

    def _open(self, lending: _Lending) -> Connection:
        connection = Connection(self._address, self._options)
        with lending.lock:
            lending.open.add(connection)
        return connection

    def _take_back(self, lending: _Lending, connection: Connection) -> None:
        if connection.is_kept and not self._is_closed:
            connection.idle_since = time.monotonic()
            with lending.lock:
                lending.idle.append(connection)
        else:
            lending.close(connection)

    def _of_this_process(self) -> _Lending:
        """Asked for each call, because servers written in C fork without telling Python.

        The parent's lock may have been held by a thread that does not exist here, so it is not
        used; setdefault is one step for all threads of this process.
        """
        pid = os.getpid()
        lending = self._lendings.get(pid)
        if lending is not None:
            return lending
        inherited = [key for key in list(self._lendings) if key != pid]
        lending = self._lendings.setdefault(pid, _Lending(self._options.connections))
        for key in inherited:
            old = self._lendings.pop(key, None)
            if old is not None:
                for connection in list(old.open):
                    connection.close()  # this process's descriptor only; the parent's goes on
        return lending


class _Lending:
    """The state of a pool in one process."""

    def __init__(self, limit: int) -> None:
        self.places = threading.BoundedSemaphore(limit)
        self.lock = threading.Lock()
        self.idle: list[Connection] = []
        self.open: set[Connection] = set()

    def close(self, connection: Connection) -> None:
        connection.close()
        with self.lock:
            self.open.discard(connection)
