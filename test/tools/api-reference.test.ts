import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../../testing/root.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { API_REFERENCE, writeApiReference } from '../../tools/api-reference.ts'

test('the API reference is that of the sources; npm run docs:api writes it', async t => {
  const folder = join(tempDir(t), 'api')
  await writeApiReference(folder)
  const pages = pagesIn(folder)
  assert.ok(pages.size > 6)
  assert.deepEqual(pagesIn(join(ROOT, API_REFERENCE)), pages)
})

/** Path to text. */
function pagesIn(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const pages = paths.filter(path => path.endsWith('.md')).sort()
  return new Map(pages.map(path => [path, readFileSync(join(folder, path), 'utf8')]))
}
