import { Command } from 'commander'
import { createCommand } from './command'
import type { ListOptions, ReplayOptions } from './dead-letters/run'
import { storeHelp } from './stores/address'
import type { Terminal } from './terminal'

const help = `
Letters are found by the store and the provider's name, which takes no secret, or through --module. The module exports the
receiver that your app uses, and the handler:

  export const receiver = createReceiver({ provider, store })
  export const handler = async (event) => { … }
  export const close = () => pool.end()      // if there is something to let go of

replay --module is the real way: the letter is proven again as of the time when it was received, claimed, handled by your
handler in this process, and dropped. replay --to posts its headers and bytes to your running endpoint. That proves them as of
now, like any delivery, and refuses what has become too old: an attempt whose time is signed or checked after 5 minutes, any event
after maxEventAgeSeconds (3 days). Whether a letter is handled is looked up in the store, not believed from the answer.

Exit code: 0 when all that was asked for is done, 1 when something is left, 2 for wrong usage.`

/** Loaded when one of them runs. */
const run = () => import('./dead-letters/run')

export function deadLettersCommand(terminal: Terminal): Command {
  const letters = new Command('dead-letters')
    .description('Deliveries that were kept because they were not handled: look at them, handle them, drop them.')
    .addHelpText('after', help)
  letters.addCommand(
    withStore(
      createCommand('list', 'List the letters that nobody is handling.', [
        'payproof dead-letters list --store redis://127.0.0.1:6379 --provider NAME',
        'payproof dead-letters list --module ./webhooks.js --json',
      ]),
    ).action(async (options: ListOptions) => (await run()).list(terminal, options)),
  )
  letters.addCommand(
    withStore(
      createCommand('show', 'Show one letter, its body escaped and without what is personal.', [
        'payproof dead-letters show evt_1 --store env:DATABASE_URL --provider NAME',
      ]),
    )
      .argument('<id>', "the letter's id, as `list` shows it")
      .option('--full', 'show what is personal too; tokens and signatures stay hidden')
      .action(async (id: string, options: ListOptions & { full?: true }) => (await run()).show(terminal, id, options)),
  )
  letters.addCommand(
    withStore(
      createCommand('discard', 'Drop letters that are not to be handled. There is no way back.', [
        'payproof dead-letters discard evt_1 --store env:DATABASE_URL --provider NAME',
      ]),
    )
      .argument('<ids...>', 'the ids of the letters')
      .action(async (ids: string[], options: ListOptions) => (await run()).discard(terminal, ids, options)),
  )
  return letters.addCommand(replayCommand(terminal))
}

function replayCommand(terminal: Terminal): Command {
  const replay = createCommand('replay', 'Have letters handled.', [
    'payproof dead-letters replay evt_1 --module ./webhooks.js',
    'payproof dead-letters replay --all --module ./webhooks.js',
    'payproof dead-letters replay --all --store env:DATABASE_URL --provider NAME --to http://localhost:3000/webhooks/pay',
  ])
  return withStore(replay)
    .argument('[ids...]', 'the ids of the letters')
    .option('--all', 'all of them, one after the other')
    .option('--to <url>', 'post them to your endpoint, instead of handling them here')
    .option('--remote', 'allow --to to name another machine')
    .addHelpText('after', help)
    .action(async (ids: string[], options: ReplayOptions) => (await run()).replay(terminal, ids, options))
}

function withStore(command: Command): Command {
  return command
    .option('--store <address>', storeHelp)
    .option('--provider <name>', 'whose letters')
    .option('--account <name>', "the receiver's account, where it has one")
    .option('--table <name>', 'the table of a SQL store', 'payproof_events')
    .option('--prefix <text>', "what a Redis store's keys begin with", 'payproof:')
    .option('--module <file>', 'your module with `receiver` and `handler`, instead of --store and --provider')
}
