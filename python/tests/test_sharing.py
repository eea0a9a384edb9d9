"""One client in many threads, over a fork, and one cache under many processes."""

import os
import subprocess
import sys
import threading
import unittest

from support import TCP, ClientCase

COUNTING = """
import sys
from undercroft import Client
with Client(sys.argv[1]) as cache:
    if cache.add('elected', sys.argv[2]):
        cache.incr('elections')
    for _ in range(500):
        cache.incr('shared')
"""


class Sharing(ClientCase):
    def setUp(self):
        self.cache = self.client(connections=3)
        self.cache.clear()

    def test_threads(self):
        """many threads share few connections, and each gets its own answers"""
        failures = []

        def work(name):
            try:
                for i in range(100):
                    value = f"{name} {i}".encode()
                    self.cache.set(name, value)
                    assert self.cache.get(name) == value
                    self.cache.incr("shared")
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(f"thread {i}",)) for i in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.cache.incr("shared", 0), 1200)

    def test_busy(self):
        """a thread that gets no connection in time is told so"""
        cache = self.client(connections=1, reply_timeout=0.05)
        cache.has("key")
        with cache._caller._pool.connection():
            self.assertCode("UNDERCROFT_TIMEOUT", cache.get, "key")
        self.assertFalse(cache.has("key"))

    @unittest.skipUnless(hasattr(os, "fork"), "this system has no fork")
    def test_fork(self):
        """a child of a fork makes connections of its own, even if a thread held the pool's lock"""
        self.cache.set("who", b"parent")
        (lending,) = self.cache._caller._pool._lendings.values()
        with lending.lock:  # as another thread might, at the moment of the fork
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    found = self.cache.get("who") == b"parent"
                    for _ in range(200):
                        self.cache.incr("n")
                    status = 0 if found else 2
                finally:
                    os._exit(status)
        for _ in range(200):
            self.cache.incr("n")
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(self.cache.incr("n", 0), 400)
        self.assertEqual(self.cache.get("who"), b"parent")

    def test_processes(self):
        """of 4 processes that count 500 each none is lost, and add elects one of them"""
        command = [sys.executable, "-c", COUNTING, f"main@{TCP}"]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        processes = [subprocess.Popen([*command, str(i)], env=env) for i in range(4)]
        self.assertEqual([process.wait(60) for process in processes], [0] * 4)
        self.assertEqual(self.cache.incr("shared", 0), 2000)
        self.assertEqual(self.cache.incr("elections", 0), 1)
        self.assertIn(self.cache.get("elected"), [b"0", b"1", b"2", b"3"])
