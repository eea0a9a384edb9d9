import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPackage } from './package-json.ts'
import { readText } from './sources.ts'

/** Scripts that npm runs at an installation, besides `prepare` of a checkout. */
const INSTALL_SCRIPTS = [
  'preinstall',
  'install',
  'postinstall',
  'prepublish',
  'preprepare',
  'postprepare',
]

test('every dependency is named with its reason in ARCHITECTURE.md, and no other is', () => {
  const { dependencies } = readPackage()
  assert.deepEqual(explainedDependencies().sort(), Object.keys(dependencies).sort())
})

test('installing the package runs nothing of ours', () => {
  const scripts = Object.keys(readPackage().scripts)
  assert.deepEqual(
    scripts.filter(name => INSTALL_SCRIPTS.includes(name)),
    [],
  )
})

/** @returns the names in the table of the section: "| `name` | reason |" with a reason */
function explainedDependencies(): string[] {
  const [, section = ''] = readText('ARCHITECTURE.md').split(/^## Dependencies$/m)
  const [own = ''] = section.split(/^## /m)
  return [...own.matchAll(/^\| `([^`]+)` *\| *[^|\s][^|]*\|$/gm)].map(match => match[1] ?? '')
}
