-- promote: moves one delayed job whose time has come towards its lane. Safe from any number of processes at once.
--
-- KEYS  1 delayed (zset)  2 view (string)  3 lane (stream)
-- ARGV  1 job id  2 prefix of all keys  3 limit per repository, 0 for none
-- Returns 1 when it moved, 0 when it is not delayed, not due, or no longer waiting.
--
-- Invariant: a job is delayed, held or in the lane, never two of them; the view names its lane entry.
local delayed, view, lane = unpack(KEYS)
local jobId, prefix, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
-- @include now
-- @include views
-- @include serve
-- @include admission
local due = redis.call('ZSCORE', delayed, jobId)
if not due then return 0 end
if tonumber(due) > nowMs() then return 0 end
redis.call('ZREM', delayed, jobId)
local job = viewAt(view)
if job.status ~= 'queued' or job.entry or job.heldSince then return 0 end
admit(jobId, view, lane, job.repo)
saveViews()
serveEntered()
return 1
