import { type RedisClient, redisStore } from '../../stores/redis'
import { recordOf } from '../../stores/redis-scripts'
import { asked, type Letters } from '../../stores/store'
import { loadDriver } from './driver'
import type { OpenSettings, OpenStore } from './open'

type Connect = (url: string, timeoutMs: number, module: never) => Promise<Connection>

interface Connection {
  readonly client: RedisClient
  send(args: readonly string[]): Promise<unknown>
  close(): unknown
}

/** ioredis, or node-redis. Neither tries again: here a failure is the answer. */
const connectors: Readonly<Record<string, Connect>> = {
  async ioredis(url, timeoutMs, { Redis }: { Redis: new (url: string, options: object) => IoRedis }) {
    const options = { lazyConnect: true, connectTimeout: timeoutMs, maxRetriesPerRequest: 0, retryStrategy: () => null }
    const client = new Redis(url, options)
    let failure: unknown
    client.on('error', (error) => {
      failure = error
    })
    await client.connect().catch((error: unknown) => {
      throw failure ?? error
    })
    const send = ([command = '', ...args]: readonly string[]) => client.call(command, ...args)
    return { client, send, close: () => client.disconnect() }
  },
  async redis(url, timeoutMs, { createClient }: { createClient: (options: object) => NodeRedis }) {
    const client = createClient({ url, socket: { connectTimeout: timeoutMs, reconnectStrategy: false } })
    client.on('error', () => {})
    await client.connect()
    return { client, send: (args) => client.sendCommand([...args]), close: () => client.destroy() }
  },
}

interface IoRedis {
  connect(): Promise<unknown>
  disconnect(): void
  on(event: 'error', listener: (error: unknown) => void): unknown
  call(command: string, ...args: string[]): Promise<unknown>
}

interface NodeRedis {
  connect(): Promise<unknown>
  destroy(): void
  on(event: 'error', listener: () => void): unknown
  sendCommand(args: string[]): Promise<unknown>
}

export async function openRedis(url: string, { prefix, timeoutMs }: OpenSettings): Promise<OpenStore> {
  const { name, module } = await loadDriver(Object.keys(connectors))
  const connect = connectors[name] as Connect
  const { client, send, close } = await asked(() => connect(url, timeoutMs, module as never))
  const store = redisStore(client, { prefix, warn: () => {} })
  return {
    driver: name,
    store: () => store as typeof store & { readonly letters: Letters },
    ask: async (command) => [await asked(() => send(command.split(' ')))],
    forget: async (key) => {
      await asked(() => send(['DEL', recordOf(prefix, key)]))
    },
    close: async () => {
      await close()
    },
  }
}
