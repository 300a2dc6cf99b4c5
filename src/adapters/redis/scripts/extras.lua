-- extras: part of append.lua, which says what they are; not run by itself. Wants views.lua before it.
-- What only some jobs have: beside the ledger, or in places of their own.
local function writeExtras(job, jobId, view, extra, request)
  if extra.digest then
    local idem = K.toIdem .. extra.idem
    redis.call('SET', idem, extra.digest .. ' ' .. jobId, 'PX', extra.digestTtl)
  end
  if extra.answer then
    local answer = view .. K.toAnswer
    redis.call('SET', answer, extra.answer)
  end
  if extra.asked or extra.requested then
    local asked = view .. K.toRequest
    if extra.asked then redis.call('SET', asked, request) else redis.call('UNLINK', asked) end
  end
  if extra.letter == 'add' then
    note(job, 'letter', redis.call('XADD', K.dead, '*', 'jobId', jobId, 'code', extra.code, 'error', extra.error))
  elseif extra.letter == 'remove' then
    redis.call('XDEL', K.dead, job.letter or '0-0')
    note(job, 'letter', nil)
  end
  if extra.callbackAt == '' then
    redis.call('ZREM', K.callbacks, jobId)
  elseif extra.callbackAt then
    redis.call('ZADD', K.callbacks, extra.callbackAt, jobId)
  end
  if extra.leased then redis.call('ZREM', K.leases, jobId) end
end
