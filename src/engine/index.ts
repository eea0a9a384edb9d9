export { Engine, type EngineOptions, type ItemView } from './engine.ts'
export type { CountOutcome, StoreMode, StoreOutcome } from './writer.ts'
