/** `undercroft add`: stores a value only if the key is absent. */

import { storingCommand } from './storing.ts'

export const ADD = storingCommand({
  name: 'add',
  summary: 'Store a value only if the key is absent; - reads it from standard input',
  refusal: 'the key is there already, or the cache is full',
  store: (target, key, value, ttl) => target.add(key, value, ttl),
})
