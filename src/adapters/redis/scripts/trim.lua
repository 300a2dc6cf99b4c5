-- trim: forgets what was said in a job that has ended; its events stay, in the ledger, which is packed if the caller has
-- packed it.
--
-- KEYS  1 view (string)  2 what was said (stream)  3 whole messages (hash)  4 ledger (list)  5 answer (string)
-- ARGV  1 version at which the caller looked  2 the mark  3 job doorbell (channel)
--       4 '1' when the packed ledger holds the answer  5.. its elements; none when it cannot be packed
-- Returns 1, or 0 when the job is not at that version or was trimmed before; then nothing changed.
--
-- Invariants: nothing is said any more in a job that has ended, so that the mark holds for good. It is in the packed ledger,
-- else in the view; the ledger is as long as before. The first command that changes something makes room: a Redis that is
-- full lets it pass, and then all the others.
local view, said, whole, ledger, answer = unpack(KEYS)
local version, FIRST = tonumber(ARGV[1]), 5
-- @include packed
-- @include views
local job = viewAt(view)
if not job.status or job.trimmed or redis.call('LLEN', ledger) ~= version then return 0 end
if isPacked(redis.call('LINDEX', ledger, 0)) then return 0 end
redis.call('UNLINK', said, whole)
if #ARGV < FIRST then
  note(job, 'trimmed', ARGV[2])
else
  redis.call('DEL', ledger)
  for i = FIRST, #ARGV do redis.call('RPUSH', ledger, ARGV[i]) end
  if ARGV[4] == '1' then redis.call('DEL', answer) end
  for _, name in ipairs({ 'saidAttempt', 'saidSeq', 'saidAt' }) do note(job, name, nil) end
end
changed(view)
saveViews()
redis.call('PUBLISH', ARGV[3], '')
return 1
