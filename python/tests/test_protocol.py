"""Bytes and text, without a server."""

import math
import pickle
import unittest

from undercroft import NEVER, UndercroftError, decode_counter, encode_counter
from undercroft.protocol import (
    encode_request,
    parse_dictionary,
    parse_integer,
    parse_list,
    parse_location,
    ttl_pairs,
)


class Protocol(unittest.TestCase):
    def test_example(self):
        """the example of the documentation is what is sent, plus the cache that is always named"""
        (packet,) = encode_request("inc", b"", 4096, "n").parts
        self.assertEqual(
            packet.hex(),
            "6f240011" "0300636d640300696e63" "03006b657901006e" "050063616368650000"
            "04006b656570010031",
        )

    def test_large_body(self):
        """a large body is sent beside its packet, not copied into it"""
        body = bytes(1_000_000)
        request = encode_request("update", b"main", 4096, b"k", body=body)
        self.assertIs(request.parts[1], body)

    def test_malformed_dictionary(self):
        """a dictionary cut anywhere is malformed, and not half of one"""
        whole = b"\x06\0status\x02\0ok"
        self.assertEqual(parse_dictionary(whole), {b"status": b"ok"})
        for size in range(1, len(whole)):
            self.assertIsNone(parse_dictionary(whole[:size]), size)
        self.assertIsNone(parse_dictionary(b"\0\0\x01\0x"))

    def test_malformed_list(self):
        """a list keeps empty items, and is malformed when cut"""
        self.assertEqual(parse_list(b"\x01\0a\0\0\x02\0bc"), [b"a", b"", b"bc"])
        self.assertIsNone(parse_list(b"\x01\0a\x05\0bc"))
        self.assertIsNone(parse_list(b"\x01\0a\x05"))

    def test_integers(self):
        """only digits are a number"""
        self.assertEqual(parse_integer(b"-9223372036854775808"), -(2**63))
        for text in (b"", b"-", b"1.5", b" 1", b"1_0", b"+1", "٣".encode(), b"1" * 30, None):
            self.assertIsNone(parse_integer(text), text)

    def test_counters(self):
        """a counter has 64 bits with a sign"""
        for value in (0, -1, 2**63 - 1, -(2**63)):
            self.assertEqual(decode_counter(encode_counter(value)), value)
        for value in (2**63, -(2**63) - 1, True, 1.0):
            with self.assertRaises(UndercroftError):
                encode_counter(value)

    def test_ttl(self):
        """a TTL is rounded up: milliseconds for undercroft, seconds, and never 0, for uWSGI"""
        self.assertEqual(ttl_pairs(1.0001), [(b"ttl", b"1001"), (b"expires", b"2")])
        self.assertEqual(ttl_pairs(0), [(b"ttl", b"0"), (b"expires", b"1")])
        self.assertEqual(ttl_pairs(NEVER), [(b"ttl", b"-1")])
        self.assertEqual(ttl_pairs(1e300), [(b"ttl", b"-1")])
        self.assertEqual(ttl_pairs(None), [])
        for ttl in (-1, math.nan, "60"):
            with self.assertRaises(UndercroftError):
                ttl_pairs(ttl)

    def test_locations(self):
        """locations are a name, and a host with a port or a path"""
        self.assertEqual(parse_location("a@h:1"), ("a", ("", "h", 1)))
        self.assertEqual(parse_location("@[::1]:65535"), ("", ("", "::1", 65535)))
        self.assertEqual(parse_location("a@/run/x@y.sock"), ("a", ("/run/x@y.sock", "", 0)))
        self.assertEqual(str(parse_location("@[::1]:80")[1]), "[::1]:80")
        bad = ("a", "h:1", "a@", "a@h", "a@:1", "a@h:0", "a@h:65536", "a@h:x", "a@::1:80",
               "n" * 256 + "@h:1", "a@/" + "p" * 200)
        for location in bad:
            with self.assertRaises(UndercroftError, msg=location) as caught:
                parse_location(location)
            self.assertEqual(caught.exception.code, "UNDERCROFT_OPTION_INVALID")

    def test_error_pickles(self):
        """an error keeps its code when it goes to another process"""
        error = pickle.loads(pickle.dumps(UndercroftError("UNDERCROFT_TIMEOUT", "too late")))
        self.assertEqual(error.code, "UNDERCROFT_TIMEOUT")
        self.assertEqual(str(error), "too late (UNDERCROFT_TIMEOUT)")
