"""Serializers for the Django backend."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.utils.module_loading import import_string

from .responses import dump_response, load_response
from .values import PickleSerializer, Serializer

_RESPONSE = "django.http.HttpResponse"
"""The only name in a dictionary that stands for a response."""


class JSONSerializer:
    """Readable from Node. Tuples come back as lists, and keys of dictionaries as text.

    It also takes an HttpResponse, because Django's cache middleware stores responses.
    """

    is_signed = False
    """Node reads and writes these values, and loading them runs no code."""

    def dumps(self, value: Any) -> bytes:
        if isinstance(value, HttpResponse):
            value = {_RESPONSE: dump_response(value)}
        elif isinstance(value, dict) and _RESPONSE in value:
            raise TypeError(f"the name {_RESPONSE!r} is reserved for responses")
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

    def loads(self, data: bytes) -> Any:
        value = json.loads(data)
        if isinstance(value, dict) and _RESPONSE in value:
            return load_response(value[_RESPONSE])
        return value


_SERIALIZERS = {"pickle": PickleSerializer, "json": JSONSerializer}


def make_serializer(given: Any) -> Serializer:
    """Makes what OPTIONS["SERIALIZER"] names. Raises ImproperlyConfigured and ImportError."""
    serializer: Any = _SERIALIZERS.get(given) if isinstance(given, str) else given
    if serializer is None:
        serializer = import_string(given)
    if callable(serializer):
        serializer = serializer()
    if not hasattr(serializer, "dumps") or not hasattr(serializer, "loads"):
        raise ImproperlyConfigured(f"SERIALIZER must have dumps and loads; got {given!r}")
    return serializer


def is_signed(serializer: Serializer) -> bool:
    """Whether its values are signed, which is the default because a serializer can run code."""
    return bool(getattr(serializer, "is_signed", True))


def name_of(serializer: Serializer) -> str:
    """A name for signatures, the same in every process.

    With it, pickle does not load what another serializer stored, which can be the text of a user.
    """
    if isinstance(serializer, ModuleType):
        return serializer.__name__
    kind = type(serializer)
    return f"{kind.__module__}.{kind.__qualname__}"
