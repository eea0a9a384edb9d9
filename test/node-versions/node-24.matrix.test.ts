import { testMatrixUnder } from './suites.ts'

testMatrixUnder(24, 'Node 24', {})
