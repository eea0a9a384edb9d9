/** Checks for our own bugs. What callers or shared memory got wrong has an error code instead. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`undercroft bug: it does not hold that ${claim}`)
}
