/**
 * The runner of `npm test` counts every test of files that share a process, and misses no file.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { tempDir } from '../../testing/temp-dir.ts'

const RUNNER = new URL('../../testing/harness/run-test-files.js', import.meta.url).href

interface Run {
  readonly passed: number
  readonly failed: number
  readonly output: string
}

/** Runs files with these texts as one stage, in a process without the variables of this run. */
function runTogether(t: TestContext, texts: Readonly<Record<string, string>>, title?: string): Run {
  const folder = tempDir(t)
  const files = Object.entries(texts).map(([name, text]) => {
    const file = join(folder, `${name}.test.js`)
    writeFileSync(file, `import { describe, test } from 'node:test'\n${text}`)
    return file
  })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const stage = { name: 'stage', files, isOneProcess: true }
  const options = { concurrency: 1, skipsFail: true, tier: 'change', title }
  const script = join(folder, 'run.js')
  const text = `import { runTestFiles } from ${JSON.stringify(RUNNER)}
    const [result] = await runTestFiles([${JSON.stringify(stage)}], ${JSON.stringify(options)})
    console.log(JSON.stringify(result))`
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  writeFileSync(script, text)
  const { stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', env })
  const lines = stdout.trimEnd().split('\n')
  const result = lines.pop() ?? ''
  assert.ok(result.startsWith('{'), stdout + stderr)
  return { ...JSON.parse(result), output: lines.join('\n') }
}

describe('test files of one process', () => {
  test('count test by test, each below the name of its file', t => {
    const { passed, failed, output } = runTogether(t, {
      one: `describe('a suite', () => { test('passes', () => {}); test('too', () => {}) })`,
      two: `test('fails', () => { throw new Error('as it should') })`,
    })
    assert.deepEqual({ passed, failed }, { passed: 2, failed: 1 })
    assert.match(output, /stage\/one .*\n {2}ok a suite: passes .*\n {2}ok a suite: too /)
    assert.match(output, /stage\/two .*\n {2}FAILED fails\n.*two\.test\.js\n +Error: as it should/)
  })

  test('fail if one of them has no tests, or all if the process ends early', t => {
    const empty = runTogether(t, { one: '', two: `test('passes', () => {})` })
    assert.deepEqual([empty.passed, empty.failed], [1, 1])
    assert.match(empty.output, /FAILED the file has no tests\n.*one\.test\.js/)
    const ended = runTogether(t, {
      one: `test('passes', () => {})`,
      two: `test('ends the process', () => process.exit(3))`,
    })
    assert.ok(ended.failed > 0, ended.output)
    assert.match(ended.output, /exit code 3/)
    const broken = runTogether(t, { one: `test('passes', () => {})`, two: `throw new Error('no')` })
    assert.ok(broken.failed > 0, broken.output)
  })

  test('can be asked for tests by title', t => {
    const texts = { one: `test('wanted', () => {})`, two: `test('other', () => {})` }
    const { passed, failed, output } = runTogether(t, texts, 'wanted')
    assert.deepEqual({ passed, failed }, { passed: 1, failed: 0 })
    assert.doesNotMatch(output, /other/)
  })
})
