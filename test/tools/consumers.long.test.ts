import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { tempDir } from '../../testing/temp-dir.ts'
import { type CompilerVersion, compileIn, installPacked, packOnce } from './packed.ts'

const VERSIONS: readonly CompilerVersion[] = ['5.0', '6']

const PROJECTS = [
  { module: 'node16', moduleResolution: 'node16' },
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
] as const

const tarball = packOnce()

describe('a program of a user compiles', () => {
  for (const version of VERSIONS) {
    for (const project of PROJECTS) {
      for (const exactOptionalPropertyTypes of [false, true]) {
        const exact = exactOptionalPropertyTypes ? ', exactOptionalPropertyTypes' : ''
        test(`with TypeScript ${version}, ${project.moduleResolution}${exact}`, async t => {
          const folder = tempDir(t)
          installPacked(tarball, folder)
          const options = { ...project, exactOptionalPropertyTypes }
          assert.equal(await compileIn(folder, version, options), '')
        })
      }
    }
  }
})
