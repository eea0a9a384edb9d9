/**
 * One frame of `top` as lines of text, without terminal codes and within the width of the terminal.
 */

import type { TopRow } from './rows.ts'

/** Size available for a frame, in characters. */
export interface FrameSize {
  readonly columns: number
  /** Infinity if the output is not a screen. */
  readonly rows: number
}

/** Returns the lines of the frame, beginning with the heading. */
export function formatFrame(rows: readonly TopRow[], interval: string, size: FrameSize): string[] {
  const labels = labelRows(rows)
  const widths = fitWidths(labels, size.columns)
  const room = size.rows - HEAD_LINES
  const shown = rows.length <= room ? rows : rows.slice(0, Math.max(room - 1, 0))
  const lines = [
    formatHeading(rows, interval),
    formatTitles(widths),
    ...shown.map((row, index) => formatRow(row, labels[index] ?? '', widths)),
  ]
  if (rows.length === 0) lines.push('no caches')
  if (shown.length < rows.length) lines.push(`and ${rows.length - shown.length} more`)
  return lines.map(line => line.slice(0, size.columns).trimEnd())
}

/** Heading and titles. */
const HEAD_LINES = 2

const TITLES = [
  'ITEMS/MAX',
  'FILL',
  'HIT%',
  'NOW%',
  'GET/S',
  'EVIC/S',
  'FULL',
  'TKO',
  'ATT',
  'SIZE',
]
/** With the narrowest name and single spaces the columns add up to 79. */
const COLUMN_WIDTHS = [11, 6, 5, 5, 6, 6, 5, 3, 4, 6]
/** The columns of a wide terminal. */
const MORE_TITLES = ['NEAR%', 'LOAD/S', 'LOADMS']
const MORE_WIDTHS = [5, 6, 6]
const FILL_COLUMN = TITLES.indexOf('FILL')
const MIN_NAME_WIDTH = 12
const MAX_FILL_WIDTH = 20

interface Widths {
  readonly name: number
  readonly columns: readonly number[]
}

/** Columns beyond 80 widen the names first, and then the bar. */
function fitWidths(labels: readonly string[], columns: number): Widths {
  const all = [...COLUMN_WIDTHS, ...MORE_WIDTHS]
  const isWide = columns >= totalOf(all) + MIN_NAME_WIDTH
  const chosen = isWide ? all : COLUMN_WIDTHS
  const spare = Math.max(columns - totalOf(chosen) - MIN_NAME_WIDTH, 0)
  const longest = Math.max(MIN_NAME_WIDTH, ...labels.map(label => label.length))
  const name = Math.min(longest, MIN_NAME_WIDTH + spare)
  const left = spare - (name - MIN_NAME_WIDTH)
  const widths = chosen.map((width, column) =>
    column === FILL_COLUMN ? Math.min(width + left, MAX_FILL_WIDTH) : width,
  )
  return { name, columns: widths }
}

/** The width of columns, each with the space before it. */
function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + 1, 0)
}

/** The address is shown only if there are several sources. */
function labelRows(rows: readonly TopRow[]): string[] {
  const isOneSource = new Set(rows.map(row => row.source)).size <= 1
  return rows.map(({ source, name }) => {
    if (name === '') return sanitize(source)
    return sanitize(source === '' || isOneSource ? name : `${name}@${source}`)
  })
}

/** A name from a server must not contain terminal codes. */
function sanitize(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}

function formatHeading(rows: readonly TopRow[], interval: string): string {
  const caches = rows.filter(row => row.facts !== undefined)
  const rates = caches.flatMap(row => row.getsPerSecond ?? [])
  const gets = rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0)
  const what = caches.length === 1 ? '1 cache' : `${caches.length} caches`
  return `undercroft top: ${what}, ${formatRate(gets)} gets/s, every ${interval}`
}

function formatTitles(widths: Widths): string {
  return joinCells('CACHE', [...TITLES, ...MORE_TITLES], widths)
}

function formatRow(row: TopRow, label: string, widths: Widths): string {
  const { facts } = row
  if (facts === undefined) return `${label}: ${sanitize(row.problem ?? UNKNOWN_TEXT)} (${row.code})`
  const cells = [
    `${formatCount(facts.items)}/${formatCount(facts.maxItems)}`,
    formatBar(facts.items / facts.maxItems, widths.columns[FILL_COLUMN] ?? 0),
    formatPercent(row.hitRatio),
    formatPercent(row.recentHitRatio),
    formatRate(row.getsPerSecond),
    formatRate(row.evictionsPerSecond),
    formatCount(facts.full),
    formatCount(facts.takeovers),
    formatCount(facts.openers),
    formatSize(facts.size),
    formatPercent(facts.nearHits === undefined ? null : facts.nearHits / facts.hits || 0),
    formatRate(row.loadsPerSecond),
    formatRate(facts.loads?.p99Ms ?? null),
  ]
  return joinCells(label, cells, widths)
}

function joinCells(label: string, cells: readonly string[], widths: Widths): string {
  const name = label.slice(0, widths.name).padEnd(widths.name)
  const shown = widths.columns.map((width, column) => (cells[column] ?? '').padStart(width))
  return [name, ...shown].join(' ')
}

function formatBar(ratio: number, width: number): string {
  const filled = Math.round(Math.min(Math.max(ratio || 0, 0), 1) * width)
  return '#'.repeat(filled).padEnd(width, '.')
}

/** Stands for an unknown value. */
export const UNKNOWN_TEXT = '-'

/** Formats a count in at most five characters: `999`, `1.2K`, `12.3K`, `123K`, `1.2M`. */
export function formatCount(count: number | null | undefined): string {
  return format(count, 1000)
}

/** Formats bytes in the same way, in steps of 1024. */
export function formatSize(size: number | null | undefined): string {
  return format(size, 1024)
}

/** Formats a rate, with one decimal for small ones: `0.3`, `9.5`, `10`, `1.2K`. */
export function formatRate(perSecond: number | null): string {
  if (perSecond === null) return UNKNOWN_TEXT
  if (perSecond === 0) return '0'
  return perSecond < 9.95 ? perSecond.toFixed(1) : formatCount(Math.round(perSecond))
}

/** Formats a percentage without the sign: `0.0` to `100.0`. */
export function formatPercent(ratio: number | null): string {
  return ratio === null ? UNKNOWN_TEXT : (ratio * 100).toFixed(1)
}

const SUFFIXES = ['', 'K', 'M', 'G', 'T']

function format(value: number | null | undefined, step: number): string {
  if (value === null || value === undefined) return UNKNOWN_TEXT
  let rest = value
  let index = 0
  // Rounds up half a unit early: 999.6K is shown as 1.0M, not as 1000K.
  while (rest >= (index === 0 ? step : 999.5) && index < SUFFIXES.length - 1) {
    rest /= step
    index++
  }
  if (index === 0) return String(rest)
  return (rest < 99.95 ? rest.toFixed(1) : rest.toFixed(0)) + SUFFIXES[index]
}
