import type { Command } from 'commander'
import { createCommand } from './command'
import { providerNames, senderNamed, withSettings } from './provider'
import { jsonObject, type SendOptions, whole } from './send/options'
import { type Terminal, UsageError } from './terminal'

const [first, second, third] = providerNames.slice(1)
const to = '--to http://127.0.0.1:3000/webhooks'

export function sendCommand(terminal: Terminal): Command {
  const command = createCommand(
    'send',
    'Send genuine deliveries to your receiver, and attacks, and say what was wrong with the answers.',
    [
      `payproof send ${second} ${to}`,
      `payproof send ${third} --list`,
      `payproof send ${first} --count 200 --duplicates 10 --concurrent ${to}`,
      `payproof send ${second} --forge --tamper --skew 400 ${to}`,
      `payproof send ${first} --data '{"payment_id":"pay_1"}' ${to}`,
    ],
  )
    .argument('[provider]', `one of ${providerNames.join(', ')}`)
    .argument('[event]', "the type of event (default: the provider's most usual one)")
    .option('--to <url>', 'your receiver; on this machine, unless --remote')
    .option('--list', 'list the events and their forms, and send nothing')
  return withSettings(withChaos(withEvent(command))).action((provider, event, options: SendOptions) =>
    options.list ? list(terminal, provider, options) : send(terminal, provider, event, options),
  )
}

function withEvent(command: Command): Command {
  return command
    .option('--all', 'one of every event type in --form, or in every form that has it')
    .option('--form <form>', 'which form of body (see --list)')
    .option('--id <id>', "the event's id (default: a new one each)")
    .option('--data <json>', 'changes to the sample\'s data, as \'{"amount":"1"}\'', jsonObject)
    .option('--payload <file>', 'a whole payload of your own, as JSON, instead of a sample (- is stdin)')
}

function withChaos(command: Command): Command {
  return command
    .option('--count <n>', 'so many events', whole(1, 10_000), 1)
    .option('--duplicates <n>', 'each again so many times', whole(0, 1000), 0)
    .option('--concurrent', 'many at once instead of one after the other')
    .option('--parallel <n>', 'so many at once, with --concurrent', whole(1, 256), 32)
    .option('--reorder', 'in no order')
    .option('--tamper', 'besides each, one whose body was changed on its way')
    .option('--forge', 'besides each, one that is signed with another secret')
    .option('--skew <seconds>', 'besides each, one from a clock so far ahead (negative: behind)', whole(-1e8, 1e8))
    .option('--rotate', 'sign with each secret in turn (give two or more in --secret-file)')
    .option('--fail-first', 'cut the first attempt of each off before its answer, and try again')
    .option('--timeout <seconds>', 'for each answer', whole(1, 300), 15)
    .option('--max-seconds <seconds>', 'for all of it', whole(1, 3600), 300)
    .option(
      '--api-port <port>',
      "of the stand-in for an API that confirms (0: the system's choice)",
      whole(0, 65_535),
      4801,
    )
    .option('--remote', 'the receiver may be another machine')
}

async function send(terminal: Terminal, provider: string | undefined, event: string | undefined, options: SendOptions) {
  if (provider === undefined) throw new UsageError(`Whose delivery? Name one of ${providerNames.join(', ')}.`)
  const { runSend } = await import('./send/command')
  return runSend(terminal, senderNamed(provider), event, options)
}

function list({ print, printJson, style }: Terminal, provider: string | undefined, { json }: SendOptions): void {
  const listed = (provider === undefined ? providerNames : [provider])
    .map(senderNamed)
    .map(({ name, title, forms }) => ({
      provider: name,
      title,
      forms: Object.fromEntries(Object.entries(forms).map(([form, { samples }]) => [form, Object.keys(samples)])),
      unverifiable: Object.keys(forms).filter((form) => forms[form]?.unverifiable !== undefined),
    }))
  if (json) printJson(provider === undefined ? listed : listed[0])
  for (const { provider: name, forms, unverifiable } of json ? [] : listed) {
    print(style.bold(name))
    for (const [form, events] of Object.entries(forms)) {
      const refused = unverifiable.includes(form) ? style.dim('  nothing can verify it: receivers refuse it') : ''
      print(`  --form ${form}${refused}\n    ${events.join('\n    ')}`)
    }
  }
}
