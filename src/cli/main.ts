#!/usr/bin/env node
import { type Command, CommanderError, program } from 'commander'
import { version } from '../../package.json'
import { isWebhookError } from '../errors'
import { deadLettersCommand } from './dead-letters'
import { doctorCommand } from './doctor'
import { explainCommand } from './explain'
import { listenCommand } from './listen'
import { schemaCommand } from './schema'
import { refuseSecretArguments } from './secrets'
import { sendCommand } from './send'
import { withoutValues } from './shown'
import { createTerminal, inert, type Terminal, UsageError } from './terminal'

/** Each command is a file of its own, and imports what is heavy when it runs. */
const commands: readonly ((terminal: Terminal) => Command)[] = [
  listenCommand,
  sendCommand,
  explainCommand,
  doctorCommand,
  deadLettersCommand,
  schemaCommand,
]

const terminal = createTerminal()
// `payproof … | head` ends the reader first.
process.stdout.on('error', () => process.exit())
// Nobody reads the notes any more: no reason to end what listens.
process.stderr.on('error', () => {})
process.exitCode = await run(process.argv.slice(2))

async function run(args: readonly string[]): Promise<number> {
  try {
    refuseSecretArguments(args)
    await createProgram().parseAsync(args, { from: 'user' })
    return terminal.failed ? 1 : 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const text = isWebhookError(error) ? error.hint : error instanceof Error ? error.message : String(error)
    if (error instanceof UsageError) {
      terminal.note(`${terminal.noteStyle.red('error:')} ${text}`)
      return 2
    }
    terminal.note(`${terminal.noteStyle.red('error:')} ${inert(text)}`)
    return isWebhookError(error) && error.code === 'configuration_invalid' ? 2 : 1
  }
}

function withNested(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withNested)]
}

function createProgram(): Command {
  program
    .name('payproof')
    .description('Payment webhooks at your desk: send them, see them, and learn why one does not verify.')
    .version(version)
  for (const create of commands) program.addCommand(create(terminal))
  for (const command of withNested(program)) {
    command
      .exitOverride()
      .showHelpAfterError('(--help shows how it is used)')
      .configureOutput({
        writeOut: (text) => terminal.print(text.trimEnd()),
        // Commander repeats what was typed; what stands behind a mistyped option may be a secret.
        outputError: (text) =>
          terminal.note(
            withoutValues(text.trimEnd())
              .split('\n')
              .map((line) => inert(line))
              .join('\n'),
          ),
      })
  }
  return program
}
