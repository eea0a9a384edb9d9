/**
 * `uwsgi.opt`: the options of the instance, read when asked for.
 */

import { currentInstance } from './instance.ts'

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
