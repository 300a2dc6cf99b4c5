-- put-back: part of scripts that take a lane entry out of its holder's hands; not run by itself.
--
-- Invariants: XLEN(lane) is the same before and after, and the view names the new entry. The entry of a job that is not
-- in the lane by its view (removed, ended) is dropped instead.
local function putBack(lane, view, entry, jobId)
  if redis.call('HGET', view, 'entry') == entry then
    redis.call('HSET', view, 'entry', redis.call('XADD', lane, '*', 'jobId', jobId))
  end
  redis.call('XACK', lane, 'workers', entry)
  redis.call('XDEL', lane, entry)
end
