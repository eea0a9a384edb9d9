/**
 * Certificates of HTTPS sockets: named by options, read by the master, and used by workers. The
 * master reads them, because workers may run as a user that cannot.
 */

import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { UndercroftError } from '../../base/index.ts'
import { type GivenOption, optionError } from '../../uwsgi/options/index.ts'

/** The files of an HTTPS socket. */
export interface PlannedTls {
  /** The option, for messages. */
  readonly label: string
  readonly certificate: string
  readonly key: string
  /** In OpenSSL's form; undefined: the default of Node.js. */
  readonly ciphers: string | undefined
  /** Certificates of the authorities that sign clients; undefined: clients are not asked. */
  readonly clientAuthority: string | undefined
  /** Whether a client without a certificate is refused. */
  readonly requiresClient: boolean
}

/** What a worker needs, as `node:tls` takes it. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  readonly ciphers?: string
  readonly ca?: string
  readonly requestCert?: boolean
  readonly rejectUnauthorized?: boolean
}

/**
 * Parses what follows the address: `CERT,KEY[,CIPHERS[,CA]]`. A CA that begins with `!` is required
 * of every client, as in uWSGI.
 */
export function parseTls(given: GivenOption, label: string, texts: readonly string[]): PlannedTls {
  const [certificate = '', key = '', ciphers = '', authority = '', ...more] = texts
  if (certificate === '' || key === '' || more.length > 0) {
    throw optionError(given, `must be ADDRESS,CERT,KEY[,CIPHERS[,CA]]; got "${given.value}"`)
  }
  return {
    label,
    certificate,
    key,
    ciphers: ciphers === '' ? undefined : ciphers,
    clientAuthority: authority === '' ? undefined : authority.replace(/^!/, ''),
    requiresClient: authority.startsWith('!'),
  }
}

/**
 * Reads the files and checks that they belong together.
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID`, whose cause is the error of the system
 */
export function readTls(planned: PlannedTls): TlsMaterial {
  const { label, ciphers, clientAuthority, requiresClient } = planned
  try {
    const material: TlsMaterial = {
      cert: readFileSync(planned.certificate, 'utf8'),
      key: readFileSync(planned.key, 'utf8'),
      ...(ciphers === undefined ? {} : { ciphers }),
      ...(clientAuthority === undefined
        ? {}
        : {
            ca: readFileSync(clientAuthority, 'utf8'),
            requestCert: true,
            rejectUnauthorized: requiresClient,
          }),
    }
    createSecureContext(material)
    return material
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UndercroftError('UNDERCROFT_OPTION_INVALID', `${label}: ${reason}`, { cause: error })
  }
}
