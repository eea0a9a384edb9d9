/**
 * What a Python application under real uWSGI may rely on when it names a cache on another machine,
 * `uwsgi.cache_get(key, 'name@host:port')`: the same against real uWSGI and against our server.
 *
 * The server has the caches `main` (its default) and `other`, of ITEM_COUNT items each, for values
 * up to MAX_VALUE_SIZE.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { requirePeer } from '../../testing/peers/peers.ts'
import { type PythonValue, runPython } from '../../testing/peers/uwsgi.ts'

export const ITEM_COUNT = 100
export const MAX_VALUE_SIZE = 65536

export interface Endpoint {
  readonly port: number
  readonly socketPath: string
}

/** Starts a server for one test; undefined: the test was skipped. */
export type StartEndpoint = (t: TestContext) => Promise<Endpoint | undefined>

/**
 * Python lines and what they show. In them `main` and `other` are the addresses of the two caches,
 * `default` that of a cache without a name, `local` that of `main` on the Unix socket.
 */
interface Promised {
  readonly title: string
  readonly lines: readonly string[]
  readonly shown: readonly PythonValue[]
}

const PROMISES: readonly Promised[] = [
  {
    title: 'an absent key is None, not an exception',
    lines: ["show(uwsgi.cache_get('k', main))", "show(uwsgi.cache_exists('k', main))"],
    shown: [null, null],
  },
  {
    title: 'a value that was set is read back, and exists',
    lines: [
      "show(uwsgi.cache_set('k', 'value', 0, main))",
      "show(uwsgi.cache_get('k', main))",
      "show(uwsgi.cache_exists('k', main))",
    ],
    shown: [true, 'value', true],
  },
  {
    title: 'any byte may stand in a key and in a value',
    lines: [
      'every = bytes(range(256))',
      'show(uwsgi.cache_set(every, every, 0, main))',
      'show(uwsgi.cache_get(every, main) == every)',
    ],
    shown: [true, true],
  },
  {
    title: 'cache_set leaves a value that is there; cache_update replaces it',
    lines: [
      "show(uwsgi.cache_set('k', 'first', 0, main))",
      "show(uwsgi.cache_set('k', 'second', 0, main))",
      "show(uwsgi.cache_get('k', main))",
      "show(uwsgi.cache_update('k', 'third', 0, main))",
      "show(uwsgi.cache_get('k', main))",
    ],
    shown: [true, null, 'first', true, 'third'],
  },
  {
    title: 'cache_del deletes once',
    lines: [
      "uwsgi.cache_set('k', 'value', 0, main)",
      "show(uwsgi.cache_del('k', main))",
      "show(uwsgi.cache_del('k', main))",
      "show(uwsgi.cache_get('k', main))",
    ],
    shown: [true, null, null],
  },
  {
    title: 'each cache has its own keys, and clearing one leaves the other',
    lines: [
      "uwsgi.cache_set('k', 'in main', 0, main)",
      "uwsgi.cache_set('k', 'in other', 0, other)",
      'show(uwsgi.cache_clear(main))',
      "show(uwsgi.cache_get('k', main))",
      "show(uwsgi.cache_get('k', other))",
    ],
    shown: [true, null, 'in other'],
  },
  {
    title: 'no name means the first cache, and the Unix socket leads to the same one',
    lines: [
      "uwsgi.cache_set('k', 'value', 0, main)",
      "show(uwsgi.cache_get('k', default))",
      "show(uwsgi.cache_get('k', local))",
    ],
    shown: ['value', 'value'],
  },
  {
    title: 'a cache that does not exist has nothing and takes nothing',
    lines: [
      "nowhere = main.replace('main@', 'nowhere@')",
      "show(uwsgi.cache_set('k', 'value', 0, nowhere))",
      "show(uwsgi.cache_get('k', nowhere))",
      'show(uwsgi.cache_clear(nowhere))',
    ],
    shown: [null, null, null],
  },
  {
    title: 'a value as large as a block is stored whole',
    lines: [
      `large = bytes(range(256)) * ${MAX_VALUE_SIZE / 256}`,
      "show(uwsgi.cache_update('k', large, 0, main))",
      "show(uwsgi.cache_get('k', main) == large)",
    ],
    shown: [true, true],
  },
  {
    title: 'a value that is too large is refused, and what was there stays',
    lines: [
      "uwsgi.cache_set('k', 'small', 0, main)",
      `show(uwsgi.cache_update('k', b'x' * ${MAX_VALUE_SIZE + 1}, 0, main))`,
      "show(uwsgi.cache_get('k', main))",
    ],
    shown: [null, 'small'],
  },
  {
    title: 'an empty value is refused: on the wire it could not be told from a miss',
    lines: ["show(uwsgi.cache_set('k', '', 0, main))", "show(uwsgi.cache_exists('k', main))"],
    shown: [null, null],
  },
  {
    title: 'a value with an expiry is there before it',
    lines: ["show(uwsgi.cache_set('k', 'value', 3600, main))", "show(uwsgi.cache_get('k', main))"],
    shown: [true, 'value'],
  },
]

export function describeUwsgiContract(name: string, start: StartEndpoint): void {
  describe(`a Python application under uWSGI uses ${name}`, () => {
    for (const { title, lines, shown } of PROMISES) {
      test(title, async t => {
        const python = requirePeer(t, 'uwsgi')
        const endpoint = python === undefined ? undefined : await start(t)
        if (python === undefined || endpoint === undefined) return
        assert.deepEqual(await runPython(t, python, [...addresses(endpoint), ...lines]), shown)
      })
    }

    test('several processes writing at once lose nothing', async t => {
      const python = requirePeer(t, 'uwsgi')
      const endpoint = python === undefined ? undefined : await start(t)
      if (python === undefined || endpoint === undefined) return
      const write = (writer: number) => [
        ...addresses(endpoint),
        'for i in range(20):',
        `  uwsgi.cache_update('${writer}-%d' % i, 'value-${writer}-%d' % i, 0, main)`,
      ]
      const writers = [1, 2, 3, 4]
      await Promise.all(writers.map(writer => runPython(t, python, write(writer))))
      const read = writers.flatMap(writer => [
        `show(all(uwsgi.cache_get('${writer}-%d' % i, main) == b'value-${writer}-%d' % i`,
        '  for i in range(20)))',
      ])
      const shown = await runPython(t, python, [...addresses(endpoint), ...read])
      assert.deepEqual(shown, [true, true, true, true])
    })
  })
}

/** The Python names for the caches of an endpoint. */
export function addresses({ port, socketPath }: Endpoint): string[] {
  return [
    `main = 'main@127.0.0.1:${port}'`,
    `other = 'other@127.0.0.1:${port}'`,
    `default = '@127.0.0.1:${port}'`,
    `local = 'main@${socketPath}'`,
  ]
}
