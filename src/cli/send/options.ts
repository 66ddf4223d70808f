import { InvalidArgumentError } from 'commander'
import { readBytes } from '../captured'
import type { SettingOptions } from '../provider'
import { shown } from '../shown'
import { inert, UsageError } from '../terminal'

export interface SendOptions extends SettingOptions {
  readonly to?: string
  readonly list?: true
  readonly all?: true
  readonly form?: string
  readonly id?: string
  readonly data?: object
  readonly payload?: string
  readonly count: number
  readonly duplicates: number
  readonly concurrent?: true
  readonly parallel: number
  readonly reorder?: true
  readonly tamper?: true
  readonly forge?: true
  readonly skew?: number
  readonly rotate?: true
  readonly failFirst?: true
  readonly timeout: number
  readonly maxSeconds: number
  readonly apiPort: number
  readonly remote?: true
  readonly json?: true
}

/** A whole number within bounds. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^-?\d{1,12}$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

export function jsonObject(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('It must be a JSON object.')
}

export function payloadIn(path: string): object {
  try {
    return jsonObject(new TextDecoder().decode(readBytes(path)))
  } catch (error) {
    throw error instanceof UsageError
      ? error
      : new UsageError(`The payload${shown(` in ${path}`, '')} is no JSON object.`)
  }
}

/** Where to. A machine of somebody else's is not sent forgeries by mistake. */
export function targetOf({ to, remote }: Pick<SendOptions, 'to' | 'remote'>): URL {
  if (to === undefined) throw new UsageError('Where to? Give --to http://127.0.0.1:3000/your/path (or --list).')
  const url = URL.canParse(to) ? new URL(to) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new UsageError('--to is no URL that begins with http:// or https://.')
  if (url.username !== '' || url.password !== '') throw new UsageError('--to must have no user or password in it.')
  if (!remote && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname))
    throw new UsageError(
      `${inert(url.hostname, 100)} is not this machine. If it is yours and meant to be sent this, add --remote.`,
    )
  return url
}
