/**
 * What the regular expression of a rule looks at.
 */

import { assert } from '../../base/index.ts'
import type { Exchange } from './exchange.ts'

const VARIABLES: Readonly<Record<string, string>> = {
  path_info: 'PATH_INFO',
  request_uri: 'REQUEST_URI',
  query_string: 'QUERY_STRING',
  remote_addr: 'REMOTE_ADDR',
  remote_user: 'REMOTE_USER',
  user_agent: 'HTTP_USER_AGENT',
  referer: 'HTTP_REFERER',
}

/** By uWSGI's name for it. What rules set with addvar is not looked at, as in uWSGI. */
export function compileSubjectVariable(subject: string): (exchange: Exchange) => string {
  // uWSGI 2.0.21, core/protocol.c: a request without a Host header has the server's name.
  if (subject === 'http_host') {
    return ({ variables }) => variables.get('HTTP_HOST') || variables.get('SERVER_NAME')
  }
  const name = VARIABLES[subject]
  assert(name !== undefined, `${subject} is a subject of rules`)
  return ({ variables }) => variables.get(name)
}
