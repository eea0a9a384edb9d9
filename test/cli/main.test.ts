import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { nodeHostEnvironment } from '../../src/cli/node-host-environment.ts'
import { tempDir } from '../../testing/temp-dir.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

function undercroft(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
}

describe('the undercroft program', () => {
  test('prints the version that package.json has', () => {
    const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
    assert.equal(undercroft('--version').stdout, `${JSON.parse(text).version}\n`)
  })

  test('hands the exit code to the shell and errors to standard error', () => {
    const { status, stdout, stderr } = undercroft('gte')
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, /did you mean "get"\?/)
  })

  test('does not fail when the reader of its output goes away', async () => {
    const child = spawn(process.execPath, [MAIN, 'serve', '--help'])
    child.stdout.destroy()
    const [status] = await once(child, 'exit')
    assert.equal(status, 0)
  })

  test('ends top when nobody reads what it prints any more', async t => {
    const args = ['top', '--interval', '100ms', '--directory', tempDir(t)]
    const child = spawn(process.execPath, [MAIN, ...args])
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [status] = await once(child, 'exit')
    assert.equal(status, 0)
  })
})

describe('the outside of a real machine', () => {
  test('shows files, directories and their names, and nothing where nothing is', t => {
    const directory = mkdtempSync(join(tmpdir(), 'undercroft-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'file')
    writeFileSync(file, '\ufeffäöü')
    mkdirSync(join(directory, 'inner'))
    const host = nodeHostEnvironment()
    assert.equal(host.readFile(file), '\ufeffäöü')
    assert.equal(host.readFile(directory), undefined)
    assert.deepEqual(host.listDirectory(directory)?.toSorted(), ['file', 'inner'])
    assert.equal(host.listDirectory(file), undefined)
    assert.equal(host.findKind(file), 'file')
    assert.equal(host.findKind(directory), 'directory')
    assert.equal(host.findKind(join(directory, 'none')), undefined)
    assert.equal(host.findKind('/dev/null'), 'other')
    assert.ok(host.findInode(file) > 0)
    assert.equal(host.findInode(join(directory, 'none')), 0)
  })

  test('says who runs it, where and when', () => {
    const { facts } = nodeHostEnvironment()
    assert.equal(facts.cwd, process.cwd())
    assert.ok(facts.cpuCount >= 1)
    assert.ok(facts.startedAtMs <= Date.now())
    assert.notEqual(facts.userName, '')
    assert.notEqual(facts.groupName, '')
  })
})
