import type { Sender, SettingValues } from '../../testing/senders/sender'
import { letProcessEnd } from '../process-end'
import { type Configuration, readConfiguration, type SettingOptions, senderNamed } from '../provider'
import { shown } from '../shown'
import { readStoreAddress } from '../stores/address'
import { type Terminal, UsageError } from '../terminal'
import { type Check, isProblem } from './check'
import { forgedDelivery, genuineDeliveries } from './deliveries'
import { checkEndpoint } from './endpoint'
import { findSecrets } from './found-secrets'
import { countOf, printChecks } from './report'
import { checkSecrets } from './secrets'
import { checkStore } from './store'

export interface DoctorOptions extends SettingOptions {
  readonly provider?: string
  readonly genuine?: true
  readonly store?: string
  readonly table: string
  readonly prefix: string
  readonly timeout: string
  readonly json?: true
}

/** Runs every check that what was given allows, and prints them all. */
export async function runDoctor(
  terminal: Terminal,
  address: string | undefined,
  options: DoctorOptions,
): Promise<void> {
  const { table, prefix, json, provider } = options
  const url = address === undefined ? undefined : parseUrl(address)
  const timeoutMs = parseTimeout(options.timeout) * 1000
  const store = readStoreAddress(terminal, options.store)
  const sender = provider === undefined ? undefined : senderNamed(provider)
  if (url !== undefined && sender === undefined)
    throw new UsageError('An endpoint needs --provider: whose deliveries does it receive?')
  if (url === undefined && store === undefined && sender === undefined)
    throw new UsageError('Give the address of an endpoint, --provider to look at secrets, or --store.')
  const settings =
    options.genuine && sender !== undefined ? await readConfiguration(terminal, sender, options) : undefined

  const checks: Check[] = []
  if (sender !== undefined) checks.push(...(await checkLocal(terminal, sender, settings?.values, options)))
  if (url !== undefined && sender !== undefined)
    checks.push(...(await checkEndpoint({ url, ...sent(sender, settings), timeoutMs, progress: progressOf(terminal) })))
  if (store !== undefined) {
    progressOf(terminal)('looking at the store')
    checks.push(...(await checkStore(store, { table, prefix, timeoutMs })))
  }
  terminal.progress('')
  if (json) terminal.printJson(documentOf(url, provider, checks))
  else printChecks(terminal, checks)
  if (checks.some(isProblem)) terminal.fail()
  // A store that does not answer is still waited for.
  letProcessEnd()
}

async function checkLocal(
  terminal: Terminal,
  sender: Sender,
  values: SettingValues | undefined,
  options: DoctorOptions,
): Promise<readonly Check[]> {
  const secrets = sender.settings.filter(({ secret }) => secret)
  if (secrets.length === 0) return []
  const variables = secrets.map(({ variable }) => variable)
  const found = await findSecrets(terminal, sender, values, options.secretFile)
  return checkSecrets(found, `Set ${variables.join(' or ')}, or give --secret-file, to have its shape looked at.`)
}

function sent(sender: Sender, settings: Configuration | undefined) {
  return {
    forged: forgedDelivery(sender),
    genuine: settings === undefined ? 'Nothing genuine was sent: --genuine does.' : genuineDeliveries(sender, settings),
    answerLimitSeconds: sender.givesUpAfterSeconds,
  }
}

const progressOf = (terminal: Terminal) => (what: string) => terminal.progress(`${what} …`)

function documentOf(url: URL | undefined, provider: string | undefined, checks: readonly Check[]): object {
  return {
    ...(url === undefined ? {} : { url: `${url.origin}${url.pathname}` }),
    ...(provider === undefined ? {} : { provider }),
    problems: countOf(checks, 'problem'),
    warnings: countOf(checks, 'warning'),
    checks,
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(
      `${text.includes('@') ? 'What was given' : shown(text.replace(/[?#].*/s, ''), 'What was given', 80)} is no address: it must begin with https:// or http://.`,
    )
  if (url.username !== '' || url.password !== '')
    throw new UsageError('The address must hold no user and password: no provider sends any.')
  url.hash = ''
  return url
}

function parseTimeout(text: string): number {
  const seconds = Number(text)
  if (seconds >= 1 && seconds <= 120) return seconds
  throw new UsageError('--timeout takes a number of seconds from 1 to 120.')
}
