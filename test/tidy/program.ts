/**
 * The project as the compiler sees it: one program for each process, since a program costs seconds.
 */

import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from '../../testing/root.ts'

let program: ts.Program | undefined

/** @returns the program of all files that tsconfig.json names */
export function projectProgram(): ts.Program {
  program ??= ts.createProgram(parsedConfig().fileNames, compilerOptions())
  return program
}

/**
 * @param texts - Files that do not exist, by their whole paths.
 * @returns a program of these files alone, which takes what they import from `projectProgram`
 */
export function programWith(texts: ReadonlyMap<string, string>): ts.Program {
  const options = compilerOptions()
  const host = ts.createCompilerHost(options)
  const { readFile, fileExists, getSourceFile } = host
  host.readFile = path => texts.get(path) ?? readFile(path)
  host.fileExists = path => texts.has(path) || fileExists(path)
  host.getSourceFile = (path, ...rest) => {
    const text = texts.get(path)
    return text === undefined
      ? (projectProgram().getSourceFile(path) ?? getSourceFile(path, ...rest))
      : ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  }
  return ts.createProgram([...texts.keys()], options, host)
}

/** The options of tsconfig.json, for a program that writes nothing. */
function compilerOptions(): ts.CompilerOptions {
  return { ...parsedConfig().options, noEmit: true, incremental: false }
}

function parsedConfig(): ts.ParsedCommandLine {
  const path = join(ROOT, 'tsconfig.json')
  const { config } = ts.readConfigFile(path, ts.sys.readFile)
  return ts.parseJsonConfigFileContent(config, ts.sys, ROOT, undefined, path)
}
