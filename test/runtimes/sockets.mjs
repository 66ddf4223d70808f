// `nodeWebhook` on the node:http of each runtime: one delivery, however its bytes come in, on one connection after another.
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { createReceiver, memoryStore, payqi } from 'payproof'
import { nodeWebhook } from 'payproof/node'

const secret = 'a-secret-of-the-runtimes-0123456789'
const runs = []
const receiver = createReceiver({ provider: payqi({ secret }), store: memoryStore(), observe() {} })
const server = createServer(nodeWebhook(receiver, ({ id }) => void runs.push(id)))
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const { port } = server.address()

function delivery(id, padding = 0) {
  const created = Math.floor(Date.now() / 1000)
  const data = { id: 'p', amount: 5, currency: 'XRP', status: 'completed', pay_address: 'r' }
  const body = JSON.stringify({ id, type: 'payment.completed', created, data, padding: 'x'.repeat(padding) })
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const head = `POST / HTTP/1.1\r\nhost: shop\r\nx-payqi-signature: ${signature}\r\nx-payqi-timestamp: ${created}\r\n`
  return { body, head }
}
const sized = ({ head, body }) => `${head}content-length: ${body.length}\r\n\r\n`
const chunked = ({ head, body }) =>
  `${head}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

/** Sends the parts one after another on one connection, and gives the statuses of as many answers. */
function statuses(parts, count) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    const late = setTimeout(() => finish(reject, new Error(`${count} answers were due, got: ${text}`)), 10_000)
    function finish(end, value) {
      clearTimeout(late)
      socket.destroy()
      end(value)
    }
    socket.setNoDelay(true)
    socket.on('error', (error) => finish(reject, error))
    socket.on('data', (bytes) => {
      text += bytes
      const found = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
      if (found.length === count && text.endsWith('OK')) finish(resolve, found)
    })
    socket.on('connect', async () => {
      for (const part of parts) {
        socket.write(part)
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
    })
  })
}

const whole = delivery('whole')
const later = delivery('later')
const cut = delivery('cut')
const large = delivery('large', 300_000)
const stream = delivery('stream')
const [first, second] = [delivery('first'), delivery('second')]
const plays = {
  whole: [[sized(whole) + whole.body], 1],
  later: [[sized(later), later.body], 1],
  cut: [[sized(cut) + cut.body.slice(0, 40), cut.body.slice(40)], 1],
  large: [[sized(large) + large.body], 1],
  stream: [[chunked(stream)], 1],
  'two at once': [[sized(first) + first.body + sized(second) + second.body], 2],
  'two in turn': [[sized(first) + first.body, sized(second) + second.body], 2],
}
for (const [name, [parts, count]] of Object.entries(plays)) {
  const given = await statuses(parts, count)
  if (given.some((status) => status !== 200)) throw new Error(`${name}: ${given}`)
}
const expected = ['whole', 'later', 'cut', 'large', 'stream', 'first', 'second']
if (String(runs) !== String(expected)) throw new Error(`handled ${runs}`)
server.close()
process.exit(0)
