import type { Command } from 'commander'
import { createCommand } from './command'
import type { DoctorOptions } from './doctor/run'
import { providerNames, withSettings } from './provider'
import { storeHelp } from './stores/address'
import type { Terminal } from './terminal'

const sent = `
What is sent to the endpoint: forged deliveries, which have to be refused (one as it is, one more to measure, one gzipped, one
of 1 MiB and a byte), of an event type and an order that do not exist; with --genuine two more that verify, of the type
"payproof.doctor", which a handler gets as \`unknown\`. The store remembers those two as handled. In a store that --store names,
a key of the doctor's own is claimed by many at once, and taken out again.

Exit code: 0 without problems (warnings may be left), 1 with problems, 2 for wrong usage.`

export function doctorCommand(terminal: Terminal): Command {
  const command = createCommand('doctor', 'Look for what keeps deliveries from arriving, or from being handled once.', [
    'payproof doctor https://shop.example/webhooks/pay --provider NAME',
    'payproof doctor http://localhost:3000/webhooks/pay --provider NAME --genuine',
    'payproof doctor --store redis://127.0.0.1:6379',
    'DATABASE_URL=… payproof doctor https://shop.example/webhooks/pay --provider NAME --store env:DATABASE_URL --json',
  ])
    .argument('[url]', 'your endpoint, as the provider calls it; left out: only what is here is looked at')
    .option('--provider <name>', `whose deliveries it receives: ${providerNames.join(', ')}`)
    .option('--genuine', 'send genuine deliveries too, of a test event; needs the secret')
    .option('--store <address>', storeHelp)
    .option('--table <name>', 'the table of a SQL store', 'payproof_events')
    .option('--prefix <text>', "what a Redis store's keys begin with", 'payproof:')
    .option('--timeout <seconds>', 'how long to wait for each answer', '15')
    .addHelpText('after', sent)
  return withSettings(command).action(async (url: string | undefined, options: DoctorOptions) => {
    const { runDoctor } = await import('./doctor/run')
    await runDoctor(terminal, url, options)
  })
}
