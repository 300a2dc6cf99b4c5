-- remove: forgets a job with everything it owns.
--
-- KEYS  1 ledger  2 view (hash)  3 answer  4 feed  5 whole messages  6 lane (stream)
--       7.. zsets that may name it: all jobs, delayed, upkeep, the index of each status
-- ARGV  1 job id  2 job doorbell (channel)
-- Returns 1
--
-- Invariant: its lane entry is acknowledged and deleted in the same step.
local entry = redis.call('HGET', KEYS[2], 'entry')
if entry then
  redis.call('XACK', KEYS[6], 'workers', entry)
  redis.call('XDEL', KEYS[6], entry)
end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
for i = 7, #KEYS do redis.call('ZREM', KEYS[i], ARGV[1]) end
redis.call('PUBLISH', ARGV[2], '')
return 1
