"""One measuring process inside uWSGI: the counterpart of worker.ts, for a mule.

It exchanges lines of JSON over a Unix socket. Its loops are like those of timed-loop.ts: the
function in a local variable, the keys in lists, one reading of the clock for each list.
"""

import json
import os
import pickle
import socket
import time

import uwsgi

connection = socket.socket(socket.AF_UNIX)
connection.connect(os.environ['BENCH_SOCKET'])
lines = connection.makefile('rw')
workload = json.loads(lines.readline())

chunks_of = workload['chunks']
string_value = workload['string'].encode()
object_value = workload['object']


def call_loop(operation, chunks, end_ns, now=time.monotonic_ns):
    """get, has and increment: a built-in function of one key."""
    count = 0
    while True:
        for chunk in chunks:
            for key in chunk:
                last = operation(key)
            count += len(chunk)
            if now() >= end_ns:
                return count, last


def object_loop(get, chunks, end_ns, now=time.monotonic_ns, loads=pickle.loads):
    count = 0
    while True:
        for chunk in chunks:
            for key in chunk:
                last = loads(get(key))
            count += len(chunk)
            if now() >= end_ns:
                return count, last


def set_loop(update, chunks, end_ns, now=time.monotonic_ns, value=string_value):
    count = 0
    while True:
        for chunk in chunks:
            for key in chunk:
                last = update(key, value)
            count += len(chunk)
            if now() >= end_ns:
                return count, last


LOOPS = {
    'get string': (call_loop, uwsgi.cache_get),
    'get bytes': (call_loop, uwsgi.cache_get),
    'get object': (object_loop, uwsgi.cache_get),
    'has': (call_loop, uwsgi.cache_exists),
    'set': (set_loop, uwsgi.cache_update),
    'increment': (call_loop, uwsgi.cache_inc),
}


def fill():
    for operation, chunks in chunks_of.items():
        for chunk in chunks:
            for key in chunk:
                if operation == 'get object':
                    uwsgi.cache_update(key, pickle.dumps(object_value))
                elif operation == 'increment':
                    uwsgi.cache_inc(key, 0)
                else:
                    uwsgi.cache_update(key, string_value)


def check():
    def key_of(operation):
        return chunks_of[operation][-1][-1]

    assert uwsgi.cache_get(key_of('get string')) == string_value
    assert uwsgi.cache_get(key_of('get bytes')) == string_value
    assert pickle.loads(uwsgi.cache_get(key_of('get object'))) == object_value
    assert uwsgi.cache_exists(key_of('has'))
    assert uwsgi.cache_update(key_of('set'), string_value)
    before = uwsgi.cache_num(key_of('increment'))
    uwsgi.cache_inc(key_of('increment'))
    assert uwsgi.cache_num(key_of('increment')) == before + 1


def measure(task):
    loop, function = LOOPS[task['operation']]
    chunks = chunks_of[task['operation']]
    start_ns = int(task['startAtNs'])
    awake_ns = start_ns - 2_000_000
    time.sleep(max(0, awake_ns - time.monotonic_ns()) / 1e9)
    while time.monotonic_ns() < start_ns:
        pass
    started_cpu_ns = time.process_time_ns()
    started_ns = time.monotonic_ns()
    count, _ = loop(function, chunks, started_ns + int(task['durationMs'] * 1e6))
    elapsed_ns = time.monotonic_ns() - started_ns
    cpu_ns = time.process_time_ns() - started_cpu_ns
    return {'callCount': count, 'elapsedMs': elapsed_ns / 1e6, 'cpuMs': cpu_ns / 1e6}


for line in lines:
    request = json.loads(line)
    response = {'kind': 'done'}
    if request['kind'] == 'measure':
        response = {'kind': 'timing', 'timing': measure(request['task'])}
    elif request['kind'] == 'fill':
        fill()
    elif request['kind'] == 'warm':
        loop, function = LOOPS[request['operation']]
        loop(function, [sum(chunks_of[request['operation']], [])], 0)
    elif request['kind'] == 'check':
        check()
    lines.write(json.dumps(response) + '\n')
    lines.flush()
