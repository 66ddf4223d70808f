import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A wire to a server that counts what goes over it, and can be cut: nothing goes through any more, and nobody is told. */
export interface Link {
  readonly port: number
  /** `url` by way of this wire. */
  readonly through: (url: string) => string
  readonly counted: { sentBytes: number; receivedBytes: number; roundTrips: number }
  cut(): void
  close(): Promise<void>
}

export async function openLink(toPort: number): Promise<Link> {
  const counted = { sentBytes: 0, receivedBytes: 0, roundTrips: 0 }
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    const target = connect({ port: toPort, host: '127.0.0.1', noDelay: true })
    client.setNoDelay(true)
    let asking = false
    const pass = (from: Socket, to: Socket, note: (bytes: number) => void) => {
      sockets.add(from)
      from.on('error', () => {}).on('close', () => to.destroy())
      from.on('data', (chunk: Buffer) => {
        if (isCut) return
        note(chunk.length)
        to.write(chunk)
      })
    }
    pass(client, target, (bytes) => {
      counted.sentBytes += bytes
      if (!asking) counted.roundTrips++
      asking = true
    })
    pass(target, client, (bytes) => {
      counted.receivedBytes += bytes
      asking = false
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The link listens on no port.')
  const { port } = address
  return {
    port,
    counted,
    through: (url) => Object.assign(new URL(url), { port: String(port) }).href,
    cut() {
      isCut = true
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
