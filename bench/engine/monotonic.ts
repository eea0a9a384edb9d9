/** A clock that all processes of a machine share, and that nothing sets. */

export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
