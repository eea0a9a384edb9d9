/**
 * Which steps of which writes there are, as rehearsals told, and how often somebody died there: the
 * next to die does so where the fewest did.
 */

import type { Random } from '../../testing/random.ts'

export interface ChosenStep {
  readonly step: string
  /** Stores of that name up to the deadly one. */
  readonly times: number
}

export class StepCoverage {
  readonly #kills = new Map<string, Map<string, number>>()

  /** Of these operations, the one with the fewest deaths first; chance decides among equals. */
  leastKilled(operations: readonly string[], random: Random): [string, ...string[]] {
    const order = new Map(
      operations.map(name => [name, this.#deaths(name) + random.below(100) / 100]),
    )
    const [first = '', ...rest] = [...operations].sort(
      (a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0),
    )
    return [first, ...rest]
  }

  /** Where to die in an operation that has these steps; undefined: it has none. */
  choose(operation: string, found: readonly string[], random: Random): ChosenStep | undefined {
    if (found.length === 0) return undefined
    const known = this.#known(operation)
    for (const step of found) known.set(step, known.get(step) ?? 0)
    const fewest = Math.min(...found.map(step => known.get(step) ?? 0))
    const step = random.pick([...new Set(found)].filter(name => known.get(name) === fewest))
    const occurrences = found.filter(name => name === step).length
    return { step, times: 1 + random.below(occurrences) }
  }

  noteKill(operation: string, step: string): void {
    const known = this.#known(operation)
    known.set(step, (known.get(step) ?? 0) + 1)
  }

  /** `known`: named steps that were seen; `killed`: those somebody died at. */
  counts(): { known: number; killed: number } {
    const all = [...this.#kills.values()].flatMap(steps => [...steps.values()])
    return { known: all.length, killed: all.filter(count => count > 0).length }
  }

  #known(operation: string): Map<string, number> {
    const known = this.#kills.get(operation) ?? new Map<string, number>()
    this.#kills.set(operation, known)
    return known
  }

  #deaths(operation: string): number {
    return [...(this.#kills.get(operation)?.values() ?? [])].reduce((sum, count) => sum + count, 0)
  }
}
