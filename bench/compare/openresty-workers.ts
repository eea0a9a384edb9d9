/**
 * OpenResty's shared dictionary as a candidate, in two nginx workers. The code is that of
 * OpenResty: lua-nginx-module and LuaJIT in Debian's nginx.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../testing/root.ts'
import type { Scope } from '../../testing/scope.ts'
import { startJsonWorkers } from './json-workers.ts'
import type { WorkerOptions, WorkerPair } from './worker-processes.ts'

const SCRIPT = join(ROOT, 'bench/compare/openresty.lua')
/** Twice the size of an item of this workload there, so that the dictionary never evicts. */
const BYTES_AN_ITEM = 512

export function startOpenrestyWorkers(
  scope: Scope,
  command: string,
  options: WorkerOptions,
): Promise<WorkerPair> {
  const { dir, itemCount } = options.location
  const path = join(dir, 'nginx.conf')
  writeFileSync(path, configuration(dir, itemCount * BYTES_AN_ITEM))
  const args = ['-p', dir, '-c', path, '-e', 'stderr']
  return startJsonWorkers(scope, { name: 'openresty', command, args }, options)
}

function configuration(dir: string, size: number): string {
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  return `
daemon off;
${user}
worker_processes 2;
pid ${dir}/nginx.pid;
error_log stderr error;
env BENCH_SOCKET;
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
events {}
http {
  lua_shared_dict bench ${Math.ceil(size / 1024)}k;
  init_worker_by_lua_file ${SCRIPT};
}
`
}
