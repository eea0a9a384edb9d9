/**
 * A master with its workers for a test. The test starts it as a user does, sends requests over
 * HTTP, and reads its output.
 */

import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { type Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { until, within } from './deadline.ts'
import { MAIN } from './root.ts'
import type { Scope } from './scope.ts'
import { type Service, type ServiceOptions, startService } from './service.ts'
import { memoryDir, tempDir } from './temp-dir.ts'

export { MAIN }

/** The application of these tests, runner-app.ts. */
export const APP = fileURLToPath(new URL('./runner-app.js', import.meta.url))

export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** A request that a worker has begun to handle. */
interface Begun {
  /** The worker process. */
  readonly pid: number
  /** The body of the response, or the code of the error. */
  readonly outcome: Promise<string | undefined>
}

export interface Runner {
  readonly service: Service
  /** The port of the first HTTP socket. */
  readonly port: number
  /** The directory of the segments. */
  readonly directory: string
  /** The process ids of the initial workers. */
  readonly workers: readonly number[]
  get(path: string): Promise<Answer>
  /** Sends a request and resolves once a worker has begun to handle it; for slow paths. */
  begin(path: string): Promise<Begun>
  /** Waits for the next line of output that matches. */
  waitForLine(pattern: RegExp): Promise<RegExpExecArray>
  signal(name: NodeJS.Signals): void
}

export interface ServeProcessOptions extends ServiceOptions {
  /** Where `logto` sends the output. */
  readonly logFile?: string
}

/** Starts `serve` with the test application at a free port, two caches, and further options. */
export function startRunner(
  scope: Scope,
  args: readonly string[],
  options: ServeProcessOptions = {},
): Promise<Runner> {
  const caches = ['--cache2', 'name=first,items=100', '--cache2', 'name=second,items=100']
  const app = ['--module', APP, '--http', '127.0.0.1:0']
  return startServe(scope, [...app, ...caches, ...args], options)
}

/** Starts `serve` with these arguments and a new directory for the caches. */
export async function startServe(
  scope: Scope,
  args: readonly string[],
  options: ServeProcessOptions = {},
): Promise<Runner> {
  const directory = memoryDir(scope)
  const { cwd = tempDir(scope), logFile } = options
  chmodSync(directory, 0o777) // some workers run as another user
  const logTo = logFile === undefined ? [] : ['--logto', logFile]
  const all = [MAIN, 'serve', '--directory', directory, ...logTo, ...args]
  const started = await startService(scope, process.execPath, all, { ...options, cwd })
  const service = logFile === undefined ? started : readingLog(started, logFile)
  await service.waitFor('its workers', output => /all \d+ workers are ready/.exec(output)?.[0])
  return runnerOf(service, directory)
}

/** The service with the lines of its log file as output. */
function readingLog(service: Service, logFile: string): Service {
  const output = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '')
  return {
    ...service,
    output,
    waitFor: (what, found) => service.waitFor(what, () => found(output())),
  }
}

function runnerOf(service: Service, directory: string): Runner {
  const started = service.output()
  const port = Number(/http socket \d+ bound to TCP address 127\.0\.0\.1:(\d+)/.exec(started)?.[1])
  const spawned = started.matchAll(/spawned undercroft worker \d+ \(pid: (\d+), cores: 1\)/g)
  let seen = started.length
  const waitForLine = (pattern: RegExp) =>
    service.waitFor(String(pattern), output => {
      const match = new RegExp(pattern, 'm').exec(output.slice(seen))
      if (match === null) return undefined
      seen += match.index + match[0].length
      return match
    })
  return {
    service,
    port,
    directory,
    workers: [...spawned].map(match => Number(match[1])),
    get: path => get({ port, path }),
    waitForLine,
    async begin(path) {
      const outcome = get({ port, path }).then(
        ({ body }) => body,
        (error: NodeJS.ErrnoException) => error.code,
      )
      const [, pid] = await waitForLine(/^begun \S+ in (\d+)$/)
      return { pid: Number(pid), outcome }
    },
    signal(name) {
      process.kill(service.pid, name)
    },
  }
}

/** @returns the port of the first socket with the uwsgi protocol */
export function uwsgiPort({ service }: Runner): number {
  return Number(/uwsgi socket \d+ bound to TCP .*:(\d+)$/m.exec(service.output())?.[1])
}

/** Sends one request on a new connection. */
export function get(
  target: {
    readonly path: string
    readonly method?: string
    readonly headers?: Record<string, string>
    /** Without it, each request has a connection of its own. */
    readonly agent?: Agent
  } & ({ readonly port: number } | { readonly socketPath: string }),
): Promise<Answer> {
  const answer = new Promise<Answer>((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', agent: false, ...target }, response => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
      )
      response.once('error', reject)
    })
    asking.once('error', reject).end()
  })
  return within(`an answer to ${target.path}`, answer)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export async function untilGone(pids: readonly number[]): Promise<void> {
  await until(`the processes ${pids} to be gone`, () => !pids.some(isAlive))
}

/** Repeats a request, each time on a new connection, until the body is as wanted. */
export function untilAnswer(runner: Runner, path: string, isWanted: (body: string) => boolean) {
  return until(`an answer to ${path}`, async () => {
    const { body } = await runner.get(path)
    return isWanted(body) ? body : undefined
  })
}

/**
 * Repeats a request until the HTTP cache answers it. A client may receive a page shortly before the
 * cache has stored it.
 */
export function untilStored(runner: Runner, path: string): Promise<Answer> {
  return until(`${path} is stored`, async () => {
    const answer = await runner.get(path)
    return String(answer.headers['cache-status']).startsWith('undercroft; hit') && answer
  })
}
