export type { Later, RouteCache, RouterHost, StoreRequest } from './host.ts'
export { createRouter, type RequestLogFacts, type Router } from './router.ts'
