/**
 * No bytes of a peer keep a parser busy for longer than bytes of that number may.
 *
 * Each parser of bytes that a client, another node or another program sends gets 6 KB of hostile
 * repetitions, and a quarter of them. Linear time is 4 times as long, and quadratic time 16 times.
 * At 64 KB, the largest packet, that is the difference between a millisecond and seconds. The least
 * of several times is free of what other processes do.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CacheLike, StoredItem } from '../../src/base/index.ts'
import { systemClock } from '../../src/base/index.ts'
import { ReplyReader } from '../../src/client/reply.ts'
import { decodeFromNetwork, findTypeName } from '../../src/codecs/index.ts'
import { parseObject } from '../../src/dump/format.ts'
import { defaultKey } from '../../src/http-cache/cache-request.ts'
import { parseDirectives, parseTargetedDirectives } from '../../src/http-cache/directives.ts'
import { PageStore } from '../../src/http-cache/page-store.ts'
import { PageTags, parseTags, placeOfUrl } from '../../src/http-cache/page-tags.ts'
import { namesIn } from '../../src/http-cache/storability.ts'
import { encodeItem } from '../../src/http-cache/stored-response-codec.ts'
import {
  chooseCoding,
  isNotModified,
  parseHttpDate,
  parseMessage,
  parseDictionary as parseStructured,
  wantedRange,
} from '../../src/http-message/index.ts'
import { parseStatsRequest } from '../../src/monitoring/stats-http.ts'
import { API_ADDRESS, isInList, parseAddress, resolveAllowList } from '../../src/net/index.ts'
import {
  parseArray,
  parseByteList,
  parseCacheCommand,
  parseDatagram,
  parseDictionary,
  parseDumpPairs,
  parseDumpRequest,
} from '../../src/protocols/uwsgi/index.ts'
import { hasTwoHosts } from '../../src/runner/apps/index.ts'
import { formatRequestHead } from '../../src/runner/apps/request-head.ts'
import { decodePath, encodePath } from '../../src/uwsgi/rules/index.ts'
import { parseStoredMessage } from '../../src/uwsgi/rules/stored-message.ts'

/**
 * Lists of more than 16,384 entries lie elsewhere in V8 and take up to ten times as long for each
 * entry. That step is not the parser's, so the inputs are short enough not to reach it.
 */
const LARGE = 6_000
const GROWTH = 4
/** Halfway between linear and quadratic, in powers. */
const LIMIT = GROWTH ** 1.5
const QUICK_SAMPLES = 2
const SAMPLES = 10
/** Much longer than a step of the clock. */
const MIN_SAMPLE_MS = 0.1

/** Repeated until the size is reached, with what stands before and after. */
const INPUTS: readonly (readonly [unit: string, before?: string, after?: string])[] = [
  ...[
    ...[' ', '\t', ',', ';', '=', '"', '\\', 'a', '0', '9', '-', '/', '.', ':', '%', '&', '|', '?'],
    ...['(', '[', '{', '<', '*', '#', '\n', '\r\n', '\r\n\r\n', '\0', '\xff', '\x01\0', '\0\x01'],
    ...['a,', 'a;', 'a=', 'a b', ' ,', ', ', ' ;', '=,', '",', '"a",', 'a="', 'W/"', '\\"', '%2'],
    ...[
      '%41',
      '/../',
      'a/',
      'q=0,',
      'a;q=0.',
      'a=1;b=2;',
      '0-',
      'for=',
      'for="',
      '(a ',
      ':AA',
      '{"a":',
    ],
  ].map((unit): readonly [string] => [unit]),
  [' ', 'a', 'b'],
  ['\t', 'bytes=', '-'],
  ['0', 'bytes=', '-'],
  ['\\', '"', ''],
  ['a', '"', ''],
  ['a', 'W/"', ''],
  [' ', 'max-age=1', 'x'],
  [' ', 'Sun, 06 Nov 1994', 'GMT'],
  ['a', 'GET /', ' HTTP/1.1\r\n\r\n'],
  ['a: b\r\n', 'HTTP/1.1 200 OK\r\n', ''],
  ['/', 'http://a.test', ''],
  ['a', 'http://', '/'],
]

type Parser = (text: string, bytes: Buffer) => unknown

const TAGS = new PageTags(1000)
const LIST = resolveAllowList('list', ['10.0.0.0/8'])
const JSON_TYPE = findTypeName('json')
const TEXT_TYPE = findTypeName('text')

const header = (text: string) => () => text
const ignoring = (act: () => unknown) => {
  try {
    return act()
  } catch {
    return undefined // refused, which took the time that counts
  }
}

/** A page that differs by three fields, so that each request's fields are compared. */
const varying: StoredItem = {
  bytes: encodeItem({
    kind: 'vary',
    id: 'abcdefgh',
    names: ['accept-encoding', 'accept-language', 'x-kind'],
    variants: [],
  }),
  expiresAtMs: 0,
}
const store = new PageStore({
  cache: { getItem: key => (key === 'page:' ? varying : undefined) } as CacheLike,
  clock: systemClock,
  maxVariants: 1,
  cacheStatus: undefined,
})

const PARSERS: Readonly<Record<string, Parser>> = {
  'Cache-Control': parseDirectives,
  'CDN-Cache-Control': parseTargetedDirectives,
  'structured fields': parseStructured,
  'a date': text => parseHttpDate(text, 0),
  'If-None-Match': text => isNotModified(header(text), { etag: '"a"' }, 0),
  'If-Modified-Since': text =>
    isNotModified(name => (name === 'if-none-match' ? undefined : text), { lastModified: text }, 0),
  'Range and If-Range': text => wantedRange(header(text), { etag: text }, 10, 0),
  'Accept-Encoding': text => chooseCoding(text, ['br', 'gzip']),
  'fields that Vary names': text =>
    store.find('page:', { method: 'GET', url: '', header: header(text) }),
  Vary: namesIn,
  'fields of proxies': text => {
    const of = (name: string) => (/^forwarded$|host|proto/.test(name) ? text : undefined)
    return defaultKey({ method: 'GET', url: text, header: of })
  },
  'tags of a response': parseTags,
  'the place of a page': text => {
    const { host, path } = placeOfUrl(text)
    return TAGS.ofPage(path, [host], [text])
  },
  'the prefix of a purge': text => TAGS.ofPrefix(text, text),
  'a stored page': (_, bytes) =>
    store.find(bytes.toString(), { method: '', url: '', header: header('') }),
  'an HTTP message': (_, bytes) => parseMessage(bytes),
  'a stored message': (_, bytes) => parseStoredMessage(bytes),
  'an HTTP request for statistics': parseStatsRequest,
  'fields of a request': text => hasTwoHosts(text.split('a')),
  'variables of a request': text =>
    formatRequestHead([
      ['REQUEST_METHOD', 'GET'],
      ['REQUEST_URI', text],
      ['HTTP_HOST', text],
      ['CONTENT_LENGTH', text],
    ]),
  'the path of a request': text => [decodePath(text), encodePath(text)],
  'an address': text => [
    ignoring(() => parseAddress('address', text, API_ADDRESS)),
    LIST && isInList(LIST, text),
  ],
  'a uwsgi dictionary': (_, bytes) => parseDictionary(bytes),
  'a uwsgi command': (_, bytes) => parseCacheCommand(bytes, 0, bytes.length),
  'a uwsgi array': (_, bytes) => parseArray(bytes),
  'a list of bytes': (_, bytes) => parseByteList(bytes),
  'a datagram of replication': (_, bytes) => parseDatagram(bytes),
  'a request for a dump': (_, bytes) => parseDumpRequest(bytes),
  'the pairs of a dump': (_, bytes) => parseDumpPairs(bytes),
  'a reply of a server': (_, bytes) => {
    const reader = new ReplyReader(1000, 'server')
    for (let at = 0; at < bytes.length; at += 1000) reader.push(bytes.subarray(at, at + 1000))
    return ignoring(() => reader.next())
  },
  'a JSON value of a server': (_, bytes) =>
    ignoring(() => JSON_TYPE && decodeFromNetwork(bytes, JSON_TYPE)),
  'a string of a server': (_, bytes) =>
    ignoring(() => TEXT_TYPE && decodeFromNetwork(bytes, TEXT_TYPE)),
  'a line of a dump': (_, bytes) => ignoring(() => parseObject(bytes)),
}

/**
 * @returns the least time, in milliseconds. The string is made of the bytes each time, because V8
 * remembers the parts of a string that it has split before.
 */
function timeOf(parse: Parser, text: string, samples: number): number {
  const bytes = Buffer.from(text, 'latin1')
  const sample = (rounds: number) => {
    const startedAtMs = performance.now()
    for (let i = 0; i < rounds; i++) parse(bytes.toString('latin1'), bytes)
    return performance.now() - startedAtMs
  }
  let rounds = 1
  while (sample(rounds) < MIN_SAMPLE_MS) rounds *= 2
  return Math.min(...Array.from({ length: samples }, () => sample(rounds))) / rounds
}

/**
 * @returns how much longer the slowest input of the large size takes than that of the small size.
 * One input of two sizes would not do: a parser may refuse the small one at once.
 */
function growthOf(
  parse: Parser,
  samples: number,
): { readonly growth: number; readonly by: string } {
  let [slowestSmall, slowestLarge, by] = [0, 0, '']
  for (const [unit, before = '', after = ''] of INPUTS) {
    const make = (size: number) => before + unit.repeat(size / unit.length) + after
    slowestSmall = Math.max(slowestSmall, timeOf(parse, make(LARGE / GROWTH), samples))
    const largeMs = timeOf(parse, make(LARGE), samples)
    if (largeMs > slowestLarge) [slowestLarge, by] = [largeMs, `${before}${unit}...${after}`]
  }
  return { growth: slowestLarge / slowestSmall, by: JSON.stringify(by) }
}

describe('6 KB of a peer take a parser at most some 4 times as long as a quarter of them', () => {
  for (const [name, parse] of Object.entries(PARSERS)) {
    test(name, () => {
      const { growth: quick } = growthOf(parse, QUICK_SAMPLES)
      if (quick <= LIMIT) return
      const { growth, by } = growthOf(parse, SAMPLES)
      assert.ok(growth <= LIMIT, `${by}: ${growth.toFixed(1)} times as long`)
    })
  }

  test('and the measure finds a parser of quadratic time', () => {
    const quadratic = (text: string) => / +$/.test(text)
    const { growth } = growthOf(quadratic, 2)
    assert.ok(growth > LIMIT, `${growth.toFixed(1)} times as long`)
  })
})
