import type { Command } from 'commander'
import type { Explanation } from '../index'
import { senderByName } from '../testing/senders'
import type { Sender } from '../testing/senders/sender'
import { createCommand } from './command'
import { providerNames, readConfiguration, type SettingOptions, senderNamed, withSettings } from './provider'
import { readSecrets } from './secrets'
import { inert, type Terminal, UsageError } from './terminal'

interface Options extends SettingOptions {
  readonly body: string
  readonly headers: string
  readonly otherSecretFile?: string
  readonly at?: string
  readonly offline?: true
  readonly json?: true
}

const withApi = Object.values(senderByName).filter(({ api }) => api !== undefined)
const askedApis = `The API that confirms is asked, for real, as a receiver asks it: ${withApi
  .map(({ title, api }) => title + (api?.keySetting === undefined ? '' : ` (where ${api.keySetting} is set)`))
  .join(', ')}.
Give --offline to leave that out.`

export function explainCommand(terminal: Terminal): Command {
  return withSettings(
    createCommand(
      'explain',
      'Say why a delivery does not verify, and what to do. Exits with 0 if it does, else with 1.',
      [
        `payproof explain ${providerNames[1]} --body body.bin --headers headers.txt`,
        `pbpaste | payproof explain ${providerNames[2]} --body body.json --headers -`,
        `payproof explain ${providerNames[3]} --body b.json --headers h.json --at 2026-11-20T10:00:00Z --other-secret-file test.secret`,
      ],
    ),
  )
    .addHelpText('after', `\n${askedApis}\n`)
    .argument('<provider>', `one of ${providerNames.join(', ')}`)
    .requiredOption('--body <file>', 'the raw body, byte for byte as it came (- is stdin)')
    .requiredOption('--headers <file>', 'its headers: JSON, or lines as `Name: value` (- is stdin)')
    .option('--other-secret-file <path>', 'other secrets of yours, one a line: one of them may have signed it')
    .option('--offline', 'do not ask the API of a provider that confirms, and say what stays open')
    .option('--at <time>', 'when it came in, ISO 8601 or milliseconds since 1970 (default: now)')
    .action((name: string, options: Options) => run(terminal, name, options))
}

async function run(terminal: Terminal, name: string, options: Options): Promise<void> {
  const sender = senderNamed(name)
  if ([options.body, options.headers, options.secretFile].filter((file) => file === '-').length > 1)
    throw new UsageError('Only one of --body, --headers and --secret-file can be stdin.')
  const now = options.at === undefined ? Date.now() : parseTime(options.at)
  const [{ explain }, { readBytes, parseHeaders }] = await Promise.all([import('../explain'), import('./captured')])
  const delivery = {
    body: readBytes(options.body),
    headers: parseHeaders(new TextDecoder().decode(readBytes(options.headers))),
  }
  const { values, secretFrom } = await readConfiguration(terminal, sender, options)
  const otherSecrets = options.otherSecretFile ? await readOthers(terminal, options.otherSecretFile) : undefined
  const network = options.offline ? withoutNetwork(sender) : undefined
  const found = await explain(delivery, {
    provider: () => sender.createProvider(values, network?.fetch),
    now,
    ...(otherSecrets && { otherSecrets }),
  })
  const explanation = network?.wasAsked() ? { ...found, sentence: network.sentence } : found
  if (explanation.cause !== 'verified') terminal.fail()
  const from = isOfProof(explanation) ? secretFrom : undefined
  if (options.json) return terminal.printJson({ ...explanation, ...(from !== undefined && { secretFrom: from }) })
  printExplanation(terminal, explanation, from)
}

/** Whether another secret could have made the difference. */
const isOfProof = ({ cause, code }: Explanation): boolean =>
  cause !== 'verified' && (cause === 'secret_invalid' || /^(?:signature|token|timestamp)_/.test(code ?? ''))

function printExplanation(terminal: Terminal, explanation: Explanation, secretFrom: string | undefined): void {
  const { cause, code, sentence, secretId, fingerprint } = explanation
  const { bold, green, red, dim } = terminal.style
  const mark = cause === 'verified' ? green('✓ verified') : red(`✗ ${code ?? 'refused'}`)
  terminal.print(`${mark}${cause === 'verified' ? '' : ` ${bold(cause)}`}`)
  terminal.print(`  ${inert(sentence)}`)
  if (secretId !== undefined)
    terminal.print(dim(`  signed with ${inert(secretId)}, whose SHA-256 begins with ${inert(fingerprint ?? '')}`))
  if (secretFrom !== undefined) terminal.print(dim(`  the configured secret is from ${secretFrom}`))
}

async function readOthers(terminal: Terminal, file: string): Promise<string[]> {
  const option = '--other-secret-file'
  return (await readSecrets(terminal, { what: 'Other secrets', variables: [], file, option })).secrets
}

/** In the network's place, for a provider whose API confirms. */
function withoutNetwork({ title }: Sender) {
  let asked = false
  const fetch = async (): Promise<never> => {
    asked = true
    throw new TypeError('offline')
  }
  const sentence = `${title}'s API was not asked (--offline), and it is what proves this delivery: what could be looked at without it is in order.`
  return { fetch, sentence, wasAsked: () => asked }
}

function parseTime(text: string): number {
  const ms = /^\d{12,14}$/.test(text)
    ? Number(text)
    : /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:?\d\d)$/.test(text)
      ? Date.parse(text)
      : Number.NaN
  if (Number.isNaN(ms)) throw new UsageError('--at takes ISO 8601 with a time zone, or milliseconds since 1970.')
  return ms
}
