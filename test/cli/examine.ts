import type { RequestListener } from 'node:http'
import { afterEach, expect } from 'vitest'
import { createReceiver, memoryStore } from '../../src'
import type { Check } from '../../src/cli/doctor/check'
import { type ProviderName, senderByName } from '../../src/testing/senders'
import { payproof, type Ran } from '../support/command'
import { answering } from '../support/deliveries'
import { type Running, serve } from '../support/server'

export const secret = 'whsec_0123456789abcdef'
const env = { CASPAY_WEBHOOK_SECRET: secret }
const running: Running[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})

/** Serves until the test is over. */
export async function at(listener: RequestListener, path = '/hook'): Promise<string> {
  const server = await serve(listener)
  running.push(server)
  return `${server.url}${path}`
}

export interface Examined extends Ran {
  readonly checks: readonly Check[]
  /** The check by that name. */
  of(name: string): Check | undefined
}

/** What the doctor says of an endpoint of CasPay's. */
export const examine = (url: string, ...args: string[]): Promise<Examined> =>
  diagnosed(['doctor', url, '--provider', 'caspay', ...args], env)

/** What the doctor says, by the name of the check. */
export async function diagnosed(args: readonly string[], env: Record<string, string> = {}): Promise<Examined> {
  const ran = await payproof([...args, '--json'], { env })
  const { checks, problems } = ran.json<{ checks: Check[]; problems: number }>()
  expect(ran.code).toBe(problems > 0 ? 1 : 0)
  expect(checks.every(({ state, advice }) => state === 'ok' || state === 'not_checked' || Boolean(advice))).toBe(true)
  return { ...ran, checks, of: (name) => checks.find((check) => check.name === name) }
}

const settings: Record<string, Record<string, string>> = {
  kasperopay: { merchantId: 'kpm_abc123' },
  mugglepay: { token: secret },
}

/** A receiver of that provider's deliveries, whose API knows nothing. */
export function receiverOf(name: ProviderName) {
  const provider = senderByName[name].createProvider(settings[name] ?? { secret }, answering({}))
  return createReceiver({ provider, store: memoryStore(), observe: () => {} })
}
