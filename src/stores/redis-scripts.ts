import { abandonedSeconds, toMs } from './store'

/**
 * A record is a string: `b<token>:<claims granted>` while somebody has the key, `f:<claims granted>` when it was given back,
 * `d:<claims granted>` when it is done. Behind a blank stands the letter, if there is one. A record that somebody has lives this
 * much longer than the lease, and so its time to live says, by the server's clock, what is left of the lease.
 */
const afterLeaseMs = toMs(abandonedSeconds)
/** The same where there is a letter. Not for ever, which some servers would shorten: 8 years. */
const afterLeaseWithLetterMs = toMs(8 * 365 * 86_400)

/** In braces: no key is the index, or that of another prefix. Safe in a Cluster, as no call touches a second key. */
export function recordOf(prefix: string, key: string): string {
  return `${prefix}{${key}}`
}

/** Grants a new key. Answers the record of one that is not. */
export function claimNew(record: string, token: string, leaseMs: number): string[] {
  return ['SET', record, `b${token}:1`, 'NX', 'GET', 'PX', String(leaseMs + afterLeaseMs)]
}

const afterLease = `(letter == '' and ${afterLeaseMs} or ${afterLeaseWithLetterMs})`
const parsed = `local state, n, letter = string.match(r, '^(%a)[%x-]*:(%d+)(.*)')`
const owned = `
local r = redis.call('GET', KEYS[1])
if not r or string.sub(r, 1, 38) ~= 'b' .. ARGV[1] .. ':' then return 0 end`

/** Whose token is there already is asking again: a client that lost the connection sends what had no answer once more. */
export const claimScript = `
local r = redis.call('GET', KEYS[1]) or 'f:0'
${parsed}
if state == 'd' then return {'completed'} end
if state == 'b' then
  if string.sub(r, 2, 37) == ARGV[1] then return {'acquired', tonumber(n)} end
  local left = redis.call('PTTL', KEYS[1]) - ${afterLease}
  if left > 0 then return {'in_progress', left} end
end
if ARGV[3] ~= '' then letter = ' ' .. ARGV[3] end
redis.call('SET', KEYS[1], 'b' .. ARGV[1] .. ':' .. n + 1 .. letter, 'PX', ARGV[2] + ${afterLease})
return {'acquired', n + 1}`

export const renewScript = `${owned}
${parsed}
redis.call('PEXPIRE', KEYS[1], ARGV[2] + ${afterLease})
return 1`

/** 2: there was a letter. */
export const completeScript = `${owned}
local n = string.match(r, '^%d+', 39)
redis.call('SET', KEYS[1], 'd:' .. n, 'PX', ARGV[2])
return #r == 38 + #n and 1 or 2`

export const releaseScript = `${owned}
${parsed}
if ARGV[2] ~= '' then letter = ' ' .. ARGV[2] end
if letter == '' then redis.call('SET', KEYS[1], 'f:' .. n, 'PX', ${afterLeaseMs})
else redis.call('SET', KEYS[1], 'f:' .. n .. letter) end
return 1`

const idle = `
local r = redis.call('GET', KEYS[1])
if not r then return {} end
${parsed}
local busy = state == 'b' and redis.call('PTTL', KEYS[1]) > ${afterLease}`

export const letterScript = `${idle}
if letter == '' or (busy and ARGV[1] == 'idle') then return {} end
return {string.sub(letter, 2), tonumber(n)}`

export const discardScript = `${idle}
if letter == '' or busy then return {} end
redis.call('SET', KEYS[1], string.sub(r, 1, -1 - #letter), 'PX', ${afterLeaseMs})
return {1}`
