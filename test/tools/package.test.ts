/**
 * What npm packs: only what users need, whole, and small.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ROOT } from '../../testing/root.ts'
import { readPackage } from '../tidy/package-json.ts'

/** A fifth are declarations with comments; twelve entry points adapt other packages. */
const MAX_PACKED_SIZE = 400_000

interface Packed {
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

/** As `npm publish` would pack what was built last. */
function pack(): Packed {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const output: Packed[] = JSON.parse(execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' }))
  assert.equal(output.length, 1)
  return output[0] as Packed
}

describe('the package', () => {
  const { size, files } = pack()
  const paths = files.map(({ path }) => path)

  test(`is of at most ${MAX_PACKED_SIZE / 1000} kB when packed`, () => {
    assert.ok(size <= MAX_PACKED_SIZE, `${size} bytes`)
  })

  test('has every file that package.json names', () => {
    const { exports, bin } = readPackage()
    const named = [...Object.values(bin), ...Object.values(exports)].flatMap(target =>
      typeof target === 'string' ? [target] : Object.values(target),
    )
    const missing = named.map(path => path.slice('./'.length)).filter(path => !paths.includes(path))
    assert.deepEqual(missing, [])
  })

  test('has the examples as sources and as programs', () => {
    for (const path of ['examples/site/site.ini', 'examples/sessions.ts']) {
      assert.ok(paths.includes(path), path)
    }
    assert.ok(paths.includes('dist/examples/sessions.js'))
  })

  test('has no test, no tool and no source map', () => {
    const known = /^(dist|examples)\/|^(README|CHANGELOG|SECURITY)\.md$|^LICENSE$|^package\.json$/
    assert.deepEqual(
      paths.filter(path => !known.test(path) || /\.test\.|\.map$|\.made$/.test(path)),
      [],
    )
    const scripts = paths.filter(path => path.endsWith('.js'))
    const mapped = scripts.filter(path =>
      readFileSync(join(ROOT, path), 'utf8').includes('ourceMappingURL'),
    )
    assert.deepEqual(mapped, [])
  })

  test('has every declaration and module that another of its files imports', () => {
    const broken = paths
      .filter(path => /^dist\/.*(\.d\.ts|\.js)$/.test(path))
      .flatMap(path => {
        const text = readFileSync(join(ROOT, path), 'utf8')
        const imports = text.matchAll(/(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g)
        return [...imports].map(([, to = '']) => {
          const isDeclaration = path.endsWith('.d.ts')
          const target = join(path, '..', isDeclaration ? to.replace(/\.(js|ts)$/, '.d.ts') : to)
          return paths.includes(target.replaceAll('\\', '/')) ? '' : `${path}: ${to}`
        })
      })
    assert.deepEqual(broken.filter(Boolean), [])
  })
})
