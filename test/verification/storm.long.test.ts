import { test } from 'node:test'
import { assertNoHarm } from './storms.ts'

test('300 kills of processes and threads, over all modes, do no harm', t => assertNoHarm(t, 300))
