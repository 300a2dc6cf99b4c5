-- page: a page of an index, newest first. Stays in place while jobs come, go and leave the index.
--
-- KEYS  1 index (zset by creation time)
-- ARGV  1 how many at most  2 creation time and 3 id of the last job of the page before ('' and '' for the first page)
-- Returns a flat list: id, creation time, id, creation time ...
local index, limit, createdAt, jobId = KEYS[1], tonumber(ARGV[1]), ARGV[2], ARGV[3]
local start = 0
if jobId ~= '' then
  local score = redis.call('ZSCORE', index, jobId)
  if score and tonumber(score) == tonumber(createdAt) then
    start = redis.call('ZREVRANK', index, jobId) + 1
  else
    -- It has left the index: go on behind where it would stand, among those of the same moment by their ids.
    start = redis.call('ZCOUNT', index, '(' .. createdAt, '+inf')
    for _, other in ipairs(redis.call('ZRANGEBYSCORE', index, createdAt, createdAt)) do
      if other > jobId then start = start + 1 end
    end
  end
end
local page = redis.call('ZREVRANGE', index, start, start + limit - 1, 'WITHSCORES')
-- No job: what append.lua has in the index of those that run.
if page[#page] == '-inf' then page[#page], page[#page - 1] = nil, nil end
return page
