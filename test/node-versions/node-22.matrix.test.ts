import { testMatrixUnder } from './suites.ts'

testMatrixUnder(22, 'Node 22', {})
