/**
 * Real nginx as the client. The scripted cache shows that the recipes and the stored bytes are
 * right; against our server the same promises are about the server.
 */

import { startServer } from '../../testing/undercroft-server.ts'
import { describeNginxContract } from './nginx-contract.ts'
import { startScriptedCache } from './scripted-cache.ts'

describeNginxContract('a scripted cache', startScriptedCache)

describeNginxContract('undercroft', async (t, stored) => {
  const caches = [{ name: 'pages', maxItems: 100, blockSize: 1024 * 1024 }]
  const server = await startServer(t, { caches })
  for (const [key, bytes] of stored) server.cache('pages').set(key, bytes)
  return server.socketPath
})
