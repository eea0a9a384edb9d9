/**
 * Running a command in this process: what it printed, how it ended, what it opened.
 */

import { UndercroftError } from '../../src/base/index.ts'
import type {
  CommandEnvironment,
  CommandOutput,
  ReadySocket,
  ServeHost,
  TargetAddress,
  TopHost,
} from '../../src/cli/environment.ts'
import { run } from '../../src/cli/run.ts'
import type { ListenLimits, MasterPlan, StatsListening } from '../../src/runner/index.ts'
import { type CacheDefinition, formatAddress } from '../../src/uwsgi/options/index.ts'
import { fakeHostEnvironment } from '../../testing/fake-host-environment.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { FakeCache } from './fake-cache.ts'

/** What a test can set up and look at. */
export class FakeMachine {
  readonly cache = new FakeCache('default')
  readonly opened: TargetAddress[] = []
  readonly definitions: CacheDefinition[] = []
  readonly served: FakeCache[] = []
  readonly listening: (ReadySocket & { limits: ListenLimits; isClosed: boolean })[] = []
  readonly statsListening: (StatsListening & { isClosed: boolean })[] = []
  /** Plans that asked for workers. */
  readonly masterPlans: MasterPlan[] = []
  /** Lines that went to a log file. */
  readonly logLines: string[] = []
  readonly clock = new ManualClock()
  /** Names that `top` finds on this machine. */
  names = ['default']
  /** Answers of stats servers, by address. */
  statsAnswers: Record<string, string> = {}
  /** What happens before each further frame of `top`; it is stopped after the last. */
  refreshes: (() => void)[] = []
  columns = 80
  /** Pressed as soon as `top` waits for keys. */
  pressedKey: string | undefined
  files: Record<string, string> = {}
  variables: Record<string, string> = {}
  stdin = Buffer.alloc(0)
  isTTY = false
  /** Thrown by the next thing that is opened or listened on. */
  failure: Error | undefined

  async run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
    const out: Buffer[] = []
    const err: Buffer[] = []
    const code = await run(argv, this.#environment(this.#output(out), this.#output(err)))
    return { code, out: Buffer.concat(out).toString('latin1'), err: Buffer.concat(err).toString() }
  }

  #output(chunks: Buffer[]): CommandOutput {
    return {
      isTTY: this.isTTY,
      write: async chunk => {
        chunks.push(Buffer.from(chunk))
      },
    }
  }

  #environment(stdout: CommandOutput, stderr: CommandOutput): CommandEnvironment {
    return {
      stdin: toChunks(this.stdin),
      stdout,
      stderr,
      host: fakeHostEnvironment(this.files, this.variables),
      openTarget: async address => {
        if (this.failure !== undefined) throw this.failure
        this.opened.push(address)
        return this.cache
      },
      serveHost: async () => this.#serveHost(),
      topHost: this.#topHost(),
      listCaches: async () => this.names,
      destroyCache: async name => {
        this.names = this.names.filter(known => known !== name)
      },
      untilStopped: async () => {
        if (this.refreshes.length > 0) await new Promise<void>(stop => this.refreshes.push(stop))
        return 'SIGTERM'
      },
    }
  }

  #serveHost(): ServeHost {
    return {
      startInstance: () => ({ release: () => {} }),
      openCache: async definition => {
        this.definitions.push(definition)
        const cache = new FakeCache(definition.name, definition.maxItems)
        this.served.push(cache)
        return { cache, close: () => cache.close() }
      },
      listen: async (ready, _caches, limits) => {
        if (this.failure !== undefined) throw this.failure
        const socket = { ...ready, limits, isClosed: false }
        this.listening.push(socket)
        return {
          address: ready.address,
          close: async () => {
            socket.isClosed = true
          },
        }
      },
      openLog: path => line => this.logLines.push(`${path}: ${line}`),
      isDaemon: () => false,
      startDaemon: async () => 0,
      reportServing: () => {},
      runMaster: async (plan, { onOpened, onReady }) => {
        this.masterPlans.push(plan)
        const opened = { caches: [], sockets: plan.sockets }
        onOpened(opened)
        onReady({ ...opened, statsAddress: plan.stats?.address, workers: [4711] })
        return 'SIGTERM'
      },
      listenStats: async listening => {
        const socket = { ...listening, isClosed: false }
        this.statsListening.push(socket)
        return {
          address: listening.address,
          close: async () => {
            socket.isClosed = true
          },
        }
      },
    }
  }

  #topHost(): TopHost {
    return {
      clock: this.clock,
      readStats: async address => {
        const answer = this.statsAnswers[formatAddress(address)]
        if (answer !== undefined) return answer
        throw new UndercroftError('UNDERCROFT_CONNECTION', 'nobody listens there')
      },
      isOutputOpen: () => true,
      terminalSize: () => ({ columns: this.columns, rows: 24 }),
      untilKey: keys =>
        this.pressedKey !== undefined && keys.includes(this.pressedKey)
          ? Promise.resolve()
          : new Promise(() => {}),
      untilRefresh: async intervalMs => {
        this.clock.advance(intervalMs)
        this.refreshes.shift()?.()
      },
    }
  }
}

async function* toChunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 10) yield bytes.subarray(start, start + 10)
}
