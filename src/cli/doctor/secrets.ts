import { sha256Hex } from '#hmac'
import { toBytes } from '../../core/bytes'
import { problemWithSecret } from '../../core/secrets'
import { type Check, notChecked, ok, problem, warning } from './check'

/** A secret as it was found: nothing has been trimmed or refused yet. */
export interface FoundSecret {
  readonly provider: string
  /** The variable or file it stands in. */
  readonly place: string
  readonly value: string
}

/** The shape of each, and whether two providers share one. Names places and fingerprints, never a secret. */
export function checkSecrets(found: readonly FoundSecret[], whereToSet: string): readonly Check[] {
  if (found.length === 0) return [notChecked('secret', 'No secret is set here.', whereToSet)]
  return [...found.map(judgeShape), ...judgeSharing(found)]
}

function judgeShape({ place, value }: FoundSecret): Check {
  const name = 'secret'
  const flaw = problemWithSecret(value)
  if (flaw !== undefined) {
    const [seen = flaw, advice = 'Set it again, exactly as the provider shows it.'] = flaw.split(/: /)
    return problem(name, `${place} ${seen.replace(/\.$/, '')}.`, asSentence(advice))
  }
  const mistake = mistakes.find(([pattern]) => pattern.test(value))
  if (mistake !== undefined) return problem(name, `${place} ${mistake[1]}.`, mistake[2])
  const doubt = doubts.find(([pattern]) => pattern.test(value))
  if (doubt !== undefined) return warning(name, `${place} ${doubt[1]}.`, doubt[2])
  if (new Set(value).size < fewCharacters)
    return warning(name, `${place} has fewer than ${fewCharacters} different characters.`, 'Use a random one.')
  return ok(
    name,
    `${place} has the shape of a secret (${value.length} characters, SHA-256 begins with ${fingerprint(value)}).`,
  )
}

/** Shown of good secrets alone: a guessable one would be guessed from it. The same eight digits as `explain` gives. */
const fingerprint = (value: string) => sha256Hex(toBytes(value)).slice(0, 8)

const fewCharacters = 8

const asIs = 'Set it to the secret itself, exactly as the provider shows it.'
const webhookSecret = "Set it to the webhook's signing secret, from the provider's dashboard."

type Pattern = readonly [pattern: RegExp, seen: string, advice: string]

/** What cannot be a secret. */
const mistakes: readonly Pattern[] = [
  [
    /your|change.?me|replace|example|placeholder|dummy|xxxx|<.*>|\.\.\.|…|\*{4}/i,
    'looks like a placeholder',
    webhookSecret,
  ],
  [/^[A-Z][A-Z0-9_]{3,}=/, 'holds the name of a variable too', asIs],
  [/^https?:\/\//i, 'is an address', webhookSecret],
  [/^-----BEGIN/, 'is a key or certificate in PEM', webhookSecret],
]

/** What people put where the secret belongs, and what might be one all the same. */
const doubts: readonly Pattern[] = [
  [/^(?:[sp]k|rk|api|key)[_-]/i, 'looks like an API key', webhookSecret],
  [/^(?:bearer|basic|hmac|sha256)[ =:]/i, 'begins with the name of a scheme', asIs],
  [/^eyJ[\w-]+\./, 'looks like a session or API token (JWT)', webhookSecret],
  [/\s/, 'has white space within', asIs],
]

/** One secret for two providers: what the one is sent could be posted as the other's. */
function judgeSharing(found: readonly FoundSecret[]): readonly Check[] {
  const groups = new Map<string, FoundSecret[]>()
  for (const secret of found) {
    const hash = sha256Hex(toBytes(secret.value))
    groups.set(hash, [...(groups.get(hash) ?? []), secret])
  }
  const shared = [...groups.values()].filter((same) => new Set(same.map(({ provider }) => provider)).size > 1)
  const advice = 'Give each provider its own: a delivery of the one could be passed off as the other.'
  return shared.map((same) =>
    warning('secret', `${same.map(({ place }) => place).join(' and ')} are the same.`, advice),
  )
}

const asSentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/\.?$/, '.')
