import { WebhookError } from '../errors'
import { decodeLatin1 } from './bytes'

/** How many bytes are made text at once. Engines cut strings out of a text without copying: one that somebody keeps holds on to all of this. */
const windowLength = 512

/** The bytes of a JSON text, and how far they have been read. */
export class JsonSource {
  readonly bytes: Uint8Array
  /** Index of the byte that is read next. */
  at = 0
  #window = ''
  #from = 0
  #to = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** A part that is ASCII alone, as a string: cut out of a longer one, which costs less than decoding each. */
  ascii(start: number, end: number): string {
    if (end > this.#to || start < this.#from) this.#move(start, end)
    return this.#window.slice(start - this.#from, end - this.#from)
  }

  #move(start: number, end: number): void {
    this.#from = start
    this.#to = Math.max(end, Math.min(start + windowLength, this.bytes.length))
    this.#window = decodeLatin1(this.bytes, this.#from, this.#to)
  }
}

export function afterSpace(bytes: Uint8Array, from: number): number {
  return (bytes[from] ?? 0) > 0x20 ? from : afterSpaces(bytes, from)
}

function afterSpaces(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
  return at
}

export function malformed(problem: string): WebhookError {
  return new WebhookError('payload_malformed', `The body cannot be read. ${problem}`)
}

export function notJson(): WebhookError {
  return malformed('It is not JSON.')
}

export function harmful(): WebhookError {
  return malformed('It holds a key that could change an object prototype.')
}
