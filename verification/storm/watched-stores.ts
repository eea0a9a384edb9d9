/**
 * A cache whose every store can be watched, so that a process can be killed right after any of
 * them.
 *
 * The engine contains no crash points, so they cost it nothing. Instead, while such a cache opens,
 * the constructors of its views over the segment return proxies that report each store. Other
 * caches of the process, opened before or after, have the real views.
 */

import { completeGeometry } from '../../src/cache/new-geometry.ts'
import { resolveOptions } from '../../src/cache/options.ts'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { computeLayout } from '../../src/segment/geometry.ts'
import { stepNamer } from './step-names.ts'

type View = Int32Array | Float64Array | BigInt64Array | Buffer

/** Receives the name of each store after it. */
export type StoreListener = (step: string) => void

export interface WatchedCache {
  readonly cache: Cache
  /** The bytes of the segment, unwatched. */
  readonly memory: ArrayBuffer
}

const ATOMICS = ['load', 'store', 'add', 'compareExchange'] as const
const VIEWS = ['Int32Array', 'Float64Array', 'BigInt64Array'] as const

/** The real view behind each proxy. */
const originals = new WeakMap<object, View>()
/** Names of offsets, for each watched mapping. */
const namers = new WeakMap<ArrayBufferLike, (offset: number) => string>()
let listener: StoreListener | undefined

/** Runs `act` and reports each store into caches that `openWatched` has opened. */
export function watchStores<T>(listen: StoreListener, act: () => T): T {
  listener = listen
  try {
    return act()
  } finally {
    listener = undefined
  }
}

/** Opens a cache with watched views over its segment. */
export function openWatched(options: CacheOptions): WatchedCache {
  watchAtomics()
  const { wanted } = resolveOptions(options)
  const layout = computeLayout(completeGeometry(options.name, wanted))
  const name = stepNamer(layout)
  let memory: ArrayBuffer | undefined
  const watchIfMapping = (args: readonly unknown[], view: View): View => {
    if (!isMemoryOf(layout.size, args)) return view
    memory = view.buffer as ArrayBuffer
    namers.set(memory, name)
    return watched(view)
  }
  const restore = replaceViews(watchIfMapping)
  try {
    const cache = Cache.open(options)
    if (memory === undefined) throw new Error('the cache made no view of its segment')
    return { cache, memory }
  } finally {
    restore()
  }
}

/** Passes each new view through `watch`. */
function replaceViews(watch: (args: readonly unknown[], view: View) => View): () => void {
  const { from } = Buffer
  const real = VIEWS.map(name => [name, globalThis[name]] as const)
  for (const [name, realView] of real) {
    Object.assign(globalThis, {
      [name]: new Proxy(realView, {
        construct: (target, args: unknown[]) =>
          watch(args, Reflect.construct(target, args) as View),
      }),
    })
  }
  Object.assign(Buffer, {
    from: (...args: unknown[]) => watch(args, Reflect.apply(from, Buffer, args) as Buffer),
  })
  return () => {
    Object.assign(Buffer, { from })
    Object.assign(globalThis, Object.fromEntries(real))
  }
}

/** No other memory has exactly this size. */
function isMemoryOf(size: number, args: readonly unknown[]): boolean {
  const [memory] = args
  return args.length === 1 && memory instanceof ArrayBuffer && memory.byteLength === size
}

function watched(view: View): View {
  const proxy = new Proxy(view, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown
      if (!isMethod(value)) return value
      return (...args: unknown[]) => callWatched(target, name, value, args)
    },
    set: (target, name, value) => {
      const done = Reflect.set(target, name, value, target)
      tell(target, Number(name) * target.BYTES_PER_ELEMENT)
      return done
    },
  })
  originals.set(proxy, view)
  return proxy
}

type Method = (...args: unknown[]) => unknown

function isMethod(value: unknown): value is Method {
  return typeof value === 'function'
}

type WrittenRange = (args: readonly unknown[]) => readonly [start: number, size: number]

const text: WrittenRange = args => [Number(args[1]), Number(args[2])]
const ofSize =
  (size: number): WrittenRange =>
  args => [Number(args[1]), size]

/** The elements that each method writes, for all methods that the engine and codecs call. */
const WRITTEN: ReadonlyMap<string | symbol, WrittenRange> = new Map([
  ['latin1Write', text],
  ['utf8Write', text],
  ['ucs2Write', text],
  ['set', args => [Number(args[1]), (args[0] as Uint8Array).length]],
  ['fill', args => [Number(args[1]), Number(args[2]) - Number(args[1])]],
  ['writeInt32LE', ofSize(4)],
  ['writeUInt32LE', ofSize(4)],
  ['writeBigInt64LE', ofSize(8)],
])

/**
 * A call that writes many bytes counts as two stores: the first half and the rest. Only the bytes
 * of the call are copied, because other processes write to the segment meanwhile.
 */
function callWatched(target: View, name: string | symbol, method: Method, args: unknown[]) {
  const written = WRITTEN.get(name)
  if (listener === undefined || written === undefined) return Reflect.apply(method, target, args)
  const unit = target.BYTES_PER_ELEMENT
  const [start, size] = written(args)
  const offset = start * unit
  const own = Buffer.from(target.buffer, target.byteOffset + offset, size * unit)
  const before = Buffer.from(own)
  const result = Reflect.apply(method, target, args)
  const rest = Buffer.from(own)
  const middle = Math.ceil(own.length / 2)
  before.copy(own, middle, middle)
  tell(target, offset, ', half')
  rest.copy(own, middle, middle)
  tell(target, offset)
  return result
}

function tell(target: View, offset: number, half = ''): void {
  if (listener !== undefined) listener(`${namers.get(target.buffer)?.(offset)}${half}`)
}

let atomicsAreWatched = false

/** `Atomics` does not accept proxies, so its functions are replaced by ones that unwrap them. */
function watchAtomics(): void {
  if (atomicsAreWatched) return
  atomicsAreWatched = true
  for (const name of ATOMICS) {
    const original = Atomics[name] as (...args: unknown[]) => unknown
    Object.assign(Atomics, {
      [name](view: object, index: number, ...args: unknown[]) {
        const real = originals.get(view)
        if (real === undefined) return original(view, index, ...args)
        const result = original(real, index, ...args)
        if (name !== 'load') tell(real, index * real.BYTES_PER_ELEMENT)
        return result
      },
    })
  }
}
