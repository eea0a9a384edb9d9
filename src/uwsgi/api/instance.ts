/**
 * The instance that a process belongs to: its caches and options.
 *
 * A master passes it to its workers in one environment variable. A process without that variable
 * belongs to no instance and finds caches by their names alone.
 */

import {
  INSTANCE_VARIABLE,
  invalidOption,
  requireInteger,
  requireString,
} from '../../base/index.ts'

/** A cache that already exists, and its location. */
export interface InstanceCache {
  readonly name: string
  /** Name of the instance that it belongs to; absent for a cache that instances share. */
  readonly instance?: string
  /** Directory of its segment, if not the default directory. */
  readonly directory?: string
  /** Path of its store file, if it has one. */
  readonly store?: string
  /** Milliseconds between two sweeps if this process sweeps. @default 3000 */
  readonly sweepMs?: number
  /** Initial value of an absent counter. @default 0n */
  readonly mathInitial?: bigint
}

export interface Instance {
  /** The first is the default cache. */
  readonly caches: readonly InstanceCache[]
  /** Options by their names in uWSGI; the last value of each. */
  readonly options: Readonly<Record<string, string>>
}

/** One for each process: a worker belongs to one instance for its whole life. */
let current: Instance | undefined
let isKnown = false

/** Returns the instance of this process, or undefined if it belongs to none. */
export function currentInstance(): Instance | undefined {
  if (!isKnown) {
    const text = process.env[INSTANCE_VARIABLE]
    current = text === undefined ? undefined : parseInstance(text)
    isKnown = true
  }
  return current
}

/**
 * Sets the instance of this process in place of the environment variable. Call it before a cache is
 * first used.
 */
export function defineInstance(instance: Instance | undefined): void {
  current = instance
  isKnown = true
}

export function formatInstance({ caches, options }: Instance): string {
  return JSON.stringify({
    caches: caches.map(({ mathInitial, ...cache }) =>
      mathInitial === undefined ? cache : { ...cache, mathInitial: String(mathInitial) },
    ),
    options,
  })
}

/**
 * @throws UndercroftError UNDERCROFT_OPTION_INVALID; the message names the variable and the fault
 */
export function parseInstance(text: string): Instance {
  const { caches, options = {} } = objectOf(parseJson(text))
  if (!Array.isArray(caches)) throw invalidOption(INSTANCE_VARIABLE, 'JSON with caches', caches)
  return { caches: caches.map(parseCache), options: parseOptions(options) }
}

function parseCache(given: unknown): InstanceCache {
  const { name, instance, directory, store, sweepMs, mathInitial } = objectOf(given)
  return {
    name: requireString(`${INSTANCE_VARIABLE}: name`, name),
    ...(instance === undefined ? {} : { instance: requireText('instance', instance) }),
    ...(directory === undefined ? {} : { directory: requireText('directory', directory) }),
    ...(store === undefined ? {} : { store: requireText('store', store) }),
    ...(sweepMs === undefined ? {} : { sweepMs: parseSweepMs(sweepMs) }),
    ...(mathInitial === undefined ? {} : { mathInitial: parseBigInt(mathInitial) }),
  }
}

function requireText(name: string, value: unknown): string {
  return requireString(`${INSTANCE_VARIABLE}: ${name}`, value)
}

function parseSweepMs(value: unknown): number {
  return requireInteger(`${INSTANCE_VARIABLE}: sweepMs`, value, 0, MAX_SWEEP_MS)
}

/** The limit of `Cache.open`. */
const MAX_SWEEP_MS = 86_400_000

function parseOptions(given: unknown): Readonly<Record<string, string>> {
  const pairs = Object.entries(objectOf(given))
  return Object.fromEntries(pairs.map(([name, value]) => [name, String(value)]))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalidOption(INSTANCE_VARIABLE, 'JSON', text)
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return { ...value }
  throw invalidOption(INSTANCE_VARIABLE, 'JSON with objects in it', value)
}

function parseBigInt(value: unknown): bigint {
  const number = typeof value === 'string' && /^-?[0-9]{1,19}$/.test(value) && BigInt(value)
  if (number !== false && BigInt.asIntN(64, number) === number) return number
  throw invalidOption(`${INSTANCE_VARIABLE}: mathInitial`, 'a 64-bit number as text', value)
}

/**
 * `uwsgi.opt`: the options that this process was started with, as bytes. Of a repeated option it
 * holds the last value. It is empty in a process that is not a worker. Each access reads the
 * current instance.
 */
export const opt: Readonly<Record<string, Buffer | undefined>> = new Proxy(Object.create(null), {
  get: (_target, name) => findOption(name),
  has: (_target, name) => findOption(name) !== undefined,
  ownKeys: () => Object.keys(options()),
  getOwnPropertyDescriptor(_target, name) {
    const value = findOption(name)
    return value && { value, enumerable: true, configurable: true, writable: false }
  },
  set: () => false,
  defineProperty: () => false,
  deleteProperty: () => false,
})

function options(): Readonly<Record<string, string>> {
  return currentInstance()?.options ?? {}
}

function findOption(name: string | symbol): Buffer | undefined {
  const all = options()
  const value = Object.hasOwn(all, name) ? all[String(name)] : undefined
  return value === undefined ? undefined : Buffer.from(value)
}
