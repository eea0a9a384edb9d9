import {
  fetchFront,
  listenerFront,
  localStore,
  middlewareFront,
  remoteStore,
} from './contract/fronts.ts'
import { describeHttpCacheContract } from './contract/index.ts'

describeHttpCacheContract('a Node listener', {
  startFront: listenerFront,
  openStore: localStore,
  refreshesLater: true,
})
describeHttpCacheContract('a handler between others', {
  startFront: middlewareFront,
  openStore: localStore,
  refreshesLater: false,
})
describeHttpCacheContract('a Fetch handler', {
  startFront: fetchFront,
  openStore: localStore,
  refreshesLater: true,
})
describeHttpCacheContract('a Node listener with a remote cache', {
  startFront: listenerFront,
  openStore: remoteStore,
  refreshesLater: true,
})
