import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadIni, readLines, refusal } from './reading.ts'

describe('a loop in an INI file', () => {
  test('repeats line by line, not block by block', () => {
    assert.deepEqual(readLines('for = 1  2\na = x%(_)\nb = %(_)%(_)\nendfor =\nc = %(_)'), [
      'a=x1',
      'a=x2',
      'b=11',
      'b=22',
      'c=%(_)',
    ])
  })

  test('for-glob runs over matching paths, sorted, directories with a slash', () => {
    const files = { '/d/b.txt': '', '/d/a.txt': '', '/d/c.txt/x': '', '/d/.d.txt': '', '/d/e': '' }
    assert.deepEqual(readLines('for-glob = /d/*.txt\na = %(_)\nendfor', files), [
      'a=/d/a.txt',
      'a=/d/b.txt',
      'a=/d/c.txt/',
    ])
    assert.deepEqual(readLines('for-glob = /?/[!a-d]\na = %(_)', files), ['a=/d/e'])
  })

  test('for-glob without a match runs once, over the pattern itself', () => {
    assert.deepEqual(readLines('for-glob = /no/*\na = %(_)\nend'), ['a=/no/*'])
    assert.deepEqual(readLines('for-glob = /[z-a]\na = %(_)\nend'), ['a=/[z-a]'])
  })

  test('for-readline runs over the lines of a file, empty ones too', () => {
    assert.deepEqual(readLines('for-readline = /f\na = %(_)\nend-for', { '/f': 'x\r\n\ny\n' }), [
      'a=x',
      'a=',
      'a=y',
    ])
    assert.throws(() => readLines('for-readline = /no'), refusal(/cannot read the file \/no/))
  })

  test('for-times runs from 1 to n', () => {
    assert.deepEqual(readLines('for-times = 3\na = %(_)\nendfor'), ['a=1', 'a=2', 'a=3'])
    assert.deepEqual(readLines('for-times = 0\na = %(_)\nendfor'), [])
    assert.throws(() => readLines('for-times = many'), refusal(/for-times must be a whole number/))
  })

  test('puts words with a dollar sign in as they are', () => {
    assert.deepEqual(readLines('for = $& $1\na = %(_)'), ['a=$&', 'a=$1'])
  })

  test('may include files, in which its words are not repeated again', () => {
    const files = { '/1.ini': '[uwsgi]\na = 1', '/2.ini': '[uwsgi]\nfor = x y\nb = %(_)\nend' }
    assert.deepEqual(readLines('for = 1 2\nini = /%(_).ini\nend', files), ['a=1', 'b=x', 'b=y'])
  })

  test('cannot fill the memory', () => {
    const lines = 'for-times = 60000\na = 1\nb = 2\nend'
    assert.throws(() => readLines(lines), refusal(/exceeds the limit of 100000 options/))
  })
})

describe('a condition in an INI file', () => {
  const files = { '/d/f': '' }
  const environment = { MODE: 'fast' }
  const cases: [string, string[]][] = [
    ['if-opt = x', ['a=1']],
    ['if-opt = x=1', ['a=1']],
    ['if-opt = x=2', []],
    ['if-opt = y', []],
    ['if-not-opt = y', ['a=']],
    ['if-not-opt = x', []],
    ['if-not-opt = x=2', ['a=1']],
    ['if-env = MODE', ['a=fast']],
    ['if-env = MODE=fast', ['a=fast']],
    ['if-env = MODE=slow', []],
    ['if-not-env = NONE', ['a=']],
    ['if-not-env = MODE', []],
    ['if-file = /d/f', ['a=/d/f']],
    ['if-file = /d', []],
    ['if-not-file = /d', ['a=/d']],
    ['if-dir = /d', ['a=/d']],
    ['if-dir = /d/f', []],
    ['if-not-dir = /d/f', ['a=/d/f']],
    ['if-exists = /d', ['a=/d']],
    ['if-exists = /no', []],
    ['if-not-exists = /no', ['a=/no']],
    ['if-not-exists = /d/f', []],
  ]
  for (const [condition, expected] of cases) {
    const fate = expected.length === 0 ? 'drops' : 'keeps'
    test(`${condition} ${fate} the following line`, () => {
      const read = readLines(`x = 1\n${condition}\na = %(_)\nendif =`, files, environment)
      assert.deepEqual(read, ['x=1', ...expected])
    })
  }

  for (const end of ['endfor', 'end-for', 'endif', 'end-if', 'end']) {
    test(`ends at ${end}`, () => {
      assert.deepEqual(readLines(`if-opt = no\na = 1\n${end} =\nb = 2`), ['b=2'])
    })
  }

  test('cannot stand inside another', () => {
    assert.throws(
      () => readLines('if-opt = no\nfor = a b\nend\nend'),
      refusal(/app\.ini:3: for stands inside .*app\.ini:2: if-opt/),
    )
  })

  test('that we do not know is refused, not taken for a placeholder', () => {
    assert.throws(
      () => readLines('if-plugin = x\na = 1'),
      refusal(/if-plugin is not a known condition/),
    )
  })

  test('without an end is a warning', () => {
    assert.match(loadIni('[uwsgi]\nif-env = X\nsocket = :1').warnings.join(), /if-env has no end/)
  })
})
