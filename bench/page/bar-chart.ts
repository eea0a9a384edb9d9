/**
 * Bar charts as SVG: a title, a bar for each value, and a line on it from the least to the most.
 *
 * The colours follow the reader's light or dark scheme, even if the file is shown as an image.
 */

import { median } from '../../testing/statistics.ts'

export interface Bar {
  readonly label: string
  readonly value: number
  /** The least and the most of the values whose median is `value`. */
  readonly spread?: readonly [number, number]
  /** Whether the bar belongs to this package and has its colour. */
  readonly isOurs: boolean
}

const WIDTH = 720
const LABEL_WIDTH = 150
const FIGURE_WIDTH = 150
const BAR_HEIGHT = 18
const ROW_HEIGHT = 28
const TOP = 44
const BOTTOM = 12
/** Bars are cut at this many medians, since one slow cache would make all others look alike. */
const LONGEST_MEDIANS = 4

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .bar { fill: #8c959f } .ours { fill: #0969da } .spread { stroke: #1f2328; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .bar { fill: #6e7681 } .ours { fill: #4493f8 } .spread { stroke: #e6edf3 }
  }`

/** @returns the whole SVG file */
export function barChart(title: string, bars: readonly Bar[], figureOf: (value: number) => string) {
  const height = TOP + bars.length * ROW_HEIGHT + BOTTOM
  const end = Math.min(
    Math.max(...bars.map(({ value, spread }) => spread?.[1] ?? value)),
    LONGEST_MEDIANS * median(bars.map(({ value }) => value)),
  )
  const scale = (WIDTH - LABEL_WIDTH - FIGURE_WIDTH) / end
  const rows = bars.map((bar, index) =>
    drawBar(bar, TOP + index * ROW_HEIGHT, scale, figureOf, end),
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>${quoted(title)}</title>
<style>${STYLE}
</style>
<text class="title" x="0" y="20">${quoted(title)}</text>
${rows.join('\n')}
</svg>
`
}

function drawBar(
  { label, value, spread = [value, value], isOurs }: Bar,
  top: number,
  scale: number,
  figureOf: (value: number) => string,
  end: number,
): string {
  const at = (figure: number) => (LABEL_WIDTH + Math.min(figure, end) * scale).toFixed(1)
  const middle = top + BAR_HEIGHT / 2
  const text = `y="${middle}" dominant-baseline="central"`
  const place = `x="${LABEL_WIDTH}" y="${top}" height="${BAR_HEIGHT}" rx="2"`
  const line = `x1="${at(spread[0])}" x2="${at(spread[1])}" y1="${middle}" y2="${middle}"`
  const cut = value > end ? ' (bar cut)' : ''
  const width = Math.min(value, end) * scale
  const right = Number(at(Math.max(value, spread[1]))) + 8
  return `<text x="${LABEL_WIDTH - 8}" ${text} text-anchor="end">${quoted(label)}</text>
<rect class="${isOurs ? 'ours' : 'bar'}" ${place} width="${width.toFixed(1)}"/>
<line class="spread" ${line}/>
<text x="${right.toFixed(1)}" ${text}>${quoted(figureOf(value))}${cut}</text>`
}

function quoted(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}
