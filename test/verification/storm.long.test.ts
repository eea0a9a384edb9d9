import { testStorm } from './storms.ts'

testStorm(300)
