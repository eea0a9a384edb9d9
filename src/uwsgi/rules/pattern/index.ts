export { SEARCH_LIMIT_MS } from './backtracking.ts'
export { type CompiledPattern, compilePattern } from './pattern.ts'
export { PatternError } from './pattern-reader.ts'
