export { Adaptive } from './adaptive.ts'
export type { Eviction } from './eviction.ts'
export { Recency } from './recency.ts'
