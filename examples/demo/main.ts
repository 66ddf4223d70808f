/** Starts the shop on a free loopback port, plays deliveries to it, and says what became of each: `npm run demo`. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Report } from 'payproof'
import { createApis, mugglepayApiKey } from './apis'
import { kasperopayMerchantId, kasperopayOrders, type Step, secrets, steps } from './script'
import { createShop } from './shop'

interface Row {
  readonly cells: readonly string[]
  readonly right: boolean
}

const reports: Report[] = []
let handlerRuns = 0

const apis = createApis()
const apiUrl = await listen(apis)
const shop = createShop({
  secrets,
  mugglepayApiKey,
  kasperopayMerchantId,
  kasperopayOrders,
  apiUrl,
  observe: (report) => reports.push(report),
  handle: () => handlerRuns++,
})
const server = createServer(shop)
const shopUrl = await listen(server)

const rows: Row[] = []
for (const step of steps) rows.push(await play(step))
for (const open of [server, apis]) open.close()

print(rows)
const wrong = rows.filter(({ right }) => !right).length
console.log(`\n${rows.length} deliveries, ${rows.length - wrong} verdicts right, ${wrong} wrong.`)
process.exitCode = wrong === 0 ? 0 : 1

async function play({ provider, what, delivery, status, verdict, handlerRuns: mustRun }: Step): Promise<Row> {
  const runsBefore = handlerRuns
  const answer = await fetch(`${shopUrl}/webhooks/${provider}`, { method: 'POST', ...delivery })
  await answer.text()
  const ran = handlerRuns > runsBefore
  const report = reports.at(-1)
  const became = report?.type === 'delivery' ? (report.code ?? report.outcome) : 'nothing'
  const right = answer.status === status && became === verdict && ran === mustRun
  return {
    cells: [
      provider,
      what,
      String(answer.status),
      became,
      ran ? 'yes' : 'no',
      right ? 'right' : `WRONG: expected ${status} ${verdict}`,
    ],
    right,
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function print(rows: readonly Row[]): void {
  const head = ['provider', 'delivery', 'answer', 'outcome', 'handler ran', 'verdict']
  const table = [head, ...rows.map(({ cells }) => cells)]
  const widths = head.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  console.log(line(head))
  console.log(widths.map((width) => '─'.repeat(width)).join('  '))
  for (const { cells } of rows) console.log(line(cells))
}
