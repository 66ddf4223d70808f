import { connect } from 'node:net'

export interface Services {
  readonly redis: string | undefined
  readonly postgres: string | undefined
  readonly mysql: string | undefined
}

/** Where the servers are: as the environment says, or where they usually are. `undefined`: nobody answers there. */
export const services: Services = {
  redis: await reachable(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'),
  postgres: await reachable(process.env['POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'),
  mysql: await reachable(process.env['MYSQL_URL'] ?? 'mysql://root@127.0.0.1:3306/test'),
}

function reachable(url: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.destroy()
      resolve(url)
    })
    socket.setTimeout(1000, () => socket.destroy())
    socket.on('error', () => resolve(undefined)).on('close', () => resolve(undefined))
  })
}
