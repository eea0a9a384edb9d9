export { createRouter, type RequestLogFacts, type Router } from './router.ts'
export type { RouterDeps } from './rule-context.ts'
export { decodePath, encodePath } from './variables.ts'
