/**
 * The promises of an `HttpCache` in front of each kind of server and over each kind of cache.
 */

import { describe } from 'node:test'
import { describeConditions } from './conditions.ts'
import { describeFailures } from './failures.ts'
import { describePolicies } from './policies.ts'
import { describeReuse } from './reuse.ts'
import { describeStoring } from './storing.ts'
import type { Kind } from './subject.ts'
import { describeTurns } from './turns.ts'
import { describeValidation } from './validation.ts'
import { describeVariants } from './variants.ts'

export function describeHttpCacheContract(name: string, kind: Kind): void {
  describe(`an HTTP cache in front of ${name}`, () => {
    describeStoring(kind)
    describeReuse(kind)
    describePolicies(kind)
    describeVariants(kind)
    describeValidation(kind)
    describeConditions(kind)
    describeTurns(kind)
    describeFailures(kind)
  })
}
