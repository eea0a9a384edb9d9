/**
 * `npm run bench -- miss-storm`: a thousand clients ask at once for a page that is not stored and
 * takes 200 ms to make. How often is the application asked, and how long do clients wait?
 *
 * Each cache has two processes and the same application behind it. The caches take turns, each with
 * a new page. The waits include the time in which this process opens a thousand connections.
 */

import { request } from 'node:http'
import { join } from 'node:path'
import { integerOption, readCommandLine } from '../../testing/command-line.ts'
import { ROOT } from '../../testing/root.ts'
import type { Scope } from '../../testing/scope.ts'
import { startService } from '../../testing/service.ts'
import { median } from '../../testing/statistics.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { roundsOption } from '../options.ts'
import { printMachine } from '../report.ts'
import { startProxy } from './caching-proxies.ts'

const DELAY_MS = 200

export const STORM_NAMES = ['undercroft/http', 'nginx', 'varnish'] as const

export type StormName = (typeof STORM_NAMES)[number]

/** One storm. */
export interface Storm {
  /** How often the application was asked. */
  readonly asked: number
  readonly medianMs: number
  readonly longestMs: number
}

const COMMAND = {
  name: 'npm run bench -- miss-storm',
  summary: ['Measure how a cold page is made when many clients ask for it at once.'],
  options: {
    rounds: roundsOption(5),
    clients: integerOption('Clients of each storm', { fallback: 1000, min: 1, max: 4000 }),
  },
}

export async function benchMissStorm(scope: Scope, args: readonly string[]): Promise<void> {
  const options = readCommandLine(COMMAND, args)
  printMachine()
  console.log(`workload  ${options.clients} clients, a page that takes ${DELAY_MS} ms\n`)
  const storms = await measureStorms(scope, options)
  console.log('                 asked (most)    median wait, ms    longest wait, ms')
  for (const [name, of] of storms) {
    const asked = of.map(storm => storm.asked)
    const figures = [
      `${median(asked)} (${Math.max(...asked)})`.padStart(12),
      median(of.map(storm => storm.medianMs))
        .toFixed(0)
        .padStart(19),
      median(of.map(storm => storm.longestMs))
        .toFixed(0)
        .padStart(20),
    ]
    console.log(`${name.padEnd(17)}${figures.join('')}`)
  }
}

export async function measureStorms(
  scope: Scope,
  { rounds, clients }: { readonly rounds: number; readonly clients: number },
): Promise<Map<StormName, Storm[]>> {
  const origin = await startScript(scope, 'storm-origin-app.js', [String(DELAY_MS)])
  const ports = new Map<StormName, number>()
  const own = ['proxy', String(origin), memoryDir(scope)]
  ports.set('undercroft/http', await startScript(scope, 'web-node.js', own))
  for (const name of ['nginx', 'varnish'] as const) {
    const proxy = await startProxy(scope, name, origin)
    if (typeof proxy === 'string') console.log(`skipped: ${name}: ${proxy}`)
    else ports.set(name, proxy.port)
  }
  const storms = new Map([...ports.keys()].map((name): [StormName, Storm[]] => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, port] of ports) {
      storms.get(name)?.push(await storm(port, origin, `/cold-${round}`, clients))
    }
  }
  return storms
}

async function startScript(scope: Scope, name: string, args: readonly string[]): Promise<number> {
  const script = join(ROOT, 'build/bench/web', name)
  const service = await startService(scope, process.execPath, [script, ...args])
  const port = await service.waitFor('prints its port', output => /port (\d+)/.exec(output)?.[1])
  return Number(port)
}

async function storm(port: number, origin: number, path: string, clients: number): Promise<Storm> {
  const before = Number((await ask(origin, '/count')).body)
  const answers = await Promise.all(Array.from({ length: clients }, () => ask(port, path)))
  const waits = answers.map(({ waitedMs }) => waitedMs)
  return {
    asked: Number((await ask(origin, '/count')).body) - before,
    medianMs: median(waits),
    longestMs: Math.max(...waits),
  }
}

function ask(port: number, path: string): Promise<{ body: string; waitedMs: number }> {
  const startedAtMs = performance.now()
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, agent: false }, response => {
      let body = ''
      response.setEncoding('latin1').on('data', (text: string) => {
        body += text
      })
      response.once('end', () => {
        if (response.statusCode === 200)
          resolve({ body, waitedMs: performance.now() - startedAtMs })
        else reject(new Error(`${path} of port ${port}: status ${response.statusCode}`))
      })
    })
    asking.once('error', reject).end()
  })
}
