-- admission: part of every script through which jobs enter or leave their lanes; not run by itself. Jobs of one
-- repository enter while fewer than its limit are admitted (waiting or running); the others wait in `held`, in the
-- order in which they came, and enter as those before them leave.
--
-- Wants the locals `prefix` (of every key) and `limit` (0: none), and now.lua and views.lua before it. Keys of other jobs
-- are built here: they carry the same hash tag as those in KEYS.
--
-- Invariants: a job is in its lane, held, delayed, or ended. While a repository has held jobs, its limit is used up.
-- `heldSince` in the view is there exactly while the job is held; `heldMs` is how long its present wait was held.
-- `record`, if there, is all of the job's ledger so far: it saves whoever claims the entry a look, and may be old. With it
-- come, before it, what start.lua starts the first attempt by: its hash, when the job was created, and from when on its
-- wait has expired (ms).
-- `entered` has the lanes that something was put into; `serveEntered` is the last that is done with them.
local entered = {}
local function putInLane(jobId, lane, record)
  entered[lane] = true
  if record and #record <= 8192 then return redis.call('XADD', lane, '*', 'jobId', jobId, 'record', record) end
  return redis.call('XADD', lane, '*', 'jobId', jobId)
end

local function enterLane(jobId, view, lane)
  viewAt(view).entry = putInLane(jobId, lane)
  changed(view)
end

local function fill(repo)
  local admitted, held = prefix .. 'admitted:' .. repo, prefix .. 'held:' .. repo
  while limit == 0 or redis.call('SCARD', admitted) < limit do
    local jobId = redis.call('ZPOPMIN', held)[1]
    if not jobId then return end
    local view = prefix .. 'job:' .. jobId
    local job = viewAt(view)
    local since = job.heldSince
    note(job, 'heldSince', nil)
    if job.status then changed(view) end
    if job.status == 'queued' then
      local ms = nowMs() - (since or nowMs())
      if ms > 0 then note(job, 'heldMs', string.format('%.0f', ms)) end
      redis.call('SADD', admitted, jobId)
      enterLane(jobId, view, prefix .. 'lane:' .. job.lane)
    end
  end
end

-- Lets a job into its lane, or holds it. `repo` is nil for a job that no limit counts.
local function admit(jobId, view, lane, repo)
  if not repo then return enterLane(jobId, view, lane) end
  local held = prefix .. 'held:' .. repo
  local last = redis.call('ZRANGE', held, -1, -1, 'WITHSCORES')[2]
  redis.call('ZADD', held, (last or 0) + 1, jobId)
  note(viewAt(view), 'heldSince', string.format('%.0f', nowMs()))
  changed(view)
  fill(repo)
end

-- Lets a job into its lane whose attempt ran on another bus: whatever the limit, it counts.
local function enterAsItRan(jobId, view, lane, repo)
  local admitted = prefix .. 'admitted:' .. (repo or '')
  if repo then redis.call('SADD', admitted, jobId) end
  enterLane(jobId, view, lane)
end

-- Takes a job from among those its repository's limit counts, and lets the next ones in.
local function leave(jobId, repo)
  if not repo then return end
  redis.call('SREM', prefix .. 'admitted:' .. repo, jobId)
  redis.call('ZREM', prefix .. 'held:' .. repo, jobId)
  fill(repo)
end

-- Whoever waits at those lanes is served (serve.lua); `start`: startFirst, where attempts may start.
local function serveEntered(start)
  for lane in pairs(entered) do serve(lane, prefix .. 'offers:' .. string.sub(lane, #prefix + #'lane:' + 1), start) end
end
