import { type Command, InvalidArgumentError } from 'commander'
import type { Report } from '../index'
import type { Summary } from '../inspector/shown'
import { createCommand } from './command'
import { configureProvider, providerNames, type SettingOptions, withSettings } from './provider'
import { inert, type Terminal, UsageError } from './terminal'

interface Options extends SettingOptions {
  readonly provider: string
  readonly port: number
  readonly host: string
  readonly pagePort: number
  readonly forward?: string
  readonly verifiedOnly?: boolean
  readonly remote?: true
  readonly allowProduction?: true
  readonly keep: number
  readonly json?: true
}

const [, one = 'name'] = providerNames

export function listenCommand(terminal: Terminal): Command {
  const command = createCommand(
    'listen',
    'Receive webhooks at your desk, verify them, hand them on, and show them on a page.',
    [
      `payproof listen --provider ${one} --port 4000`,
      `payproof listen --provider ${one} --port 4000 --forward http://127.0.0.1:3000/webhooks/${one}`,
      `payproof listen --provider ${one} --secret-file .webhook-secret --json | jq .code`,
    ],
  )
  return withSettings(command)
    .requiredOption('--provider <name>', `whose webhooks: ${providerNames.join(', ')}`)
    .option('--port <number>', 'the port that receives, on any path; 0 is any that is free', port, 4000)
    .option('--host <address>', 'the interface that receives; the page is on 127.0.0.1 in any case', '127.0.0.1')
    .option('--page-port <number>', 'the port of the page; 0 is any that is free', port, 0)
    .option('--forward <url>', 'hand every delivery on to your app, byte for byte, and give back its answer')
    .option('--remote', 'allow --forward to another machine than this one')
    .option('--allow-production', 'listen although NODE_ENV is production: the page shows payments and who made them')
    .option('--verified-only', 'hand on only what verifies')
    .option('--keep <number>', 'how many deliveries the page keeps', count, 200)
    .action((options: Options) => run(terminal, options))
}

async function run(terminal: Terminal, options: Options): Promise<void> {
  assertMeant(terminal, options)
  const provider = await configureProvider(terminal, options.provider, options)
  const { startListening } = await import('../inspector/listen')
  const { json } = options
  const { page, receivesAt, forwardsTo, close } = await startListening({
    ...options,
    provider,
    maxDeliveries: options.keep,
    startCommand: commandOf(options),
    sendCommand: (to) => `payproof send ${provider.name} --to ${to}`,
    onDelivery: (delivery) =>
      json
        ? terminal.printJson({ type: 'delivery', ...delivery }, { lines: true })
        : terminal.print(line(terminal, delivery)),
    observe: (report) => tell(terminal, report),
  })
  if (json) terminal.printJson({ type: 'listening', receivesAt, forwardsTo, page }, { lines: true })
  else {
    const { bold, dim } = terminal.style
    terminal.print(`${dim('Receives at')}  ${bold(receivesAt)}  ${dim('on any path')}`)
    if (forwardsTo !== undefined) terminal.print(`${dim('Hands on to')}  ${inert(forwardsTo)}`)
    terminal.print(`${dim('Shows it at')}  ${bold(page)}\n`)
  }
  await interrupted()
  await close()
}

/** The page shows payments and who made them, and what is handed on leaves this machine: neither by accident. */
function assertMeant({ env }: Terminal, { forward, remote, allowProduction }: Options): void {
  if (env['NODE_ENV'] === 'production' && !allowProduction)
    throw new UsageError(
      'listen is for development, and NODE_ENV is production. --allow-production listens all the same.',
    )
  if (forward === undefined || remote || !URL.canParse(forward)) return
  const { hostname } = new URL(forward)
  if (/^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])$/.test(hostname)) return
  throw new UsageError(
    `${inert(hostname, 100)} is not this machine. If it is yours and meant to be handed this, add --remote.`,
  )
}

/** What else a person should know, and the page shows only when asked. */
function tell({ note, noteStyle }: Terminal, report: Report): void {
  if (report.type === 'diagnosis') note(`${noteStyle.yellow(report.cause)} ${inert(report.sentence)}`)
  if (report.type === 'drift')
    note(noteStyle.dim(`new to this version: ${inert(`${report.wireType} ${report.path ?? ''}`)}`))
}

function line({ style }: Terminal, delivery: Summary): string {
  const { number, receivedAtMs, verdict, outcome = '', answered, accepted, code, wireType, about } = delivery
  const time = new Date(receivedAtMs).toTimeString().slice(0, 8)
  const paint = verdict === 'refused' ? style.red : accepted ? style.green : style.yellow
  const what = [wireType ?? code ?? '', ...about].map((text) => inert(text, 80)).join('  ')
  const because = wireType !== undefined && code !== undefined ? ` (${code})` : ''
  return `${style.dim(`${time} #${number}`)}  ${paint(`${answered ?? '   '} ${outcome.replaceAll('_', ' ')}${because}`)}  ${what}`
}

/** The command without what would not be true the next time, or is a secret's place. */
function commandOf({ provider, port, forward }: Options): string {
  return `payproof listen --provider ${provider} --port ${port}${forward === undefined ? '' : ` --forward ${inert(forward)}`}`
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
}

function port(text: string): number {
  const number = Number(text)
  if (/^\d{1,5}$/.test(text) && number < 65_536) return number
  throw new InvalidArgumentError('It must be a number from 0 to 65535.')
}

function count(text: string): number {
  const number = Number(text)
  if (/^\d{1,5}$/.test(text) && number >= 1 && number <= 10_000) return number
  throw new InvalidArgumentError('It must be a number from 1 to 10000.')
}
