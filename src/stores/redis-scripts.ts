import { abandonedSeconds, toMs } from './store'

/** s: busy, free or done; t: token; l: end of the lease in the server's ms; n: claims granted; d: letter. */
export const claimScript = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local r = redis.call('HMGET', KEYS[1], 's', 'l')
if r[1] == 'done' then return {'completed'} end
if r[1] == 'busy' and tonumber(r[2]) > now then return {'in_progress', tonumber(r[2]) - now} end
local n = redis.call('HINCRBY', KEYS[1], 'n', 1)
redis.call('HSET', KEYS[1], 's', 'busy', 't', ARGV[1], 'l', string.format('%.0f', now + ARGV[2]))
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'd', ARGV[4]) end
if redis.call('HEXISTS', KEYS[1], 'd') == 1 then redis.call('PERSIST', KEYS[1])
else redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return {'acquired', n}`

const ownerOnly = `
local r = redis.call('HMGET', KEYS[1], 's', 't')
if r[1] ~= 'busy' or r[2] ~= ARGV[1] then return 0 end`

export const renewScript = `${ownerOnly}
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], 'l', string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2]))
return 1`

export const completeScript = `${ownerOnly}
redis.call('HSET', KEYS[1], 's', 'done')
redis.call('HDEL', KEYS[1], 't', 'l')
local letters = redis.call('HDEL', KEYS[1], 'd')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1, letters}`

export const releaseScript = `${ownerOnly}
redis.call('HSET', KEYS[1], 's', 'free')
redis.call('HDEL', KEYS[1], 't', 'l')
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 'd', ARGV[2])
  redis.call('PERSIST', KEYS[1])
end
return 1`

/** Whether somebody is handling it. */
const busy = `
local t = redis.call('TIME')
local r = redis.call('HMGET', KEYS[1], 's', 'l', 'd', 'n')
local busy = r[1] == 'busy' and tonumber(r[2]) > t[1] * 1000 + math.floor(t[2] / 1000)`

export const letterScript = `${busy}
if not r[3] or (busy and ARGV[1] == 'idle') then return {} end
return {r[3], tonumber(r[4])}`

export const discardScript = `${busy}
if not r[3] or busy then return 0 end
redis.call('PEXPIRE', KEYS[1], ${toMs(abandonedSeconds)})
return redis.call('HDEL', KEYS[1], 'd')`
