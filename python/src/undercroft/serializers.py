"""What makes bytes of values and values of bytes, for the Django backend."""

from __future__ import annotations

import json
import pickle
from types import ModuleType
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.utils.module_loading import import_string

from .responses import dump_response, load_response

_RESPONSE = "django.http.HttpResponse"
"""The only name in a dictionary that stands for a page."""


class Serializer(Protocol):
    """What OPTIONS["SERIALIZER"] names: a class, or an object or module with these functions.

    Its values are signed, and ``loads`` gets only what this Django project has stored, unless the
    serializer has an attribute ``is_signed`` that is False.
    """

    def dumps(self, value: Any, /) -> bytes: ...

    def loads(self, data: bytes, /) -> Any: ...


class PickleSerializer:
    """As Django's own backends. Loading runs what the pickle says, so it must be signed."""

    is_signed = True

    def dumps(self, value: Any) -> bytes:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)

    def loads(self, data: bytes) -> Any:
        return pickle.loads(data)


class JSONSerializer:
    """Readable from Node. Tuples come back as lists, and keys of dictionaries as text.

    Also takes an HttpResponse, because Django's cache middleware stores those.
    """

    is_signed = False
    """Node reads and writes these values, and loading them runs nothing."""

    def dumps(self, value: Any) -> bytes:
        if isinstance(value, HttpResponse):
            value = {_RESPONSE: dump_response(value)}
        elif isinstance(value, dict) and _RESPONSE in value:
            raise TypeError(f"the name {_RESPONSE!r} is reserved for pages")
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

    def loads(self, data: bytes) -> Any:
        value = json.loads(data)
        if isinstance(value, dict) and _RESPONSE in value:
            return load_response(value[_RESPONSE])
        return value


_SERIALIZERS = {"pickle": PickleSerializer, "json": JSONSerializer}


def make_serializer(given: Any) -> Serializer:
    """What OPTIONS["SERIALIZER"] says. Raises ImproperlyConfigured and ImportError."""
    serializer: Any = _SERIALIZERS.get(given) if isinstance(given, str) else given
    if serializer is None:
        serializer = import_string(given)
    if callable(serializer):
        serializer = serializer()
    if not hasattr(serializer, "dumps") or not hasattr(serializer, "loads"):
        raise ImproperlyConfigured(f"SERIALIZER must have dumps and loads; got {given!r}")
    return serializer


def is_signed(serializer: Serializer) -> bool:
    """Whether its values need a signature. One that does not say otherwise may run what it loads."""
    return bool(getattr(serializer, "is_signed", True))


def name_of(serializer: Serializer) -> str:
    """The same in every process, for signatures. What one serializer made of a user's text must
    not come to another, which may run it."""
    if isinstance(serializer, ModuleType):
        return serializer.__name__
    kind = type(serializer)
    return f"{kind.__module__}.{kind.__qualname__}"
