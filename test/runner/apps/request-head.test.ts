import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatRequestHead } from '../../../src/runner/apps/request-head.ts'

type Pairs = readonly (readonly [string, string])[]

const GET: Pairs = [
  ['REQUEST_METHOD', 'GET'],
  ['REQUEST_URI', '/'],
]

function read(...pairs: Pairs) {
  return formatRequestHead([...GET, ...pairs])
}

function headOf(...pairs: Pairs): string {
  const result = read(...pairs)
  assert.ok('head' in result, JSON.stringify(result))
  return result.head.toString('latin1')
}

describe('the head of a request made of variables', () => {
  test('has the method, the target as the client wrote it, and each field once', () => {
    const head = headOf(
      ['REQUEST_METHOD', 'POST'],
      ['REQUEST_URI', '/a%20b?x=1&y=/../'],
      ['PATH_INFO', '/a b'],
      ['SERVER_PROTOCOL', 'HTTP/2.0'],
      ['CONTENT_TYPE', 'text/plain'],
      ['CONTENT_LENGTH', '12'],
      ['HTTP_HOST', 'example.org'],
      ['HTTP_CONTENT_TYPE', 'text/plain'],
      ['HTTP_CONTENT_LENGTH', '12'],
      ['HTTP_USER_AGENT', 'curl'],
    )
    assert.deepEqual(head.split('\r\n'), [
      'POST /a%20b?x=1&y=/../ HTTP/1.0',
      'host: example.org',
      'content-type: text/plain',
      'content-length: 12',
      'user-agent: curl',
      '',
      '',
    ])
  })

  test('keeps fields that were sent several times, their order, and bytes beyond ASCII', () => {
    const head = headOf(['HTTP_X_A', '1'], ['HTTP_COOKIE', 'ü'], ['HTTP_X_A', ''], ['X_A', '3'])
    assert.match(head, /\r\nx-a: 1\r\ncookie: ü\r\nx-a: \r\n\r\n$/)
  })

  test('leaves out what belongs to the connection between client and web server', () => {
    const names = ['CONNECTION', 'KEEP_ALIVE', 'UPGRADE', 'TE', 'TRAILER', 'EXPECT']
    const fields = names.map(name => [`HTTP_${name}`, 'x'] as const)
    assert.equal(headOf(...fields), 'GET / HTTP/1.0\r\n\r\n')
  })

  test('with a client that names no host, has the name of the server', () => {
    const server: Pairs = [
      ['SERVER_NAME', 'example.org'],
      ['SERVER_PORT', '8080'],
    ]
    assert.match(headOf(...server), /\r\nhost: example\.org:8080\r\n/)
    assert.match(headOf(...server, ['HTTP_HOST', 'other.org']), /\r\nhost: other\.org\r\n/)
    assert.doesNotMatch(headOf(['SERVER_NAME', '_'], ['SERVER_PORT', '80']), /host/)
  })

  test('knows the size of the body, also of one that the web server received in chunks', () => {
    const sizes: readonly [Pairs, number][] = [
      [[], 0],
      [[['CONTENT_LENGTH', '']], 0],
      [[['CONTENT_LENGTH', '0']], 0],
      [[['CONTENT_LENGTH', '5000000000']], 5_000_000_000],
      [
        [
          ['CONTENT_LENGTH', '7'],
          ['CONTENT_LENGTH', '7'],
          ['HTTP_TRANSFER_ENCODING', 'chunked'],
        ],
        7,
      ],
    ]
    for (const [pairs, size] of sizes) {
      const result = read(...pairs)
      assert.equal('bodySize' in result && result.bodySize, size, JSON.stringify(pairs))
    }
  })
})

describe('variables that no request is made of', () => {
  const refused: Readonly<Record<string, Pairs>> = {
    'no method': [['REQUEST_METHOD', '']],
    'a method of two words': [['REQUEST_METHOD', 'GET /x HTTP/1.1']],
    'a method with a line': [['REQUEST_METHOD', 'GET\r\nX: 1']],
    'no target': [['REQUEST_URI', '']],
    'a target with a space': [['REQUEST_URI', '/ HTTP/1.1']],
    'a target with lines': [['REQUEST_URI', '/ HTTP/1.1\r\nHost: x\r\n\r\nGET /b']],
    'a target with a null byte': [['REQUEST_URI', '/\0']],
    'a field with CR LF': [['HTTP_X', 'a\r\nContent-Length: 5']],
    'a field with LF': [['HTTP_X', 'a\nb: c']],
    'a field with CR': [['HTTP_X', 'a\rb: c']],
    'a field with a null byte': [['HTTP_X', 'a\0']],
    'a host with CR LF': [['HTTP_HOST', 'a\r\nX: b']],
    'a type with CR LF': [['CONTENT_TYPE', 'a\r\nX: b']],
    'a field name with a colon': [['HTTP_X:', 'a']],
    'a field name with CR LF': [['HTTP_A: 1\r\nB', 'a']],
    'a field name with a space': [['HTTP_CONTENT_LENGTH ', '5']],
    'an empty field name': [['HTTP_', 'a']],
    'a size with a sign': [['CONTENT_LENGTH', '+5']],
    'a negative size': [['CONTENT_LENGTH', '-1']],
    'a hexadecimal size': [['CONTENT_LENGTH', '0x5']],
    'a size with spaces': [['CONTENT_LENGTH', ' 5']],
    'a list of sizes': [['CONTENT_LENGTH', '5, 5']],
    'a size beyond all numbers': [['CONTENT_LENGTH', '9'.repeat(16)]],
    'two sizes': [
      ['CONTENT_LENGTH', '5'],
      ['CONTENT_LENGTH', '6'],
    ],
    'a body in chunks': [['HTTP_TRANSFER_ENCODING', 'chunked']],
  }
  for (const [what, pairs] of Object.entries(refused)) {
    test(what, () => {
      const result = read(...pairs)
      assert.ok('problem' in result && result.problem !== '', JSON.stringify(result))
    })
  }
})
