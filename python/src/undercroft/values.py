"""How a backend stores the values of its program: counters, serialized values, signed ones."""

from __future__ import annotations

import pickle
from typing import Any, Callable, Optional, Protocol

from .protocol import decode_counter, encode_counter, is_int64, key_bytes
from .signing import Signer

_COUNTER_SIZE = 8


class Serializer(Protocol):
    """A class, or an object or module with these functions.

    Its values are signed, and ``loads`` gets only values that a holder of the secret has stored. If
    it has an attribute ``is_signed`` that is False, ``loads`` gets what any program has stored.
    """

    def dumps(self, value: Any, /) -> bytes: ...

    def loads(self, data: bytes, /) -> Any: ...


class PickleSerializer:
    """A pickle can run any code when it is loaded, so it is signed."""

    is_signed = True

    def dumps(self, value: Any) -> bytes:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)

    def loads(self, data: bytes) -> Any:
        return pickle.loads(data)


class Unsigned(Exception):
    """The signature of a value is missing or wrong, so it was not loaded."""


class Undecodable(Exception):
    """The serializer could not load a value; the cause is its exception."""


class Values:
    """Values as bytes, and back."""

    def __init__(self, serializer: Serializer, make_signer: Optional[Callable[[], Signer]]) -> None:
        """make_signer: is called at first use; None: values are not signed"""
        self._serializer = serializer
        self._make_signer = make_signer
        self._signer: Optional[Signer] = None

    def encode(self, name: str, value: Any) -> bytes:
        """Raises what the serializer raises.

        A value other than a counter must not have the size of a counter, so it gets one space at
        the end, after any spaces of the serializer. JSON and pickle would ignore the space.
        """
        if type(value) is int and is_int64(value):
            return encode_counter(value)
        data = self._serializer.dumps(value)
        if self._make_signer is not None:
            data = self._signer_of(self._make_signer).sign(key_bytes(name), data)
        return data + b" " if len(data.rstrip(b" ")) <= _COUNTER_SIZE <= len(data) else data

    def decode(self, name: str, data: bytes) -> Any:
        """Raises Unsigned and Undecodable."""
        if len(data) == _COUNTER_SIZE:
            return decode_counter(data)
        if len(data.rstrip(b" ")) <= _COUNTER_SIZE < len(data):
            data = data[:-1]
        if self._make_signer is not None:
            opened = self._signer_of(self._make_signer).open(key_bytes(name), data)
            if opened is None:
                raise Unsigned
            data = opened
        try:
            return self._serializer.loads(data)
        except Exception as error:
            raise Undecodable(f"{type(error).__name__}: {error}"[:200]) from error

    def _signer_of(self, make: Callable[[], Signer]) -> Signer:
        if self._signer is None:
            self._signer = make()
        return self._signer
