"""One client process of the remote benchmark, which exchanges lines of JSON over a Unix socket.

In a mule of uWSGI it uses uWSGI's own client, which opens a connection for each request. Without
uWSGI it uses the module uwsgi of this package.
"""

import json
import os
import socket
import time

import uwsgi

connection = socket.socket(socket.AF_UNIX)
connection.connect(os.environ['BENCH_SOCKET'])
lines = connection.makefile('rw')
workload = json.loads(lines.readline())

chunks = workload['chunks']
value = workload['value'].encode()


def get_loop(server, end_ns, now=time.monotonic_ns, get=uwsgi.cache_get):
    count = 0
    while True:
        for chunk in chunks:
            for key in chunk:
                if get(key, server) != value:
                    raise ValueError(f'no value for {key} from {server}')
            count += len(chunk)
            if now() >= end_ns:
                return count


def set_loop(server, end_ns, now=time.monotonic_ns, update=uwsgi.cache_update):
    count = 0
    while True:
        for chunk in chunks:
            for key in chunk:
                if not update(key, value, 0, server):
                    raise ValueError(f'{key} was not stored at {server}')
            count += len(chunk)
            if now() >= end_ns:
                return count


LOOPS = {'get': get_loop, 'set': set_loop}

for line in lines:
    task = json.loads(line)
    start_ns = int(task['startAtNs'])
    time.sleep(max(0, start_ns - 2_000_000 - time.monotonic_ns()) / 1e9)
    while time.monotonic_ns() < start_ns:
        pass
    started_ns = time.monotonic_ns()
    end_ns = started_ns + int(task['durationMs'] * 1e6)
    try:
        count = LOOPS[task['operation']](task['server'], end_ns)
        answer = {'callCount': count, 'elapsedMs': (time.monotonic_ns() - started_ns) / 1e6}
    except ValueError as error:
        answer = {'failure': str(error)}
    lines.write(json.dumps(answer) + '\n')
    lines.flush()
