/**
 * Requests recorded from a real uWSGI, as the first inputs.
 */

import { readFileSync } from 'node:fs'
import { magic } from '../../testing/magic.ts'

interface Vector {
  readonly request_hex?: string | null
}

const PATH = new URL('../../../test/fixtures/uwsgi-vectors.json', import.meta.url)

const recorded = (JSON.parse(readFileSync(PATH, 'utf8')) as readonly Vector[])
  .map(({ request_hex: hex }) => Buffer.from(hex ?? '', 'hex'))
  .filter(bytes => bytes.length > 4 && bytes.length < 1000)

/** Whole packets, header first: those of uWSGI and of this project's extension. */
export const VECTOR_REQUESTS: readonly Buffer[] = [
  ...recorded,
  magic({ cmd: 'get', key: 'a', cache: 'first', keep: '1' }),
  magic({ cmd: 'update', key: 'a', size: '5', type: 'text', ttl: '1000', keep: '1' }, 'value'),
  magic({ cmd: 'inc', key: 'n', by: '-3', initial: '7', safe: '1', only: 'present', keep: '1' }),
  magic({ cmd: 'keys', cursor: '3', limit: '10', keep: '1' }),
  magic({ cmd: 'touch', key: 'a', ttl: '-1', keep: '1' }),
  magic({ cmd: 'login', nonce: 'n'.repeat(32), proof: 'p'.repeat(32), keep: '1' }),
]
