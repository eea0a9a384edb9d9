/**
 * Arguments of rules: strings with `$1` and `${NAME}`, parsed once at the start.
 *
 * uWSGI 2.0.21, core/routing.c and core/regexp.c, makes two passes: groups first, then variables
 * over the result, so it also expands `${...}` in a captured part of a request. Here only the text
 * of the rule itself is expanded (docs/reference/uwsgi-faults.md, F45).
 */

import { toByteText } from './byte-text.ts'
import { compileVariable, type Expansion } from './expansions.ts'
import type { RuleContext } from './rule-context.ts'

/** A parsed argument. All strings have one character for each byte. */
export interface Template {
  expand(context: RuleContext): string
  /** The parts that are always the same, joined. */
  readonly fixedText: string
  /** No part depends on the request. */
  readonly isFixed: boolean
  readonly usesGroups: boolean
  /** As written between `${` and `}`. */
  readonly variableNames: readonly string[]
}

type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'group'; readonly index: number }
  | { readonly kind: 'variable'; readonly name: readonly Piece[] }

/** The argument of an action, which sees the groups of its rule. */
export function compileArgument(text: string): Template {
  return buildTemplate(parsePieces(toByteText(text), true))
}

/** A side of a condition, where `$1` is plain text. */
export function compileSubject(text: string): Template {
  return buildTemplate(parsePieces(toByteText(text), false))
}

function parsePieces(text: string, hasGroups: boolean): Piece[] {
  const pieces: Piece[] = []
  let plain = ''
  const add = (piece: Piece) => {
    if (plain !== '') pieces.push({ kind: 'text', text: plain })
    plain = ''
    pieces.push(piece)
  }
  let position = 0
  while (position < text.length) {
    const dollar = text.indexOf('$', position)
    plain += text.slice(position, dollar < 0 ? text.length : dollar)
    if (dollar < 0) break
    const next = text.charAt(dollar + 1)
    const end = next === '{' ? text.indexOf('}', dollar) : -1
    position = dollar + 2
    if (end >= 0) {
      const name = text.slice(dollar + 2, end)
      add({ kind: 'variable', name: hasGroups ? parseName(name) : [{ kind: 'text', text: name }] })
      position = end + 1
    } else if (hasGroups && /\d/.test(next)) {
      add({ kind: 'group', index: Number(next) })
    } else if (next !== '' || !hasGroups) {
      // Both characters stand for themselves, so the second of two signs does not begin a group.
      plain += `$${next}`
    }
  }
  if (plain !== '') pieces.push({ kind: 'text', text: plain })
  return pieces
}

/** A name can have groups in it, as in `${cookie[$1]}`, but no further variables. */
function parseName(text: string): Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const found of text.matchAll(/\$(?:(\d)|[\s\S])/g)) {
    if (found[1] === undefined) continue
    pieces.push({ kind: 'text', text: text.slice(end, found.index) })
    pieces.push({ kind: 'group', index: Number(found[1]) })
    end = found.index + found[0].length
  }
  return [...pieces, { kind: 'text', text: text.slice(end) }]
}

function buildTemplate(pieces: readonly Piece[]): Template {
  const parts = pieces.map(piece => (piece.kind === 'text' ? piece.text : compilePiece(piece)))
  const fixedText = textOf(pieces)
  const all = pieces.flatMap(piece =>
    piece.kind === 'variable' ? [piece, ...piece.name] : [piece],
  )
  return {
    expand: compileParts(parts),
    fixedText,
    isFixed: parts.every(part => typeof part === 'string'),
    usesGroups: all.some(piece => piece.kind === 'group'),
    variableNames: pieces.flatMap(piece => (piece.kind === 'variable' ? [textOf(piece.name)] : [])),
  }
}

/** Avoids a loop in the common cases, because this runs for each rule of each request. */
function compileParts(parts: readonly (string | Expansion)[]): (context: RuleContext) => string {
  const [first = '', second] = parts
  if (second === undefined) {
    return typeof first === 'string' ? () => first : first
  }
  return context => {
    let text = ''
    for (const part of parts) text += typeof part === 'string' ? part : part(context)
    return text
  }
}

function compilePiece(piece: Exclude<Piece, { kind: 'text' }>): Expansion {
  if (piece.kind === 'group') {
    const { index } = piece
    return ({ groups }) => groups?.[index] ?? ''
  }
  return compileVariable(
    piece.name.map(part => (part.kind === 'text' ? part.text : compilePiece(part))),
  )
}

function textOf(pieces: readonly Piece[]): string {
  return pieces.map(piece => (piece.kind === 'text' ? piece.text : '')).join('')
}
