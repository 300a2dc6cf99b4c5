-- remove: forgets a job with everything it owns.
--
-- KEYS  1 ledger  2 view (string)  3 answer  4 feed  5 whole messages  6 request  7 lane (stream)
--       8 dead letters (stream)  9.. zsets that may name it: all jobs, delayed, upkeep, leases, callbacks, the index of
--       each status
-- ARGV  1 job id  2 job doorbell (channel)  3 prefix of all keys  4 limit per repository, 0 for none
-- Returns 1
--
-- Invariant: its lane entry is acknowledged and deleted in the same step, and the next held job of its repository let in.
local jobId, prefix, limit = ARGV[1], ARGV[3], tonumber(ARGV[4])
-- @include now
-- @include views
-- @include serve
-- @include admission
local job = viewAt(KEYS[2])
if job.entry then
  redis.call('XACK', KEYS[7], 'workers', job.entry)
  redis.call('XDEL', KEYS[7], job.entry)
end
if job.letter then redis.call('XDEL', KEYS[8], job.letter) end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6])
for i = 9, #KEYS do redis.call('ZREM', KEYS[i], jobId) end
leave(jobId, job.repo)
saveViews()
serveEntered()
redis.call('PUBLISH', ARGV[2], '')
return 1
