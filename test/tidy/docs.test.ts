/**
 * The documents agree with the code: links have targets, snippets compile, and the reference names
 * every export and option.
 */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { completeGeometry } from '../../src/cache/new-geometry.ts'
import { type CacheOptions, resolveOptions } from '../../src/cache/options.ts'
import { computeLayout } from '../../src/segment/geometry.ts'
import { ROOT } from '../../testing/root.ts'
import { readPackage, sourceOf } from './package-json.ts'
import { programWith, projectProgram } from './program.ts'
import { PAGES, parse, readText, walk } from './sources.ts'

const REFERENCE = readText('docs/reference/api.md')

describe('the documents', () => {
  test('every relative link leads to a file, and every anchor to a heading', () => {
    assert.deepEqual(PAGES.flatMap(brokenLinks), [])
  })

  test('no page holds the marks of an unfinished merge, also as a formatter rewrites them', () => {
    const mark = /^(<{7} |={7}$|>{7} |\| ={7} |(> ){7})/m
    assert.deepEqual(
      PAGES.filter(page => mark.test(readText(page))),
      [],
    )
  })

  test('every page under docs is listed in its index', () => {
    const index = readText('docs/README.md')
    const unlisted = PAGES.filter(
      page => page.startsWith('docs/') && page !== 'docs/README.md' && !isGenerated(page),
    ).filter(page => !index.includes(`](${page.slice('docs/'.length)})`))
    assert.deepEqual(unlisted, [])
  })

  test('every TypeScript snippet that imports what it uses compiles', () => {
    assert.deepEqual(typeErrors(PAGES.flatMap(snippetsOf)), [])
  })

  test('the sizes in sizing.md are what such caches take', () => {
    const text = readText('docs/guide/sizing.md')
    const untold = [
      { maxItems: 10_000, maxKeySize: 64, blocks: 40_000 },
      { maxItems: 10_000 },
      { maxItems: 10_000, bitmap: false },
      { maxItems: 100_000, bitmap: false, blockSize: 8, maxKeySize: 64 },
    ]
      .map(options => sizeOf(options).toLocaleString('en-US'))
      .filter(size => !text.includes(size))
    assert.deepEqual(untold, [])
  })
})

describe('the API reference', () => {
  test('names every export of every entry point, under the heading of that entry point', () => {
    const entries = entryPoints()
    const exported = exportNames(entries.map(({ path }) => path))
    const missing = entries.flatMap(({ name, path }) => {
      const [, section = ''] = REFERENCE.split(`\n## ${name}\n`)
      const [own = ''] = section.split('\n## ')
      const names = exported.get(path) ?? []
      assert.ok(names.length > 0, path)
      return names.filter(known => !new RegExp(`\\b${known}\\b`).test(own))
    })
    assert.deepEqual(missing, [])
  })

  for (const [path, type] of [
    ['src/cache/options.ts', 'CacheOptions'],
    ['src/cache/load-options.ts', 'GetOrSetOptions'],
    ['src/client/options.ts', 'RemoteCacheOptions'],
    ['src/server/options.ts', 'ServeOptions'],
    ['src/server/options.ts', 'ListenerOptions'],
    ['src/net/access.ts', 'AccessOptions'],
    ['src/monitoring/stats-options.ts', 'StatsOptions'],
    ['src/http-cache/options.ts', 'HttpCacheOptions'],
    ['src/http-message/http-message-bytes.ts', 'ResponseToBytesOptions'],
  ] as const) {
    test(`names every option of ${type} with the default that the source tells`, () => {
      const documented = optionRows(type)
      const told = [...optionsOf(path, type)]
      assert.ok(told.length > 0)
      assert.deepEqual(
        told.map(([option]) => [option, documented.get(option)]),
        told,
      )
    })
  }
})

/** The API reference has an index of its own, which the index of the documents lists. */
function isGenerated(page: string): boolean {
  return /^docs\/reference\/api\/(?!README)/.test(page)
}

/** @returns the size in bytes of a cache with these options */
function sizeOf(options: Omit<CacheOptions, 'name'>): number {
  const { wanted } = resolveOptions({ name: 'sized', ...options })
  return computeLayout(completeGeometry('sized', wanted)).size
}

function brokenLinks(page: string): string[] {
  const text = withoutCode(readText(page))
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(match => match[1] ?? '')
    .filter(link => !/^[a-z]+:/.test(link) && !leadsSomewhere(page, link))
    .map(link => `${page}: ${link}`)
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(ROOT, target))) return false
  return anchor === undefined || anchorsOf(target).includes(anchor)
}

/**
 * Anchors as GitHub makes them: lower case, hyphens for spaces, no other punctuation, and a number
 * for each heading that repeats an earlier one; and the anchors that a page names itself.
 */
function anchorsOf(page: string): string[] {
  const text = withoutCode(readText(page))
  const counts = new Map<string, number>()
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    const count = counts.get(anchor) ?? 0
    counts.set(anchor, count + 1)
    return count === 0 ? anchor : `${anchor}-${count}`
  })
  return [...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)]
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '')
}

interface Snippet {
  /** A file that does not exist, in the package's folder, so that it can import the package. */
  readonly path: string
  readonly text: string
}

function snippetsOf(page: string): Snippet[] {
  return [...readText(page).matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .map((match, index) => ({
      path: join(ROOT, `${page.replaceAll('/', '-')}-${index + 1}.ts`),
      text: match[1] ?? '',
    }))
    .filter(snippet => snippet.text.startsWith('import '))
}

function typeErrors(snippets: readonly Snippet[]): string[] {
  const texts = new Map(snippets.map(({ path, text }) => [path, text]))
  const program = programWith(texts)
  return [...texts.keys()].flatMap(path => {
    const file = program.getSourceFile(path)
    const found = [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]
    return found.map(({ messageText }) => {
      return `${path.slice(ROOT.length)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    })
  })
}

/** @returns names such as `undercroft/client`, with the source file of each */
function entryPoints(): { name: string; path: string }[] {
  return Object.entries(readPackage().exports).flatMap(([subpath, target]) => {
    if (typeof target === 'string') return []
    return [{ name: `undercroft${subpath.slice(1)}`, path: sourceOf(target.default ?? '') }]
  })
}

/** The names that each of these files exports. */
function exportNames(paths: readonly string[]): Map<string, string[]> {
  const program = projectProgram()
  const checker = program.getTypeChecker()
  return new Map(
    paths.map(path => {
      const file = program.getSourceFile(join(ROOT, path))
      const module = file && checker.getSymbolAtLocation(file)
      const symbols = module === undefined ? [] : checker.getExportsOfModule(module)
      return [path, symbols.map(({ name }) => name)]
    }),
  )
}

/** Yields each option of an interface with its `@default` in plain text, empty if it has none. */
function* optionsOf(path: string, type: string): Generator<[string, string]> {
  const members: ts.TypeElement[] = []
  walk(parse({ path, text: readText(path) }), node => {
    if (ts.isInterfaceDeclaration(node) && node.name.text === type) members.push(...node.members)
  })
  for (const member of members) {
    const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default')
    yield [member.name?.getText() ?? '', plain(ts.getTextOfJSDocComment(tag?.comment) ?? '')]
  }
}

/** The rows "| `option` | unit | default | meaning |" under the heading of a type. */
function optionRows(type: string): Map<string, string> {
  const [, section = ''] = REFERENCE.split(`\n### ${type}\n`)
  const [own = ''] = section.split(/\n##/)
  const rows = own.matchAll(/^\| `(\w+)` *\|[^|]*\|([^|]*)\|/gm)
  return new Map([...rows].map(([, option = '', value = '']) => [option, plain(value)]))
}

function plain(text: string): string {
  return text.replace(/[`']/g, '').replace(/\s+/g, ' ').trim()
}
