export { Engine, type EngineOptions } from './engine.ts'
export type { ItemView } from './reader.ts'
export type { CountOutcome, StoreMode, StoreOutcome } from './writer.ts'
