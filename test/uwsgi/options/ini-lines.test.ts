import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadIni, readLines, refusal } from './reading.ts'

describe('a line of an INI file', () => {
  const cases: [string, string, string[]][] = [
    ['may end in CR LF', 'a = 1\r\nb = 2\r\n', ['a=1', 'b=2']],
    ['may be the last without a line end', 'a = 1\nb = 2', ['a=1', 'b=2']],
    ['does not go on after a backslash', 'a = 1\\\nb = 2', ['a=1\\', 'b=2']],
    ['loses blanks at its ends and around =, not inside', ' \ta b\t=  c  d \t', ['a b=c  d']],
    ['is a comment after ; or #', ' ; a = 1\n#b = 2\nc = 3', ['c=3']],
    ['keeps ; and # inside a value', 'a = v ; x # y', ['a=v ; x # y']],
    ['is split at the first =', 'a = b=c=d', ['a=b=c=d']],
    ['keeps quotes', 'a = "b"', ['a="b"']],
    ['may be a name alone, or with nothing after =', 'a\nb =', ['a=', 'b=']],
    ['counts each time it is repeated', 'a = 1\na = 2', ['a=1', 'a=2']],
    ['may be blank', '\n  \n\t\na = 1', ['a=1']],
  ]
  for (const [promise, lines, expected] of cases) {
    test(promise, () => assert.deepEqual(readLines(lines), expected))
  }

  test('is what an error names, with the file', () => {
    assert.throws(
      () => loadIni('[uwsgi]\n\nbuffer-size = 1k\n'),
      refusal(/^\/srv\/app\.ini:3: buffer-size must be a whole number from 1 to .*got "1k"/),
    )
  })
})

describe('a section of an INI file', () => {
  const text = 'z = 0\n[uwsgi]\na = 1\n[other]\nb = 2\n[uwsgi]\nc = 3\n'
  const read = (ini: string) =>
    readLines(`[none]\nini = ${ini}\n[uwsgi]\nini = ${ini}`, { '/x.ini': text })

  test('is uwsgi unless one is named; blocks of one name are joined, others ignored', () => {
    assert.deepEqual(read('/x.ini'), ['a=1', 'c=3'])
  })

  test('is chosen by its name after a colon', () => {
    assert.deepEqual(read('/x.ini:other'), ['b=2'])
  })

  test('of the file loaded last is chosen by a colon and the name', () => {
    assert.deepEqual(readLines('a = 1\nini = :more\n[more]\nb = 2'), ['a=1', 'b=2'])
  })

  test('loses its last character as the bracket', () => {
    assert.deepEqual(readLines('[uwsgi)\na = 1'), ['a=1'])
  })

  test('that is missing is refused, with the sections that the file has', () => {
    assert.throws(
      () => loadIni('[uwgsi]\na = 1'),
      refusal(/^\/srv\/app\.ini: there is no section \[uwsgi\]; did you mean "uwgsi"\?; it has/),
    )
    assert.throws(
      () => loadIni('cache = 5'),
      refusal(/there is no section \[uwsgi\]; write \[uwsgi\] before the options$/),
    )
  })

  test('behind a byte order mark is refused, and the message says why', () => {
    assert.throws(
      () => loadIni('\ufeff[uwsgi]\na = 1'),
      refusal(/^\/srv\/app\.ini:1: the file begins with a byte order mark; save it/),
    )
  })
})

describe('an include', () => {
  test('is expanded where it stands', () => {
    const files = { '/srv/more.ini': '[uwsgi]\nb = 2' }
    assert.deepEqual(readLines('a = 1\nini = /srv/more.ini\nc = 3', files), ['a=1', 'b=2', 'c=3'])
  })

  test('of a file that is not there is refused by name', () => {
    assert.throws(
      () => readLines('ini = /no.ini'),
      refusal(/app\.ini:2: ini cannot read .*\/no\.ini/),
    )
  })

  test('of a file in itself ends in an error, not a hang', () => {
    assert.throws(() => readLines('ini = /srv/app.ini'), refusal(/more than 16 deep/))
  })
})

describe('an unknown name in an INI file', () => {
  test('used by a placeholder is no mistake', () => {
    assert.deepEqual(loadIni('[uwsgi]\nbase = /srv\nchmod-socket = %(base)').warnings, [])
  })

  test('used by nothing is a warning with the nearest option', () => {
    assert.match(
      loadIni('[uwsgi]\nbufer-size = 9').warnings.join(),
      /app\.ini:2: bufer-size is not an option; did you mean "buffer-size"\?/,
    )
  })

  test('is refused with strict = true', () => {
    assert.throws(
      () => loadIni('[uwsgi]\nstrict = true\nfoo = 1'),
      refusal(/app\.ini:3: foo is not an option/),
    )
  })
})
