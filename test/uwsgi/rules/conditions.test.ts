import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { leadingInteger } from '../../../src/uwsgi/rules/byte-text.ts'
import { compileCondition, isInNetwork } from '../../../src/uwsgi/rules/conditions.ts'
import { tempDir } from '../../../testing/temp-dir.ts'
import { contextWith, TEST_SCOPE } from './fake-context.ts'

const VARIABLES = { A: 'hello', N: '10', EMPTY: '', IP: '10.1.2.3', IP6: '2001:db8::7' }

function holds(condition: string): boolean {
  const colon = condition.indexOf(':')
  const [name, text] = [condition.slice(0, colon), condition.slice(colon + 1)]
  const answer = compileCondition(name, text, TEST_SCOPE)(contextWith(VARIABLES))
  assert.equal(typeof answer, 'boolean')
  return answer === true
}

/** Pairs of conditions: the first holds, the second does not. */
const PAIRS: readonly (readonly [yes: string, no: string])[] = [
  [`equal:\${A};hello`, `equal:\${A};Hello`],
  [`isequal:hello;\${A}`, `isequal:\${A};`],
  ['eq:a;a', 'eq:a;b'],
  ['==:;', '==:a'],
  ['equal:a;a', 'equal:a;a;a'],
  [`startswith:\${A};he`, `startswith:\${A};lo`],
  [`startswith:\${A};`, 'startswith:;x'],
  [`endswith:\${A};lo`, `endswith:\${A};he`],
  [`endswith:\${A};`, 'endswith:b;ab'],
  [`contains:\${A};ell`, `contains:\${A};`],
  ['contain:hello;lo', 'contain:hello;ol'],
  [`regexp:\${A};^h(.)l`, `regexp:\${A};^\${A}`],
  ['re:abc;b', 're:abc'],
  [`empty:\${NONE}`, `empty:\${A}`],
  [`empty:\${EMPTY}`, 'empty: '],
  [`ishigher:\${N};9`, `ishigher:\${N};10`],
  ['>:10;9', '>:9;10'],
  [`ishigherequal:\${N};10`, '>=:1;2'],
  ['>=:x;0', '>=:-1;x'],
  ['islower:-5;3', 'islower:3;3'],
  ['<:1;2', '<:2;'],
  ['islowerequal:3;3', '<=:4;3'],
  [`ipv4in:\${IP};10.0.0.0/8`, `ipv4in:\${IP};10.0.0.0/16`],
  [`ipv6in:\${IP6};2001:db8::/32`, `ipv6in:\${IP};::/0`],
]

describe('conditions', () => {
  for (const [yes, no] of PAIRS) {
    test(`${yes} holds, ${no} does not`, () => {
      assert.deepEqual([holds(yes), holds(no)], [true, false])
    })
  }

  test('a regular expression gives its groups to the action', () => {
    const context = contextWith(VARIABLES)
    compileCondition('regexp', `\${A};^(.)(.)`, TEST_SCOPE)(context)
    assert.deepEqual(context.groups && [...context.groups], ['he', 'h', 'e'])
  })

  test('paths: links are followed, but by islink', t => {
    const directory = tempDir(t)
    const path = (name: string) => join(directory, name)
    writeFileSync(path('file'), '', { mode: 0o644 })
    writeFileSync(path('program'), '', { mode: 0o755 })
    mkdirSync(path('directory'))
    symlinkSync(path('file'), path('link'))
    symlinkSync(path('nowhere'), path('broken'))
    const names = ['file', 'program', 'directory', 'link', 'broken', 'nowhere', 'file\0']
    const found = (condition: string) => names.filter(name => holds(`${condition}:${path(name)}`))
    assert.deepEqual(found('exists'), ['file', 'program', 'directory', 'link'])
    assert.deepEqual(found('isfile'), ['file', 'program', 'link'])
    assert.deepEqual(found('isdir'), ['directory'])
    assert.deepEqual(found('islink'), ['link', 'broken'])
    assert.deepEqual(found('isexec'), ['program', 'directory'])
  })
})

test('a number is what a text begins with, as strtol reads it, within 64 bits', () => {
  const max = 2n ** 63n - 1n
  for (const [text, value] of [
    ['12', 12n],
    [' \t-7x', -7n],
    ['+3', 3n],
    ['- 3', 0n],
    ['abc', 0n],
    ['', 0n],
    ['1.9', 1n],
    [`${'0'.repeat(50)}12`, 12n],
    [String(max), max],
    [String(max + 1n), max],
    [String(-max - 1n), -max - 1n],
    [String(-max - 2n), -max - 1n],
    ['9'.repeat(100_000), max],
  ] as const) {
    assert.equal(leadingInteger(text), value, text.slice(0, 40))
  }
})

describe('networks', () => {
  for (const [address, network, expected] of [
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '0.0.0.0/0', true],
    ['10.1.2.3', '10.1.2.3/33', false],
    ['10.1.2.300', '10.0.0.0/8', false],
    ['10.1.2', '10.0.0.0/8', false],
    ['', '0.0.0.0/0', false],
    ['::1', '::/0', false],
  ] as const) {
    test(`IPv4: ${address} in ${network}: ${expected}`, () => {
      assert.equal(isInNetwork(address, network, 4), expected)
    })
  }

  for (const [address, network, expected] of [
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['::1', '::1', true],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8/128', true],
    ['1:2:3:4:5:6:7:a', '1:2:3:4:5:6:7:8/127', false],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.0/104', true],
    ['fe80::1', 'FE80::/10', true],
    ['1::2::3', '::/0', false],
    ['1:2:3:4:5:6:7', '::/0', false],
    ['1:2:3:4:5:6:7:8:9', '::/0', false],
    ['12345::', '::/0', false],
    ['::1', '::/129', false],
    ['10.0.0.1', '::/0', false],
  ] as const) {
    test(`IPv6: ${address} in ${network}: ${expected}`, () => {
      assert.equal(isInNetwork(address, network, 6), expected)
    })
  }
})
