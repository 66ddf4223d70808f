import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a server that can be cut, or made to say nothing. */
export interface ServerProxy {
  readonly url: string
  /** Ends every connection and takes no other, until `open`. */
  cut(): Promise<void>
  /** Takes every connection and answers nothing, until `open`. */
  silence(): void
  open(): Promise<void>
  close(): Promise<void>
}

export async function startProxy(to: string): Promise<ServerProxy> {
  const { port: toPort, hostname } = new URL(to)
  const url = new URL(to)
  const sockets = new Set<Socket>()
  let silent = false
  const server: Server = createServer((client) => {
    const upstream = connect(Number(toPort), hostname)
    for (const [one, other] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(one)
      one.on('data', (chunk) => void (silent || other.write(chunk)))
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  const listen = (port: number) => once(server.listen(port, '127.0.0.1'), 'listening')
  await listen(0)
  const { port } = server.address() as AddressInfo
  url.port = String(port)
  url.hostname = '127.0.0.1'
  async function cut(): Promise<void> {
    const closed = server.listening ? once(server, 'close') : undefined
    if (closed !== undefined) server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return {
    url: url.href,
    cut,
    silence() {
      silent = true
    },
    async open() {
      if (silent) for (const socket of sockets) socket.destroy()
      silent = false
      if (!server.listening) await listen(port)
    },
    close: cut,
  }
}
