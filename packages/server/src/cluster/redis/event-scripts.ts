import { script } from './connection.ts';

/*
 * The last event of a cache channel, as a server keeps it: `earshot:1:event:<topic>`, which ends when its time is up. In it
 * is when the event came, by the clock of this server, and behind a space the message that was published.
 */
const common = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/** What is to be kept begins with this, which no channel of ours does. */
export const keepMark = '=';

/**
 * Publishes, and keeps what is to be kept in the same step. ARGV: channel and message by turns; the channel of an event to be
 * kept has `=`, the milliseconds and a space before it. What the server cannot keep, because its memory is full, is
 * published all the same, and what was kept before is dropped, since it is not the newest.
 * Answers why something was not kept, if so.
 */
export const publish = script(`${common}
local refused = false
for i = 1, #ARGV, 2 do
  local channel, message = ARGV[i], ARGV[i + 1]
  if string.byte(channel) == 61 then
    local ms, name, topic = string.match(channel, '^=(%d+) (earshot:%d+:(.*))$')
    local key = 'earshot:1:event:' .. topic
    local kept = redis.pcall('SET', key, now() .. ' ' .. message, 'PX', ms)
    if kept.err then
      refused = kept.err
      redis.pcall('DEL', key)
    end
    channel = name
  end
  redis.call('PUBLISH', channel, message)
end
return refused
`);

/**
 * Keeps an event that came while this server was away, unless a newer one has come since.
 * ARGV: topic, message, milliseconds since it came, milliseconds that it is still to be kept
 */
export const keepLate = script(`${common}
local key = 'earshot:1:event:' .. ARGV[1]
local at = now() - ARGV[3]
local kept = redis.call('GET', key)
local since = kept and tonumber(string.match(kept, '^(%d+) '))
if not since or since < at then redis.call('SET', key, at .. ' ' .. ARGV[2], 'PX', ARGV[4]) end
`);

/** ARGV: topic. Answers the event and how long it is still kept. */
export const keptEvent = script(`
local key = 'earshot:1:event:' .. ARGV[1]
return {redis.call('GET', key), redis.call('PTTL', key)}
`);
