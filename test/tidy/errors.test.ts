import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERROR_CODES } from '../../src/base/index.ts'
import { allSources, readText } from './sources.ts'

const PAGE = 'docs/reference/errors.md'
const PYTHON_CODES = 'python/src/undercroft/errors.py'
const sections = new Map(
  readText(PAGE)
    .split(/^### /m)
    .slice(1)
    .map(section => [section.split('\n', 1)[0] ?? '', section]),
)

/**
 * Other names of this form: environment variables and warnings, which the reference explains too,
 * and variables of the tests.
 */
const OTHER_NAMES = new Set([
  'UNDERCROFT_ACCEPT',
  'UNDERCROFT_FFI',
  'UNDERCROFT_HTTP_CACHE_FAILED',
  'UNDERCROFT_LOAD_FAILED',
  'UNDERCROFT_INSTANCE',
  'UNDERCROFT_PRIVATE_MEMORY',
  'UNDERCROFT_DAEMON',
  'UNDERCROFT_QUIET',
  'UNDERCROFT_SECRET_FILE',
  'UNDERCROFT_REMOTE_FAILED',
  'UNDERCROFT_SHARED_MEMORY',
  'UNDERCROFT_TEST_NODES',
  'UNDERCROFT_TEST_RUNS',
  'UNDERCROFT_TEST_SEED',
  'UNDERCROFT_TEST_SOAK_SECONDS',
  'UNDERCROFT_TEST_STEPS',
  'UNDERCROFT_UWSGI',
])

test('every error code has a section in the reference, in the order of the source', () => {
  assert.deepEqual([...sections.keys()], [...ERROR_CODES])
})

test('each section says when the error comes and what to do about it', () => {
  const incomplete = [...sections].filter(
    ([, text]) => !/^When: \S/m.test(text) || !/^What to do: \S/m.test(text),
  )
  assert.deepEqual(
    incomplete.map(([code]) => code),
    [],
  )
})

test('no text of the project names a code that does not exist', () => {
  const known = new Set<string>(ERROR_CODES)
  const texts = [PAGE, PYTHON_CODES].map(path => ({ path, text: readText(path) }))
  const unknown = [...allSources(), ...texts].flatMap(source =>
    [...source.text.matchAll(/\bUNDERCROFT_[A-Z_]+[A-Z]\b/g)]
      .map(match => match[0])
      .filter(code => !known.has(code) && !OTHER_NAMES.has(code))
      .map(code => `${source.path}: ${code}`),
  )
  assert.deepEqual(unknown, [])
})
