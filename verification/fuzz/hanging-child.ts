/**
 * Fuzzes a target that hangs.
 */

import { fuzzTarget } from './fuzz.ts'

const HANG_CPU_MS = 200

fuzzTarget(
  {
    name: 'a hanging parser',
    seeds: [Buffer.from('seed')],
    share: 1,
    run(input) {
      while (input.length > 3);
    },
  },
  100,
  7,
  HANG_CPU_MS,
)
