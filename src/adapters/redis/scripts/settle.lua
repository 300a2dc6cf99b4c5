-- settle: makes a job that came from another bus one of this bus: ledger, view, answer, staged feed, indices and, when
-- it has not ended, a place to wait. All or nothing; the fleet stream is told nothing, for nothing happens.
--
-- KEYS  1 ledger (list)  2 view (hash)  3 answer (string)  4 feed (stream)  5 whole messages (hash)
--       6 staged feed (stream)  7 staged whole messages (hash)
--       8 all jobs (zset)  9 index of its status (zset)  10 delayed (zset)  11 upkeep (zset)  12 lane (stream)
--       13 dead letters (stream)
-- ARGV  1 job id  2 status  3 creation time (ms)  4 attempt  5 head  6 lane name  7 order  8 the rest of the state
--       9 '1' when there is an answer  10 answer  11 the mark of a trimmed feed, '' when it was not
--       12 place: ended | delayed | lane  13 until (ms), for delayed  14 when upkeep must look at it (ms), '' = never
--       15 job doorbell (channel)  16 prefix of all keys  17 limit per repository, 0 for none
--       18 repository to count by, '' for none  19 code and 20 error of a dead letter, '' for none
--       21.. the ledger records
-- Returns 'written', 'same' (this very history is here) or 'different' (another one is); then nothing changed.
--
-- Invariants: those of append.lua. A job that waits comes in through `delayed`, like any other that becomes due.
local ledger, view, answer, feed, whole, stagedFeed, stagedWhole = unpack(KEYS, 1, 7)
local jobs, index, delayed, upkeep, lane, dead = unpack(KEYS, 8, 13)
local jobId, status, createdAt, attempt, head, laneName, order, state = unpack(ARGV, 1, 8)
local prefix, limit, repo = ARGV[16], tonumber(ARGV[17]), ARGV[18]
local FIRST = 21
-- @include admission
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
redis.call('HSET', view, 'version', version, 'status', status, 'attempt', attempt, 'head', head,
  'createdAt', createdAt, 'lane', laneName, 'state', state, 'order', order)
if ARGV[9] == '1' then redis.call('SET', answer, ARGV[10]) end
if repo ~= '' then redis.call('HSET', view, 'repo', repo) end
if ARGV[11] ~= '' then redis.call('HSET', view, 'trimmed', ARGV[11]) end
for staged, kept in pairs({ [stagedFeed] = feed, [stagedWhole] = whole }) do
  if ARGV[11] == '' and redis.call('EXISTS', staged) == 1 then
    redis.call('RENAME', staged, kept)
    redis.call('PERSIST', kept)
  end
end
redis.call('ZADD', jobs, createdAt, jobId)
redis.call('ZADD', index, createdAt, jobId)
if ARGV[12] == 'delayed' then
  redis.call('ZADD', delayed, ARGV[13], jobId)
elseif ARGV[12] == 'lane' then
  enterAsItRan(jobId, view, lane, repo ~= '' and repo)
end
if ARGV[19] ~= '' then
  redis.call('HSET', view, 'letter', redis.call('XADD', dead, '*', 'jobId', jobId, 'code', ARGV[19], 'error', ARGV[20]))
end
if ARGV[14] ~= '' then redis.call('ZADD', upkeep, ARGV[14], jobId) end
redis.call('PUBLISH', ARGV[15], '')
return 'written'
