export { createRouter, type RequestLogFacts, type Router } from './router.ts'
export type { RouteCache, RouterDeps, StoreRequest } from './rule-context.ts'
