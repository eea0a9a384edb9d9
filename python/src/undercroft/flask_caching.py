"""A backend for Flask-Caching.

    app.config["CACHE_TYPE"] = "undercroft.flask_caching.UndercroftCache"
    app.config["CACHE_UNDERCROFT_LOCATION"] = "flask@/run/undercroft.sock"

Values are signed with the application's SECRET_KEY. CACHE_DEFAULT_TIMEOUT, CACHE_KEY_PREFIX and
CACHE_OPTIONS (the options of ``undercroft.Client``) work as with other backends.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from flask import Flask
from flask_caching.backends.base import BaseCache

from . import cachelib, errors
from .errors import UndercroftError

__all__ = ["UndercroftCache"]


class UndercroftCache(cachelib.UndercroftCache, BaseCache):
    """See ``undercroft.cachelib.UndercroftCache``."""

    @classmethod
    def factory(
        cls,
        app: Flask,
        config: Mapping[str, Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> UndercroftCache:
        """Called by Flask-Caching. Raises UndercroftError for missing settings."""
        location = config.get("CACHE_UNDERCROFT_LOCATION")
        if not isinstance(location, str):
            what = "CACHE_UNDERCROFT_LOCATION must be name@/path.sock or name@host:port"
            raise UndercroftError(errors.OPTION_INVALID, f"{what}; got {location!r}")
        given = {"secret_key": app.secret_key, "key_prefix": config.get("CACHE_KEY_PREFIX") or ""}
        return cls(location, *args, **{**given, **kwargs})
