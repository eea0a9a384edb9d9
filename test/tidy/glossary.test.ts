/**
 * The glossary is held: every term is in use, and no name or comment uses a word that it refuses.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PAGES, readText, type SourceFile, sourcesIn } from './sources.ts'

const GLOSSARY = 'docs/glossary.md'

interface Term {
  /** One or several, as the table's first column has them. */
  readonly terms: readonly string[]
  /** The words in code of its last column. */
  readonly refused: readonly string[]
}

const TERMS = parseGlossary(readText(GLOSSARY))

describe('the glossary', () => {
  test('has terms, and refuses words', () => {
    assert.ok(TERMS.length > 40)
    assert.ok(TERMS.flatMap(term => term.refused).length > 5)
  })

  test('names only what the code or its documentation speaks of', () => {
    const texts = [...sourcesIn('src').map(file => file.text), ...PAGES.map(readText)]
    const speech = texts.join('\n').toLowerCase()
    const unused = TERMS.flatMap(term => term.terms).filter(
      term => !speech.includes(term.toLowerCase()),
    )
    assert.deepEqual(unused, [])
  })

  test('refuses words that no file of src and no page uses', () => {
    // The glossary names them, and the changelog says what was renamed.
    const exempt = [GLOSSARY, 'CHANGELOG.md']
    const pages = PAGES.filter(page => !exempt.includes(page))
    const files = [...sourcesIn('src'), ...pages.map(path => ({ path, text: readText(path) }))]
    assert.deepEqual(refusedIn(files), [])
  })

  test('a refused word is found in a file name, an identifier, a comment and a page', () => {
    const [word = ''] = TERMS.flatMap(term => term.refused)
    const name = `${word[0]?.toUpperCase()}${word.slice(1)}`
    const files = [
      { path: `src/base/${word}-list.ts`, text: '' },
      { path: 'src/base/a.ts', text: `const open${name}s = 1` },
      { path: 'src/base/b.ts', text: `// The ${word}.` },
      { path: 'docs/a.md', text: `Two ${word}s.` },
      { path: 'docs/b.md', text: 'Nothing of the kind.' },
    ]
    assert.deepEqual(
      refusedIn(files).map(line => line.split(':')[0]),
      files.slice(0, 4).map(file => file.path),
    )
  })
})

function parseGlossary(text: string): Term[] {
  return text
    .split('\n')
    .filter(line => line.startsWith('| '))
    .map(line => line.split('|').map(cell => cell.trim()))
    .filter(([, term = '']) => term !== 'term' && !term.startsWith('-'))
    .map(([, terms = '', , not = '']) => ({
      terms: terms.split(', '),
      refused: [...not.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word),
    }))
}

function refusedIn(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const words = new Set(
      `${path} ${text}`.replaceAll(/([a-z])([A-Z])/g, '$1 $2').match(/[a-z]+/gi),
    )
    const lower = new Set([...words].map(word => word.toLowerCase().replace(/s$/, '')))
    return TERMS.flatMap(({ terms, refused }) =>
      refused
        .filter(word => lower.has(word))
        .map(word => `${path}: "${word}": write ${terms.map(term => `"${term}"`).join(', ')}`),
    )
  })
}
