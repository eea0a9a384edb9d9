import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseKeyValues } from '../../../src/uwsgi/options/key-values.ts'

describe('a key=value list', () => {
  const cases: [string, string, [string, string | undefined][]][] = [
    [
      'is split at commas and the first =',
      'a=1,b=2=3',
      [
        ['a', '1'],
        ['b', '2=3'],
      ],
    ],
    [
      'takes the character after a backslash as it is',
      'a=x\\,y,b=\\\\',
      [
        ['a', 'x,y'],
        ['b', '\\'],
      ],
    ],
    ['can have an escaped = in a name', 'a\\=b=c', [['a=b', 'c']]],
    [
      'loses blanks around names, not around values',
      'a=1, b= 2 ',
      [
        ['a', '1'],
        ['b', ' 2 '],
      ],
    ],
    [
      'tells a name alone from an empty value',
      'a,b=',
      [
        ['a', undefined],
        ['b', ''],
      ],
    ],
    ['may end in a comma', 'a=1,', [['a', '1']]],
    ['keeps a backslash at its end', 'a=1\\', [['a', '1\\']]],
    ['is empty when the text is', '', []],
  ]
  for (const [promise, text, expected] of cases) {
    test(promise, () => {
      assert.deepEqual(
        parseKeyValues(text).map(pair => [pair.name, pair.value]),
        expected,
      )
    })
  }
})
