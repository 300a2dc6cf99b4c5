-- put-back: part of scripts that take a lane entry out of its holder's hands; not run by itself. Wants views.lua before it.
--
-- Invariants: XLEN(lane) is the same before and after, and the view names the new entry. The entry of a job that is not
-- in the lane by its view (removed, ended) is dropped instead.
local function putBack(lane, view, entry, jobId)
  local job = viewAt(view)
  if job.entry == entry then
    job.entry = redis.call('XADD', lane, '*', 'jobId', jobId)
    changed(view)
  end
  redis.call('XACK', lane, 'workers', entry)
  redis.call('XDEL', lane, entry)
  saveViews()
end
