-- steal: takes a lane entry out of the hands of a worker that let it lie, and puts it back as a new one for anybody.
--
-- KEYS  1 lane (stream)  2 view (hash)
-- ARGV  1 entry id  2 worker  3 idle at least (ms)  4 job id
-- Returns 1, or 0 when the entry is gone, somebody else's, or was extended meanwhile; then nothing changed.
--
-- Invariants: XLEN(lane) is the same before and after, and the view names the new entry; the old holder is refused.
-- The entry of a job that is not in the lane by its view (removed, ended) is dropped instead.
local lane, view = unpack(KEYS)
local held = redis.call('XPENDING', lane, 'workers', 'IDLE', ARGV[3], ARGV[1], ARGV[1], 1, ARGV[2])
if #held == 0 then return 0 end
if redis.call('HGET', view, 'entry') == ARGV[1] then
  redis.call('HSET', view, 'entry', redis.call('XADD', lane, '*', 'jobId', ARGV[4]))
end
redis.call('XACK', lane, 'workers', ARGV[1])
redis.call('XDEL', lane, ARGV[1])
return 1
