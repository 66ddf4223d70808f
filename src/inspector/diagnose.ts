import type { Kept } from './log'
import type { Detail } from './shown'

const diagnoses = new WeakMap<Kept, Promise<Detail['diagnosis']>>()

/** Why a delivery did not verify: when somebody looks, and once, for what a stranger sends must not keep us busy. */
export function diagnose(kept: Kept): Promise<Detail['diagnosis']> | undefined {
  const { source, body, error, headers, receivedAtMs } = kept
  const { provider, otherSecrets } = source
  if (provider === undefined || body === undefined || !/^(?:signature|token|timestamp)_/.test(error?.code ?? '')) return
  const known = diagnoses.get(kept)
  if (known !== undefined) return known
  const settings = { provider, now: receivedAtMs, ...(otherSecrets === undefined ? {} : { otherSecrets }) }
  const found = import('../diagnosis/explain')
    .then(({ explain }) => explain({ headers, body }, settings))
    .then(({ code: _, ...explanation }) => explanation)
    .catch(() => undefined)
  diagnoses.set(kept, found)
  return found
}
