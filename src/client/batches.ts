/** Many things in handfuls, so that as many calls are under way and no more. */
export function* batches<T>(all: Iterable<T>, size: number): Generator<T[], void, undefined> {
  let batch: T[] = []
  for (const one of all) {
    batch.push(one)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
