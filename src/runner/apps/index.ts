export { type LoadAppOptions, loadApp } from './load-app.ts'
export { takeRequests } from './take-requests.ts'
export { hasTwoHosts } from './two-hosts.ts'
export { Upgrades } from './upgrades.ts'
