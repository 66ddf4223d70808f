import type { Provider } from '../../providers/provider'
import type { Sender, SettingValues } from '../../testing/senders/sender'
import { readConfiguration } from '../provider'
import { shown } from '../shown'
import { type Terminal, UsageError } from '../terminal'
import { provenOf } from './expect'
import { judge } from './judge'
import { payloadIn, type SendOptions, targetOf } from './options'
import { type Plan, type PlannedEvent, planShots, type Shot } from './plan'
import { createProgress, printSummary, type Summary } from './print'
import { type Sent, sendAll } from './run'
import type { About } from './sentences'
import { isConfirmed, type ServedApi, serveApi } from './stand-in'
import { createTransport } from './transport'

const maxShots = 100_000

/** Sends what was asked for, and says what was wrong with the answers. */
export async function runSend(
  terminal: Terminal,
  sender: Sender,
  event: string | undefined,
  options: SendOptions,
): Promise<void> {
  const url = targetOf(options)
  const events = eventsOf(sender, event, options)
  const { values, secretFrom } = await readConfiguration(terminal, sender, options)
  const provider = sender.createProvider(values)
  if (options.rotate && !Object.values(values).some((value) => Array.isArray(value) && value.length > 1))
    throw new UsageError('--rotate needs two secrets or more: one a line in --secret-file, the newest first.')
  const api = isConfirmed(sender, values) ? await serveApi(sender, values, options.apiPort) : undefined
  try {
    if (api !== undefined) terminal.note(`A stand-in for ${sender.title}'s API answers. ${api.setting}`)
    const plan = planOf(sender, values, events, options)
    const shots = planShots(sender, values, plan, (delivery) => api?.confirm(delivery))
    if (shots.length > maxShots) throw new UsageError(`${shots.length} deliveries are more than ${maxShots}.`)
    const { all, seconds } = await sendInTime(terminal, url, shots, options)
    const proven = await provenOf(api === undefined ? provider : sender.createProvider(values, api.fetch), all)
    const judgement = judge(all, proven, {
      ...aboutOf(sender, provider, options, api),
      ...(secretFrom && { secretFrom }),
    })
    const counts = { planned: shots.length, sent: all.length, seconds: Math.round(seconds * 1000) / 1000 }
    conclude(terminal, { provider: sender.name, to: `${url.origin}${url.pathname}`, ...counts, ...judgement }, options)
  } finally {
    api?.close()
  }
}

function aboutOf(sender: Sender, provider: Provider, { timeout }: SendOptions, api: ServedApi | undefined): About {
  const { contentType, body } = provider.acknowledgement
  return {
    title: sender.title,
    timeoutSeconds: timeout,
    ...(api && { api }),
    ...(sender.givesUpAfterSeconds && { givesUpAfterSeconds: sender.givesUpAfterSeconds }),
    ...(contentType.startsWith('application/json') && { acknowledgement: body }),
  }
}

function conclude(terminal: Terminal, summary: Summary, { json }: SendOptions): void {
  if (summary.problems.length > 0 || summary.sent < summary.planned) terminal.fail()
  if (json) terminal.printJson(summary)
  else printSummary(terminal, summary)
}

async function sendInTime(terminal: Terminal, url: URL, shots: readonly Shot[], options: SendOptions) {
  const parallel = options.concurrent ? options.parallel : 1
  const transport = createTransport(url, { sockets: parallel, timeoutMs: options.timeout * 1000 })
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  const timer = setTimeout(interrupt, options.maxSeconds * 1000)
  process.once('SIGINT', interrupt)
  const progress = createProgress(terminal, shots.length)
  const all: Sent[] = []
  const startMs = performance.now()
  try {
    const onSent = (sent: Sent) => progress(all.push(sent))
    await sendAll(shots, transport, { parallel, signal: stop.signal, onSent })
  } finally {
    terminal.progress('')
    clearTimeout(timer)
    process.off('SIGINT', interrupt)
    transport.close()
  }
  return { all, seconds: (performance.now() - startMs) / 1000 }
}

type Events = readonly [PlannedEvent, ...PlannedEvent[]]

function eventsOf(sender: Sender, event: string | undefined, { all, form, payload }: SendOptions): Events {
  const [first, ...others] = pairsOf(sender).filter((pair) => form === undefined || pair.form === form)
  if (first === undefined)
    throw new UsageError(
      `${sender.title} has no form ${shown(form ?? '', 'of that name', 40)}: it has ${Object.keys(sender.forms).join(', ')}.`,
    )
  const known: Events = [first, ...others]
  if (all) return known
  if (payload !== undefined) return [{ type: event ?? sender.usualEvent, ...(form !== undefined && { form }) }]
  const wanted = known.find(({ type }) => type === (event ?? sender.usualEvent)) ?? (event === undefined && first)
  if (wanted) return [wanted]
  throw new UsageError(
    `${sender.title} sends no ${shown(event ?? '', 'such event', 60)}${form === undefined ? '' : ' in that form'}: \`payproof send ${sender.name} --list\` lists what it sends.`,
  )
}

/** Every event type in every form that has it: the same type in two forms is two bodies. */
function pairsOf({ forms }: Sender): PlannedEvent[] {
  return Object.entries(forms).flatMap(([form, { samples }]) => Object.keys(samples).map((type) => ({ type, form })))
}

function planOf(sender: Sender, values: SettingValues, events: Events, options: SendOptions): Plan {
  const { count, duplicates, id, data, payload, skew } = options
  return {
    events,
    count: options.all ? Math.max(count, events.length) : count,
    duplicates,
    reorder: options.reorder ?? false,
    tamper: options.tamper ?? false,
    forge: options.forge ?? false,
    rotate: options.rotate ?? false,
    failFirst: options.failFirst ?? false,
    forgedValues: forged(sender, values),
    ...(skew !== undefined && { skewSeconds: skew }),
    ...(id !== undefined && { id }),
    ...(data !== undefined && { data }),
    ...(payload !== undefined && { payload: payloadIn(payload) }),
  }
}

/** The same settings with secrets that nobody knows. */
function forged({ settings }: Sender, values: SettingValues): SettingValues {
  const secrets = settings.filter(({ name, secret }) => secret && values[name] !== undefined)
  return { ...values, ...Object.fromEntries(secrets.map(({ name }) => [name, crypto.randomUUID()])) }
}
