/**
 * Pages, comments and strings read as English: they avoid the words in prose-words.ts.
 */

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ROOT } from '../../testing/root.ts'
import { objectionsToComments, objectionsToPage, objectionsToStrings } from './prose.ts'
import { PROSE_WORDS } from './prose-words.ts'
import { allSources, readText, type SourceFile, sourcesIn } from './sources.ts'

const SINGLE_PAGES = [
  ...['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...['python/README.md', 'testing/README.md', 'bench/traces/README.md'],
]

const CHECKS: readonly {
  readonly of: string
  readonly files: readonly SourceFile[]
  readonly objections: (file: SourceFile) => string[]
}[] = [
  {
    of: 'Markdown pages',
    files: allPages(),
    objections: objectionsToPage,
  },
  {
    of: 'comments',
    files: allSources(),
    objections: objectionsToComments,
  },
  {
    of: 'strings of src',
    files: sourcesIn('src'),
    objections: objectionsToStrings,
  },
]

describe('the prose', () => {
  for (const { of, files, objections } of CHECKS) {
    test(`of ${of} has no word that marks translated English`, () => {
      assert.ok(files.length > 0)
      assert.deepEqual(files.flatMap(objections), [])
    })
  }
})

describe('a word that marks translated English is found', () => {
  const planted = [
    { what: 'in a page', find: objectionsToPage, text: 'First.\n\nThe value is read anew.\n' },
    { what: 'in a table', find: objectionsToPage, text: '| a |\n| - |\n| built anew |\n' },
    { what: 'in a line comment', find: objectionsToComments, text: '\n\nf() // anew\n' },
    { what: 'in a block comment', find: objectionsToComments, text: '\n/* Read\n   anew. */\n' },
    { what: 'in TSDoc', find: objectionsToComments, text: '/**\n * Read\n * anew.\n */\nf()\n' },
    { what: 'in a string', find: objectionsToStrings, text: "\n\nf('read anew')\n" },
    {
      what: 'in a template',
      find: objectionsToStrings,
      text: '\n\nf(`a $' + '{b} anew $' + '{c}`)\n',
    },
  ]
  for (const { what, find, text } of planted) {
    test(what, () => {
      assert.deepEqual(find({ path: 'planted', text }), ['planted:3: "anew": write again instead'])
    })
  }

  test('over the end of a line, with the line of its first word', () => {
    const lines = { path: 'a.ts', text: '// The caller goes\n// on.\nf()\n' }
    assert.deepEqual(objectionsToComments(lines), ['a.ts:1: "goes on": write continues instead'])
    const page = { path: 'a.md', text: '- The caller goes\n  on.\n' }
    assert.deepEqual(objectionsToPage(page), ['a.md:1: "goes on": write continues instead'])
  })

  test('in capitals, and each time', () => {
    const page = { path: 'a.md', text: 'Told twice,\nand told again.' }
    assert.deepEqual(
      objectionsToPage(page).map(each => each.slice(0, 'a.md:1: "told"'.length)),
      ['a.md:1: "Told"', 'a.md:2: "told"'],
    )
  })

  const words = [
    ...['anew', 'Whoever', 'whatever', 'tells', 'untold', 'beside', 'go on', 'went on', 'nobody'],
    ...['it is no lock', 'these are no items', 'as ever', 'the how manieth', 'becomes of it'],
    ...["one another's", 'and its like', 'and the like', 'at one time', 'in turns', 'by turns'],
    ...['a text', 'texts of', 'at all times', 'of which', 'by and by', 'thus', 'hence', 'therein'],
    ...['thereof', 'therefor', 'all it takes', 'leaves out', 'gives back', 'are more than'],
  ]
  test('each of the table', () => {
    const unfound = words.filter(
      text => objectionsToPage({ path: 'a.md', text: `So ${text}.` }).length !== 1,
    )
    assert.deepEqual(unfound, [])
    const unplanted = PROSE_WORDS.filter(
      ({ pattern }) => !words.some(word => new RegExp(pattern, 'i').test(word)),
    )
    assert.deepEqual(unplanted, [])
  })
})

describe('no objection is made', () => {
  test('to idiomatic English with the same letters', () => {
    const text =
      'Besides, there is no limit; it is no longer therefore a text file.\n\n' +
      'The calls that go\n\non a list: foretold.'
    assert.deepEqual(objectionsToPage({ path: 'a.md', text }), [])
  })

  test('to code in a page, nor to where its links lead', () => {
    const text =
      'A `whatever` [page](x#anew).\n\n```ts\n// told anew\n```\n\n``a ` told`` <!-- told -->'
    assert.deepEqual(objectionsToPage({ path: 'a.md', text }), [])
  })

  test('to code next to comments, nor to comments and paths next to strings', () => {
    const text = "import 'anew'\nconst told = 'told' // `told`\nf(`// told $" + '{told}`)\n'
    assert.deepEqual(objectionsToComments({ path: 'a.ts', text }), [])
    const commented = "import { x } from './anew.ts' // told\nconst told = 'said' /* anew */\n"
    assert.deepEqual(objectionsToStrings({ path: 'a.ts', text: commented }), [])
  })
})

/** Every page a reader may open. */
function allPages(): SourceFile[] {
  const below = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.md'))
    .map(path => `docs/${path.replaceAll('\\', '/')}`)
    .sort()
  return [...SINGLE_PAGES, ...below].map(path => ({ path, text: readText(path) }))
}
