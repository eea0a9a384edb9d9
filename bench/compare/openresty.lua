-- One measuring process inside nginx: the counterpart of worker.ts, for a worker of nginx.
--
-- It exchanges lines of JSON over a Unix socket. Its loops are like those of timed-loop.ts: the
-- function in a local variable, the keys in lists, one reading of the clock for each list. LuaJIT
-- compiles each of them for its operation alone.

local cjson = require 'cjson'
local ffi = require 'ffi'

ffi.cdef [[
  struct bench_timespec { long seconds; long nanoseconds; };
  int clock_gettime(int clock, struct bench_timespec *time);
]]

local CLOCK_MONOTONIC = 1
local CLOCK_PROCESS_CPUTIME_ID = 2
local LIMIT_MS = 24 * 3600 * 1000

local shared = ngx.shared.bench
local decode = cjson.decode
local timespec = ffi.new('struct bench_timespec')

local function read_clock_ms(clock)
  ffi.C.clock_gettime(clock, timespec)
  return tonumber(timespec.seconds) * 1e3 + tonumber(timespec.nanoseconds) / 1e6
end

local function now_ms()
  return read_clock_ms(CLOCK_MONOTONIC)
end

local function get_loop(chunks, end_ms)
  local dict, get, count, last = shared, shared.get, 0, nil
  while true do
    for c = 1, #chunks do
      local chunk = chunks[c]
      for i = 1, #chunk do last = get(dict, chunk[i]) end
      count = count + #chunk
      if now_ms() >= end_ms then return count, last end
    end
  end
end

local function object_loop(chunks, end_ms)
  local dict, get, count, last = shared, shared.get, 0, nil
  while true do
    for c = 1, #chunks do
      local chunk = chunks[c]
      for i = 1, #chunk do last = decode((get(dict, chunk[i]))) end
      count = count + #chunk
      if now_ms() >= end_ms then return count, last end
    end
  end
end

local function set_loop(chunks, end_ms, value)
  local dict, set, count, last = shared, shared.set, 0, nil
  while true do
    for c = 1, #chunks do
      local chunk = chunks[c]
      for i = 1, #chunk do last = set(dict, chunk[i], value) end
      count = count + #chunk
      if now_ms() >= end_ms then return count, last end
    end
  end
end

local function increment_loop(chunks, end_ms)
  local dict, incr, count, last = shared, shared.incr, 0, nil
  while true do
    for c = 1, #chunks do
      local chunk = chunks[c]
      for i = 1, #chunk do last = incr(dict, chunk[i], 1) end
      count = count + #chunk
      if now_ms() >= end_ms then return count, last end
    end
  end
end

-- A dictionary of nginx has no question for presence alone.
local LOOPS = {
  ['get string'] = get_loop,
  ['get bytes'] = get_loop,
  ['get object'] = object_loop,
  has = get_loop,
  set = set_loop,
  increment = increment_loop,
}

local function fill(workload)
  local object = cjson.encode(workload.object)
  for operation, chunks in pairs(workload.chunks) do
    local value = workload.string
    if operation == 'get object' then value = object end
    if operation == 'increment' then value = 0 end
    for _, chunk in ipairs(chunks) do
      for _, key in ipairs(chunk) do assert(shared:safe_set(key, value)) end
    end
  end
end

local function check(workload)
  local function key_of(operation)
    local chunks = workload.chunks[operation]
    return chunks[#chunks][#chunks[#chunks]]
  end
  assert(shared:get(key_of('get string')) == workload.string)
  assert(shared:get(key_of('get bytes')) == workload.string)
  assert(decode(shared:get(key_of('get object'))).email == workload.object.email)
  assert(shared:get(key_of('has')))
  assert(shared:set(key_of('set'), workload.string))
  local before = shared:get(key_of('increment'))
  assert(shared:incr(key_of('increment'), 1) == before + 1)
end

local function measure(workload, task)
  local loop, chunks = LOOPS[task.operation], workload.chunks[task.operation]
  local start_ms = tonumber(task.startAtNs) / 1e6
  ngx.sleep(math.max(0, start_ms - 2 - now_ms()) / 1e3)
  while now_ms() < start_ms do end
  local started_cpu_ms = read_clock_ms(CLOCK_PROCESS_CPUTIME_ID)
  local started_ms = now_ms()
  local count = loop(chunks, started_ms + task.durationMs, workload.string)
  local elapsed_ms = now_ms() - started_ms
  local cpu_ms = read_clock_ms(CLOCK_PROCESS_CPUTIME_ID) - started_cpu_ms
  return { callCount = count, elapsedMs = elapsed_ms, cpuMs = cpu_ms }
end

local function serve()
  local connection = ngx.socket.tcp()
  connection:settimeout(LIMIT_MS)
  assert(connection:connect('unix:' .. os.getenv('BENCH_SOCKET')))
  local workload = decode(assert(connection:receive('*l')))
  while true do
    local line = connection:receive('*l')
    if not line then return end
    local request = decode(line)
    local response = { kind = 'done' }
    if request.kind == 'measure' then
      response = { kind = 'timing', timing = measure(workload, request.task) }
    elseif request.kind == 'fill' then
      fill(workload)
    elseif request.kind == 'warm' then
      local keys = {}
      for _, chunk in ipairs(workload.chunks[request.operation]) do
        for _, key in ipairs(chunk) do keys[#keys + 1] = key end
      end
      LOOPS[request.operation]({ keys }, 0, workload.string)
    elseif request.kind == 'check' then
      check(workload)
    end
    assert(connection:send(cjson.encode(response) .. '\n'))
  end
end

assert(ngx.timer.at(0, serve))
