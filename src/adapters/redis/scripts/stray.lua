-- stray: whether a lane entry belongs to no job, because no view names it; drops it if told.
--
-- KEYS  1 lane (stream)  2 view of the job that it names (string)
-- ARGV  1 entry id  2 '1' to drop it
-- Returns 1 for a stray, else 0.
--
-- Invariant: XLEN(lane) counts jobs that wait or run, each once; acknowledged and deleted in one step.
local lane, view = unpack(KEYS)
-- @include views
if #redis.call('XRANGE', lane, ARGV[1], ARGV[1]) == 0 then return 0 end
if viewAt(view).entry == ARGV[1] then return 0 end
if ARGV[2] == '1' then
  redis.pcall('XACK', lane, 'workers', ARGV[1])
  redis.call('XDEL', lane, ARGV[1])
end
return 1
