import { script } from './connection.ts';

/*
 * What may be done within a time, counted for all nodes by the clock of the server; see `rates-redis.ts`.
 *
 *   bucket:<key>   hash     left, at: what was left in the bucket at that time, in milliseconds
 *   count:<key>    string   what was counted since its window began; it goes with the window
 */

/** key, amount, limit → 1 when there was enough */
export const takeFromBucket = script(`
local key, amount, limit = 'earshot:1:bucket:' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local kept = redis.call('HMGET', key, 'left', 'at')
local left, at = tonumber(kept[1] or limit), tonumber(kept[2] or now)
left = math.min(limit, left + math.max(0, now - at) / 1000 * limit)
local enough = left >= math.min(amount, limit)
if enough then left = left - amount end
redis.call('HSET', key, 'left', tostring(left), 'at', string.format('%.3f', now))
redis.call('PEXPIRE', key, math.ceil(1000 + math.max(0, -left) / limit * 1000))
return enough and 1 or 0
`);

/** key, points, milliseconds of a window → count, milliseconds until it ends */
export const addToCount = script(`
local key = 'earshot:1:count:' .. ARGV[1]
local count = redis.call('INCRBY', key, ARGV[2])
local left = redis.call('PTTL', key)
if left < 0 then
  redis.call('PEXPIRE', key, ARGV[3])
  left = tonumber(ARGV[3])
end
return {count, left}
`);

/** key → */
export const forgetCount = script(`
return redis.call('DEL', 'earshot:1:count:' .. ARGV[1])
`);
