import { script } from './connection.ts';

/*
 * What the cluster knows, as a server keeps it. Every key begins with `earshot:1:`, where 1 is the format.
 *
 *   nodes               sorted set   node → when its lease ends, by the clock of this server
 *   dead                sorted set   node → when it was found dead; what it held is being taken back
 *   generation          hash         id, born: new whenever a server has lost what it knew
 *   done                hash         node → number of its last operation, so that one sent twice is done once
 *   told                hash         node → number of the last message in its inbox
 *   in:<node>           stream       its inbox: what it has to be told, numbered 1-0, 2-0, …
 *   held:<node>         set          what it holds: s<topic> m<topic> u<app/user> w<app/user> c<app>
 *   subs:<topic>        hash         node → subscriptions; `+` is the sum
 *   occupied:<app>      hash         channel → sum of subscriptions
 *   members:<topic>     hash         user → nodes, then `:` alone or `:` and the user's info
 *   here:<node>:<topic> set          users that the node has in the channel
 *   there:<topic>       set          nodes that have members in the channel
 *   user:<app/user>     set          nodes on which the user is signed in
 *   watch:<app/user>    set          nodes that watch the user
 *   connections         hash         <node>/<app> → connections
 *
 * Each script is one step: it changes these and puts what that makes true into the inboxes of the nodes it concerns, and
 * of the node that caused it. An inbox is a stream, so what is in it outlives a broken connection of its reader, and what
 * a dead node has not read of its own doing is handed to the survivor that sweeps it.
 */
const common = `
local P = 'earshot:1:'
local call = redis.call
local me = ARGV[1]

local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function send(node, fields)
  local number = call('HINCRBY', P .. 'told', node, 1)
  call('XADD', P .. 'in:' .. node, 'MAXLEN', '~', '200000', number .. '-0', unpack(fields))
end

-- To each node of the list, and to the one that caused it.
local function tell(nodes, fields)
  local mine = false
  for _, node in ipairs(nodes) do
    if node ~= '+' then
      send(node, fields)
      if node == me then mine = true end
    end
  end
  if not mine then send(me, fields) end
end

local function told() return tonumber(call('HGET', P .. 'told', me) or 0) end

local function setSubscriptions(node, topic, count)
  local key = P .. 'subs:' .. topic
  local old = tonumber(call('HGET', key, node) or 0)
  if old == count then return nil end
  local total = call('HINCRBY', key, '+', count - old)
  if count == 0 then
    call('HDEL', key, node)
    call('SREM', P .. 'held:' .. node, 's' .. topic)
  else
    call('HSET', key, node, count)
    if old == 0 then call('SADD', P .. 'held:' .. node, 's' .. topic) end
  end
  local slash = string.find(topic, '/', 1, true)
  local occupied = P .. 'occupied:' .. string.sub(topic, 1, slash - 1)
  local concerned = call('HKEYS', key)
  if total <= 0 then
    call('DEL', key)
    call('HDEL', occupied, string.sub(topic, slash + 1))
  else
    call('HSET', occupied, string.sub(topic, slash + 1), total)
  end
  return concerned, total - count + old, total
end

local function reportSubscriptions(node, topic, count)
  local concerned, before, total = setSubscriptions(node, topic, count)
  if concerned then tell(concerned, {'t', 's', 'o', me, 'c', topic, 'b', before, 'n', total}) end
end

-- The number of nodes that have the member, and the rest of the value.
local function parse(value)
  local colon = string.find(value, ':', 1, true)
  return tonumber(string.sub(value, 1, colon - 1)), string.sub(value, colon)
end

-- true when it was the node's last member in the channel
local function removeMember(node, topic, user)
  local here = P .. 'here:' .. node .. ':' .. topic
  if call('SREM', here, user) == 0 then return false end
  local last = call('EXISTS', here) == 0
  if last then
    call('SREM', P .. 'there:' .. topic, node)
    call('SREM', P .. 'held:' .. node, 'm' .. topic)
  end
  local members = P .. 'members:' .. topic
  local count, info = parse(call('HGET', members, user) or '1:')
  if count > 1 then
    call('HSET', members, user, (count - 1) .. info)
  else
    call('HDEL', members, user)
    tell(call('SMEMBERS', P .. 'there:' .. topic), {'t', 'r', 'o', me, 'c', topic, 'u', user})
  end
  return last
end

local function removeUser(node, user)
  local key = P .. 'user:' .. user
  if call('SREM', key, node) == 0 then return end
  call('SREM', P .. 'held:' .. node, 'u' .. user)
  if call('EXISTS', key) == 0 then
    tell(call('SMEMBERS', P .. 'watch:' .. user), {'t', '-', 'o', me, 'c', user})
  end
end

local function alive() return call('ZSCORE', P .. 'nodes', me) end
local function allNodes() return call('ZRANGE', P .. 'nodes', 0, -1) end
`;

/**
 * Before each operation: a node that has been given up is told so (-1) and has changed nothing, and one that sends an
 * operation again, because it does not know whether the first has arrived, changes nothing twice.
 *
 * ARGV: node, number of the operation, 1 when nothing is to be told because it was true before this server lost it
 */
const operation = `${common}
if not alive() then return {-1} end
local quiet = ARGV[3] == '1'
local isNew = tonumber(call('HGET', P .. 'done', me) or 0) < tonumber(ARGV[2])
if isNew then call('HSET', P .. 'done', me, ARGV[2]) end
`;

/** ARGV: …, topic, count */
export const subscriptions = script(`${operation}
if isNew then
  if quiet then setSubscriptions(me, ARGV[4], tonumber(ARGV[5]))
  else reportSubscriptions(me, ARGV[4], tonumber(ARGV[5])) end
end
return {told()}
`);

/**
 * ARGV: …, topic, user, info with `:` before it or `:` alone, most members or 0.
 * Answers 'full', or 'in' and, for the node's first member, all that are in: user and value by turns.
 */
export const join = script(`${operation}
local topic, user, info, most = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local members = P .. 'members:' .. topic
local here = P .. 'here:' .. me .. ':' .. topic
local there = P .. 'there:' .. topic
local first = false
if isNew then
  local known = call('HGET', members, user)
  if not known and most > 0 and call('HLEN', members) >= most then return {told(), 'full'} end
  local count, oldInfo = 0, nil
  if known then count, oldInfo = parse(known) end
  if call('SADD', here, user) == 1 then
    count = count + 1
    if call('SCARD', here) == 1 then
      first = true
      call('SADD', there, me)
      call('SADD', P .. 'held:' .. me, 'm' .. topic)
    end
  end
  call('HSET', members, user, count .. info)
  if quiet then
    if not known or oldInfo ~= info then
      tell(call('SMEMBERS', there), {'t', 'i', 'o', me, 'c', topic, 'u', user, 'i', info})
    end
  elseif not known then
    tell(call('SMEMBERS', there), {'t', 'a', 'o', me, 'c', topic, 'u', user, 'i', info})
  elseif oldInfo ~= info then
    tell(call('SMEMBERS', there), {'t', 'i', 'o', me, 'c', topic, 'u', user, 'i', info})
  end
else
  -- Sent again: how the first went is seen from what is so, and the list that may have been lost is sent again.
  if call('SISMEMBER', here, user) == 0 then return {told(), 'full'} end
  first = true
end
if first then return {told(), 'in', call('HGETALL', members)} end
return {told(), 'in'}
`);

/** ARGV: …, topic, user */
export const leave = script(`${operation}
if isNew then removeMember(me, ARGV[4], ARGV[5]) end
return {told()}
`);

/** ARGV: …, app/user */
export const signIn = script(`${operation}
if isNew then
  local key = P .. 'user:' .. ARGV[4]
  local before = call('EXISTS', key)
  if call('SADD', key, me) == 1 then call('SADD', P .. 'held:' .. me, 'u' .. ARGV[4]) end
  if before == 0 and not quiet then
    tell(call('SMEMBERS', P .. 'watch:' .. ARGV[4]), {'t', '+', 'o', me, 'c', ARGV[4]})
  end
end
return {told()}
`);

/** ARGV: …, app/user */
export const signOut = script(`${operation}
if isNew then removeUser(me, ARGV[4]) end
return {told()}
`);

/** ARGV: …, app/user. How it stands comes by the inbox, so that nothing newer is overtaken. */
export const watch = script(`${operation}
if isNew then
  call('SADD', P .. 'watch:' .. ARGV[4], me)
  call('SADD', P .. 'held:' .. me, 'w' .. ARGV[4])
end
if call('EXISTS', P .. 'user:' .. ARGV[4]) == 1 then send(me, {'t', '+', 'o', '', 'c', ARGV[4]})
else send(me, {'t', '-', 'o', '', 'c', ARGV[4]}) end
return {told()}
`);

/** ARGV: …, app/user */
export const unwatch = script(`${operation}
if isNew then
  call('SREM', P .. 'watch:' .. ARGV[4], me)
  call('SREM', P .. 'held:' .. me, 'w' .. ARGV[4])
end
return {told()}
`);

/** ARGV: …, app, count */
export const connections = script(`${operation}
if isNew then
  if ARGV[5] == '0' then
    call('HDEL', P .. 'connections', me .. '/' .. ARGV[4])
    call('SREM', P .. 'held:' .. me, 'c' .. ARGV[4])
  else
    call('HSET', P .. 'connections', me .. '/' .. ARGV[4], ARGV[5])
    call('SADD', P .. 'held:' .. me, 'c' .. ARGV[4])
  end
  for _, node in ipairs(allNodes()) do
    if node ~= me then send(node, {'t', 'k', 'o', me, 'c', ARGV[4], 'n', ARGV[5]}) end
  end
end
return {told()}
`);

/**
 * A member that this node's list has and this server does not: its node died while the server did not know of it.
 * Whoever is the first to notice tells. ARGV: …, topic, user
 */
export const missing = script(`${operation}
if isNew and call('HEXISTS', P .. 'members:' .. ARGV[4], ARGV[5]) == 0 then
  local claim = P .. 'missing:' .. ARGV[4] .. '/' .. ARGV[5]
  if call('SET', claim, '1', 'NX', 'PX', '60000') then
    tell(call('SMEMBERS', P .. 'there:' .. ARGV[4]), {'t', 'r', 'o', me, 'c', ARGV[4], 'u', ARGV[5]})
  end
end
return {told()}
`);

/** All members with the number of the inbox at which this is so. ARGV: …, topic */
export const members = script(`${operation}
return {told(), call('HGETALL', P .. 'members:' .. ARGV[4])}
`);

/**
 * A node comes, under a new name: its id and epoch.
 * ARGV: node, lease in ms, an id for the generation if there is none, names of all servers
 * Answers: generation, ms since it was born, connections of all nodes, or {'servers', what the others were given}
 */
export const register = script(`${common}
local at = now()
if call('ZCARD', P .. 'nodes') > 0 and call('ZCOUNT', P .. 'nodes', at, '+inf') > 0 then
  local others = call('GET', P .. 'servers')
  if others and others ~= ARGV[4] then return {'servers', others} end
end
call('SET', P .. 'servers', ARGV[4])
if call('EXISTS', P .. 'generation') == 0 then
  call('HSET', P .. 'generation', 'id', ARGV[3], 'born', at)
end
call('ZADD', P .. 'nodes', at + ARGV[2], me)
local born = tonumber(call('HGET', P .. 'generation', 'born'))
return {call('HGET', P .. 'generation', 'id'), at - born, call('HGETALL', P .. 'connections')}
`);

/**
 * Renews a lease and gives up the nodes whose lease is over; and says whom to sweep. If the caller's own was over as well,
 * it was the server that nobody could reach, and the others are given as long again.
 * ARGV: node, lease in ms, number of the last message read
 * Answers: 0 when this node was given up itself, else number of the last message, and up to ten nodes to sweep
 */
export const renew = script(`${common}
local lease = tonumber(alive() or 0)
if lease == 0 then return {0} end
local at = now()
call('ZADD', P .. 'nodes', at + ARGV[2], me)
call('XTRIM', P .. 'in:' .. me, 'MINID', (tonumber(ARGV[3]) + 1) .. '-0')
for _, node in ipairs(call('ZRANGEBYSCORE', P .. 'nodes', '-inf', at, 'LIMIT', 0, 10)) do
  if lease < at then
    call('ZADD', P .. 'nodes', at + ARGV[2], node)
  else
    call('ZREM', P .. 'nodes', node)
    call('ZADD', P .. 'dead', at, node)
  end
end
return {1, told(), call('ZRANGE', P .. 'dead', 0, 9)}
`);

/**
 * A node goes, or gives up its earlier epochs; another sweeps it, and is told to at once. Which ones there are the server
 * knows: it may have come back with a state that is older than the last of them.
 * ARGV: node, who goes, with what the names of all others begin that go
 */
export const retire = script(`${common}
local gone = {ARGV[2]}
if ARGV[2] ~= me then
  for _, node in ipairs(allNodes()) do
    if node ~= me and node ~= ARGV[2] and string.sub(node, 1, #ARGV[3]) == ARGV[3] then gone[#gone + 1] = node end
  end
end
for _, name in ipairs(gone) do
  if call('ZREM', P .. 'nodes', name) == 1 then call('ZADD', P .. 'dead', now(), name) end
end
for _, node in ipairs(allNodes()) do
  for _, name in ipairs(gone) do send(node, {'t', 'd', 'o', me, 'c', name}) end
end
return {}
`);

/**
 * Takes back a slice of what a dead node held, in the name of the caller: any survivor may do any slice, and none is
 * done twice. First come the facts that the dead node was to hand on and has not read.
 * ARGV: node, the dead one, most items. Answers 1 while there is more, 2 with the last slice, 0 when there is nothing to do.
 */
export const sweep = script(`${common}
local dead, most = ARGV[2], tonumber(ARGV[3])
if not alive() or not call('ZSCORE', P .. 'dead', dead) then return {0} end
local inbox = P .. 'in:' .. dead
local unread = call('XRANGE', inbox, '-', '+', 'COUNT', most)
if #unread > 0 then
  local last
  for _, entry in ipairs(unread) do
    last = entry[1]
    local fields = entry[2]
    local origin, kind
    for i = 1, #fields, 2 do
      if fields[i] == 'o' then origin = fields[i + 1] end
      if fields[i] == 't' then kind = fields[i + 1] end
    end
    if origin == dead and kind ~= 'k' and kind ~= 'd' and kind ~= 'i' then
      fields[#fields + 1] = 'x'
      fields[#fields + 1] = '1'
      for i = 1, #fields, 2 do
        if fields[i] == 'o' then fields[i + 1] = me end
      end
      send(me, fields)
    end
  end
  call('XTRIM', inbox, 'MINID', (tonumber(string.sub(last, 1, string.find(last, '-', 1, true) - 1)) + 1) .. '-0')
  return {1}
end
local held = P .. 'held:' .. dead
while most > 0 do
  local item = call('SRANDMEMBER', held)
  if not item then break end
  local kind, name = string.sub(item, 1, 1), string.sub(item, 2)
  if kind == 's' or kind == 'm' then
    -- Members first, so that a channel is vacated after its members have gone.
    local here = P .. 'here:' .. dead .. ':' .. name
    while most > 0 do
      local user = call('SRANDMEMBER', here)
      if not user then break end
      removeMember(dead, name, user)
      most = most - 1
    end
    if most > 0 then
      call('SREM', held, 'm' .. name)
      reportSubscriptions(dead, name, 0)
      call('SREM', held, 's' .. name)
    end
  elseif kind == 'u' then
    removeUser(dead, name)
    call('SREM', held, item)
  elseif kind == 'w' then
    call('SREM', P .. 'watch:' .. name, dead)
    call('SREM', held, item)
  else
    call('HDEL', P .. 'connections', dead .. '/' .. name)
    call('SREM', held, item)
    for _, node in ipairs(allNodes()) do
      send(node, {'t', 'k', 'o', dead, 'c', name, 'n', '0'})
    end
  end
  most = most - 1
end
if call('EXISTS', held) == 1 then return {1} end
call('ZREM', P .. 'dead', dead)
call('DEL', inbox, held)
call('HDEL', P .. 'told', dead)
call('HDEL', P .. 'done', dead)
return {2}
`);

/** ARGV: app, prefix of names, cursor. Answers the next cursor, then channel, subscriptions and members by turns. */
export const channelsPage = script(`
local P = 'earshot:1:'
local page = redis.call('HSCAN', P .. 'occupied:' .. ARGV[1], ARGV[3], 'COUNT', 500)
local found = {page[1]}
for i = 1, #page[2], 2 do
  local channel = page[2][i]
  if string.sub(channel, 1, #ARGV[2]) == ARGV[2] then
    found[#found + 1] = channel
    found[#found + 1] = tonumber(page[2][i + 1])
    found[#found + 1] = redis.call('HLEN', P .. 'members:' .. ARGV[1] .. '/' .. channel)
  end
end
return found
`);

/** ARGV: topic. Answers subscriptions and members. */
export const channelSummary = script(`
local P = 'earshot:1:'
return {tonumber(redis.call('HGET', P .. 'subs:' .. ARGV[1], '+') or 0), redis.call('HLEN', P .. 'members:' .. ARGV[1])}
`);

/** Answers how many nodes are alive, and the names of the servers that they were given. */
export const peers = script(`${common}
return {call('ZCOUNT', P .. 'nodes', now(), '+inf'), call('GET', P .. 'servers')}
`);

/** ARGV: topic. Answers the ids of its members. */
export const userIds = script(`return redis.call('HKEYS', 'earshot:1:members:' .. ARGV[1])`);

export const rosterScripts = [
  ...[subscriptions, join, leave, signIn, signOut, watch, unwatch, connections, missing, members],
  ...[register, renew, retire, sweep, channelsPage, channelSummary, userIds],
];
