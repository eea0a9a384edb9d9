"""What one process has met at one server: how often, for the log and for those who watch."""

from __future__ import annotations

import threading

_KINDS = ("unsigned",)


class Health:
    """May be used by many threads of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(_KINDS, 0)

    def count(self, kind: str) -> int:
        """One more of this kind; how many there were."""
        with self._lock:
            self._counts[kind] += 1
            return self._counts[kind]

    def counts(self) -> dict[str, int]:
        """A copy."""
        with self._lock:
            return dict(self._counts)
