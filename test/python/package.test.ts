/**
 * The Python package as it is built and typed.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { requirePeer } from '../../testing/peers/peers.ts'
import { ROOT } from '../../testing/root.ts'
import type { Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'

const run = promisify(execFile)

/** A copy, because a build writes next to the sources. */
function copyPackage(scope: Scope): string {
  const folder = join(tempDir(scope), 'python')
  const filter = (path: string) => !path.includes('__pycache__')
  cpSync(join(ROOT, 'python'), folder, { recursive: true, filter })
  return folder
}

test('the wheel has every module, the marker of its types, and nothing else', async t => {
  const python = requirePeer(t, 'pythonBuild')
  if (python === undefined) return
  const folder = copyPackage(t)
  const sources = readdirSync(join(folder, 'src/undercroft'))
  assert.ok(sources.includes('py.typed'))
  const options = ['-m', 'build', '--no-isolation', '--wheel', '--outdir', join(folder, 'out')]
  await run(python, [...options, folder], { env: { ...process.env, HOME: folder } })
  const [wheel = '', ...others] = readdirSync(join(folder, 'out'))
  assert.deepEqual(others, [])
  const names = "import sys, zipfile; print('\\n'.join(zipfile.ZipFile(sys.argv[1]).namelist()))"
  const { stdout } = await run(python, ['-c', names, join(folder, 'out', wheel)])
  const found = stdout.split('\n').filter(name => name !== '' && !name.includes('.dist-info/'))
  const expected = ['uwsgi.py', ...sources.map(name => `undercroft/${name}`)]
  assert.deepEqual(found.sort(), expected.sort())
  const env = { ...process.env, PYTHONPATH: join(folder, 'out', wheel), UNDERCROFT_UWSGI: 'a:1' }
  const imports = 'import uwsgi, undercroft; print(uwsgi.cache_get.__module__, undercroft.__file__)'
  const { stdout: modules } = await run(python, ['-c', imports], { env, cwd: folder })
  assert.match(modules, /^undercroft\.uwsgi .*\.whl\/undercroft\/__init__\.py/)
})

test('the types of the Python package hold', async t => {
  const mypy = requirePeer(t, 'mypy')
  if (mypy === undefined) return
  const folder = copyPackage(t)
  const env = { ...process.env, MYPYPATH: join(folder, 'src') }
  const options = ['--cache-dir', join(folder, 'cache'), '-p', 'undercroft', '-m', 'uwsgi']
  const { stdout } = await run(mypy, options, { cwd: folder, env })
  assert.match(stdout, /^Success/)
})
