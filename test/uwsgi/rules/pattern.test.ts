/**
 * PCRE's syntax with PCRE's meaning. The expected groups are what PCRE gives.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { compilePattern } from '../../../src/uwsgi/rules/pattern/pattern.ts'
import { PatternError } from '../../../src/uwsgi/rules/pattern/pattern-reader.ts'
import { PATIENCE_MS } from '../../../testing/deadline.ts'

type Found = readonly (string | undefined)[] | null

const MATCHES: readonly (readonly [pattern: string, subject: string, groups: Found])[] = [
  ['b', 'abc', ['b']],
  ['^/img/(.+)', '/img/a.png', ['/img/a.png', 'a.png']],
  ['\\.css$', '/s.css', ['.css']],
  ['\\.css$', '/s.css\n', null], // PCRE would match before the last line feed
  ['a.c', 'a\nc', null],
  ['a.c', 'a\rc', ['a\rc']],
  ['(?s)a.c', 'a\nc', ['a\nc']],
  ['(?i)^/A', '/a', ['/a']],
  ['(?m)^b$', 'a\nb\nc', ['b']],
  ['(?m)^', 'x\n', ['']],
  ['(?im)^B', 'a\nb', ['b']],
  ['\\Aa\\z', 'a', ['a']],
  ['\\Aa', 'ba', null],
  ['a\\Z', 'a\n', ['a']],
  ['a\\z', 'a\n', null],
  ['\\s', '\xa0', null],
  ['\\s', '\v', ['\v']],
  ['\\h+', ' \t\xa0\n', [' \t\xa0']],
  ['\\v', '\x85', ['\x85']],
  ['[\\S]', '\xa0', ['\xa0']],
  ['[\\H\\V]+', '\t\n', ['\t\n']],
  ['^\\R\\n', '\r\n\n', ['\r\n\n']],
  ['^\\R\\n', '\r\n', null],
  ['\\N', '\n', null],
  ['[]a]+', ']a', [']a']],
  ['[^]a]', ']b', ['b']],
  ['[a-]+', 'a-', ['a-']],
  ['[\\w-]+', 'a-b', ['a-b']],
  ['[a\\-z]+', '-', ['-']],
  ['[+--]+', '+,-', ['+,-']],
  ['[[:alpha:]_]+', '1aB_', ['aB_']],
  ['[[:^digit:]]', '1a', ['a']],
  ['[[:punct:]]+', 'a[\\]', ['[\\]']],
  ['[\\b]', '\b', ['\b']],
  ['[\\Q^]\\E]+', '^]', ['^]']],
  ['\\Qa.b\\E+', 'a.bb', ['a.bb']],
  ['\\x41\\x{42}\\103\\e\\a\\0', 'ABC\x1b\x07\0', ['ABC\x1b\x07\0']],
  ['\\cA\\o{101}', '\x01A', ['\x01A']],
  ['(?<n>a)\\k<n>\\k{n}\\g{n}', 'aaaa', ['aaaa', 'a']],
  ["(?P<n>a)(?P=n)(?'m'b)\\k'm'", 'aabb', ['aabb', 'a', 'b']],
  ['(a)(b)\\g{-1}\\g1\\2', 'abbab', ['abbab', 'a', 'b']],
  ['a(?#comment)b', 'ab', ['ab']],
  ['(?<=a)b(?!c)', 'abd', ['b']],
  ['(?:a|(b))c', 'ac', ['ac', undefined]],
  ['a{2}b{1,}c{0,1}?', 'aabb', ['aabb']],
  ['a{,2}', 'a{,2}', ['a{,2}']],
  ['x{', 'x{', ['x{']],
  ['a]}', 'a]}', ['a]}']],
  ['\\/\\-\\%\\_', '/-%_', ['/-%_']],
  ['\xe9', '\xe9', ['\xe9']],
  ['.', '\xc3\xa9', ['\xc3']], // bytes, not characters
]

describe('a pattern of PCRE matches as it does there', () => {
  for (const [pattern, subject, groups] of MATCHES) {
    test(`${JSON.stringify(pattern)} on ${JSON.stringify(subject)}`, () => {
      const found = compilePattern(pattern).regexp.exec(subject)
      assert.deepEqual(found && [...found], groups)
    })
  }
})

const REFUSED: readonly (readonly [pattern: string, message: RegExp, offset: number])[] = [
  ['(', /missing closing parenthesis/, 1],
  ['a)', /unmatched closing parenthesis/, 2],
  ['[a', /missing terminating \] for character class/, 2],
  ['[]', /missing terminating \]/, 2],
  ['*a', /quantifier does not follow a repeatable item/, 1],
  ['a|+', /quantifier does not follow/, 3],
  ['a**', /quantifier does not follow/, 3],
  ['a\\', /\\ at end of pattern/, 2],
  ['[z-a]', /range out of order in character class/, 4],
  ['a{3,2}', /numbers out of order in \{\} quantifier/, 6],
  ['a{65536}', /number too big in \{\} quantifier/, 8],
  ['\\2(a)', /reference to non-existent subpattern/, 5],
  ['\\k<n>', /reference to non-existent subpattern/, 5],
  ['(?<n>a)(?<n>b)', /two named subpatterns have the same name/, 12],
  ['[[:nope:]]', /unknown POSIX class name/, 9],
  ['[\\N]', /unrecognized character follows|not supported/, 3],
  ['\\y', /unrecognized character follows \\/, 2],
  ['\\x{100}', /code point value in \\x\{\} or \\o\{\} is too large/, 7],
  ['\\10', /may be octal or a reference/, 3],
  ['a++', /a possessive quantifier is not supported/, 3],
  ['(?>a)', /a group that begins with \(\?> is not supported/, 2],
  ['(?|a)', /a group that begins with \(\?\| is not supported/, 2],
  ['(?R)', /the flag R is not supported/, 4],
  ['a(?i)b', /a group that begins with \(\?i is not supported/, 3],
  ['(?x)a', /the flag x is not supported/, 4],
  ['(*UTF8)a', /\(\*\.\.\.\) is not supported/, 2],
  ['\\Ka', /\\K is not supported/, 2],
  ['\\p{L}', /\\p is not supported/, 2],
]

describe('what JavaScript cannot match, or PCRE does not take, is refused', () => {
  for (const [pattern, message, offset] of REFUSED) {
    test(pattern, () => {
      assert.throws(
        () => compilePattern(pattern),
        error => {
          assert.ok(error instanceof PatternError)
          assert.match(error.message, message)
          assert.equal(error.offset, offset)
          return true
        },
      )
    })
  }
})

describe('a repetition of a repetition is noticed', () => {
  for (const pattern of ['(a+)+', '(?:\\w*)*b', '([^/]+){2,}', '(.*)*', '(x|a+)+']) {
    test(pattern, () => assert.equal(compilePattern(pattern).isRisky, true))
  }
  for (const pattern of ['(a+)', '(a+)?', '(\\w+/)*', '(,a+)*', '(a+b)+', '(a+){2}', '(a|b)+']) {
    test(`but not in ${pattern}`, () => assert.equal(compilePattern(pattern).isRisky, false))
  }
})

describe('a subject that nearly matches does not block', () => {
  const subjects = ['a'.repeat(40), 'a'.repeat(16_000), 'a,'.repeat(8_000)]
  const patterns = ['([a-z0-9]+,?)+;$', '^(a+)+$', '^(\\w+\\s?)*;', '^(a|a)*;']
  for (const pattern of patterns) {
    for (const subject of subjects) {
      test(`${pattern} over ${subject.length} bytes of ${subject.slice(0, 2)}`, () => {
        const { find, isRisky } = compilePattern(pattern)
        assert.equal(isRisky, true)
        // A search that tries all ways would take years. The deadline makes a failure of it.
        runInNewContext('search()', { search: () => find(`${subject}!`) }, { timeout: PATIENCE_MS })
      })
    }
  }

  for (const pattern of ['(\\w+\\s?)*(?=;)', '^(a+)+\\1;', '^([ab]+,?){2,100};']) {
    test(`${pattern}, which V8 cannot search in linear time, ends with an error`, () => {
      const { find } = compilePattern(pattern)
      assert.throws(() => find('a'.repeat(60)), /^Error: the search for .* of 60 bytes took over/)
      assert.ok(find('aa;') !== null)
    })
  }
})
