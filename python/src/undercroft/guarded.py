"""A client whose failures are misses: logged, counted, and retried with growing delays."""

from __future__ import annotations

import logging
import os
from typing import Callable, TypeVar

from . import errors
from .client import Client
from .errors import UndercroftError
from .health import Health

logger = logging.getLogger("undercroft")

_T = TypeVar("_T")

UNREACHABLE = frozenset(
    [errors.CONNECTION, errors.TIMEOUT, errors.ACCESS_DENIED, errors.NO_SUCH_CACHE]
)
"""Errors after which the next call would most likely fail as well, so it is delayed."""

SILENT = UNREACHABLE | {errors.PROTOCOL, errors.REMOTE_REFUSED}
"""Errors that are not the caller's fault. They are logged and not raised."""


class GuardedClient:
    """A client and its health. May be used by many threads, and after a fork."""

    def __init__(self, client: Client, advice: str = "") -> None:
        """advice: a sentence at the end of the warning that the server is down"""
        self.client = client
        self._advice = advice
        self._health: dict[int, Health] = {}

    @property
    def health(self) -> Health:
        """Of this process alone, because a lock that a fork copies can stay locked for ever."""
        pid = os.getpid()
        health = self._health.get(pid)
        if health is None:
            health = self._health.setdefault(pid, Health())
            for other in list(self._health):
                if other != pid:
                    self._health.pop(other, None)
        return health

    def ask(
        self, call: Callable[[Client], _T], otherwise: _T, silent: frozenset[str] = SILENT
    ) -> _T:
        """Returns what the call returns, or ``otherwise`` for errors that are ``silent``."""
        health = self.health
        ticket = health.begin()
        if ticket is None:
            return otherwise
        try:
            result = call(self.client)
        except UndercroftError as error:
            if error.code in UNREACHABLE:
                if health.failed(ticket):
                    logger.warning("%s; %s%s", error, _DOWN, self._advice)
            else:
                health.undecided(ticket)
                if error.code in silent:
                    logger.warning("%s", error)
            if error.code in silent:
                return otherwise
            raise
        except BaseException:
            health.undecided(ticket)
            raise
        if health.succeeded(ticket):
            logger.warning("%r answers again", self.client)
        return result


_DOWN = (
    "until the server answers again, every value counts as missing and nothing is stored. The next "
    "try comes after a delay, which doubles up to 10 s."
)
