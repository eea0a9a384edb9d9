/**
 * `undercroft serve`: opens caches, serves them over the network, and runs an application, until a
 * signal ends it.
 */

import {
  explainingAddressInUse,
  type Listener,
  type MasterOpened,
  type MasterPlan,
  type MasterReady,
  Pidfile,
  type PlannedSocket,
  planServe,
  readAccess,
  type ServePlan,
  withDate,
} from '../../runner/index.ts'
import {
  CACHE2_TABLE,
  COMMAND_LINE,
  formatAddress,
  type GivenOption,
  loadOptions,
  OPTION_TABLE,
  readEnvironmentOptions,
  SOCKET_TABLE,
  usageError,
} from '../../uwsgi/options/index.ts'
import type { CommandEnvironment, CommandOutput, ServedCache, ServeHost } from '../environment.ts'
import { EXIT, type ExitCode, logTo, writeJson, writeLine } from '../output.ts'
import { type Command, wantsJson } from './command.ts'
import {
  formatCacheLine,
  formatReachLines,
  formatSocketLine,
  formatStatsLine,
} from './serve-text.ts'

export const SERVE: Command = {
  table: OPTION_TABLE,
  helpRows: [...CACHE2_TABLE.rows, ...SOCKET_TABLE.rows],
  readBare,
  async run(parsed, commandEnvironment) {
    const [stray] = parsed.positionals
    if (stray !== undefined)
      throw usageError(`"${stray}" is not a configuration: write FILE.ini, FILE.yaml or FILE.json`)
    const serveHost = await commandEnvironment.serveHost()
    const environment: ServeEnvironment = { ...commandEnvironment, serveHost }
    const { host, stderr } = environment
    const fromEnvironment = readEnvironmentOptions(host.environment)
    const load = () => loadOptions([...fromEnvironment, ...parsed.given], host)
    const loaded = load()
    const plan = planServe(loaded.options, loaded.files)
    const readPlan = () => {
      const { options, files } = load()
      return planServe(options, files)
    }
    for (const warning of [...loaded.warnings, ...plan.warnings]) {
      await writeLine(stderr, `undercroft: warning: ${warning}`)
    }
    const isJson = wantsJson(loaded.options)
    const { daemon } = plan.process
    if (daemon !== undefined && !environment.serveHost.isDaemon()) {
      return (await environment.serveHost.startDaemon(daemon)) as ExitCode
    }
    const { workers } = plan
    const logged = withLog(plan, environment, isJson)
    if (!isJson) {
      for (const file of loaded.files) await writeLine(logged.stdout, `configuration from ${file}`)
      await writeLine(logged.stdout, `instance ${plan.instance}`)
    }
    const signal =
      workers === undefined
        ? await serveAlone(plan, logged, isJson)
        : await serveWithWorkers({ ...plan, workers }, readPlan, logged)
    if (!isJson) await writeLine(logged.stdout, `stopped by ${signal}`)
    return EXIT.done
  },
}

interface ServeEnvironment extends Omit<CommandEnvironment, 'serveHost'> {
  readonly serveHost: ServeHost
}

/** A bare `app.ini`, or `app.ini:section`, means `--ini app.ini`; other kinds likewise. */
function readBare(word: string): GivenOption | undefined {
  const [, kind = ''] = /\.(ini|ya?ml|json|xml)(?::[^/]*)?$/.exec(word) ?? []
  const name = FILE_OPTIONS[kind]
  return name === undefined ? undefined : { name, value: word, origin: COMMAND_LINE }
}

/** The option that reads a file, by the end of the file's name. */
const FILE_OPTIONS: Readonly<Record<string, string>> = {
  ini: 'ini',
  yaml: 'yaml',
  yml: 'yaml',
  json: 'js',
  xml: 'xml',
}

/** Returns the environment with outputs that lead to the log file and print the time. */
function withLog(
  { process: { output } }: ServePlan,
  environment: ServeEnvironment,
  isJson: boolean,
): ServeEnvironment {
  const { file, fileOfUser, dateFormat } = output
  const hasFile = file !== undefined || fileOfUser !== undefined
  const writeToFile = hasFile ? environment.serveHost.openLog(file) : undefined
  const change = (original: CommandOutput): CommandOutput => {
    const write = writeToFile ?? logTo(original)
    const writeDated = withDate(write, isJson ? undefined : dateFormat)
    return { isTTY: false, write: async chunk => writeDated(String(chunk).replace(/\n$/, '')) }
  }
  if (!hasFile && dateFormat === undefined) return environment
  const { stdout, stderr } = environment
  return { ...environment, stdout: change(stdout), stderr: change(stderr) }
}

/** What a process that serves without workers has opened. */
interface OpenParts {
  instance: { release(): void } | undefined
  readonly caches: ServedCache[]
  readonly listeners: Listener[]
  /** Undefined without a stats server. */
  stats: Listener | undefined
}

/**
 * Serves the caches from this process, without workers.
 *
 * Starts everything, waits for a signal, and closes everything in the opposite order, also after an
 * error.
 *
 * @returns the name of the signal
 */
async function serveAlone(
  plan: ServePlan,
  environment: ServeEnvironment,
  isJson: boolean,
): Promise<string> {
  // Listens for signals before anything is open, so that a signal during the start is not lost.
  const stopped = environment.untilStopped()
  const open: OpenParts = { instance: undefined, caches: [], listeners: [], stats: undefined }
  const { pidfile: path, environment: variables, umask } = plan.process
  if (umask !== undefined) process.umask(umask)
  for (const [name, value] of variables) process.env[name] = value
  const pidfile = path === undefined ? undefined : new Pidfile(path)
  try {
    const log = logTo(isJson ? environment.stderr : environment.stdout)
    open.instance = environment.serveHost.startInstance(plan, plan.caches)
    for (const definition of plan.caches) {
      open.caches.push(await environment.serveHost.openCache(definition, plan, log))
    }
    for (const socket of plan.sockets) {
      open.listeners.push(await listen(socket, open, plan, environment, log))
    }
    open.stats = await listenStats(open, plan, environment)
    pidfile?.write()
    await announce(open, plan, environment, isJson)
    environment.serveHost.reportServing()
    return await stopped
  } finally {
    try {
      const all = open.stats === undefined ? open.listeners : [...open.listeners, open.stats]
      await Promise.all(all.map(listener => listener.close()))
    } finally {
      for (const cache of open.caches) cache.close()
      open.instance?.release()
      pidfile?.remove()
    }
  }
}

function listen(
  socket: PlannedSocket,
  { caches }: OpenParts,
  plan: ServePlan,
  environment: ServeEnvironment,
  onLog: (line: string) => void,
): Promise<Listener> {
  const ready = { ...socket, access: readAccess(socket) }
  const served = caches.map(({ cache }) => cache)
  return explainingAddressInUse(socket, () =>
    environment.serveHost.listen(ready, served, plan.limits, onLog),
  )
}

/** Returns undefined if the plan has no stats server. */
async function listenStats(
  { caches, listeners }: OpenParts,
  { stats, limits }: ServePlan,
  { serveHost, host }: ServeEnvironment,
): Promise<Listener | undefined> {
  if (stats === undefined) return undefined
  const listening = {
    ...stats,
    caches: caches.map(({ cache }) => cache),
    sockets: listeners.map(({ address }) => ({
      address: formatAddress(address),
      protocol: 'uwsgi' as const,
    })),
    version: host.facts.version,
    ...(limits.mode === undefined ? {} : { mode: limits.mode }),
  }
  return explainingAddressInUse(stats, () => serveHost.listenStats(listening))
}

async function announce(
  open: OpenParts,
  plan: ServePlan,
  { stdout }: ServeEnvironment,
  isJson: boolean,
): Promise<void> {
  const stats = open.caches.map(({ cache }) => cache.stats())
  const addresses = open.listeners.map(listener => listener.address)
  const statsAddress = open.stats?.address
  if (isJson) {
    const ready = { instance: plan.instance, caches: stats, sockets: addresses.map(formatAddress) }
    await writeJson(stdout, { ...ready, stats: statsAddress && formatAddress(statsAddress) })
    return
  }
  const [first] = stats
  const [address] = addresses
  const lines = [
    ...stats.map(formatCacheLine),
    ...addresses.map((bound, index) => formatSocketLine(index, bound)),
    ...(statsAddress === undefined ? [] : [formatStatsLine(statsAddress)]),
  ]
  if (first !== undefined && address !== undefined) {
    lines.push(...formatReachLines(first.name, address, plan))
  }
  for (const line of lines) await writeLine(stdout, line)
}

/**
 * Runs a master with workers until a signal ends it. The lines it prints are those that uWSGI's
 * users look for.
 * @returns the name of the signal
 */
function serveWithWorkers(
  plan: MasterPlan,
  readPlan: () => ServePlan,
  { serveHost, host, stdout, stderr }: ServeEnvironment,
): Promise<string> {
  const isJson = wantsJson(plan.options)
  const log = logTo(isJson ? stderr : stdout)
  return serveHost.runMaster(plan, {
    version: host.facts.version,
    readPlan,
    onLog: log,
    onOpened(opened) {
      for (const line of isJson ? [] : openedLines(opened)) log(line)
    },
    onReady(ready) {
      serveHost.reportServing()
      if (isJson)
        void writeJson(stdout, describeReady(ready, plan)).catch(() => {}) // no reader any more
      else for (const line of readyLines(ready, plan)) log(line)
    },
  })
}

function openedLines({ caches, sockets }: MasterOpened): string[] {
  return [
    ...caches.map(formatCacheLine),
    ...sockets.map(({ address, protocol }, index) => formatSocketLine(index, address, protocol)),
  ]
}

function readyLines({ caches, sockets, statsAddress }: MasterReady, plan: MasterPlan): string[] {
  const [first] = caches
  const uwsgi = sockets.find(socket => socket.protocol === 'uwsgi')
  return [
    ...(statsAddress === undefined ? [] : [formatStatsLine(statsAddress)]),
    ...(first === undefined || uwsgi === undefined
      ? []
      : formatReachLines(first.name, uwsgi.address, plan)),
    `all ${plan.workers.processes} workers are ready`,
  ]
}

function describeReady(
  { caches, sockets, statsAddress, workers }: MasterReady,
  { instance }: MasterPlan,
): object {
  return {
    instance,
    caches,
    sockets: sockets.map(({ address }) => formatAddress(address)),
    stats: statsAddress && formatAddress(statsAddress),
    master: process.pid,
    workers,
  }
}
