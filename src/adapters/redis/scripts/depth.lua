-- depth: how many entries of a lane wait, and how many are claimed, at one moment.
--
-- KEYS  1 lane (stream)
-- Returns {waiting, running}
local length = redis.call('XLEN', KEYS[1])
local pending = redis.pcall('XPENDING', KEYS[1], 'workers')
if pending.err then
  if string.find(pending.err, 'NOGROUP', 1, true) then return { length, 0 } end
  return pending
end
return { length - pending[1], pending[1] }
