"""A shared secret, proved by both ends: with the Node server, and with servers that lie."""

from __future__ import annotations

import socket
import unittest

from support import SECRET, SECRET_TCP, TCP, ClientCase, ScriptedServer, read_request, reply


class LoginTest(ClientCase):
    def test_a_client_that_knows_the_secret_is_served(self):
        cache = self.client(f"main@{SECRET_TCP}", secret=SECRET)
        self.assertTrue(cache.set("login", b"in"))
        self.assertEqual(cache.get("login"), b"in")
        self.assertEqual(self.client().get("login"), b"in", "the same cache")

    def test_bytes_are_the_same_secret_as_text(self):
        cache = self.client(f"main@{SECRET_TCP}", secret=SECRET.encode())
        self.assertIsNone(cache.get("nothing"))

    def test_another_secret_and_none_are_refused_and_said_so(self):
        other = self.client(f"main@{SECRET_TCP}", secret="something else, as long")
        self.assertCode("UNDERCROFT_ACCESS_DENIED", other.get, "k")
        self.assertCode("UNDERCROFT_ACCESS_DENIED", self.client(f"main@{SECRET_TCP}").get, "k")

    def test_a_server_that_asks_for_none_is_told_nothing(self):
        cache = self.client(f"main@{TCP}", secret=SECRET)
        self.assertCode("UNDERCROFT_ACCESS_DENIED", cache.set, "unsent", b"value")
        self.assertFalse(self.client().has("unsent"))

    def test_a_server_that_cannot_prove_it_gets_no_value(self):
        seen: list[dict[bytes, bytes]] = []

        def lie(connection: socket.socket, _index: int) -> None:
            for fields in ({"challenge": "c" * 32}, {"proof": "p" * 32}):
                seen.append(read_request(connection))
                connection.sendall(reply(status="ok", keep="1", **fields))
            seen.append(read_request(connection))

        server = ScriptedServer(self, lie)
        cache = self.client(f"main@{server.address}", secret=SECRET)
        self.assertCode("UNDERCROFT_ACCESS_DENIED", cache.set, "k", b"value")
        self.assertEqual([fields.get(b"cmd") for fields in seen[:2]], [b"challenge", b"login"])
        self.assertNotIn(SECRET.encode(), b"".join(b"".join(fields.values()) for fields in seen))

    def test_a_server_that_closes_as_uwsgi_does_is_an_error_and_no_miss(self):
        server = ScriptedServer(self, lambda connection, _index: None)
        cache = self.client(f"main@{server.address}", secret=SECRET)
        self.assertCode("UNDERCROFT_CONNECTION", cache.get, "k")

    def test_short_secrets_and_other_things_are_refused_without_repeating_them(self):
        for secret in ("short", b"short", "x" * 1025, 7):
            with self.assertRaises(Exception) as caught:
                self.client(secret=secret)
            self.assertEqual(getattr(caught.exception, "code", None), "UNDERCROFT_OPTION_INVALID")
            self.assertNotIn("short", str(caught.exception))

    def test_django_takes_it_among_its_options(self):
        import django_case  # settings
        from undercroft.django import UndercroftCache

        self.assertTrue(django_case.BACKEND)
        options = {"SECRET": SECRET, "SERIALIZER": "json"}
        cache = UndercroftCache(f"django@{SECRET_TCP}", {"OPTIONS": options})
        self.addCleanup(cache._client.close)
        cache.set("k", [1, 2])
        self.assertEqual(cache.get("k"), [1, 2])


if __name__ == "__main__":
    unittest.main()
