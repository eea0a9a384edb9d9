/**
 * Real uWSGI: Python code inside it, and servers with their own caches.
 */

import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scope } from '../scope.ts'
import { type Address, isListening, startService } from '../service.ts'
import { tempDir } from '../temp-dir.ts'

/** Python values as they arrive here. Bytes arrive as a string with one character per byte. */
export type PythonValue = null | boolean | number | string | readonly PythonValue[]

const SNIPPET_LIMIT_MS = 30_000

/**
 * Runs lines of Python inside uWSGI.
 *
 * @returns the values that they passed to `show(...)`, one for each call
 *
 * The module `uwsgi` is imported. The process is a client without a server and ends after the
 * lines. `options` may give it caches.
 *
 * @example
 * await runPython(t, command, ["show(uwsgi.cache_get('key', 'name@127.0.0.1:3031'))"])
 */
export async function runPython(
  scope: Scope,
  command: string,
  lines: readonly string[],
  options: readonly string[] = [],
): Promise<PythonValue[]> {
  const dir = tempDir(scope)
  const resultPath = join(dir, 'result.json')
  const scriptPath = join(dir, 'snippet.py')
  writeFileSync(scriptPath, snippet(resultPath, lines))
  const args = ['--disable-logging', ...options, '--pyrun', scriptPath]
  const service = await startService(scope, command, args)
  await service.exit(SNIPPET_LIMIT_MS)
  try {
    return JSON.parse(readFileSync(resultPath, 'utf8'))
  } catch {
    throw new Error(`the Python snippet gave no result:\n${service.output()}`)
  }
}

/** The snippet writes its result file at the end, so an incomplete result is never read. */
function snippet(resultPath: string, lines: readonly string[]): string {
  return `
import json
import uwsgi

shown = []

def plain(value):
    if isinstance(value, bytes):
        return value.decode('latin-1')
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value

def show(value):
    shown.append(plain(value))

${lines.join('\n')}
with open(${JSON.stringify(resultPath)}, 'w') as result:
    json.dump(shown, result)
`
}

/** A running uWSGI whose first cache is its default one. */
export interface UwsgiServer {
  readonly pid: number
  readonly port: number
  readonly socketPath: string
}

/** Starts uWSGI with these `cache2` values, such as `name=main,items=100`. */
export async function startUwsgi(
  scope: Scope,
  command: string,
  caches: readonly string[],
): Promise<UwsgiServer> {
  const socketPath = join(tempDir(scope), 'uwsgi.sock')
  const sockets = ['--socket', '127.0.0.1:0', '--socket', socketPath]
  const cacheArgs = caches.flatMap(cache => ['--cache2', cache])
  // A master process takes a second to stop, and would only add the sweeper.
  const args = ['--plugin', 'cache', '--disable-logging', ...sockets, ...cacheArgs]
  const service = await startService(scope, command, args)
  const port = await service.waitFor('to say its port', boundPort)
  const addresses: Address[] = [{ port, host: '127.0.0.1' }, { path: socketPath }]
  for (const address of addresses) {
    await service.waitFor('to listen', () => isListening(address))
  }
  return { pid: service.pid, port, socketPath }
}

/** A running uWSGI with a stats server. */
export interface UwsgiStats {
  /** The port of its caches. */
  readonly port: number
  /** The port of its stats server. */
  readonly statsPort: number
}

/** Starts uWSGI with a stats server, which needs the master process. */
export async function startUwsgiStats(
  scope: Scope,
  command: string,
  caches: readonly string[],
): Promise<UwsgiStats> {
  const cacheArgs = caches.flatMap(cache => ['--cache2', cache])
  const args = ['--plugin', 'cache', '--disable-logging', '--master', '--die-on-term']
  const sockets = ['--socket', '127.0.0.1:0', '--stats', '127.0.0.1:0']
  const service = await startService(scope, command, [...args, ...sockets, ...cacheArgs])
  const port = await service.waitFor('to say its port', boundPort)
  // uWSGI prints "127.0.0.1:0" for a port of its choice, so the port comes from the system.
  const statsPort = await service.waitFor('to listen for statistics', () =>
    listeningPorts(service.pid).find(candidate => candidate !== port),
  )
  return { port, statsPort }
}

/** @returns the TCP ports that a process listens on, from /proc on Linux */
function listeningPorts(pid: number): number[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return [] // closed since
      }
    }),
  )
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1)
  return rows
    .map(row => row.trim().split(/\s+/))
    .filter(fields => fields[3] === TCP_LISTEN && inodes.has(fields[9] ?? ''))
    .map(fields => Number.parseInt(fields[1]?.split(':')[1] ?? '', 16))
}

/** The state in /proc/net/tcp. */
const TCP_LISTEN = '0A'

/** @returns the TCP port that uWSGI says it is bound to */
export function boundPort(output: string): number | undefined {
  const [, port] = /bound to TCP address 127\.0\.0\.1:(\d+)/.exec(output) ?? []
  return port === undefined ? undefined : Number(port)
}
