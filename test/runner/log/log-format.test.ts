/**
 * The line of a request, without a server: templates, escapes, JSON.
 */

import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, test } from 'node:test'
import { jsonFormat } from '../../../src/runner/log/json-line.ts'
import { LineBuffer } from '../../../src/runner/log/line-buffer.ts'
import { LineWriter } from '../../../src/runner/log/line-writer.ts'
import {
  compileFormat,
  type LineFormat,
  type LoggedRequest,
} from '../../../src/runner/log/log-format.ts'
import type { PlannedRequestLog } from '../../../src/runner/log/plan-log.ts'
import { RequestLog } from '../../../src/runner/log/request-log.ts'
import { compileTime } from '../../../src/runner/log/strftime.ts'

const FACTS = { pid: 7, workerId: 2 }
const NO_VARIABLES = new Map<string, string>()
const HEAD = 'HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n'

function logged(changes: Partial<LoggedRequest> = {}): LoggedRequest {
  const headers = { host: 'example.org', 'user-agent': 'a "quoted" agent\n', 'x-two': '2' }
  const rawHeaders = Object.entries(headers).flat()
  return {
    number: 3,
    startedAtMs: 1_700_000_000_500,
    tookMs: 12.3456,
    uri: '/a?b',
    address: '10.0.0.1',
    sentSize: HEAD.length + 5,
    head: HEAD,
    request: {
      ...{ method: 'GET', httpVersion: '1.1', headers, rawHeaders, socket: {} },
    } as unknown as IncomingMessage,
    response: { statusCode: 200, headersSent: true } as ServerResponse,
    ...changes,
  }
}

function lineOf(template: string, request = logged(), variables = NO_VARIABLES): string {
  const logVariables = new Set(variables.keys())
  const format = compileFormat(template, 'log-format', FACTS, { logVariables })
  return textOf(format, request, variables)
}

/** Returns one character for each byte. */
function textOf(
  format: LineFormat,
  request: LoggedRequest,
  variables: Map<string, string>,
): string {
  const line = new LineBuffer()
  format(line, request, variables)
  return line.peek(line.size).toString('latin1')
}

function addLine(writer: LineWriter, text: string): void {
  writer.line.appendText(text)
  writer.endLine()
}

describe('log-format', () => {
  test("replaces uWSGI's variables", () => {
    assert.equal(
      lineOf('%(addr) %(method) %(uri) %(proto) %(status) %(host) %(pid) %(wid)'),
      '10.0.0.1 GET /a?b HTTP/1.1 200 example.org 7 2',
    )
    assert.equal(
      lineOf('%(size) %(hsize) %(rsize) %(headers)'),
      `${HEAD.length + 5} ${HEAD.length} 5 2`,
    )
    assert.equal(lineOf('%(micros) %(msecs) %(secs)'), '12346 12 0')
    assert.equal(lineOf('%(time) %(tmsecs) %(vars)'), '1700000000 1700000000500 3')
    assert.equal(lineOf('%(var.HTTP_X_TWO) %(var.HTTP_NONE)'), '2 -')
  })

  test('writes a dash for what a request does not have', () => {
    assert.equal(lineOf('[%(user)] [%(referer)]'), '[-] [-]')
  })

  test('writes what clients choose so that no line can be forged', () => {
    assert.equal(lineOf('"%(uagent)"'), '"a \\x22quoted\\x22 agent\\x0A"')
    assert.equal(lineOf('%(uri)', logged({ uri: '/\r\nforged \\' })), '/\\x0D\\x0Aforged \\x5C')
  })

  test('has the variables that rules set, in UTF-8', () => {
    const line = lineOf('%(who) é', logged(), new Map([['who', 'Ĭ\u010a']]))
    assert.equal(Buffer.from(line, 'latin1').toString(), 'Ĭ\u010a é')
  })

  test('refuses a variable that does not exist, and suggests the one that was meant', () => {
    assert.throws(() => lineOf('%(stauts)'), /%\(stauts\) is not a variable.*status/)
  })

  test('has status 0 for a request that got no response', () => {
    const response = { statusCode: 200, headersSent: false } as ServerResponse
    assert.equal(lineOf('%(status) %(rsize)', logged({ response, sentSize: 0, head: '' })), '0 0')
  })
})

describe('log-json', () => {
  test('is one document in ASCII for each request', () => {
    const line = textOf(
      jsonFormat(FACTS),
      logged({ uri: '/\u00e9"\n\\' }),
      new Map([['who', 'm\u20ac']]),
    )
    assert.match(line, /^[ -~]*$/)
    const document = JSON.parse(line)
    assert.equal(document.uri, '/\u00e9"\n\\')
    assert.equal(document.time, '2023-11-14T22:13:20.500Z')
    assert.deepEqual([document.status, document.micros, document.rsize], [200, 12346, 5])
    assert.deepEqual(document.logvars, { who: 'm\u20ac' })
    assert.equal('referer' in document, false)
  })
})

describe('disable-logging', () => {
  const only = (changes: Partial<PlannedRequestLog>) => {
    const plan = { ...{ logsAll: false, logs4xx: false, logs5xx: false, slowMs: undefined } }
    const shape = { isJson: false, format: undefined, dateFormat: undefined }
    const lines: string[] = []
    const writer = { writableLength: 0, write: (bytes: Buffer) => lines.push(`${bytes}`) }
    const batches = new LineWriter(writer, false)
    const isLogged = true
    const log = RequestLog.of(
      { ...plan, ...shape, logVariables: new Set(), ...changes },
      FACTS,
      batches,
      () => ({ isLogged, variables: NO_VARIABLES }),
    )
    return (status: number, tookMs: number) => {
      const response = { statusCode: status, headersSent: true } as ServerResponse
      lines.length = 0
      log?.take(logged({ response, tookMs }))
      batches.flush()
      return lines.length === 1
    }
  }

  test('leaves what log-4xx, log-5xx and log-slow ask for', () => {
    const [errors, failures, slow] = [
      only({ logs4xx: true }),
      only({ logs5xx: true }),
      only({ slowMs: 100 }),
    ]
    assert.deepEqual([errors(399, 1), errors(404, 1), errors(500, 1)], [false, true, false])
    assert.deepEqual([failures(499, 1), failures(500, 1), failures(503, 1)], [false, true, true])
    assert.deepEqual([slow(200, 99), slow(200, 100)], [false, true])
    assert.equal(only({})(500, 1000), false)
  })
})

describe('log-date', () => {
  test('takes the conversions of strftime, and refuses others', () => {
    const atMs = new Date(2024, 1, 5, 15, 4, 9).getTime()
    const time = compileTime('%Y-%m-%d %H:%M:%S %a %b %e %I %p %y %%', 'log-date')(atMs)
    assert.equal(time, '2024-02-05 15:04:09 Mon Feb  5 03 PM 24 %')
    assert.throws(() => compileTime('%Q', 'log-date'), /log-date.*%Q/)
  })
})

describe('lines of the request log', () => {
  test('are written many at once, in pieces that a pipe takes whole', () => {
    const writes: string[] = []
    const output = { writableLength: 0, write: (bytes: Buffer) => writes.push(`${bytes}`) }
    const writer = new LineWriter(output, false)
    for (let i = 0; i < 100; i++) addLine(writer, 'x'.repeat(99))
    writer.flush()
    assert.equal(writes.join('').length, 100 * 100)
    assert.ok(writes.length <= 3, `${writes.length} writes`)
    for (const text of writes) assert.ok(text.length <= 4096 && text.endsWith('\n'))
  })

  test('are written whole where they are longer than one write', () => {
    const writes: string[] = []
    const output = { writableLength: 0, write: (bytes: Buffer) => writes.push(`${bytes}`) }
    const writer = new LineWriter(output, true)
    for (const size of [10, 100_000, 10]) addLine(writer, 'x'.repeat(size))
    writer.flush()
    const lines = writes.join('').split('\n')
    assert.deepEqual(
      lines.map(line => line.length),
      [10, 100_000, 10, 0],
    )
    for (const text of writes) assert.ok(text.endsWith('\n'))
  })

  test('have numbers of every length', () => {
    for (const value of [0, 7, 10, 99, 100, 12_345, 999_999_999, 1_000_000_000, 2 ** 52]) {
      assert.equal(lineOf('%(count)', logged({ number: value })), String(value))
    }
  })

  test('are dropped and counted while no one reads them', () => {
    const writes: string[] = []
    const output = { writableLength: 2 << 20, write: (bytes: Buffer) => writes.push(`${bytes}`) }
    const writer = new LineWriter(output, false)
    addLine(writer, 'lost')
    writer.flush()
    assert.deepEqual(writes, [])
    output.writableLength = 0
    addLine(writer, 'kept')
    writer.flush()
    assert.deepEqual(writes, ['*** 1 lines of the request log were dropped ***\n', 'kept\n'])
  })
})
