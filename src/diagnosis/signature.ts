import { equalSecrets } from '#hmac'
import { joinBytes, toBytes } from '../core/bytes'
import { bodyVariants } from './bodies'
import { type Mark, readMarks } from './marks'
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

/** Tries what really happens to keys, bodies and signatures, one change first, then two together. */
export async function findCulprit(suspicion: Suspicion): Promise<Culprit | undefined> {
  const marks = readMarks(suspicion.header)
  if (marks.length === 0 || suspicion.keys.length === 0) return undefined
  const asIs: Change = { bytes: suspicion.body }
  const bodies: Change[] = [asIs, ...(await bodyVariants(suspicion.body)).slice(0, maxBodies)]
  const keys: KeyChange[] = suspicion.keys.map((key) => ({ key, bytes: key.bytes, ...cause(key.cause) }))
  const changed = suspicion.keys.flatMap((key) =>
    keyVariants(key.bytes).map((variant): KeyChange => ({ key, ...variant })),
  )
  const rounds: [KeyChange[], Change[]][] = [
    [keys, [asIs]],
    [keys, bodies.slice(1)],
    [changed, [asIs]],
    [changed, bodies.slice(1)],
  ]
  for (const [someKeys, someBodies] of rounds) {
    for (const key of someKeys) {
      const made = await signer(key.bytes, marks)
      for (const body of someBodies) {
        const causes = await matching(suspicion, marks, made, body)
        if (causes !== undefined) return { causes: [...causes, ...(key.cause ? [key.cause] : [])], key: key.key }
      }
    }
  }
  return undefined
}

/** Bodies that are tried, and how large one may be: it costs the same whatever a stranger sends. */
const maxBodies = 48
export const maxDiagnosedBytes = 16 * 1024

type Change = Partial<Pick<Variant, 'cause'>> & Pick<Variant, 'bytes'>
type KeyChange = Change & { readonly key: SuspectKey }
const cause = (of: Cause | undefined) => (of === undefined ? {} : { cause: of })

async function matching(
  { signs, timestamps }: Suspicion,
  marks: readonly Mark[],
  sign: Sign,
  body: Change,
): Promise<Cause[] | undefined> {
  for (const mark of marks) {
    for (const [content, timed] of contents(body.bytes, mark, timestamps)) {
      const algorithm = await sign(content, mark.bytes)
      if (algorithm === undefined) continue
      const odd = timed ? !signs.includes('timestamp.body') : !signs.includes('body')
      const causes: (Cause | undefined)[] = [
        body.cause,
        mark.cause,
        algorithm === 'SHA-256' ? undefined : algorithm === 'cut' ? 'signature_cut' : 'signature_algorithm',
        odd ? (timed ? 'timestamp_signed' : 'timestamp_not_signed') : undefined,
      ]
      return causes.filter((each) => each !== undefined)
    }
  }
  return undefined
}

function contents(body: Uint8Array, mark: Mark, timestamps: readonly string[]): [Uint8Array, boolean][] {
  const times = mark.timestamp === undefined ? timestamps : [mark.timestamp]
  return [[body, false], ...times.map((time): [Uint8Array, boolean] => [joinBytes([toBytes(`${time}.`), body]), true])]
}

type Algorithm = 'SHA-256' | 'SHA-1' | 'SHA-384' | 'SHA-512'
type Sign = (content: Uint8Array, offered: Uint8Array) => Promise<Algorithm | 'cut' | undefined>
const algorithmOfLength: Readonly<Record<number, Algorithm>> = {
  20: 'SHA-1',
  32: 'SHA-256',
  48: 'SHA-384',
  64: 'SHA-512',
}
const minCutBytes = 8

/** Says with which hash a key made a signature, if it did. */
async function signer(key: Uint8Array, marks: readonly Mark[]): Promise<Sign> {
  const keys = new Map<Algorithm, CryptoKey>()
  for (const { bytes } of marks) {
    const hash = algorithmOfLength[bytes.length] ?? 'SHA-256'
    if (key.length === 0 || keys.has(hash)) continue
    const settings = { name: 'HMAC', hash }
    keys.set(hash, await crypto.subtle.importKey('raw', new Uint8Array(key), settings, false, ['sign']))
  }
  return async (content, offered) => {
    const algorithm = algorithmOfLength[offered.length] ?? 'SHA-256'
    const imported = keys.get(algorithm)
    if (imported === undefined || offered.length < minCutBytes) return undefined
    const made = new Uint8Array(await crypto.subtle.sign('HMAC', imported, new Uint8Array(content)))
    if (!equalSecrets(made.slice(0, offered.length), offered)) return undefined
    return offered.length < made.length ? 'cut' : algorithm
  }
}
