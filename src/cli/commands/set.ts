/** `undercroft set`: stores a value whether the key was there or not. */

import { storingCommand } from './storing.ts'

export const SET = storingCommand({
  name: 'set',
  summary: 'Store a value; - reads it from standard input',
  refusal: 'the cache is full',
  store: (target, key, value, ttl) => target.set(key, value, ttl),
})
