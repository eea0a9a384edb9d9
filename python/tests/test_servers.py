"""The module ``uwsgi`` under the servers that programs run under instead of uWSGI."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from support import UNIX, ClientCase

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent / "src"

LIMIT_SECONDS = 30


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=LIMIT_SECONDS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Servers(ClientCase):
    def setUp(self):
        self.client(f"main@{UNIX}").clear()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, name, *command):
        """The path of the server's socket, which takes connections before the server does."""
        path = str(self.folder / f"{name}.sock")
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(path)
        listener.listen()
        output = open(self.folder / f"{name}.log", "w+")
        self.addCleanup(output.close)
        words = [word.replace("FD", str(listener.fileno())) for word in command]
        server = subprocess.Popen(
            [sys.executable, "-m", *words],
            env={
                **os.environ,
                "PYTHONPATH": f"{SOURCES}{os.pathsep}{HERE}",
                "UNDERCROFT_UWSGI": f"main@{UNIX}",
            },
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=output,
        )
        self.addCleanup(server.wait, LIMIT_SECONDS)
        self.addCleanup(server.terminate)
        self.output = output
        return path

    def visit(self, path):
        """The process that answered, and the count of visits."""
        connection = Connection(path)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            body = answer.read()
        except OSError as error:
            self.output.seek(0)
            self.fail(f"{error!r}; the server wrote:\n{self.output.read()}")
        finally:
            connection.close()
        self.assertEqual(answer.status, 200)
        pid, count = body.split()
        return int(pid), int(count)

    def visit_another(self, path, pid, count):
        """Visits until another process answers; each visit counts from the one before."""
        while True:
            answered, visits = self.visit(path)
            count += 1
            self.assertEqual(visits, count)
            if answered != pid:
                return count

    def test_share(self):
        """workers of gunicorn and uvicorn share what the article's class stores, unchanged"""
        gunicorn = self.start(
            "gunicorn", "gunicorn", "--workers", "2", "--bind", "fd://FD", "server_site:wsgi"
        )
        pid, count = self.visit(gunicorn)
        self.assertEqual(count, 1)
        os.kill(pid, signal.SIGTERM)
        count = self.visit_another(gunicorn, pid, count)
        uvicorn = self.start("uvicorn", "uvicorn", "--fd", "FD", "server_site:asgi")
        _, visits = self.visit(uvicorn)
        self.assertEqual(visits, count + 1)
        _, visits = self.visit(gunicorn)
        self.assertEqual(visits, count + 2)
        self.assertIn(b"visits", self.client(f"main@{UNIX}").keys())
