-- transcript: adds what claude said to a job's feed, for the attempt that is running now.
--
-- KEYS  1 view (string)  2 what was said (stream)  3 whole messages (hash)
-- ARGV  1 attempt  2 job doorbell (channel)  3.. per entry: seq, kind, type, data, the whole message ('' = data is)
-- Returns 'appended', 'stale' (the attempt is not the running one) or 'gap' (an entry does not follow the one before);
-- for the last two nothing was written.
--
-- Invariants: seq counts 1, 2, 3 ... within an attempt; an entry at or below the last one stored is dropped, so that
-- sending the same entries again changes nothing. The view remembers the last one in `saidAttempt`, `saidSeq` and
-- `saidAt`, its cursor: ids follow those of the events in the same feed, which are in the ledger (append.lua).
local view, said, whole = unpack(KEYS)
local attempt = ARGV[1]
-- @include now
-- @include views
local job = viewAt(view)
if job.status ~= 'running' or job.attempt ~= attempt then return 'stale' end

local stored = 0
if job.saidAttempt == attempt then stored = tonumber(job.saidSeq) end

local last = stored
for i = 3, #ARGV, 5 do
  local seq = tonumber(ARGV[i])
  if seq > last + 1 then return 'gap' end
  if seq > last then last = seq end
end
if last == stored then return 'appended' end

local cursor = laterOf(job.cursor, job.saidAt)
local written = stored
for i = 3, #ARGV, 5 do
  local seq = tonumber(ARGV[i])
  if seq > written then
    cursor = cursorAfter(cursor)
    redis.call('XADD', said, cursor, 'kind', ARGV[i + 1], 'type', ARGV[i + 2], 'data', ARGV[i + 3])
    if ARGV[i + 4] ~= '' then redis.call('HSET', whole, attempt .. ':' .. ARGV[i], ARGV[i + 4]) end
    written = seq
  end
end
note(job, 'saidAttempt', attempt)
note(job, 'saidSeq', string.format('%.0f', last))
note(job, 'saidAt', cursor)
changed(view)
saveViews()
redis.call('PUBLISH', ARGV[2], '')
return 'appended'
