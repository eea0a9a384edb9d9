/**
 * Cached responses against an application without a cache, and against Node saying hello, by wrk:
 *
 *     npm run build && node dist/bench/http-cache.js [BYTES]
 *
 * The three are measured in turns, since only their ratios can be trusted. CPU time is told as
 * well: it says more than requests a second where other programs run, too.
 */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../test/runner/find-tests.ts'
import { programScope } from '../test/support/scope.ts'
import { startService } from '../test/support/service.ts'
import { median } from './results.ts'

const KINDS = ['hello', 'application', 'cached'] as const
type Kind = (typeof KINDS)[number]

const ROUNDS = 7
const WRK_OPTIONS = ['-t1', '-c32', '-d2s']
const TICKS_A_SECOND = 100 // of /proc/PID/stat: proc(5), on Linux for all programs

const run = promisify(execFile)

interface Sample {
  readonly perSecond: number
  readonly cpuUs: number
}

interface Server {
  readonly pid: number
  readonly port: number
  readonly samples: Sample[]
}

const scope = programScope()
try {
  await main(process.argv[2] ?? '1000')
} finally {
  await scope.end()
}

async function main(size: string): Promise<void> {
  const servers = new Map<Kind, Server>()
  for (const kind of KINDS) servers.set(kind, await start(kind, size))
  for (const server of servers.values()) await measure(server) // warms up
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of servers.values()) server.samples.push(await measure(server))
  }
  console.log(
    `Node ${process.version}, wrk ${WRK_OPTIONS.join(' ')}, ${ROUNDS} rounds, ${size} bytes`,
  )
  for (const [kind, { samples }] of servers) {
    const perSecond = middle(samples, 'perSecond').toFixed(0)
    const cpuUs = middle(samples, 'cpuUs').toFixed(1)
    console.log(
      `${kind.padEnd(12)}${perSecond.padStart(8)} requests/s ${cpuUs.padStart(8)} us of CPU`,
    )
  }
  for (const other of ['hello', 'application'] as const) {
    const ratio = (field: keyof Sample) =>
      middle(servers.get('cached')?.samples, field) / middle(servers.get(other)?.samples, field)
    const cpu = (1 / ratio('cpuUs')).toFixed(2)
    console.log(`cached / ${other}: ${ratio('perSecond').toFixed(2)}, by CPU time ${cpu}`)
  }
}

async function start(kind: Kind, size: string): Promise<Server> {
  const script = join(ROOT, 'dist/bench/http-server.js')
  const service = await startService(scope, process.execPath, [script, kind, size])
  const port = await service.waitFor('prints its port', output => /port (\d+)/.exec(output)?.[1])
  return { pid: service.pid, port: Number(port), samples: [] }
}

async function measure({ pid, port }: Server): Promise<Sample> {
  const before = cpuSeconds(pid)
  const { stdout } = await run('wrk', [...WRK_OPTIONS, `http://127.0.0.1:${port}/`])
  const used = cpuSeconds(pid) - before
  const count = Number(/(\d+) requests in/.exec(stdout)?.[1])
  const perSecond = Number(/Requests\/sec: +([\d.]+)/.exec(stdout)?.[1])
  return { perSecond, cpuUs: (used / count) * 1e6 }
}

/** Of user and system together. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

function middle(samples: readonly Sample[] = [], field: keyof Sample): number {
  return median(samples.map(sample => sample[field]))
}
