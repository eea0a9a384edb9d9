/**
 * Private memory and open files of processes, from /proc on Linux.
 */

import { readdirSync, readFileSync } from 'node:fs'

export interface ResourceUsage {
  /** Bytes that no other process shares. */
  readonly memory: number
  readonly files: number
}

/** @returns undefined if the process has ended */
export function usageOf(pid: number): ResourceUsage | undefined {
  try {
    const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(read(pid, 'status')) ?? []
    if (kilobytes === undefined) return undefined
    return { memory: Number(kilobytes) * 1024, files: readdirSync(`/proc/${pid}/fd`).length }
  } catch {
    return undefined
  }
}

export function childrenOf(pid: number): number[] {
  try {
    return read(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function read(pid: number, name: string): string {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8')
}
