/**
 * Finds the words of prose-words.ts in the prose of Markdown pages and TypeScript files. Everything
 * but prose is masked, so that objections can name the line.
 */

import ts from 'typescript'
import { PROSE_WORDS, type ProseWord } from './prose-words.ts'
import { parse, type SourceFile, walk } from './sources.ts'

/** Replaces a character that is not prose. It is neither a space nor part of a word. */
const MASK = '\0'
/** Within a pattern: some spaces, or the end of a line within a paragraph. */
const GAP = '(?:[ \\t]+|[ \\t]*\\r?\\n[ \\t]*)'

const MATCHERS = PROSE_WORDS.map(word => ({ word, matcher: matcherOf(word) }))

/** Objections to the prose of a Markdown page, `file:line: "word": write ... instead`. */
export function objectionsToPage({ path, text }: SourceFile): string[] {
  return objectionsTo(path, maskMarkdown(text))
}

/** Objections to the comments of a TypeScript file: of lines, of blocks, and TSDoc. */
export function objectionsToComments(source: SourceFile): string[] {
  const masked = keepOnly(source.text, commentRanges(parse(source)))
  // Removes the marks of comments, so that a match may continue on the next line.
  const bare = masked.replace(/\/\*+|\*+\/|\/\/|^[ \t]*\*/gm, marks => ' '.repeat(marks.length))
  return objectionsTo(source.path, maskMarkdown(bare))
}

/** Objections to the string literals of a TypeScript file, and to the text of its templates. */
export function objectionsToStrings(source: SourceFile): string[] {
  return objectionsTo(source.path, keepOnly(source.text, stringRanges(parse(source))))
}

function objectionsTo(path: string, prose: string): string[] {
  return MATCHERS.flatMap(({ word, matcher }) =>
    [...prose.matchAll(matcher)].map(match => ({ word, at: match.index, found: match[0] })),
  )
    .sort((a, b) => a.at - b.at)
    .map(({ word, at, found }) => {
      const line = prose.slice(0, at).split('\n').length
      return `${path}:${line}: "${found.replace(/\s+/g, ' ')}": write ${word.instead} instead`
    })
}

function matcherOf({ pattern }: ProseWord): RegExp {
  return new RegExp(`\\b(?:${pattern.replaceAll(' ', GAP)})(?!\\w)`, 'gi')
}

/** Masks fenced and inline code, targets of links, and HTML comments. */
function maskMarkdown(text: string): string {
  return text
    .replace(/^([ \t]*)(```|~~~)[\s\S]*?^[ \t]*\2[ \t]*$/gm, mask)
    .replace(/(`+)(?!`)(?:[^\n]|\n(?!\s*\n))*?[^`]\1(?!`)/g, mask)
    .replace(/<!--[\s\S]*?-->/g, mask)
    .replace(/\]\([^)\s]*\)/g, mask)
    .replace(/\bhttps?:[^\s)>]+/g, mask)
}

function mask(code: string): string {
  return code.replace(/[^\r\n]/g, MASK)
}

interface Range {
  readonly pos: number
  readonly end: number
}

/** @returns the text with everything outside these ranges masked, except spaces */
function keepOnly(text: string, ranges: readonly Range[]): string {
  let result = ''
  let done = 0
  for (const { pos, end } of ranges) {
    result += text.slice(done, pos).replace(/\S/g, MASK) + text.slice(pos, end)
    done = end
  }
  return result + text.slice(done).replace(/\S/g, MASK)
}

function commentRanges(file: ts.SourceFile): Range[] {
  const ranges = new Map<number, Range>()
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return
    const leading = ts.getLeadingCommentRanges(file.text, node.pos) ?? []
    const trailing = ts.getTrailingCommentRanges(file.text, node.end) ?? []
    for (const range of [...leading, ...trailing]) ranges.set(range.pos, range)
    for (const child of node.getChildren(file)) visit(child)
  }
  visit(file)
  return [...ranges.values()].sort((a, b) => a.pos - b.pos)
}

function stringRanges(file: ts.SourceFile): Range[] {
  const ranges: Range[] = []
  walk(file, node => {
    if (!ts.isStringLiteralLike(node) && !ts.isTemplateMiddleOrTemplateTail(node)) {
      if (!ts.isTemplateHead(node)) return
    }
    if (ts.isImportDeclaration(node.parent) || ts.isExportDeclaration(node.parent)) return
    // Without the quotes. "${" of a template stays, but is not a word.
    ranges.push({ pos: node.getStart() + 1, end: node.end - 1 })
  })
  return ranges.sort((a, b) => a.pos - b.pos)
}
