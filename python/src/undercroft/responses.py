"""Responses of Django as JSON, and back.

A response of a subclass comes back as an HttpResponse with the same status, headers, cookies and
content.
"""

from __future__ import annotations

import base64
import re
from http.cookies import Morsel
from typing import Any

from django.http import HttpResponse

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def dump_response(response: HttpResponse) -> dict[str, Any]:
    """The content is in ``text`` if it is UTF-8, and in ``base64`` if not."""
    dumped: dict[str, Any] = {
        "status": response.status_code,
        "reason": response._reason_phrase,
        "charset": response._charset,
        "headers": [[name, value] for name, value in response.items()],
        "cookies": [
            [cookie.key, cookie.value, cookie.coded_value, {k: v for k, v in cookie.items() if v}]
            for cookie in response.cookies.values()
        ],
    }
    try:
        dumped["text"] = response.content.decode("utf-8")
    except UnicodeDecodeError:
        dumped["base64"] = base64.b64encode(response.content).decode("ascii")
    return dumped


def load_response(dumped: Any) -> HttpResponse:
    """Raises an exception of any class if ``dump_response`` cannot have made this."""
    content = (
        dumped["text"].encode("utf-8")
        if "text" in dumped
        else base64.b64decode(dumped["base64"], validate=True)
    )
    response = HttpResponse(
        content,
        status=dumped["status"],
        reason=_header_text(dumped["reason"]),
        charset=_header_text(dumped["charset"]),
    )
    del response["Content-Type"]
    for name, value in dumped["headers"]:
        response[_header_text(name)] = _header_text(value)
    for name, value, coded_value, attributes in dumped["cookies"]:
        morsel: Morsel[str] = Morsel()
        morsel.set(name, value, _header_text(coded_value))
        morsel.update({k: _header_text(v) for k, v in attributes.items()})
        response.cookies[name] = morsel
    return response


def _header_text(value: Any) -> Any:
    """A line break would begin another header. Django checks some headers, not all."""
    if value is None or isinstance(value, int):
        return value
    if _CONTROL.search(value):
        raise ValueError("a control character in a header")
    return value
