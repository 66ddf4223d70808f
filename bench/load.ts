import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Delivery } from './wires'

/** What the sender saw of one slice. */
export interface Load {
  readonly wallMs: number
  /** Of each request, in the order of their ends. */
  readonly latenciesMs: readonly number[]
}

/** The bytes of one request, made before anything is measured. */
export function toRequest({ headers, body }: Delivery): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`POST /webhook HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), body])
}

/**
 * Sends requests over so many kept connections, on each the next one when the last was answered. Written on bare sockets,
 * so that the sender needs far less of the machine than the server it measures. Ends with an error unless all are answered 200.
 */
export async function sendAll(port: number, requests: readonly Buffer[], connections: number): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)))
  try {
    const latenciesMs: number[] = []
    let sent = 0
    const startedMs = performance.now()
    const lane = async (socket: Socket) => {
      for (let request = requests[sent++]; request !== undefined; request = requests[sent++])
        latenciesMs.push(await exchange(socket, request))
    }
    await Promise.all(sockets.map(lane))
    return { wallMs: performance.now() - startedMs, latenciesMs }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1')
  await once(socket, 'connect')
  return socket
}

/** Sends one request and gives how long its whole answer took. */
function exchange(socket: Socket, request: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now()
    let answer = ''
    const end = () => socket.off('data', onData).off('error', onError).off('close', onClose)
    const fail = (reason: string) => {
      end()
      reject(new Error(`${reason}: ${JSON.stringify(answer.slice(0, 300))}`))
    }
    const onClose = () => fail('The server closed the connection')
    const onError = () => fail('The connection failed')
    const onData = (text: string) => {
      answer += text
      if (!isComplete(answer)) return
      if (!answer.startsWith('HTTP/1.1 200 ')) return fail('Not answered 200')
      end()
      resolve(performance.now() - startedMs)
    }
    socket.on('data', onData).once('error', onError).once('close', onClose)
    socket.write(request)
  })
}

/** Whether the answer is there to its end, by its length or its last chunk. */
export function isComplete(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n')
  if (head < 0) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, head + 2))?.[1]
  if (length !== undefined) return answer.length >= head + 4 + Number(length)
  return answer.endsWith('\r\n0\r\n\r\n') || answer.endsWith('\r\n\r\n0\r\n\r\n')
}
