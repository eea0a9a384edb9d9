/**
 * All commands, in the order in which help lists them.
 */

import { TOP } from '../top/top.ts'
import { ADD } from './add.ts'
import { CLEAR } from './clear.ts'
import type { Command } from './command.ts'
import { DEL } from './del.ts'
import { EXISTS } from './exists.ts'
import { GET } from './get.ts'
import { INC } from './inc.ts'
import { INSPECT } from './inspect.ts'
import { KEYS } from './keys.ts'
import { SERVE } from './serve.ts'
import { SET } from './set.ts'
import { SIZE } from './size.ts'
import { STATS } from './stats.ts'
import { TTL } from './ttl.ts'
import { VERIFY } from './verify.ts'

export const COMMANDS: readonly Command[] = [
  SERVE,
  GET,
  SET,
  ADD,
  DEL,
  EXISTS,
  KEYS,
  CLEAR,
  INC,
  TTL,
  STATS,
  INSPECT,
  SIZE,
  TOP,
  VERIFY,
]
