/**
 * The two ways in which a server accepts connections: system calls and node:net.
 */

import { after, before, describe } from 'node:test'

const VARIABLE = 'UNDERCROFT_ACCEPT'

/** Runs the same tests for each way. Where only node:net is available, both use it. */
export function describeEachWay(name: string, body: () => void): void {
  describeWay(name, 'direct', body)
  describeWay(`${name}, with node:net`, 'node:net', body)
}

function describeWay(name: string, way: string, body: () => void): void {
  describe(name, () => {
    const given = process.env[VARIABLE]
    before(() => {
      process.env[VARIABLE] = way
    })
    after(() => {
      if (given === undefined) delete process.env[VARIABLE]
      else process.env[VARIABLE] = given
    })
    body()
  })
}

/** @returns why a server here may not use the system calls; undefined if it must */
export function directObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'only on Linux'
  if (process.arch !== 'x64' && process.arch !== 'arm64') return `not on ${process.arch}`
  if (process.env.UNDERCROFT_FFI === 'node:ffi') return 'node:ffi cannot watch descriptors'
  return undefined
}
