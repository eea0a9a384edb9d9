/**
 * The package as others see it: what compilers and linters of packages have to say. Further
 * compilers and ways to resolve modules are in consumers.long.test.ts.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ROOT } from '../../testing/root.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { compileIn, installPacked, packOnce } from './packed.ts'

const tarball = packOnce()

// The oldest compiler: ours is the newest, and has compiled the same declarations.
test('a program of a user compiles: with TypeScript 5.0, node16', async t => {
  const folder = tempDir(t)
  installPacked(tarball, folder)
  const options = { module: 'node16', moduleResolution: 'node16' }
  assert.equal(await compileIn(folder, '5.0', options), '')
})

describe('the packed package is clean', () => {
  for (const [name, script, args] of [
    ['publint', 'publint/src/cli.js', ['run', tarball, '--strict']],
    ['attw', '@arethetypeswrong/cli/dist/index.js', [tarball, '--profile', 'esm-only']],
  ] as const) {
    test(`to ${name}`, () => {
      const command = [join(ROOT, 'node_modules', script), ...args]
      const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
      assert.equal(status, 0, stdout + stderr)
    })
  }
})
