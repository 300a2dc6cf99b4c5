-- settle: makes a job that came from another bus one of this bus: ledger, view, answer, what was said, indices and, when
-- it has not ended, a place to wait. All or nothing; the fleet stream is told nothing, for nothing happens.
--
-- KEYS  1 ledger (list)  2 view (string)  3 answer (string)  4 what was said (stream)  5 whole messages (hash)
--       6 the same, staged (stream)  7 staged whole messages (hash)
--       8 all jobs (zset)  9 index of its status (zset)  10 delayed (zset)  11 upkeep (zset)  12 lane (stream)
--       13 dead letters (stream)  14 leases (zset)  15 request (string)  16 callbacks (zset)
-- ARGV  1 job id  2 status  3 creation time (ms)  4 attempt  5 lane name
--       6 '1' when there is an answer  7 answer  8 the mark of a trimmed feed, '' when it was not
--       9 place: ended | delayed | lane | leased  10 until (ms), for delayed  11 when upkeep must look at it (ms), '' = never
--       12 job doorbell (channel)  13 prefix of all keys  14 limit per repository, 0 for none
--       15 repository to count by, '' for none  16 code and 17 error of a dead letter, '' for none
--       18 '1' when there is a request  19 request
--       20 when telling its end is due (ms), '' = not
--       21 the last cursor of its feed  22.. the ledger, each record behind its cursor, or the elements of the packed one
-- Returns 'written', 'same' (this very ledger is here) or 'different' (another one is); then nothing changed.
--
-- Invariants: those of append.lua. A job that waits comes in through `delayed`, like any other that becomes due;
-- the lease of a direct attempt has lapsed.
local ledger, view, answer, said, whole, stagedSaid, stagedWhole = unpack(KEYS, 1, 7)
local jobs, index, delayed, upkeep, lane, dead, leases, request, callbacks = unpack(KEYS, 8, 16)
local jobId, status, createdAt, attempt, laneName, answered, answerText, trimmed = unpack(ARGV, 1, 8)
local place, dueAt, upkeepAt, bell, prefix, limit, repo, code, why = unpack(ARGV, 9, 17)
local requested, requestText, callbackAt, cursor = unpack(ARGV, 18, 21)
limit = tonumber(limit)
local FIRST = 22
-- @include now
-- @include views
-- @include serve
-- @include admission
-- @include packed
local version = #ARGV - FIRST + 1

if redis.call('EXISTS', ledger, view) > 0 then
  local stored = redis.call('LRANGE', ledger, 0, -1)
  if #stored ~= version then return 'different' end
  for i = 1, version do
    if stored[i] ~= ARGV[FIRST + i - 1] then return 'different' end
  end
  return 'same'
end

for i = FIRST, #ARGV do redis.call('RPUSH', ledger, ARGV[i]) end
local job = { status = status, attempt = attempt, cursor = cursor, lane = laneName }
views[view] = job
changed(view)
if answered == '1' then redis.call('SET', answer, answerText) end
if requested == '1' then redis.call('SET', request, requestText) end
if repo ~= '' then job.repo = repo end
if trimmed ~= '' and not isPacked(ARGV[FIRST]) then job.trimmed = trimmed end
local lastSaid = redis.call('XREVRANGE', stagedSaid, '+', '-', 'COUNT', 1)[1]
if lastSaid then job.saidAt = lastSaid[1] end
for staged, kept in pairs({ [stagedSaid] = said, [stagedWhole] = whole }) do
  if trimmed == '' and redis.call('EXISTS', staged) == 1 then
    redis.call('RENAME', staged, kept)
    redis.call('PERSIST', kept)
  end
end
redis.call('ZADD', jobs, createdAt, jobId)
redis.call('ZADD', index, createdAt, jobId)
if place == 'delayed' then
  redis.call('ZADD', delayed, dueAt, jobId)
elseif place == 'leased' then
  redis.call('ZADD', leases, 0, jobId)
elseif place == 'lane' then
  enterAsItRan(jobId, view, lane, repo ~= '' and repo)
end
if code ~= '' then job.letter = redis.call('XADD', dead, '*', 'jobId', jobId, 'code', code, 'error', why) end
if upkeepAt ~= '' then redis.call('ZADD', upkeep, upkeepAt, jobId) end
if callbackAt ~= '' then redis.call('ZADD', callbacks, callbackAt, jobId) end
saveViews()
serveEntered()
redis.call('PUBLISH', bell, '')
return 'written'
