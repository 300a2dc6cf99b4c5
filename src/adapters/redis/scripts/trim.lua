-- trim: forgets what was said in a job that has ended; its events stay, in the ledger.
--
-- KEYS  1 view (string)  2 what was said (stream)  3 whole messages (hash)  4 ledger (list)
-- ARGV  1 version at which the caller looked  2 the mark  3 job doorbell (channel)
-- Returns 1, or 0 when the job is not at that version or was trimmed before; then nothing changed.
--
-- Invariant: nothing is said any more in a job that has ended, so that the mark holds for good.
local view, said, whole, ledger = unpack(KEYS)
-- @include views
local job = viewAt(view)
if not job.status or job.trimmed or redis.call('LLEN', ledger) ~= tonumber(ARGV[1]) then return 0 end
note(job, 'trimmed', ARGV[2])
changed(view)
saveViews()
redis.call('UNLINK', said, whole)
redis.call('PUBLISH', ARGV[3], '')
return 1
