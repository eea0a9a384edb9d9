/**
 * Writes docs/reference/options.md from the option table: `npm run docs:options`.
 */

import { writeFileSync } from 'node:fs'
import { formatOptionsPage } from '../src/uwsgi/options/index.ts'

// From dist/tools/ to the root of the repository.
writeFileSync(new URL('../../docs/reference/options.md', import.meta.url), formatOptionsPage())
