import { connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import { type Check, notChecked, ok, problem, warning } from './check'
import { codeOf } from './exchange'
import { isLoopback } from './reach'

const name = 'certificate'
const dayMs = 86_400_000
const renewWithinDays = 14

/** Whether a provider would trust the connection. */
export async function checkCertificate(url: URL, timeoutMs: number, nowMs = Date.now()): Promise<Check> {
  if (url.protocol !== 'https:') return withoutTls(url)
  const seen = await handshake(url, timeoutMs)
  return typeof seen === 'string' ? noHandshake(seen) : judgeCertificate(seen, nowMs)
}

function withoutTls({ hostname }: URL): Check {
  if (isLoopback(hostname)) return notChecked(name, 'The endpoint is on this machine, without HTTPS.')
  const advice = 'Serve it by HTTPS: deliveries hold personal data, and some a token.'
  return problem(name, 'The address begins with http://: everybody on the way reads along.', advice)
}

interface Seen {
  /** Why it is not trusted. */
  readonly failure: string | undefined
  readonly validToMs: number
  readonly protocol: string | null
}

/** What the server shows, or the code of the failure. */
function handshake({ hostname, port }: URL, timeoutMs: number): Promise<Seen | string> {
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve) => {
    // A server is named by name only.
    const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host }
    const socket = connect({ host, port: Number(port || 443), rejectUnauthorized: false, ...servername })
    const end = (seen: Seen | string) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(seen)
    }
    const timer = setTimeout(() => end('TIMED_OUT'), timeoutMs)
    socket.once('error', (error) => end(codeOf(error))).once('secureConnect', () => end(look(socket)))
  })
}

function look(socket: TLSSocket): Seen {
  const { valid_to = '' } = socket.getPeerCertificate() as Partial<PeerCertificate>
  // Typed as an error, given as its code.
  const failure = socket.authorized ? undefined : String(socket.authorizationError)
  return { failure, validToMs: Date.parse(valid_to), protocol: socket.getProtocol() }
}

function noHandshake(code: string): Check {
  const advice = 'Check that this port speaks HTTPS, with TLS 1.2 or newer.'
  return problem(name, `No TLS connection came about (${code}).`, advice)
}

const failures: Readonly<Record<string, readonly [seen: string, advice: string]>> = {
  CERT_HAS_EXPIRED: ['It has expired.', 'Renew it, and see why that did not happen by itself.'],
  CERT_NOT_YET_VALID: ['It is not valid yet.', "Check this machine's clock, and the day the certificate begins."],
  ERR_TLS_CERT_ALTNAME_INVALID: ['It is for another host name.', 'Get one that names this host.'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'Its issuer is not known: the intermediate certificate is missing.',
    'Have the server send the whole chain (`fullchain.pem`): browsers fill the gap, senders do not.',
  ],
}
const unknownIssuer = ['Nobody whom senders trust has signed it', 'Get one of a public authority.'] as const

export function judgeCertificate({ failure, validToMs, protocol }: Seen, nowMs: number): Check {
  if (failure !== undefined) {
    const [seen, advice] = failures[failure] ?? [`${unknownIssuer[0]} (${failure}).`, unknownIssuer[1]]
    return problem(name, seen, advice)
  }
  const days = Math.floor((validToMs - nowMs) / dayMs)
  const seen = `Trusted, for this host, ${days} days left, by ${protocol ?? 'TLS'}.`
  return days < renewWithinDays ? warning(name, seen, 'Renew it now.') : ok(name, seen)
}
