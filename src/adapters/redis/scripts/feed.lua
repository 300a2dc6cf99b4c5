-- feed: reads on from a cursor in the feed of a job, and tells whether something that was said between the cursor and the
-- first entry is no longer kept. Changes nothing.
--
-- KEYS  1 what was said (stream)  2 view (string)  3 ledger (list)
-- ARGV  1 cursor ('' = from the start)  2 how many at most
-- Returns {'1' with a gap, else '0', the entries}: {cursor, record} for an event, {cursor, fields} for what was said; or
--         'packed' when the caller has to unpack the ledger, in which all is that there is of the feed
--
-- A feed is the ledger and what was said, in the order of their cursors. Events stay as long as their job; of what was
-- said the beginning may have been trimmed, up to all of it. By the keeper (trim.lua): then the view names the last entry
-- that was forgotten. By anybody else: then a cursor on the very last trimmed entry counts as a gap, for whether it was
-- the last can no longer be told, unless nothing is left: then the view's `saidAt` tells.
local said, view, ledger = unpack(KEYS)
local after, limit = ARGV[1], tonumber(ARGV[2])
-- @include now
-- @include packed
-- @include views
if after == '' then after = '0-0' end

local left = redis.call('LLEN', ledger)
if left == 0 then return { after ~= '0-0' and '1' or '0', {} } end

-- The events behind the cursor, the last one first: readers are mostly at the end, and most steps find one event or none.
local events, reached, step = {}, false, 1
while left > 0 and not reached do
  local from = math.max(0, left - step)
  local page = redis.call('LRANGE', ledger, from, left - 1)
  for i = #page, 1, -1 do
    if isPacked(page[i]) then return 'packed' end
    local blank = string.match(page[i], '^%d+%-%d+() ')
    local cursor = blank and string.sub(page[i], 1, blank - 1)
    reached = cursor and not isBefore(after, cursor)
    if reached then break end
    if cursor then events[#events + 1] = { cursor, string.sub(page[i], blank + 1) } end
  end
  left, step = from, step * 2
end

local messages = redis.call('XRANGE', said, '(' .. after, '+', 'COUNT', limit)
local entries, nextMessage, nextEvent = {}, 1, #events
while #entries < limit do
  local message, event = messages[nextMessage], events[nextEvent]
  if not (message or event) then break end
  if event and (not message or isBefore(event[1], message[1])) then
    entries[#entries + 1] = event
    nextEvent = nextEvent - 1
  else
    entries[#entries + 1] = message
    nextMessage = nextMessage + 1
  end
end

local job = viewAt(view)
local lost = job.trimmed and string.match(job.trimmed, '^[^,]+')
if not lost and job.saidAt then
  local first = redis.call('XRANGE', said, '-', '+', 'COUNT', 1)[1]
  if not first then
    lost = job.saidAt
  elseif isBefore(after, first[1]) then
    local info = redis.call('XINFO', 'STREAM', said)
    local facts = {}
    for i = 1, #info, 2 do facts[info[i]] = info[i + 1] end
    if (facts['entries-added'] or facts['length']) > facts['length'] then lost = first[1] end
  end
end
return { lost and isBefore(after, lost) and '1' or '0', entries }
