-- pending: a page of what is claimed from a lane, with the jobs. Changes nothing.
--
-- KEYS  1 lane (stream)
-- ARGV  1 from which entry id on ('-' = the first, '(id' = behind it)  2 how many at most  3 idle at least (ms)
-- Returns a list of {entry id, worker, idle (ms), deliveries, job id ('' = the entry is gone)}
local lane = KEYS[1]
local held = redis.pcall('XPENDING', lane, 'workers', 'IDLE', ARGV[3], ARGV[1], '+', ARGV[2])
if held.err then
  if string.find(held.err, 'NOGROUP', 1, true) then return {} end
  return held
end
for _, one in ipairs(held) do
  local entry = redis.call('XRANGE', lane, one[1], one[1])[1]
  one[5] = entry and entry[2][2] or ''
end
return held
