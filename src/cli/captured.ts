import { readFileSync } from 'node:fs'
import type { HeadersInput } from '../core/headers'
import { shown } from './shown'
import { UsageError } from './terminal'

/** A captured file, byte for byte; `-` is stdin. */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path === '-' ? 0 : path)
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new UsageError(`${path === '-' ? 'stdin' : shown(path, 'A file that was named')} cannot be read: ${code}.`)
  }
}

/** Headers as JSON (an object, or a list of pairs) or as they stand in a request. What is wrong is told by its place. */
export function parseHeaders(text: string): HeadersInput {
  return /^\s*[[{]/.test(text) ? fromJson(text) : fromLines(text)
}

function fromJson(text: string): HeadersInput {
  try {
    const parsed: unknown = JSON.parse(text)
    const pairs = Array.isArray(parsed) ? parsed : Object.entries(Object(parsed))
    if (pairs.every(isPair))
      return pairs.flatMap(([name, value]) => [value].flat().map((each) => [name, each] as const))
  } catch {
    // Said below.
  }
  throw new UsageError('The headers are no JSON object of texts, and no list of [name, value] pairs.')
}

const isPair = (pair: unknown): pair is [string, string | string[]] =>
  Array.isArray(pair) && pair.length === 2 && pair.flat().every((part) => typeof part === 'string')

function fromLines(text: string): HeadersInput {
  const lines = text.split(/\r?\n/).map((line, index) => ({ line, number: index + 1 }))
  return lines
    .filter(({ line, number }) => line.trim() !== '' && !(number === 1 && /^[A-Z]+ \S+ HTTP\/\d/.test(line)))
    .map(({ line, number }) => {
      const [, name, value] = /^([!#$%&'*+.^`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
      if (name === undefined || value === undefined)
        throw new UsageError(`Line ${number} of the headers is not \`Name: value\`.`)
      return [name, value] as const
    })
}
