"""A client for undercroft, the shared-memory cache for Node.js, and for uWSGI's own cache.

The Django backend is in ``undercroft.django`` and is imported only by those who use it.
"""

from .client import Client
from .errors import UndercroftError
from .protocol import NEVER, decode_counter, encode_counter

__all__ = ["NEVER", "Client", "UndercroftError", "decode_counter", "encode_counter"]
__version__ = "0.1.0"
