/**
 * Types by file extension, from files such as /etc/mime.types.
 */

import { readFileSync } from 'node:fs'

/** The file that uWSGI reads for options that need types when no file is named. */
export const SYSTEM_MIME_FILE = '/etc/mime.types'

export interface MimeTypes {
  /** Looks up what follows the last dot of a path; undefined: unknown. */
  find(path: string): string | undefined
}

/** Of several files, the first with an extension counts. */
export function readMimeTypes(
  paths: readonly string[],
  onMissing: (path: string) => void,
): MimeTypes {
  const types = new Map<string, string>()
  for (const path of paths) {
    const text = readText(path)
    if (text === undefined) onMissing(path)
    else addTypes(types, text)
  }
  return {
    find: path => {
      const dot = path.lastIndexOf('.')
      return dot < 0 ? undefined : types.get(path.slice(dot + 1))
    },
  }
}

/** Each line has a type, then its extensions. */
function addTypes(types: Map<string, string>, text: string): void {
  for (const line of text.split(/\r?\n/)) {
    if (!/^[A-Za-z0-9]/.test(line)) continue
    const [type = '', ...extensions] = line.trim().split(/[ \t]+/)
    if (!isHeaderText(type)) continue
    for (const extension of extensions) {
      if (!types.has(extension)) types.set(extension, type)
    }
  }
}

/** A type is sent in a header, so it must not contain characters that end one. */
function isHeaderText(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text)
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
