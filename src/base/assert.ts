/**
 * Checks for bugs of this package. Faults of callers or shared memory have an error code instead.
 */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`undercroft bug: it does not hold that ${claim}`)
}
