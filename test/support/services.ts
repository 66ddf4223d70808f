import { connect } from 'node:net'

export interface Services {
  readonly redis: string | undefined
  readonly postgres: string | undefined
  readonly mysql: string | undefined
}

/** Where the servers are, as `start-services.ts` found or started them. `undefined`: there is none. */
export const services: Services = {
  redis: process.env['REDIS_URL'] || undefined,
  postgres: process.env['POSTGRES_URL'] || undefined,
  mysql: process.env['MYSQL_URL'] || undefined,
}

export async function firstReachable(...urls: (string | undefined)[]): Promise<string | undefined> {
  for (const url of urls) if (url && (await isReachable(url))) return url
  return undefined
}

function isReachable(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      resolve(true)
      socket.destroy()
    })
    socket.setTimeout(5000, () => socket.destroy())
    socket.on('error', () => resolve(false)).on('close', () => resolve(false))
  })
}
