/**
 * What a test has to undo, undone in reverse order when it ends, whether it passed or not.
 *
 * node:test runs `after` hooks first to last, which would remove a directory before the process
 * that writes into it has stopped; hence one hook a test, with a list of its own.
 */

/** A `TestContext`, or anything else that runs a function when it is over. */
export interface Scope {
  after(undo: () => unknown): void
}

const undoLists = new WeakMap<Scope, (() => unknown)[]>()

/** Runs `undo` when the scope ends, before everything that was registered earlier. */
export function onEnd(scope: Scope, undo: () => unknown): void {
  const registered = undoLists.get(scope)
  if (registered !== undefined) {
    registered.push(undo)
    return
  }
  const list = [undo]
  undoLists.set(scope, list)
  scope.after(() => undoAll(list))
}

/** What ends a program from outside, and gives it the time to undo. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** A scope for a program instead of a test: its owner ends it, or a signal, which ends both. */
export function programScope(): Scope & { end(): Promise<void> } {
  const undos: (() => unknown)[] = []
  const end = async () => {
    try {
      await undoAll(undos)
    } finally {
      for (const signal of ENDING_SIGNALS) process.off(signal, onSignal)
    }
  }
  // The last scope to end has no listener left beside it, so the signal ends the program then.
  const onSignal = (signal: NodeJS.Signals) =>
    void end().finally(() => process.kill(process.pid, signal))
  for (const signal of ENDING_SIGNALS) process.on(signal, onSignal)
  return { after: undo => undos.push(undo), end }
}

/** Goes on after a failure, so that one stuck process does not leave all others running. */
async function undoAll(list: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = []
  for (let undo = list.pop(); undo !== undefined; undo = list.pop()) {
    try {
      await undo()
    } catch (failure) {
      failures.push(failure)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'cleaning up failed')
}
