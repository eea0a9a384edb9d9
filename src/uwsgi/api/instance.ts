/**
 * The instance a process belongs to: its caches and options, as whoever started it says.
 *
 * A parent process puts it into one environment variable, which its workers inherit; nothing else
 * is needed. A process that nobody told has no instance, and finds caches by their names alone.
 */

import { invalidOption, requireInteger, requireString } from '../../base/index.ts'

/** The environment variable with an instance as JSON; {@link formatInstance} makes its value. */
export const INSTANCE_VARIABLE = 'UNDERCROFT_INSTANCE'

/** A cache that exists already, and where. */
export interface InstanceCache {
  readonly name: string
  /** Where its segment is, if not in the default directory. */
  readonly directory?: string
  /** Its file, if it has one of its own. */
  readonly store?: string
  /** Milliseconds between two sweeps, should this process be the one to sweep. @default 3000 */
  readonly sweepMs?: number
  /** What arithmetic on an absent key starts from. @default 0n */
  readonly mathInitial?: bigint
}

export interface Instance {
  /** The first is the default cache. */
  readonly caches: readonly InstanceCache[]
  /** Option names as uWSGI writes them; the last value of each. */
  readonly options: Readonly<Record<string, string>>
}

let current: Instance | undefined
let isKnown = false

/** Undefined: this process was not told of one. */
export function currentInstance(): Instance | undefined {
  if (!isKnown) {
    const text = process.env[INSTANCE_VARIABLE]
    current = text === undefined ? undefined : parseInstance(text)
    isKnown = true
  }
  return current
}

/** Says it within the process, whatever the environment says; before the first use of a cache. */
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

/** Throws UNDERCROFT_OPTION_INVALID, which names the variable and what is wrong with it. */
export function parseInstance(text: string): Instance {
  const { caches, options = {} } = objectOf(parseJson(text))
  if (!Array.isArray(caches)) throw invalidOption(INSTANCE_VARIABLE, 'JSON with caches', caches)
  return { caches: caches.map(parseCache), options: parseOptions(options) }
}

function parseCache(given: unknown): InstanceCache {
  const { name, directory, store, sweepMs, mathInitial } = objectOf(given)
  return {
    name: requireString(`${INSTANCE_VARIABLE}: name`, name),
    ...(directory === undefined ? {} : { directory: requirePath('directory', directory) }),
    ...(store === undefined ? {} : { store: requirePath('store', store) }),
    ...(sweepMs === undefined ? {} : { sweepMs: parseSweepMs(sweepMs) }),
    ...(mathInitial === undefined ? {} : { mathInitial: parseBigInt(mathInitial) }),
  }
}

function requirePath(name: string, value: unknown): string {
  return requireString(`${INSTANCE_VARIABLE}: ${name}`, value)
}

function parseSweepMs(value: unknown): number {
  return requireInteger(`${INSTANCE_VARIABLE}: sweepMs`, value, 0, MAX_SWEEP_MS)
}

/** As of `Cache.open`. */
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

// MERGED: `uwsgi.opt`: the options of the instance, read when asked for. /

/**
 * The options this process was started with, as bytes; of a repeated option the last. Empty when
 * nobody started it as a worker.
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
