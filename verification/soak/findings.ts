/**
 * The findings of a soak: its faults, and everything that grew.
 */

import { growthOf } from './growth.ts'
import { ROLES, type RoleName, type Sample, type SoakResult } from './soak.ts'

const MIB = 1024 * 1024
const MEMORY_LIMIT = { factor: 1.2, slack: 24 * MIB }
const FILES_LIMIT = { factor: 1, slack: 8 }
/** The directory may hold temporary files for a moment. */
const DIRECTORY_LIMIT = { factor: 1, slack: 2 }
/** The share of unused blocks, which grows in a cache that keeps fragmenting. */
const WASTE_LIMIT = { factor: 1, slack: 0.1 }

/** @returns one line for each problem */
export function problemsOf({ samples, faults }: SoakResult): string[] {
  return [...faults, ...growths(samples)]
}

function growths(samples: readonly Sample[]): string[] {
  const found: string[] = []
  for (const role of ROLES) {
    const memory = growthOf(seriesOf(samples, role, 'memory'), MEMORY_LIMIT)
    if (memory.isGrown) found.push(`memory of ${role}: ${mib(memory.from)} to ${mib(memory.to)}`)
    const files = growthOf(seriesOf(samples, role, 'files'), FILES_LIMIT)
    if (files.isGrown) found.push(`open files of ${role}: ${files.from} to ${files.to}`)
  }
  const entries = samples.map(({ fileCount }) => fileCount)
  const directory = growthOf(entries, DIRECTORY_LIMIT)
  if (directory.isGrown) found.push(`files of caches: ${directory.from} to ${directory.to}`)
  const waste = growthOf(samples.map(wasteOf), WASTE_LIMIT)
  if (waste.isGrown) found.push(`blocks unused: ${percent(waste.from)} to ${percent(waste.to)}`)
  return found
}

export function describeSample({ atMs, usage, fragmentation }: Sample): string {
  const memory = ROLES.map(role => `${role} ${mib(usage[role]?.memory ?? 0)}`).join(', ')
  const { items, freeRuns, longestRun } = fragmentation
  const unused = percent(wasteOf({ fragmentation }))
  return (
    `${(atMs / 1000).toFixed(0)} s: ${memory}; ${items} items, ${unused} of the blocks unused in ` +
    `${freeRuns} runs, the longest of ${longestRun}`
  )
}

function seriesOf(samples: readonly Sample[], role: RoleName, field: 'memory' | 'files'): number[] {
  return samples.flatMap(({ usage }) => usage[role]?.[field] ?? [])
}

function wasteOf({ fragmentation }: Pick<Sample, 'fragmentation'>): number {
  const { usedBlocks, freeBlocks } = fragmentation
  return freeBlocks / (usedBlocks + freeBlocks)
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`
}
