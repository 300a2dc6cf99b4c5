-- reclaim: takes over lane entries whose lease has lapsed.
--
-- KEYS  1 lane (stream)
-- ARGV  1 worker  2 lease (ms)  3 how many at most  4 until when this may be carried out (ms, by the clock of Redis)
-- Returns a list of {entry id, job id, delivery count}, oldest first.
--
-- Invariants: each taken entry's delivery count has grown, which refuses its former holder, even the same worker. A
-- Redis that stood still finds the calls of before when it goes on: every lease has lapsed by then, but nobody could
-- extend, and whoever called may be gone. Nothing is taken then.
local lane, worker, lease = KEYS[1], ARGV[1], ARGV[2]
local limit = tonumber(ARGV[3])
local taken = {}
local time = redis.call('TIME')
if time[1] * 1000 + time[2] / 1000 > tonumber(ARGV[4]) then return taken end
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
