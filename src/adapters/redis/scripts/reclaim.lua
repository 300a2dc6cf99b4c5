-- reclaim: takes over lane entries whose lease has lapsed.
--
-- KEYS  1 lane (stream)
-- ARGV  1 worker  2 lease (ms)  3 how many at most
-- Returns a list of {entry id, job id, delivery count}, oldest first.
--
-- Invariant: each taken entry's delivery count has grown, which refuses its former holder, even the same worker.
local lane, worker, lease = KEYS[1], ARGV[1], ARGV[2]
local limit = tonumber(ARGV[3])
local taken = {}
local cursor = '0-0'
repeat
  local page = redis.pcall('XAUTOCLAIM', lane, 'workers', worker, lease, cursor, 'COUNT', limit - #taken)
  if page.err then
    if string.find(page.err, 'NOGROUP', 1, true) then return taken end
    return page
  end
  cursor = page[1]
  for _, entry in ipairs(page[2]) do
    local held = redis.call('XPENDING', lane, 'workers', entry[1], entry[1], 1, worker)
    taken[#taken + 1] = { entry[1], entry[2][2], held[1][4] }
  end
until cursor == '0-0' or #taken >= limit
return taken
