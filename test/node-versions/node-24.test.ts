import { testSuitesUnder } from './suites.ts'

testSuitesUnder(24, 'Node 24', {})
