/**
 * The steps of each operation, learned from rehearsals, with the number of kills at each. The next
 * kill takes the operation that was tried least often, and in it a step that has had the fewest.
 */

import type { Random } from '../../testing/random.ts'

export interface ChosenStep {
  readonly step: string
  /** The worker dies at the n-th store with that name. */
  readonly times: number
}

export class StepCoverage {
  readonly #kills = new Map<string, Map<string, number>>()
  readonly #tries = new Map<string, number>()

  /**
   * @returns the operation that was returned least often; chance decides between equals. Tries are
   *   counted and not kills: an operation without steps would be chosen again and again.
   */
  leastTried(operations: readonly string[], random: Random): string {
    const triesOf = (name: string) => this.#tries.get(name) ?? 0
    const fewest = Math.min(...operations.map(triesOf))
    const operation = random.pick(operations.filter(name => triesOf(name) === fewest))
    this.#tries.set(operation, fewest + 1)
    return operation
  }

  /** @returns where to die in an operation with these steps; undefined without steps */
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

  /** @returns `known`, the named steps seen so far, and `killed`, those with at least one kill */
  counts(): { known: number; killed: number } {
    const all = [...this.#kills.values()].flatMap(steps => [...steps.values()])
    return { known: all.length, killed: all.filter(count => count > 0).length }
  }

  #known(operation: string): Map<string, number> {
    const known = this.#kills.get(operation) ?? new Map<string, number>()
    this.#kills.set(operation, known)
    return known
  }
}
