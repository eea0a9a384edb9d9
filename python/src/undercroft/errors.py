"""The one exception class of the package and its codes.

Codes are those of the Node side, listed in docs/reference/errors.md; they are stable, messages may
change. An expected answer (a miss, a full cache) is a value, never one of these.
"""

from __future__ import annotations

OPTION_INVALID = "UNDERCROFT_OPTION_INVALID"
KEY_INVALID = "UNDERCROFT_KEY_INVALID"
VALUE_UNSUPPORTED = "UNDERCROFT_VALUE_UNSUPPORTED"
VALUE_TOO_LARGE = "UNDERCROFT_VALUE_TOO_LARGE"
NOT_A_COUNTER = "UNDERCROFT_NOT_A_COUNTER"
CLOSED = "UNDERCROFT_CLOSED"
ACCESS_DENIED = "UNDERCROFT_ACCESS_DENIED"
NO_SUCH_CACHE = "UNDERCROFT_NO_SUCH_CACHE"
PROTOCOL = "UNDERCROFT_PROTOCOL"
CONNECTION = "UNDERCROFT_CONNECTION"
TIMEOUT = "UNDERCROFT_TIMEOUT"
REMOTE_REFUSED = "UNDERCROFT_REMOTE_REFUSED"


class UndercroftError(Exception):
    """What every failure of this package raises. Compare ``code``, not the message."""

    def __init__(self, code: str, message: str) -> None:
        # Both are the arguments, so that the exception survives pickling.
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"
