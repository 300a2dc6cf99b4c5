-- wait: claims what a lane has for a worker, and starts it; or notes down that the worker waits there: whatever puts
-- something into the lane meets that offer then (serve.lua).
--
-- K     as append.lua
-- KEYS  1 lane (stream)  2 offers (list of calls, who waits longest first; `<key>:<call>` is the offer, or what it was given)
-- ARGV  1 worker  2 how many entries at most; 0 to wait no more  3 a name that no other call has  4 those of the calls
--       before that may have been given something, blanks between them; they are given up  5 the offer (JSON): channel, worker, count, start (see start.lua; absent when
--       none may)  6 for how long it stands (ms)
-- Returns the entries, each with the time behind it if its job has started; none when the worker waits from now on. Or
--         'full' when there are none, and no room for the offer.
--
-- Invariants: who is given entries waits no more. What those calls were given comes first, as far as it is still held, and
-- alone: it may be more than is asked for. Sent again, the call has the same answer.
local lane, offers = unpack(KEYS)
local worker, count, call, earlier, offer, ttl = unpack(ARGV)
-- @include now
-- @include views
-- @include ledger
-- @include start
-- @include claimed
-- @include told-again
-- @include serve

-- What the call was given, if it was; it waits no more.
local function giveUp(which)
  local offerAt = offers .. ':' .. which
  local text = redis.call('GET', offerAt)
  if not text then return {} end
  local ids = string.match(text, '^given (.*)$')
  if ids then return stillHeld(lane, worker, ids) end
  redis.call('LREM', offers, 0, which)
  redis.call('DEL', offerAt)
  return {}
end

local given = {}
for which in string.gmatch(earlier .. ' ' .. call, '%S+') do
  for _, entry in ipairs(giveUp(which)) do given[#given + 1] = entry end
end
if #given > 0 then return given end
if count == '0' then return {} end

local offerAt = offers .. ':' .. call
local entries, refused = readNew(lane, worker, count)
if refused then return refused end
if entries then
  local start = cjson.decode(offer).start
  if start then startFirst(start, entries) end
  fileStarted()
  saveViews()
  announce()
  redis.call('SET', offerAt, 'given ' .. idsOf(entries), 'PX', GIVEN_MS)
  return entries
end
local noted = redis.pcall('SET', offerAt, offer, 'PX', ttl)
if noted.err then return 'full' end
redis.call('RPUSH', offers, call)
return {}
