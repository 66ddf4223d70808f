import { readFileSync } from 'node:fs'
import { inert, type Terminal, UsageError } from './terminal'

const named = /^--?(?:[a-z]+-)*(?:secret|token|key|password|passphrase|passwd|pass)s?(?:=|$)/i
const shaped = /^(?:whsec|sk)_.{8,}/

/**
 * Arguments stand in the shell's history and in the process list, where every user of the machine reads them.
 * Says which kind it is, never the argument itself.
 */
export function refuseSecretArguments(args: readonly string[]): void {
  const found = args.find((arg) => named.test(arg) || arg.split('=').some((part) => shaped.test(part)))
  if (found === undefined) return
  const what = named.test(found) ? `\`${found.replace(/=.*$/s, '')}\`` : 'An argument that looks like a secret'
  throw new UsageError(
    `${what} is refused: arguments stand in the shell's history and in the process list.\n` +
      'Set PAYPROOF_SECRET in the environment, name a file with --secret-file, or leave it out to be asked for it.',
  )
}

export interface SecretPlaces {
  /** What is asked for, as `CasPay's secret`. */
  readonly what: string
  /** Environment variables, the first that is set is taken, after PAYPROOF_SECRET. */
  readonly variables: readonly string[]
  /** Of `--secret-file`; several lines are several secrets, the newest first. `-` is stdin. */
  readonly file?: string | undefined
  /** Leaves out the prompt, and gives nothing where there is none. */
  readonly optional?: boolean
}

/** Secrets from a file, the environment or a prompt, never from arguments; the newest first. */
export async function readSecrets(
  terminal: Terminal,
  places: SecretPlaces & { optional: true },
): Promise<string[] | undefined>
export async function readSecrets(terminal: Terminal, places: SecretPlaces): Promise<string[]>
export async function readSecrets(terminal: Terminal, places: SecretPlaces): Promise<string[] | undefined> {
  if (places.file !== undefined) return fromFile(places.file)
  const set = ['PAYPROOF_SECRET', ...places.variables].map((name) => terminal.env[name]).find(Boolean)
  if (set !== undefined) return [set]
  if (places.optional) return undefined
  if (terminal.interactive) return [await prompt(terminal, `${places.what}: `)]
  const variables = ['PAYPROOF_SECRET', ...places.variables].join(' or ')
  throw new UsageError(
    `${places.what} is needed: set ${variables} in the environment, or name a file with --secret-file.`,
  )
}

function fromFile(path: string): string[] {
  const lines = readText(path)
    .split(/\r?\n/)
    .filter((line) => line !== '')
  if (lines.length === 0) throw new UsageError(`The secret file ${inert(path)} is empty.`)
  return lines
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new UsageError(`The secret file ${inert(path)} cannot be read: ${code}.`)
  }
}

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
