import { readFileSync } from 'node:fs'
import { shown } from './shown'
import { type Terminal, UsageError } from './terminal'

const secretOption = /^--?(?:[a-z]+-)*(?:secret|token|key|password|passphrase|passwd|pass)s?(?:=|$)/i
const shaped = /^(?:whsec|sk)_.{8,}/

/**
 * Arguments stand in the shell's history and in the process list, where every user of the machine reads them.
 * Says which kind it is, never the argument itself.
 */
export function refuseSecretArguments(args: readonly string[]): void {
  const found = args.find((arg) => secretOption.test(arg) || arg.split('=').some((part) => shaped.test(part)))
  if (found === undefined) return
  const what = secretOption.test(found) ? `\`${found.replace(/=.*$/s, '')}\`` : 'An argument that looks like a secret'
  throw new UsageError(
    `${what} is refused: arguments stand in the shell's history and in the process list.\n` +
      "Set the provider's variable or PAYPROOF_SECRET in the environment, name a file with --secret-file, or leave it out to be asked for it.",
  )
}

export interface SecretPlaces {
  /** What is asked for, as `CasPay's secret`. */
  readonly what: string
  /** Environment variables: the first that is set is taken, and PAYPROOF_SECRET where none is. */
  readonly variables: readonly string[]
  /** Of `--secret-file`; several lines are several secrets, the newest first. `-` is stdin. */
  readonly file?: string | undefined
  /** The option that names the file, where it is another. */
  readonly option?: string
}

export interface ReadSecrets {
  /** The newest first. */
  readonly secrets: string[]
  /** The variable or option they came by, for a person who wonders which was taken. */
  readonly from: string
}

/** Secrets from a file, the environment or a prompt, never from arguments. */
export async function readSecrets(terminal: Terminal, places: SecretPlaces): Promise<ReadSecrets> {
  const { what, file, option = '--secret-file' } = places
  if (file !== undefined) return { secrets: fromFile(file, option), from: option }
  // The provider's own is the one its receiver reads.
  const variables = [...places.variables, 'PAYPROOF_SECRET']
  for (const from of variables) {
    const value = terminal.env[from]
    if (value) return { secrets: [value], from }
  }
  if (terminal.interactive) return { secrets: [await prompt(terminal, `${what}: `)], from: 'the prompt' }
  throw new UsageError(
    `${what} is needed: set ${variables.join(' or ')} in the environment, or name a file with --secret-file.`,
  )
}

function fromFile(path: string, option: string): string[] {
  const lines = readText(path, option)
    .split(/\r?\n/)
    .filter((line) => line !== '')
  if (lines.length === 0) throw new UsageError(`${named(path, option)} is empty.`)
  return lines
}

function readText(path: string, option: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new UsageError(`${named(path, option)} cannot be read: ${code}.`)
  }
}

/** Somebody may have given the secret itself. */
const named = (path: string, option: string): string => `The file ${shown(path, `given with ${option}`)}`

/** Asks on a terminal; what is typed is not shown. */
function prompt({ input, note, progress }: Terminal, question: string): Promise<string> {
  // No echo before there is something to answer.
  input.setRawMode(true)
  progress(question)
  input.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (settle: () => void) => {
      input.off('data', read)
      input.setRawMode(false)
      input.pause()
      note(question)
      settle()
    }
    const read = (chunk: string) => {
      for (const key of chunk) {
        if (key === '\u0003') return end(() => reject(new UsageError('Stopped.')))
        if (key === '\r' || key === '\n' || key === '\u0004') return end(() => resolve(typed))
        typed = key === '\u007f' || key === '\b' ? typed.slice(0, -1) : typed + key
      }
    }
    input.on('data', read)
    input.resume()
  })
}
