export { type LoadAppOptions, loadApp } from './load-app.ts'
export { takeRequests } from './take-requests.ts'
export { Upgrades } from './upgrades.ts'
