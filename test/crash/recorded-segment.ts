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

/** The bytes of the segment after each store. */
export class RecordedSegment {
  readonly segment: Segment
  readonly #all: Buffer
  readonly #originals = new WeakMap<object, View>()
  readonly #restore: (() => void)[] = []
  #images: Buffer[] | undefined

  constructor(geometry: Geometry) {
    this.segment = createPrivateSegment('recorded', geometry)
    this.#all = Buffer.from(this.segment.mapping.buffer)
    for (const name of ['words', 'doubles', 'bytes'] as const) {
      Object.defineProperty(this.segment, name, { value: this.#recorded(this.segment[name]) })
    }
    this.#restore.push(recordAtomics(this.#originals, () => this.#keepImage()))
    this.#recordIntegers()
  }

  /** The images from before the first store of `act` to after its last store. */
  record(act: () => void): readonly Buffer[] {
    const images = [Buffer.from(this.#all)]
    this.#images = images
    try {
      act()
      return images
    } finally {
      this.#images = undefined
    }
  }

  /** Puts the real stores and views back. Code that makes its own from now on gets those. */
  restore(): void {
    for (const restore of this.#restore.splice(0)) restore()
  }

  #keepImage(): void {
    const image = Buffer.from(this.#all)
    if (this.#images?.at(-1)?.equals(image) !== true) this.#images?.push(image)
  }

  /** Keeps two images of a call: the first half of its changes, then all of them. */
  #keepHalfway(before: Buffer): void {
    const all = this.#all
    if (this.#images === undefined || before.equals(all)) return
    let first = 0
    while (before[first] === all[first]) first++
    let last = all.length - 1
    while (before[last] === all[last]) last--
    const half = Buffer.from(before)
    all.copy(half, first, first, first + Math.ceil((last - first) / 2))
    this.#images.push(half)
    this.#keepImage()
  }

  #recorded(view: View): View {
    const proxy = new Proxy(view, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          const before = this.#images === undefined ? this.#all : Buffer.from(this.#all)
          const result: unknown = value.apply(target, args)
          this.#keepHalfway(before)
          return result
        }
      },
      set: (target, name, value) => {
        const done = Reflect.set(target, name, value, target)
        this.#keepImage()
        return done
      },
    })
    this.#originals.set(proxy, view)
    return proxy
  }

  /** The engine makes its own view of counters. */
  #recordIntegers(): void {
    const Integers = globalThis.BigInt64Array
    globalThis.BigInt64Array = new Proxy(Integers, {
      construct: (target, args: [ArrayBuffer]) => {
        const view = new target(...args)
        return args[0] === this.segment.mapping.buffer ? this.#recorded(view) : view
      },
    })
    this.#restore.push(() => {
      globalThis.BigInt64Array = Integers
    })
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

/** A segment as another process finds it: the owner of the lock is dead. */
export function openImage(geometry: Geometry, image: Buffer): Segment {
  const { mapping } = createPrivateSegment('image', geometry)
  image.copy(Buffer.from(mapping.buffer))
  return new Segment(mapping, geometry, 'image') // with the seed of the image
}
