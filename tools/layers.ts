/**
 * The table of layers as data: what each folder of `src/` may import, and from whom.
 *
 * The reasons are in ARCHITECTURE.md. The order matters: a layer imports only from above itself in
 * this list, so the layers cannot form a circle.
 */

/**
 * Folder of `src/` to the folders it may import, each through its `index.ts`. A folder inside a
 * folder that has a row of its own is a room like any other: its parent has no right to its files.
 */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  metrics: ['base'],
  platform: ['base'],
  segment: ['base', 'platform'],
  engine: ['base', 'platform', 'segment'],
  codecs: ['base'],
  'single-flight': ['base'],
  cache: ['base', 'platform', 'segment', 'engine', 'codecs', 'single-flight'],
  'protocols/uwsgi': ['base'],
  net: ['base', 'protocols/uwsgi'],
  client: ['base', 'codecs', 'protocols/uwsgi', 'net'],
  dump: ['base', 'codecs'],
  'http-message': ['base'],
  'http-cache': ['base', 'net', 'single-flight', 'http-message'],
  replication: ['base', 'protocols/uwsgi', 'net'],
  monitoring: ['base', 'metrics', 'protocols/uwsgi', 'net'],
  'server/uwsgi': ['base', 'platform', 'codecs', 'protocols/uwsgi', 'net', 'replication'],
  server: ['base', 'protocols/uwsgi', 'net', 'replication', 'monitoring', 'server/uwsgi'],
  'uwsgi/api': ['base', 'cache', 'net', 'client'],
  uwsgi: ['uwsgi/api'],
  'uwsgi/options': ['base', 'net'],
  'uwsgi/rules/pattern': [],
  'uwsgi/rules': ['base', 'single-flight', 'http-message', 'uwsgi/options', 'uwsgi/rules/pattern'],
  'runner/apps': ['base', 'http-message', 'server/uwsgi'],
  runner: [
    'base',
    'platform',
    'segment',
    'cache',
    'net',
    'http-message',
    'http-cache',
    'replication',
    'monitoring',
    'server',
    'uwsgi/api',
    'uwsgi/options',
    'uwsgi/rules',
    'runner/apps',
  ],
  '.': ['base', 'cache', 'uwsgi/api'],
  adapters: ['base', 'metrics'],
  cli: [
    ...['base', 'segment', 'codecs', 'cache', 'net', 'client', 'dump', 'http-cache', 'server'],
    ...['uwsgi/options', 'runner'],
  ],
}

/** Modules from outside that only some layers may import. All others are free for everyone. */
export const RESERVED: readonly {
  readonly modules: readonly string[]
  readonly for: readonly string[]
}[] = [
  { modules: ['koffi', 'node:ffi'], for: ['platform'] },
  {
    modules: ['node:net', 'node:tls', 'node:dgram', 'node:https', 'node:http2'],
    for: [
      ...['net', 'client', 'replication', 'monitoring', 'server', 'server/uwsgi'],
      ...['runner', 'runner/apps', 'cli'],
      ...['uwsgi/rules', 'http-cache'], // compare addresses, and open no socket
    ],
  },
  // Neither opens a socket: they take a request and a response, and know what statuses are called.
  {
    modules: ['node:http'],
    for: ['http-message', 'http-cache', 'uwsgi/rules', 'runner', 'runner/apps', 'cli'],
  },
  { modules: ['node:child_process', 'node:cluster'], for: ['runner', 'cli'] },
  {
    modules: ['node:fs', 'node:fs/promises'],
    for: [
      ...['platform', 'segment', 'net', 'replication', 'uwsgi/options', 'uwsgi/rules'],
      ...['runner', 'runner/apps', 'cli'],
    ],
  },
]

/** Where an import leads: a folder of `src/`, or a module from outside. */
export type Target =
  | { readonly kind: 'layer'; readonly layer: string; readonly throughIndex: boolean }
  | { readonly kind: 'module'; readonly module: string }

/** Why this import is not allowed; undefined: it is. `declared` are the package's dependencies. */
export function objection(
  from: string,
  target: Target,
  declared: ReadonlySet<string>,
): string | undefined {
  if (target.kind === 'module') return moduleObjection(from, target.module, declared)
  const { layer, throughIndex } = target
  if (layer === from) return undefined
  const allowed = LAYERS[from]
  if (allowed === undefined) return `${from} is not in the table of layers`
  if (!allowed.includes(layer)) return `${from} may not import ${layer}`
  return throughIndex ? undefined : `${layer} may be imported only through its index.ts`
}

function moduleObjection(
  from: string,
  module: string,
  declared: ReadonlySet<string>,
): string | undefined {
  const rule = RESERVED.find(({ modules }) => modules.includes(module))
  if (rule !== undefined && !rule.for.includes(from)) {
    return `${module} is only for ${rule.for.join(', ')}`
  }
  if (module.startsWith('node:') || declared.has(packageName(module))) return undefined
  return `${module} is neither built in nor a dependency`
}

/** `@scope/name/sub` belongs to the package `@scope/name`. */
function packageName(module: string): string {
  return module.split('/', module.startsWith('@') ? 2 : 1).join('/')
}
