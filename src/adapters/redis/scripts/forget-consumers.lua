-- forget-consumers: takes the names of workers that are gone out of a lane's group.
--
-- KEYS  1 lane (stream)  2 until when each worker counts as alive (zset)
-- Returns how many were forgotten
--
-- Invariants: a consumer that holds an entry stays, its entries would be lost to everybody (XGROUP DELCONSUMER drops
-- them); so does one whose worker lives. A worker that is forgotten while it waits comes back with its next entry.
local lane, alive = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local consumers = redis.pcall('XINFO', 'CONSUMERS', lane, 'workers')
if consumers.err then
  if string.find(consumers.err, 'NOGROUP', 1, true) or string.find(consumers.err, 'no such key', 1, true) then return 0 end
  return consumers
end
local forgotten = 0
for _, info in ipairs(consumers) do
  local facts = {}
  for i = 1, #info, 2 do facts[info[i]] = info[i + 1] end
  local lapses = redis.call('ZSCORE', alive, facts.name)
  if facts.pending == 0 and not (lapses and tonumber(lapses) > now) then
    redis.call('XGROUP', 'DELCONSUMER', lane, 'workers', facts.name)
    forgotten = forgotten + 1
  end
end
return forgotten
