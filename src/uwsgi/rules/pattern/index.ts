export { compilePattern } from './pattern.ts'
export { PatternError } from './pattern-reader.ts'
