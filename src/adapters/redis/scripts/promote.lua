-- promote: moves one delayed job whose time has come into its lane. Safe from any number of processes at once.
--
-- KEYS  1 delayed (zset)  2 view (hash)  3 lane (stream)
-- ARGV  1 job id
-- Returns 1 when it moved, 0 when it is not delayed, not due, or no longer waiting.
--
-- Invariant: a job is delayed or in the lane, never both; the view names its lane entry.
local delayed, view, lane = unpack(KEYS)
local due = redis.call('ZSCORE', delayed, ARGV[1])
if not due then return 0 end
local time = redis.call('TIME')
if tonumber(due) > time[1] * 1000 + math.floor(time[2] / 1000) then return 0 end
redis.call('ZREM', delayed, ARGV[1])
local status, entry = unpack(redis.call('HMGET', view, 'status', 'entry'))
if status ~= 'queued' or entry then return 0 end
redis.call('HSET', view, 'entry', redis.call('XADD', lane, '*', 'jobId', ARGV[1]))
return 1
