import { joinBytes, toBytes } from '../core/bytes'
import { bodyVariants } from './bodies'
import { createMacs, type Macs, maxDiagnosedBytes } from './macs'
import { readSignature } from './marks'
import { type Cause, keyVariants, type Variant } from './variants'

/** A key that may have made the signature. */
export interface SuspectKey {
  readonly id: string
  readonly bytes: Uint8Array
  /** What it would mean if this key as it is made the signature; nothing for the right one. */
  readonly cause?: Cause
}

export interface Suspicion {
  readonly header: string
  readonly body: Uint8Array
  readonly keys: readonly SuspectKey[]
  /** What this provider signs. */
  readonly signs: readonly ('body' | 'timestamp.body')[]
  /** Times that other headers give, as text. */
  readonly timestamps: readonly string[]
}

export interface Culprit {
  /** What was wrong, one thing or two; none where the signature is right. */
  readonly causes: readonly Cause[]
  readonly key: SuspectKey
}

type Change = Partial<Pick<Variant, 'cause'>> & Pick<Variant, 'bytes'>
type KeyChange = Change & { readonly key: SuspectKey }
type Round = readonly [keys: readonly KeyChange[], bodies: readonly Change[], contents: Contents]

/** Tries what really happens to keys, bodies and signatures, one change first, then two together, until it has cost enough. */
export async function findCulprit(suspicion: Suspicion): Promise<Culprit | undefined> {
  const { marks, timestamp } = readSignature(suspicion.header)
  if (marks.length === 0) return undefined
  const macs = createMacs(marks)
  const times = timestamp === undefined ? suspicion.timestamps : [timestamp]
  for await (const [keys, bodies, contents] of rounds(suspicion)) {
    for (const key of keys) {
      for (const body of bodies) {
        const causes = await matching(macs, key.bytes, body, contents(body.bytes, suspicion.signs, times))
        if (causes !== undefined) return { causes: [...causes, ...(key.cause ? [key.cause] : [])], key: key.key }
        if (macs.isSpent()) return undefined
      }
    }
  }
  return undefined
}

async function* rounds({ keys: suspects, body }: Suspicion): AsyncGenerator<Round> {
  const asIs: Change[] = [{ bytes: body }]
  const keys = suspects.map((key): KeyChange => ({ key, bytes: key.bytes, ...(key.cause ? { cause: key.cause } : {}) }))
  yield [keys, asIs, allContents]
  if (body.length > maxDiagnosedBytes) return
  const bodies = await bodyVariants(body)
  yield [keys, bodies, allContents]
  const changed = suspects.flatMap((key) => keyVariants(key.bytes).map((variant): KeyChange => ({ key, ...variant })))
  yield [changed, asIs, allContents]
  yield [changed, bodies, expectedContents]
}

interface Content {
  readonly bytes: Uint8Array
  /** What it would mean if this was signed. */
  readonly cause?: Cause
}
type Contents = (body: Uint8Array, signs: Suspicion['signs'], times: readonly string[]) => Content[]

const allContents: Contents = (body, signs, times) => {
  const odd = (what: 'body' | 'timestamp.body', cause: Cause) => (signs.includes(what) ? {} : { cause })
  return [
    { bytes: body, ...odd('body', 'timestamp_not_signed') },
    ...times.map((time) => ({
      bytes: joinBytes([toBytes(`${time}.`), body]),
      ...odd('timestamp.body', 'timestamp_signed'),
    })),
  ]
}

const expectedContents: Contents = (...given) => allContents(...given).filter(({ cause }) => cause === undefined)

async function matching(
  macs: Macs,
  key: Uint8Array,
  body: Change,
  contents: readonly Content[],
): Promise<Cause[] | undefined> {
  for (const { bytes, cause } of contents) {
    const match = await macs.match(key, bytes)
    if (match !== undefined) return [body.cause, ...match, cause].filter((each) => each !== undefined)
  }
  return undefined
}
