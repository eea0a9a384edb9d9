import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandLineError } from '../../testing/command-line.ts'
import { readTestOptions } from '../../testing/harness/options.ts'

test('npm test refuses a word that no path contains, also among words that match', () => {
  assert.deepEqual(readTestOptions(['engine', 'lint']).paths, ['engine', 'lint'])
  for (const words of [['engnie'], ['engine', 'engnie'], ['engnie', '--tier', 'long']]) {
    assert.throws(
      () => readTestOptions(words),
      (error: Error) => error instanceof CommandLineError && /'engnie'/.test(error.message),
    )
  }
})

test('npm test looks for a word in the paths of the chosen tier', () => {
  assert.deepEqual(readTestOptions(['consumers', '--tier', 'long']).paths, ['consumers'])
  assert.throws(() => readTestOptions(['lint', '--tier', 'long']), /no path of the tier 'long'/)
})
