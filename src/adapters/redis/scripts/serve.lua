-- serve: part of scripts that put something into a lane; not run by itself. Workers that wait there (wait.lua) are given
-- entries for the slots they have free, who waits longest first, and told so in a message.
--
-- Invariants: only who listens in this moment is given something. An offer is met once. What it was given is kept while its
-- worker may ask for it: a message can be lost.
local GIVEN_MS = 20000

local function listens(channel)
  local listeners = redis.pcall('PUBSUB', 'NUMSUB', channel)
  return not listeners.err and listeners[2] > 0
end

-- Entries of the lane that nobody was given, for a worker; nil when there are none, and what Redis said if it refused.
local function readNew(lane, worker, count)
  local read = redis.pcall('XREADGROUP', 'GROUP', 'workers', worker, 'COUNT', count, 'STREAMS', lane, '>')
  if read and read.err and string.find(read.err, 'NOGROUP', 1, true) then
    local made = redis.pcall('XGROUP', 'CREATE', lane, 'workers', '0', 'MKSTREAM')
    if made.err then return nil, made end
    read = redis.pcall('XREADGROUP', 'GROUP', 'workers', worker, 'COUNT', count, 'STREAMS', lane, '>')
  end
  if not read then return nil end
  if read.err then return nil, read end
  return read[1][2]
end

-- In words: what a call has claimed is kept so, while its answer or its message may be asked for again.
local function idsOf(entries)
  local ids = {}
  for nth, entry in ipairs(entries) do ids[nth] = entry[1] end
  return table.concat(ids, ' ')
end

local function keepGiven(offerAt, entries)
  redis.call('SET', offerAt, 'given ' .. idsOf(entries), 'PX', GIVEN_MS)
end

-- Nil for what is no offer: who wrote it may be of another version, and nothing may fail here any more.
local function readOffer(text)
  if type(text) ~= 'string' or string.byte(text) ~= 123 then return end
  local isJson, offer = pcall(cjson.decode, text)
  if not isJson or type(offer.channel) ~= 'string' or type(offer.worker) ~= 'string' then return end
  local count = offer.count
  if type(count) == 'number' and count >= 1 and count <= 1000 and count % 1 == 0 then return offer end
end

-- Gives entries to whoever made the offer; false when there are none for anybody.
local function meet(lane, offerAt, call, offer, start)
  local entries, refused = readNew(lane, offer.worker, offer.count)
  if refused then redis.call('DEL', offerAt) end
  if not entries then return refused end
  if start and type(offer.start) == 'table' then start(offer.start, entries) end
  keepGiven(offerAt, entries)
  local channel = offer.channel
  redis.pcall('PUBLISH', channel, cjson.encode({ call, entries }))
  return true
end

-- `offers`: key of the calls that wait at the lane; `start`: startFirst, where attempts may start.
local function serve(lane, offers, start)
  while true do
    local call = redis.pcall('LINDEX', offers, 0)
    if not call or call.err then return end
    local offerAt = offers .. ':' .. call
    local offer = readOffer(redis.pcall('GET', offerAt))
    if offer and listens(offer.channel) then
      if not meet(lane, offerAt, call, offer, start) then return end
    else
      redis.call('DEL', offerAt)
    end
    redis.call('LPOP', offers)
  end
end
