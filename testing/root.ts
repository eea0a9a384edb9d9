/** Where the package lies, for every program that reads its files. */

import { fileURLToPath } from 'node:url'

/** The folder of the package, as seen from the compiled file. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The command line `undercroft`, compiled. */
export const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
