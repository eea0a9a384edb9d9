/**
 * A segment that keeps an image of itself after each store: every state in which a killed process
 * can leave it.
 *
 * A process that is killed leaves all its stores up to some point, and none after it, for the
 * others to see; so the images after each store are all that can be found. A copy of many bytes at
 * once (a value, a key) can be cut anywhere: one image has the first half of what it changed.
 */

import { createPrivateSegment, type Geometry, Segment } from '../../src/segment/index.ts'

type View = Int32Array | Float64Array | BigInt64Array | Buffer

export interface RecordedSegment {
  readonly segment: Segment
  /** What the segment was after each store of `act`. */
  record(act: () => void): readonly Buffer[]
  /** Whatever makes views or stores of its own meanwhile sees the real ones again. */
  restore(): void
}

export function openRecorded(geometry: Geometry): RecordedSegment {
  const segment = createPrivateSegment('recorded', geometry)
  const all = Buffer.from(segment.mapping.buffer)
  const originals = new WeakMap<object, View>()
  let images: Buffer[] | undefined

  function keepImage(): void {
    const image = Buffer.from(all)
    if (images?.at(-1)?.equals(image) !== true) images?.push(image)
  }

  /** A call that changed many bytes: first half of them, then all. */
  function keepHalfway(before: Buffer): void {
    if (images === undefined || before.equals(all)) return
    let first = 0
    while (before[first] === all[first]) first++
    let last = all.length - 1
    while (before[last] === all[last]) last--
    const half = Buffer.from(before)
    all.copy(half, first, first, first + Math.ceil((last - first) / 2))
    images.push(half)
    keepImage()
  }

  function recorded<V extends View>(view: V): V {
    const proxy = new Proxy(view, {
      get(target, name) {
        const value = Reflect.get(target, name, target) as unknown
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          const before = images === undefined ? all : Buffer.from(all)
          const result: unknown = value.apply(target, args)
          keepHalfway(before)
          return result
        }
      },
      set(target, name, value) {
        const done = Reflect.set(target, name, value, target)
        keepImage()
        return done
      },
    })
    originals.set(proxy, view)
    return proxy
  }

  for (const name of ['words', 'doubles', 'bytes'] as const) {
    Object.defineProperty(segment, name, { value: recorded<View>(segment[name]) })
  }
  const restoreAtomics = recordAtomics(originals, keepImage)
  const RealIntegers = globalThis.BigInt64Array
  globalThis.BigInt64Array = new Proxy(RealIntegers, {
    construct(target, args: [ArrayBuffer]) {
      const view = new target(...args)
      return args[0] === segment.mapping.buffer ? recorded(view) : view
    },
  })
  return {
    segment,
    record(act) {
      images = [Buffer.from(all)]
      try {
        act()
        return images
      } finally {
        images = undefined
      }
    },
    restore() {
      restoreAtomics()
      globalThis.BigInt64Array = RealIntegers
    },
  }
}

/** `Atomics` takes no proxies. */
function recordAtomics(originals: WeakMap<object, View>, keepImage: () => void): () => void {
  const names = ['load', 'store', 'add', 'compareExchange'] as const
  const real = Object.fromEntries(names.map(name => [name, Atomics[name]]))
  for (const name of names) {
    const original = real[name] as (...args: unknown[]) => unknown
    Object.assign(Atomics, {
      [name](view: object, ...args: unknown[]) {
        const result = original(originals.get(view) ?? view, ...args)
        if (originals.has(view)) keepImage()
        return result
      },
    })
  }
  return () => Object.assign(Atomics, real)
}

/** A segment as somebody else finds it: the owner of the lock is dead. */
export function openImage(geometry: Geometry, image: Buffer): Segment {
  const { mapping } = createPrivateSegment('image', geometry)
  image.copy(Buffer.from(mapping.buffer))
  return new Segment(mapping, geometry, 'image') // with the seed of the image
}
