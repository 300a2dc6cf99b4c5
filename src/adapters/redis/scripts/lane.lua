-- lane: how a lane stands, at one moment.
--
-- KEYS  1 lane (stream)
-- Returns {length, pending, consumers, lag (-1 = not known), id of the first entry that nobody was given ('' = none)}
local lane = KEYS[1]
local length = redis.call('XLEN', lane)
local pending, consumers, lag, delivered = 0, 0, length, '0-0'
local groups = redis.call('XINFO', 'GROUPS', lane)
for _, group in ipairs(groups) do
  local facts = {}
  for i = 1, #group, 2 do facts[group[i]] = group[i + 1] end
  if facts['name'] == 'workers' then
    pending, consumers = facts['pending'], facts['consumers']
    lag, delivered = facts['lag'] or -1, facts['last-delivered-id']
  end
end
local first = redis.call('XRANGE', lane, '(' .. delivered, '+', 'COUNT', 1)[1]
return { length, pending, consumers, lag, first and first[1] or '' }
