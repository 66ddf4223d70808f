import { misconfigured } from '../errors'
import { asked } from './store'

/** ioredis, node-redis, or a function that sends one command and gives its answer. */
export type RedisClient =
  | { call(command: string, ...args: string[]): Promise<unknown> }
  | { sendCommand(args: string[]): Promise<unknown> }
  | ((args: string[]) => Promise<unknown>)

export type Send = (args: string[]) => Promise<unknown>

export function senderOf(client: RedisClient): Send {
  if (typeof client === 'function') return (args) => asked(() => client(args))
  if (typeof client === 'object' && client !== null) {
    // ioredis has both; its sendCommand takes a command object.
    if ('call' in client) return (args) => asked(() => client.call(...(args as [string, ...string[]])))
    if ('sendCommand' in client) return (args) => asked(() => client.sendCommand(args))
  }
  throw misconfigured(
    'redisStore(client)',
    'must be a client of ioredis or node-redis, or a function that sends one command.',
  )
}

/** Runs a script on the record of one key. */
export type RunScript = (script: string, record: string, ...args: string[]) => Promise<unknown>

/** By hash; the text is sent when the server does not know it, after a restart or a failover. */
export function scriptRunner(send: Send): RunScript {
  const hashes = new Map<string, string>()
  return async (script, record, ...args) => {
    const hash = hashes.get(script)
    if (hash !== undefined) {
      try {
        return await send(['EVALSHA', hash, '1', record, ...args])
      } catch (error) {
        if (!String(error).includes('NOSCRIPT')) throw error
      }
    }
    const answer = await send(['EVAL', script, '1', record, ...args])
    // The answer stands whether or not the script can be called by its hash next time.
    await send(['SCRIPT', 'LOAD', script]).then(
      (loaded) => hashes.set(script, String(loaded)),
      () => {},
    )
    return answer
  }
}
