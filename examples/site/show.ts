/**
 * Starts the site with its INI file, sends requests, reloads it meanwhile, and stops it.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(import.meta.resolve('undercroft/package.json')).replace(
  /package\.json$/,
  'dist/cli/main.js',
)
const ini = fileURLToPath(new URL('../../../examples/site/site.ini', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'undercroft-site-'))

const pidfile = ['--pidfile', join(directory, 'site.pid')]
const args = [command, 'serve', ini, '--directory', directory, ...pidfile]
const site = spawn(process.execPath, args, {
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
})
// A step below may fail, and the site would run on without this program.
process.on('exit', () => site.kill())
const lines = createInterface(site.stdout)[Symbol.asyncIterator]()

const [address] = await lineWith(/127\.0\.0\.1:\d+/)
await lineWith(/workers are ready/)
console.log('/:', await ask('/'))
console.log('/:', await ask('/'))
const report = await ask('/report')
console.log('/report is kept:', report === (await ask('/report')))
site.kill('SIGHUP')
await lineWith(/^worker 2 .* done/)
const isKept = report === (await ask('/report'))
console.log(`after a reload: ${await ask('/')}, and the report is still kept: ${isKept}`)
site.kill('SIGTERM')
const [code] = await once(site, 'exit')
console.log('ended with', code)
rmSync(directory, { recursive: true })

/** Reads lines until one contains the text. */
async function lineWith(pattern: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const { value, done } = await lines.next()
    if (done) throw new Error('the site ended')
    const match = pattern.exec(value)
    if (match !== null) return match
  }
}

/**
 * Each request has a connection of its own. A reload closes idle connections, and a request that a
 * client sends on one at that moment fails.
 */
async function ask(path: string): Promise<string> {
  const response = await fetch(`http://${address}${path}`, { headers: { connection: 'close' } })
  return response.text()
}
