import { testSuitesUnder } from './suites.ts'

testSuitesUnder(26, 'Node 26', {})
