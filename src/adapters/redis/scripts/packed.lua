-- packed: part of scripts that meet packed ledgers (packed-ledger.ts); not run by itself.
--
-- Invariant: such a ledger is as long as it was. Its first element has all records that were packed, the next ones stand
-- empty for them; a line begins with a digit or a brace.
local function isPacked(element)
  return element == '' or string.sub(element, 1, 1) == 'P'
end
