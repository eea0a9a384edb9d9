import { NODE_FFI_ENV } from './nodes.ts'
import { testMatrixUnder } from './suites.ts'

testMatrixUnder(26, 'Node 26 with its own foreign function interface', NODE_FFI_ENV)
