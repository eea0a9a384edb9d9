"""Sends any uwsgi packet and reads the reply, as ``uwsgi.send_message`` of uWSGI 1.4 did."""

from __future__ import annotations

import socket
from typing import Iterator, Mapping, Union

from . import errors
from .connection import connect
from .errors import UndercroftError
from .protocol import HEADER_SIZE, MAX_PACKET_SIZE, encode_dictionary, parse_location

Message = Union[str, bytes, Mapping[str, Union[str, bytes]]]
"""Text is sent as UTF-8, and a mapping as a dictionary of the protocol."""

_CHUNK_SIZE = 65_536


def send_message(
    address: str, modifier1: int, modifier2: int, message: Message, timeout: float = 4
) -> Iterator[bytes]:
    """Sends one packet and yields the payload of the reply in chunks.

    A reply that begins with ``H`` is HTTP and yielded whole. Otherwise its first four bytes are a
    header, and as many bytes as it announces are yielded. The end of the connection, or a silence
    of ``timeout`` seconds, ends the iteration.

    address: ``host:port`` or the path of a Unix socket
    modifier1: the handler, 0 to 255; 111 is the cache
    modifier2: the command, 0 to 255
    message: at most 65535 bytes

    Raises UNDERCROFT_CONNECTION and _TIMEOUT when there is no connection, _OPTION_INVALID.
    """
    for name, modifier in (("modifier1", modifier1), ("modifier2", modifier2)):
        if not isinstance(modifier, int) or not 0 <= modifier <= 255:
            what = f"{name} must be from 0 to 255; got {modifier!r}"
            raise UndercroftError(errors.OPTION_INVALID, what)
    payload = _payload(message)
    _, there = parse_location(f"@{address}")
    packet = bytes((modifier1, *len(payload).to_bytes(2, "little"), modifier2)) + payload
    return _exchange(connect(there, timeout), packet)


def _payload(message: Message) -> bytes:
    if isinstance(message, str):
        payload = message.encode("utf-8")
    elif isinstance(message, bytes):
        payload = message
    else:
        payload = encode_dictionary((_bytes(name), _bytes(value)) for name, value in message.items())
    if len(payload) > MAX_PACKET_SIZE:
        what = f"a message has at most {MAX_PACKET_SIZE} bytes; got {len(payload)}"
        raise UndercroftError(errors.OPTION_INVALID, what)
    return payload


def _bytes(text: Union[str, bytes]) -> bytes:
    data = text.encode("utf-8") if isinstance(text, str) else text
    if len(data) > MAX_PACKET_SIZE:
        what = f"a name or value has at most {MAX_PACKET_SIZE} bytes; got {len(data)}"
        raise UndercroftError(errors.OPTION_INVALID, what)
    return data


def _exchange(connection: socket.socket, packet: bytes) -> Iterator[bytes]:
    """The generator owns the connection: it closes it at its end, or when it is dropped."""
    with connection:
        try:
            connection.sendall(packet)
            start = b""
            while len(start) < HEADER_SIZE:
                chunk = connection.recv(_CHUNK_SIZE)
                if not chunk:
                    return
                start += chunk
            is_http = start[:1] == b"H"
            left = -1 if is_http else int.from_bytes(start[1:3], "little")
            chunk = start if is_http else start[HEADER_SIZE:]
            while left != 0:
                chunk = chunk if left < 0 else chunk[:left]
                left -= 0 if left < 0 else len(chunk)
                if chunk:
                    yield chunk
                if left == 0:
                    return
                chunk = connection.recv(_CHUNK_SIZE)
                if not chunk:
                    return
        except OSError:
            return  # a reset or the timeout ends the reply, as in uWSGI's function
