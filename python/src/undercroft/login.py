"""Proving to a server that we have the secret, and making sure that it has it, too.

The steps and bytes are in docs/reference/wire-extension.md. The secret itself is never sent.
"""

from __future__ import annotations

import hmac
import os
from typing import Callable, Optional, Union

from . import errors
from .errors import UndercroftError
from .protocol import Reply, encode_login_request

Secret = Union[str, bytes]

_NONCE_SIZE = 32
_MIN_SECRET_SIZE, _MAX_SECRET_SIZE = 16, 1024


def secret_bytes(secret: Optional[Secret]) -> Optional[bytes]:
    """Text as UTF-8; None: none. Never in a message, because messages end up in logs."""
    if secret is None:
        return None
    data = secret.encode("utf-8") if isinstance(secret, str) else secret
    if isinstance(data, bytes) and _MIN_SECRET_SIZE <= len(data) <= _MAX_SECRET_SIZE:
        return data
    limits = f"{_MIN_SECRET_SIZE} to {_MAX_SECRET_SIZE} bytes"
    raise UndercroftError(errors.OPTION_INVALID, f"secret must be text or bytes of {limits}")


def log_in(secret: bytes, address: str, ask: Callable[[bytes], Optional[Reply]]) -> None:
    """Runs one login; ``ask`` sends a packet and gives the reply, None if there came none.

    Raises UNDERCROFT_ACCESS_DENIED, and UNDERCROFT_CONNECTION if the server closed.
    """
    nonce = os.urandom(_NONCE_SIZE)
    challenge = _field(address, ask(encode_login_request("challenge")), b"challenge")
    if len(challenge) != _NONCE_SIZE:
        raise _denied(address, "it asks for no secret at this address; leave out the secret")
    proof = _proof(secret, b"client", challenge, nonce)
    reply = ask(encode_login_request("login", [(b"nonce", nonce), (b"proof", proof)]))
    expected = _proof(secret, b"server", challenge, nonce)
    if not hmac.compare_digest(_field(address, reply, b"proof"), expected):
        raise _denied(address, "it does not know the secret itself, so something else answers")


def _proof(secret: bytes, side: bytes, challenge: bytes, nonce: bytes) -> bytes:
    data = b"undercroft login " + side + b"\0" + challenge + nonce
    return hmac.new(secret, data, "sha256").digest()


def _field(address: str, reply: Optional[Reply], name: bytes) -> bytes:
    if reply is None:
        what = "closed the connection within the login: is it an undercroft server that asks for"
        raise UndercroftError(
            errors.CONNECTION, f"{address} {what} a secret at this address, and are we allowed there?"
        )
    if reply.fields[b"status"] != b"ok":
        if reply.fields.get(b"reason") == b"secret":
            raise _denied(address, "it has another secret at this address")
        raise _denied(address, "it asks for no secret at this address; leave out the secret")
    return reply.fields.get(name, b"")


def _denied(address: str, what: str) -> UndercroftError:
    return UndercroftError(errors.ACCESS_DENIED, f"{address} let us not in: {what}")
