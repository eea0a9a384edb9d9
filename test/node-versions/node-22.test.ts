import { testSuitesUnder } from './suites.ts'

testSuitesUnder(22, 'Node 22', {})
