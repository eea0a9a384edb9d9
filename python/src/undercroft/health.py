"""What one process knows about one server: whether to call it now, and how often it failed."""

from __future__ import annotations

import threading
import time
from typing import Callable, Optional

FIRST_DELAY = 0.1
LONGEST_DELAY = 10.0
"""Seconds without a call after a failure; they double with each trial that fails."""

LONGEST_TRIAL = 20.0
"""Seconds after which a trial that did not end, because its thread did, is followed by another."""

_KINDS = ("failed", "skipped", "unsigned", "undecodable")


class Health:
    """May be used by many threads of one process.

    A call begins with ``begin`` and ends with ``failed``, ``succeeded`` or ``undecided``. After a
    failure all calls are skipped for a delay. Then one call is the trial, and the others are
    skipped until it ends.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(_KINDS, 0)
        self._round = 0
        """Goes up with each failure and trial. A call that began in an earlier round changes
        nothing, because it says nothing about the server now."""
        self._delay = 0.0
        self._retry_at: Optional[float] = None
        """None: the last call succeeded, or there was none."""

    def begin(self) -> Optional[int]:
        """Returns a ticket for a call to make now, or None if the call is to be skipped."""
        with self._lock:
            if self._retry_at is None:
                return self._round
            now = self._clock()
            if now < self._retry_at:
                self._counts["skipped"] += 1
                return None
            self._round += 1
            self._retry_at = now + LONGEST_TRIAL
            return self._round

    def failed(self, ticket: int) -> bool:
        """The call did not reach the server. Returns whether this is the first failure."""
        with self._lock:
            self._counts["failed"] += 1
            if ticket != self._round:
                return False
            is_news = self._retry_at is None
            self._delay = FIRST_DELAY if is_news else min(2 * self._delay, LONGEST_DELAY)
            self._retry_at = self._clock() + self._delay
            self._round += 1
            return is_news

    def succeeded(self, ticket: int) -> bool:
        """The server answered. Returns whether calls had failed before."""
        if self._retry_at is None:
            return False
        with self._lock:
            if self._retry_at is None or ticket != self._round:
                return False
            self._retry_at = None
            return True

    def undecided(self, ticket: int) -> None:
        """The call ended without showing whether the server is up, so the next call is a trial."""
        with self._lock:
            if self._retry_at is not None and ticket == self._round:
                self._retry_at = self._clock()

    def count(self, kind: str) -> int:
        """Adds one to the counter of this kind and returns the counter."""
        with self._lock:
            self._counts[kind] += 1
            return self._counts[kind]

    def counts(self) -> dict[str, int]:
        """Returns a copy of all counters."""
        with self._lock:
            return dict(self._counts)
