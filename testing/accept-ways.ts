/**
 * The two ways of a server to accept: by the system's calls, and by node:net.
 */

import { after, before, describe } from 'node:test'

const VARIABLE = 'UNDERCROFT_ACCEPT'

/** The same tests for each way. Where there is only node:net, that is what both are. */
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

/** Why the system's calls cannot be expected to be used here; undefined: they must be. */
export function directObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'only on Linux'
  if (process.arch !== 'x64' && process.arch !== 'arm64') return `not on ${process.arch}`
  if (process.env.UNDERCROFT_FFI === 'node:ffi') return 'node:ffi cannot watch descriptors'
  return undefined
}
