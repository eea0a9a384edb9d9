/**
 * The API reference: one page for each entry point of the package, made from its TSDoc comments.
 */

import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  Application,
  DeclarationReflection,
  LogLevel,
  type ProjectReflection,
  SignatureReflection,
  type TypeDocOptions,
} from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'

// From build/tools/ to the root of the repository.
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Where the pages are, from the root of the repository. */
export const API_REFERENCE = 'docs/reference/api'

/** Writes the pages of all entry points into this folder, and removes all else that is there. */
export async function writeApiReference(folder: string): Promise<void> {
  const entries = entryPoints()
  const options: TypeDocOptions & PluginOptions = {
    outputs: [{ name: 'markdown', path: folder }],
    entryPoints: entries.map(({ source }) => source),
    tsconfig: join(ROOT, 'tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    router: 'module',
    readme: 'none',
    // By us, and only this folder: TypeDoc would clean the default one if an output has no name.
    cleanOutputDir: false,
    disableSources: true,
    excludePrivate: true,
    excludeProtected: true,
    excludeInternal: true,
    // The compiler has checked them, and types that are not exported are described where they are.
    skipErrorChecking: true,
    logLevel: LogLevel.Error,
    hideBreadcrumbs: true,
    hidePageHeader: true,
    useHTMLAnchors: true,
    parametersFormat: 'table',
    propertiesFormat: 'table',
  }
  const app = await Application.bootstrapWithPlugins(options)
  const read = app.getEntryPoints() ?? []
  for (const entry of read) {
    const known = entries.find(({ source }) => source === entry.sourceFile.fileName)
    if (known === undefined) throw new Error(`no entry point is ${entry.sourceFile.fileName}`)
    entry.displayName = known.name
  }
  const project = app.converter.convert(read)
  dropImplementations(project)
  rmSync(folder, { recursive: true, force: true })
  await app.generateOutputs(project)
}

/** Removes "Implementation of", which would follow each method of a cache and say nothing new. */
function dropImplementations(project: ProjectReflection): void {
  for (const reflection of Object.values(project.reflections)) {
    if (reflection instanceof DeclarationReflection) delete reflection.implementedTypes
    if (reflection instanceof DeclarationReflection || reflection instanceof SignatureReflection) {
      delete reflection.implementationOf
    }
  }
}

/** `undercroft/client` and the source that it is made from. */
function entryPoints(): { readonly name: string; readonly source: string }[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { default: string }>
  }
  return Object.entries(exports).flatMap(([subpath, target]) => {
    if (typeof target === 'string') return []
    const path = target.default.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '.ts')
    return [{ name: `undercroft${subpath.slice(1)}`, source: join(ROOT, path) }]
  })
}
