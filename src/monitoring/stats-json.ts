/**
 * The two layouts of uWSGI's stats server: no white space, or a tab for each level and a member a
 * line. Unlike there, every string is escaped, so that the document is always valid.
 */

import type { JsonValue } from './stats-facts.ts'

export function formatDocument(document: JsonValue, isMinified: boolean): string {
  return isMinified ? JSON.stringify(document) : formatIndented(document, '')
}

function formatIndented(value: JsonValue, indent: string): string {
  if (typeof value !== 'object') return JSON.stringify(value)
  const inner = `${indent}\t`
  const isList = Array.isArray(value)
  const members = isList
    ? value.map(member => inner + formatIndented(member, inner))
    : Object.entries(value).map(
        ([name, member]) => `${inner}${JSON.stringify(name)}:${formatIndented(member, inner)}`,
      )
  const [open, close] = isList ? '[]' : '{}'
  return `${open}\n${members.join(',\n')}\n${indent}${close}`
}
