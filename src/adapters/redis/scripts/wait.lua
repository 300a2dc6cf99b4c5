-- wait: claims what a lane has for a worker, and starts it; or notes down that the worker waits there: whatever puts
-- something into the lane meets that offer then (serve.lua).
--
-- K     as append.lua
-- KEYS  1 lane (stream)  2 offers (list of calls, who waits longest first; `<key>:<call>` is the offer, or what it was given)
-- ARGV  1 worker  2 how many entries at most; 0 to wait no more  3 the call: a name that no other has, but that of the offer
--       that stands  4 calls before that may have been given something, blanks between them; they are given up  5 calls
--       whose message came  6 the offer (JSON): channel, worker, count, start (see start.lua; absent when none may)
--       7 for how long it stands (ms)
-- Returns the entries, each with the time behind it if its job has started; none when the worker waits from now on. Or
--         'full' when there are none, and no room for the offer; 'met' when the call was given entries that are held no more.
--
-- Invariants: who is given entries waits no more. What those calls were given comes first, as far as it is still held, and
-- alone: it may be more than is asked for. Sent again, the call has the same answer. An offer that stands keeps its place. A
-- Redis that has no room for the offer has none for the record of a start, either, and what follows from it.
local lane, offers = unpack(KEYS)
local worker, count, call, earlier, heard, offer, ttl = unpack(ARGV)
-- @include now
-- @include views
-- @include ledger
-- @include start
-- @include told-again
-- @include serve

local start = cjson.decode(offer).start
if type(start) ~= 'table' then start = nil end

-- What the call was given, if it was.
local function givenTo(which)
  local offerAt = offers .. ':' .. which
  local ids = string.match(redis.call('GET', offerAt) or '', '^given (.*)$')
  return ids and stillHeld(lane, worker, ids)
end

-- The call waits no more.
local function giveUp(which)
  local overAt = offers .. ':' .. which
  redis.call('LREM', offers, 0, which)
  redis.call('DEL', overAt)
end

local offerAt = offers .. ':' .. call
local stands = redis.call('GET', offerAt) == offer
local given, over, wasMet = {}, {}, false
for which in string.gmatch(earlier .. ' ' .. call, '%S+') do
  local entries = givenTo(which)
  if which == call then wasMet = entries and true end
  if not entries and which ~= call then over[#over + 1] = which end
  for _, entry in ipairs(entries or {}) do given[#given + 1] = entry end
end

-- The first write, for a Redis that is full refuses nothing after another one.
local noted = {}
if #given == 0 and count ~= '0' and not wasMet then noted = redis.pcall('SET', offerAt, offer, 'PX', ttl) end
for _, which in ipairs(over) do giveUp(which) end
for which in string.gmatch(heard, '%S+') do
  local heardAt = offers .. ':' .. which
  redis.call('DEL', heardAt)
end
if #given > 0 then
  if stands then giveUp(call) end
  return given
end
if count == '0' then return {} end
if wasMet then return 'met' end

local entries, refused = readNew(lane, worker, count)
if entries then
  if stands then redis.call('LREM', offers, 0, call) end
  if start and not noted.err then startFirst(start, entries) end
  fileStarted()
  saveViews()
  announce()
  keepGiven(offerAt, entries)
  return entries
end
if refused or noted.err then
  giveUp(call)
  return refused or 'full'
end
if not stands then
  redis.call('LREM', offers, 0, call)
  redis.call('RPUSH', offers, call)
end
redis.call('PEXPIRE', offers, ttl)
return {}
