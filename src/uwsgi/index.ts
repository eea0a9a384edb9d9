/**
 * `undercroft/uwsgi`: what Python imports as `uwsgi`, as far as it is about the cache.
 */

export {
  cache_clear,
  cache_dec,
  cache_del,
  cache_div,
  cache_exists,
  cache_get,
  cache_inc,
  cache_keys,
  cache_mul,
  cache_num,
  cache_set,
  cache_update,
  opt,
  send_message,
} from './api/index.ts'
