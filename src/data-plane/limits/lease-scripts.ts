/**
 * What Redis does, in one piece each. Times are Redis' own: nodes' clocks may differ. A window's end is what the nodes say, and part
 * of its key.
 */

/**
 * A node says that it lives.
 *
 * KEYS: nodes, state, leases of the node. ARGV: node, token of its machine, life of Redis, the life that the node knows ("" : none),
 * how long a node counts as alive, how long to wait for what nodes hold when Redis may have forgotten it, both in ms.
 *
 * → { "taken" }: another machine has this name. Else { "ok", nodes that are alive, 1 where all that the node holds has to be told
 * anew, 1 while nodes are waited for }.
 */
export const HEARTBEAT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local node, token, run, known, alive, wait = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local heard = redis.call('ZSCORE', KEYS[1], node)
local owner = redis.call('HGET', KEYS[3], 'token')
if owner and owner ~= token and heard and now - heard < alive then return { 'taken' } end
redis.call('ZADD', KEYS[1], now, node)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 86400000)
redis.call('HSET', KEYS[3], 'token', token)
redis.call('PEXPIRE', KEYS[3], 7 * 86400000)
local state = redis.call('HMGET', KEYS[2], 'run', 'waited', 'until')
local isOther = state[1] and state[1] ~= run
local isLost = known ~= '' and state[2] ~= run and (known ~= run or not state[1])
local forgot = isOther or isLost
if forgot then
  state[3] = now + wait
  redis.call('HSET', KEYS[2], 'waited', run, 'until', state[3])
end
if state[1] ~= run then redis.call('HSET', KEYS[2], 'run', run) end
local isNew = (forgot or (known ~= '' and known ~= run)) and 1 or 0
local waits = now < tonumber(state[3] or 0) and 1 or 0
return { 'ok', redis.call('ZCOUNT', KEYS[1], now - alive, '+inf'), isNew, waits }
`;

/** For each counter in `LEASE`. */
const LEASE_ARGUMENTS = 10;

/**
 * A node says what it has used and holds of each counter, and asks for more. What it says is absolute for windows: said twice, or said
 * to a Redis that has forgotten all, it comes to the same. Questions have numbers, so that a late one changes nothing.
 *
 *   taken = what is used and held by all nodes; a bucket's runs off evenly, but for what is held
 *
 * Of a sliding window, what was taken of the window before takes room as well: by how much of it is less than a window ago, which only
 * gets less, so that what was granted stays good. Of a window before of which Redis may have forgotten something, all counts as taken.
 *
 * KEYS: nodes, state, leases of the node, then two for each counter: its own, and that of the window before. ARGV: node, how long a node counts as alive (ms), how many
 * nodes this one knows of, then for each counter: number of the question, "window", "sliding" or "bucket", 1 for whole numbers, the limit, its window in ms, the window's end,
 * used, held, needed (0: nothing is asked for), the counter's name ("": what limit it is of is not known).
 *
 * → for each counter "stale", or three numbers as text: granted, this node's share of what nobody has (of a sliding window in
 * which nothing is left: below 0, the milliseconds until something is), and, where nothing is left, what other living nodes hold and may
 * give back.
 */
export const LEASE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local node, alive = ARGV[1], tonumber(ARGV[2])
local nodes = math.max(1, redis.call('ZCOUNT', KEYS[1], now - alive, '+inf'))
local state = redis.call('HMGET', KEYS[2], 'run', 'until')
if not state[1] then return redis.error_reply('FORGOT what nodes hold') end
local waits = now < tonumber(state[2] or 0)
-- Others may not be back yet.
if waits then nodes = math.max(nodes, tonumber(ARGV[3])) end
-- A portion is what a node uses in so many ms; of one that was used up in less time than half of it, at most twice as much.
local HORIZON = 500
local function text(number) return string.format('%.17g', number) end

local function part(field)
  local op, used, held, at = string.match(field, '(%S+) (%S+) (%S+) (%S+)')
  return tonumber(op), tonumber(used), tonumber(held), tonumber(at)
end

-- What other nodes hold: those that live, and those that are gone. A bucket gains again what the dead have held; of a window it
-- counts as used, for nobody knows that it was not.
local function heldByOthers(key, bucket)
  local living, dead = 0, 0
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 5) == 'node:' and all[i] ~= 'node:' .. node then
      local heard = redis.call('ZSCORE', KEYS[1], string.sub(all[i], 6))
      local _, _, held = part(all[i + 1])
      if heard and now - heard < alive then
        living = living + held
      else
        dead = dead + held
        if bucket then redis.call('HDEL', key, all[i]) end
      end
    end
  end
  return living, dead
end

-- What was taken of the window before.
local function takenBefore(key, beganMs, amount)
  local taken = redis.call('HGET', key, 'taken')
  if waits or (not taken and tonumber(state[2] or 0) > beganMs) then return amount end
  return tonumber(taken or 0)
end

-- Until so much is free, if nobody uses or gives back anything meanwhile.
local function msUntilFree(least, amount, windowMs, endMs, taken, before)
  local room = amount - least
  local at = endMs
  if taken <= room and before > 0 then at = endMs - (room - taken) * windowMs / before
  elseif taken > 0 then at = endMs + windowMs - room * windowMs / taken end
  return math.max(1, math.ceil(at - now))
end

local function lease(key, keyBefore, op, kind, whole, amount, windowMs, endMs, used, held, need, name)
  local bucket, sliding = kind == 'bucket', kind == 'sliding'
  local before = sliding and takenBefore(keyBefore, endMs - windowMs, amount) or 0
  local room = amount - before * math.min(1, math.max(0, (endMs - now) / windowMs))
  local stored = redis.call('HMGET', key, 'taken', 'held', 'at', 'node:' .. node)
  local taken = tonumber(stored[1] or (bucket and waits and amount or 0))
  local heldByAll = tonumber(stored[2] or 0)
  local knownOp, knownUsed, knownHeld, knownAt = -1, 0, 0, nil
  if stored[4] then knownOp, knownUsed, knownHeld, knownAt = part(stored[4]) end
  if op <= knownOp then return 'stale' end
  if bucket then
    knownUsed = 0
    taken = math.max(heldByAll, taken - (now - tonumber(stored[3] or now)) * amount / windowMs)
  end
  taken = taken + used + held - knownUsed - knownHeld
  local others = 0
  if need > room - taken and heldByAll > knownHeld then
    local living, dead = heldByOthers(key, bucket)
    others = living
    if bucket then heldByAll = heldByAll - dead end
  end
  heldByAll = heldByAll + held - knownHeld

  local granted = 0
  local left = math.max(0, room - taken)
  if whole then left = math.floor(left) end
  if need > 0 and left > 0 then
    local least = whole and 1 or amount / 1000
    local want = knownAt and math.max(0, used - knownUsed) / math.max(HORIZON / 2, now - knownAt) * HORIZON or amount / 100
    want = math.max(need, want) - held
    local most = math.max(least, left / (2 * nodes))
    if waits and not bucket then
      local share = amount / nodes
      if whole then share = math.max(1, math.floor(share)) end
      most = math.max(0, math.min(most, share - used - held))
    end
    granted = math.min(left, most, math.max(want, least))
    if whole then granted = math.floor(granted) end
  end
  taken = taken + granted
  held = held + granted
  heldByAll = heldByAll + granted
  redis.call('HSET', key, 'taken', text(taken), 'held', text(heldByAll), 'at', now,
    'node:' .. node, op .. ' ' .. text(used) .. ' ' .. text(held) .. ' ' .. now)
  -- What limit it is of was not said: the next window may ask for it.
  local further = name == '' and 86400000 or sliding and windowMs + 60000 or 60000
  redis.call('PEXPIRE', key, bucket and windowMs * 2 + 120000 or math.max(60000, endMs - now + further))
  if name == '' then
    -- Nor is it to be found by.
  elseif held > 0 then
    redis.call('HSET', KEYS[3], name, kind .. ' ' .. (whole and 1 or 0) .. ' ' .. text(amount) .. ' ' .. text(windowMs) .. ' ' .. text(endMs))
  else
    redis.call('HDEL', KEYS[3], name)
  end
  local least = whole and 1 or 0
  local unleased = math.max(0, room - taken) / nodes
  if sliding and room - taken <= math.max(0, least - 1e-9) then
    unleased = -msUntilFree(least, amount, windowMs, endMs, taken, before)
  elseif waits then
    unleased = 0
  end
  return text(granted) .. ' ' .. text(unleased) .. ' ' .. text(others)
end

local answers = {}
for i = 1, (#KEYS - 3) / 2 do
  local a = 4 + (i - 1) * ${LEASE_ARGUMENTS}
  answers[i] = lease(KEYS[2 + 2 * i], KEYS[3 + 2 * i], tonumber(ARGV[a]), ARGV[a + 1], ARGV[a + 2] == '1', tonumber(ARGV[a + 3]),
    tonumber(ARGV[a + 4]), tonumber(ARGV[a + 5]), tonumber(ARGV[a + 6]), tonumber(ARGV[a + 7]), tonumber(ARGV[a + 8]),
    ARGV[a + 9])
end
return answers
`;
