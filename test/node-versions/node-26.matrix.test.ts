import { testMatrixUnder } from './suites.ts'

testMatrixUnder(26, 'Node 26', {})
