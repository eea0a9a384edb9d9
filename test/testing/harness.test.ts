import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CommandLineError } from '../../testing/command-line.ts'
import { findTestStages } from '../../testing/harness/find-tests.ts'
import { readTestOptions } from '../../testing/harness/options.ts'
import { ROOT } from '../../testing/root.ts'

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

test('files that run in one process have no hooks outside of describe, which all would run', () => {
  const shared = findTestStages(() => true).filter(({ isOneProcess }) => isOneProcess)
  const paths = shared.flatMap(({ files }) => files)
  assert.ok(shared.length > 10 && paths.length > 50)
  const hasHook = (path: string) =>
    /^(before|after|beforeEach|afterEach)\(/m.test(readFileSync(path, 'utf8'))
  assert.deepEqual(paths.filter(hasHook), [])
  assert.ok(hasHook(join(ROOT, 'build/test/server/extension.test.js')))
})
