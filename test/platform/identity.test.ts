import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { test } from 'node:test'
import { BOOT_ID_WORDS, bootId } from '../../src/platform/index.ts'

const FILE = '/proc/sys/kernel/random/boot_id'

test('the boot id is that of the kernel, in the order of its digits', t => {
  if (!fs.existsSync(FILE)) return t.skip(`there is no ${FILE} here`)
  const words = bootId()
  assert.equal(words.length, BOOT_ID_WORDS)
  const digits = Buffer.from(words.buffer).toString('hex')
  assert.equal(digits, fs.readFileSync(FILE, 'utf8').trim().replaceAll('-', ''))
})

test('a process that may not read the boot id has none', () => {
  const isStable = process.allowedNodeEnvironmentFlags.has('--permission')
  const permission = isStable ? '--permission' : '--experimental-permission'
  const module = new URL('../../src/platform/identity.js', import.meta.url)
  const script = `import(${JSON.stringify(module)}).then(m => console.log(m.bootId().join()))`
  const root = new URL('../../', import.meta.url).pathname
  const args = [permission, `--allow-fs-read=${root}*`, '-e', script]
  assert.equal(
    execFileSync(process.execPath, args, { encoding: 'utf8', stdio: 'pipe' }).trim(),
    '0,0,0,0',
  )
})
