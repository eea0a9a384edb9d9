/**
 * Cleaning up after a test, in reverse order, whether the test passed or not.
 *
 * node:test runs `after` hooks first to last, which would remove a directory before the process
 * that writes into it has stopped. So each test has one hook with a list of its own.
 */

/** A `TestContext`, or any other object that runs functions when it ends. */
export interface Scope {
  after(undo: () => unknown): void
}

const undoLists = new WeakMap<Scope, (() => unknown)[]>()

/** Runs `undo` when the scope ends, before all functions that were registered earlier. */
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

/** Signals that end a program and leave it time to clean up. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** A scope for a program instead of a test. Its owner ends it; a signal ends scope and program. */
export function programScope(): Scope & { end(): Promise<void> } {
  const undos: (() => unknown)[] = []
  const end = async () => {
    try {
      await undoAll(undos)
    } finally {
      for (const signal of ENDING_SIGNALS) process.off(signal, onSignal)
    }
  }
  // After the last scope has ended, the signal has no listener left, so it ends the program.
  const onSignal = (signal: NodeJS.Signals) =>
    void end().finally(() => process.kill(process.pid, signal))
  for (const signal of ENDING_SIGNALS) process.on(signal, onSignal)
  return { after: undo => undos.push(undo), end }
}

/** Continues after a failure, so that one stuck process does not keep all others running. */
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
