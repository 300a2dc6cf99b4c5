-- fleet: reads on from a cursor in the fleet stream, and tells whether events between the cursor and the first one are no
-- longer kept. Changes nothing.
--
-- KEYS  1 fleet (stream)
-- ARGV  1 cursor ('' = from the start)  2 how many events at most
-- Returns {'1' with a gap, else '0', the events: {cursor, job id, version}}: the records are in the ledgers
--
-- An entry names the events of one call of append.lua, at most 1,000, in its field `events`: job id, version of the first
-- one and how many, again and again. The nth event (from 0) of the entry `<ms>-<i>` has the cursor `<ms>-<1000 * i + n>`.
-- The stream loses entries at its head only (trimming), up to all of them. A cursor in the very last trimmed entry counts
-- as a gap.
local fleet, after, limit = KEYS[1], ARGV[1], tonumber(ARGV[2])
local EACH, PAGE = 1000, 8
if after == '' then after = '0-0' end
local afterMs, afterN = string.match(after, '^(%d+)%-(%d+)$')
afterMs, afterN = tonumber(afterMs), tonumber(afterN)

local function place(id)
  local ms, i = string.match(id, '^(%d+)%-(%d+)$')
  return tonumber(ms), tonumber(i) * EACH
end

local function isBehind(ms, n)
  return ms > afterMs or (ms == afterMs and n > afterN)
end

local events = {}
local function take(entry)
  local ms, n = place(entry[1])
  for jobId, first, count in string.gmatch(entry[2][2], '(%S+) (%d+) (%d+)') do
    for version = tonumber(first), first + count - 1 do
      if #events < limit and isBehind(ms, n) then
        events[#events + 1] = { string.format('%.0f-%.0f', ms, n), jobId, version }
      end
      n = n + 1
    end
  end
end

local from = string.format('%.0f-%.0f', afterMs, math.floor(afterN / EACH))
while #events < limit do
  local page = redis.call('XRANGE', fleet, from, '+', 'COUNT', PAGE)
  for _, entry in ipairs(page) do take(entry) end
  if #page < PAGE then break end
  from = '(' .. page[PAGE][1]
end

local gap = '0'
local first = redis.call('XRANGE', fleet, '-', '+', 'COUNT', 1)[1]
if redis.call('EXISTS', fleet) == 0 then
  if after ~= '0-0' then gap = '1' end
elseif not first or isBehind(place(first[1])) then
  local info = redis.call('XINFO', 'STREAM', fleet)
  local facts = {}
  for i = 1, #info, 2 do facts[info[i]] = info[i + 1] end
  local lost = (facts['entries-added'] or facts['length']) > facts['length']
  if lost and (first or isBehind(place(facts['last-generated-id']))) then gap = '1' end
end
return { gap, events }
