"""Connections that end: what is asked again, what is an error, and what is an answer."""

import threading

from support import ClientCase, ScriptedServer, read_request, reply, tell

KEPT = {"status": "ok", "keep": "1"}


class Endings(ClientCase):
    def serve(self, script, **options):
        server = ScriptedServer(self, script)
        return server, self.client(f"main@{server.address}", **options)

    def test_one_request_a_connection(self):
        """a server that does not keep connections gets one request on each"""

        def script(connection, _):
            read_request(connection)
            connection.sendall(reply(b"v", status="ok", size="1"))

        server, client = self.serve(script)
        self.assertEqual(client.get_many(["a", "b", "c"]), dict.fromkeys("abc", b"v"))
        self.assertEqual(server.connection_count, 3)

    def test_silence(self):
        """closing a new connection without a byte is a no, as uWSGI says it"""
        _, client = self.serve(lambda connection, _: read_request(connection))
        self.assertIsNone(client.get("key"))
        self.assertFalse(client.set("key", b"v"))
        self.assertCode("UNDERCROFT_REMOTE_REFUSED", client.incr, "key")
        self.assertCode("UNDERCROFT_NO_SUCH_CACHE", client.clear)

    def test_reset_while_sending(self):
        """a large value that is refused by closing is not stored, and no error"""
        _, client = self.serve(lambda connection, _: connection.recv(1))
        self.assertFalse(client.set("key", bytes(8_000_000)))

    def test_last_reply(self):
        """what was sent after a reply without keep is sent again elsewhere, writes too"""
        executed = []

        def script(connection, index):
            for count in range(1000):
                fields = read_request(connection)
                if not fields:
                    return
                executed.append(fields[b"key"])
                if index == 0 and count == 3:
                    connection.sendall(reply(status="ok"))
                    while read_request(connection):  # read, and not executed
                        pass
                    return
                connection.sendall(reply(**KEPT))

        server, client = self.serve(script)
        self.assertEqual(client.set_many({f"k{i}": b"v" for i in range(20)}), [])
        self.assertEqual(executed, [b"k%d" % i for i in range(20)])
        self.assertEqual(server.connection_count, 2)

    def test_read_again(self):
        """a read that met a dying connection is repeated once, a change is not"""

        def script(connection, index):
            read_request(connection)
            connection.sendall(reply(**KEPT))
            read_request(connection)

        server, client = self.serve(script)
        self.assertTrue(client.has("key"))
        self.assertTrue(client.has("key"))
        self.assertEqual(server.connection_count, 2)
        self.assertCode("UNDERCROFT_CONNECTION", client.set, "key", b"v")
        self.assertTrue(client.set("key", b"v"))

    def test_read_again_once(self):
        """a read is not repeated for ever"""

        def script(connection, index):
            read_request(connection)
            if index == 0:
                connection.sendall(reply(**KEPT))
                read_request(connection)
            else:
                connection.sendall(b"\x6f")

        server, client = self.serve(script)
        self.assertTrue(client.has("key"))
        self.assertCode("UNDERCROFT_PROTOCOL", client.has, "key")
        self.assertEqual(server.connection_count, 2)

    def test_closed_while_idle(self):
        """a change after the server closed an idle connection just goes over a new one"""
        closed = threading.Event()

        def script(connection, index):
            read_request(connection)
            connection.sendall(reply(**KEPT))
            if index == 0:
                connection.close()
                closed.set()
            else:
                read_request(connection)

        server, client = self.serve(script)
        client.set("key", b"v")
        closed.wait(5)
        self.assertTrue(client.set("key", b"v"))
        self.assertEqual(server.connection_count, 2)

    def test_idle_too_long(self):
        """a connection unused for idle_timeout is not used again"""

        def script(connection, _):
            while read_request(connection):
                connection.sendall(reply(**KEPT))

        server, client = self.serve(script, idle_timeout=1e-9)
        self.assertTrue(client.has("a") and client.has("b"))
        self.assertEqual(server.connection_count, 2)

    def test_timeout(self):
        """a reply that does not come is an error, and a late one is nobody's answer"""
        late = threading.Event()

        def script(connection, index):
            read_request(connection)
            if index == 0:
                late.wait(5)
            connection.sendall(reply(b"%d" % index, status="ok", size="1", keep="1"))
            read_request(connection)

        _, client = self.serve(script, reply_timeout=0.1)
        self.assertCode("UNDERCROFT_TIMEOUT", client.get, "key")
        late.set()
        self.assertEqual(client.get("key"), b"1")

    def test_trickle(self):
        """a reply must be whole in time, however busily it comes"""
        stop = threading.Event()

        def script(connection, _):
            read_request(connection)
            connection.sendall(reply(status="ok", size="100000"))
            while not stop.wait(0.01):
                connection.sendall(b"v")

        _, client = self.serve(script, reply_timeout=0.2)
        self.assertCode("UNDERCROFT_TIMEOUT", client.get, "key")
        stop.set()

    def test_garbage(self):
        """bytes that are no reply, or half of one, are an error"""
        for answer in (
            b"HTTP/1.0 400 Bad Request\r\n\r\n" + bytes(70_000),
            reply(nothing="here"),
            reply(status="what"),
            reply(status="ok", size="x"),
            reply(status="ok", size="-1"),
            reply(b"short", status="ok", size="6"),
            reply(status="ok"),
            reply(status="ok", size="999999999999"),
            b"\x6f",
        ):

            def script(connection, _, answer=answer):
                read_request(connection)
                connection.sendall(answer)

            _, client = self.serve(script)
            with self.subTest(answer=answer[:40]):
                self.assertCode("UNDERCROFT_PROTOCOL", client.get, "key")

    def test_endless_listing(self):
        """a listing that never ends is noticed"""

        def script(connection, _):
            while read_request(connection):
                connection.sendall(reply(status="ok", size="0", next="1", keep="1"))

        _, client = self.serve(script)
        self.assertCode("UNDERCROFT_PROTOCOL", lambda: list(client.keys()))


class Restart(ClientCase):
    def test_restart(self):
        """after a restart of the server the next call works, a change too"""
        cache = self.client()
        cache.set("key", b"before")
        tell("restart")
        self.assertTrue(cache.set("key", b"after"))
        self.assertEqual(cache.get("key"), b"after")

    def test_down(self):
        """while the server is down calls fail, and afterwards they work again"""
        cache = self.client()
        cache.set("key", b"v")
        tell("stop")
        try:
            self.assertCode("UNDERCROFT_CONNECTION", cache.get, "key")
            self.assertCode("UNDERCROFT_CONNECTION", cache.set, "key", b"w")
        finally:
            tell("start")
        self.assertEqual(cache.get("key"), b"v")

    def test_in_the_middle(self):
        """a restart amid increments loses none and does none twice, but those that say so"""
        cache = self.client(connections=4)
        cache.delete("n")
        unknown, done = [], []
        stop = threading.Event()

        def count():
            while not stop.is_set():
                try:
                    cache.incr("n")
                    done.append(1)
                except Exception as error:
                    code = getattr(error, "code", None)
                    if code != "UNDERCROFT_CONNECTION":
                        unknown.append(error)
                        return
                    if "cannot connect" not in str(error):
                        unknown.append(1)

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            tell("restart")
        stop.set()
        for thread in threads:
            thread.join()
        value = cache.incr("n", 0)
        self.assertEqual([error for error in unknown if error != 1], [])
        self.assertTrue(len(done) <= value <= len(done) + len(unknown), (value, len(done)))
