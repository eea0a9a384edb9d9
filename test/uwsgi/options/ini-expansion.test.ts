import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readLines, refusal } from './reading.ts'

describe('the environment in values', () => {
  test('is put in for $(NAME)', () => {
    assert.deepEqual(readLines('a = <$(HOME)>', {}, { HOME: '/home/ada' }), ['a=</home/ada>'])
  })

  test('leaves $(NAME) as it is when there is no such variable', () => {
    assert.deepEqual(readLines('a = $(NOBODY)'), ['a=$(NOBODY)'])
    assert.deepEqual(readLines('a = $(constructor)'), ['a=$(constructor)'])
  })

  test('is there for the later passes', () => {
    const files = { '/name': 'file\n' }
    assert.deepEqual(readLines('a = @($(PATH))', files, { PATH: '/name' }), ['a=file'])
    assert.deepEqual(readLines('a = %($(KEY))\nb = 2', {}, { KEY: 'b' }), ['a=2', 'b=2'])
  })
})

describe('file content in values', () => {
  test('is put in for @(path) without its last line end', () => {
    assert.deepEqual(readLines('a = <@(/f)>', { '/f': 'x\n\n' }), ['a=<x\n>'])
    assert.deepEqual(readLines('a = <@(/f)>', { '/f': 'x' }), ['a=<x>'])
  })

  test('of a file that is not there is refused by name', () => {
    assert.throws(() => readLines('a = @(/no)'), refusal(/app\.ini:2: a cannot read the file \/no/))
  })

  for (const scheme of ['exec', 'http', 'fd', 'sym']) {
    test(`is never got by ${scheme}://, and the error names it`, () => {
      assert.throws(
        () => readLines(`a = @(${scheme}://x)`),
        refusal(new RegExp(`asks for @\\(${scheme}://x\\); write the path of a plain file`)),
      )
    })
  }
})

describe('a placeholder', () => {
  const cases: [string, string, string[]][] = [
    ['is the first option of its name', 'a = %(b)\nb = 1\nb = 2', ['a=1', 'b=1', 'b=2']],
    ['may be defined before or after', 'x = 1\ny = %(x)%(z)\nz = 2', ['x=1', 'y=12', 'z=2']],
    ['stays when it is not defined', 'a = %(no)', ['a=%(no)']],
    ['may lead to another', 'y = %(x)\nx = %(a)\na = 1', ['y=1', 'x=1', 'a=1']],
    ['stays when it leads to itself', 'x = %(x)', ['x=%(x)']],
    ['stays when it is not closed', 'x = 1\na = %(x', ['x=1', 'a=%(x']],
    ['adds, from left to right', 'a = 1\nb = 2\nc = %(a + b + 3)', ['a=1', 'b=2', 'c=6']],
    ['knows no precedence', 'c = %(1 + 2 * 3)', ['c=9']],
    [
      'subtracts, multiplies and divides whole numbers',
      'c = %(7 - 9) %(2 * 4) %(7 / 2)',
      ['c=-2 8 3'],
    ],
    ['gives 0 for a division by zero', 'c = %(7 / 0)', ['c=0']],
    ['counts one up or down', 'a = 5\nc = %(a ++) %(a --)', ['a=5', 'c=6 4']],
    ['joins two values with no operator between', 'a = x\nc = %(a b)', ['a=x', 'c=xb']],
    ['takes text for 0 in arithmetic', 'c = %(abc + 2)', ['c=2']],
  ]
  for (const [promise, lines, expected] of cases) {
    test(promise, () => assert.deepEqual(readLines(lines), expected))
  }

  test('may lead round in a circle without hanging', () => {
    assert.equal(readLines('x = %(y)\ny = %(x)').length, 2)
  })

  test('cannot grow a value without end', () => {
    const doubling = Array.from({ length: 40 }, (_, n) => `a${n} = %(a${n + 1})%(a${n + 1})`)
    assert.throws(
      () => readLines([...doubling, 'a40 = x'].join('\n')),
      refusal(/grows beyond 1048576 characters/),
    )
  })
})

describe('set-placeholder and set', () => {
  test('define a placeholder, also under the name set-ph', () => {
    assert.deepEqual(
      readLines('set-placeholder = a=1\nset-ph = b=2\nset = c=3\nd = %(a)%(b)%(c)'),
      ['a=1', 'b=2', 'c=3', 'd=123'],
    )
  })

  test('set-placeholder refuses the name of an option', () => {
    assert.throws(
      () => readLines('set-ph = socket=1'),
      refusal(/cannot use "socket" as a placeholder/),
    )
  })

  test('set sets an option', () => {
    assert.deepEqual(readLines('set = socket=:1'), ['socket=:1'])
  })

  test('without a name and a value are refused', () => {
    assert.throws(() => readLines('set = a'), refusal(/set must be NAME=VALUE/))
    assert.throws(() => readLines('set = for=a b'), refusal(/cannot set "for"/))
  })
})
