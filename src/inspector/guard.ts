import { equalSecrets } from '#hmac'
import { encodeHex, toBytes } from '../core/bytes'
import { misconfigured } from '../errors'
import { forbidden, notFound, type PageAnswer } from './answers'

/** A request to the page's server, from whichever kind of server. */
export interface PageRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** By lower-case name. */
  header(name: string): string | undefined
  /** The body as text; `undefined` where it is longer than that. */
  text(maxBytes: number): Promise<string | undefined>
}

export const prefix = '/_payproof/'

/** A token nobody guesses: 192 random bits. */
export function createToken(): string {
  return encodeHex(crypto.getRandomValues(new Uint8Array(24)))
}

const loopbackHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/

/**
 * Lets a request through to the page: the token must be right, the `Host` one of this machine (or else any site could give
 * its own name this address, and read along), and a change must come from the page itself. Gives the path behind the
 * token, or the answer that refuses.
 */
export function createGuard(token: string, hosts: readonly string[] = []) {
  for (const host of hosts)
    if (!/^[a-z0-9.-]+(?::\d{1,5})?$/.test(host)) throw misconfigured('hosts', 'must list names as `shop.test:3000`.')
  const isOurs = (host: string) => loopbackHost.test(host) || hosts.includes(host)

  return (request: PageRequest): { readonly path: string } | PageAnswer => {
    const host = request.header('host')?.toLowerCase() ?? ''
    if (!isOurs(host)) return forbidden('The page is served under the name of this machine alone: see `hosts`.')
    const [, offered = '', path] = /^\/_payproof\/([^/?#]*)\/([^?#]*)/.exec(request.target) ?? []
    if (!equalSecrets(toBytes(token), toBytes(offered)) || path === undefined) return notFound()
    const site = request.header('sec-fetch-site')
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      return forbidden('Open the page by its address, not from another site.')
    if (request.method !== 'GET' && !isOwnOrigin(request.header('origin'), host))
      return forbidden('Changes are taken from the page itself alone.')
    return { path }
  }
}

function isOwnOrigin(origin: string | undefined, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`
}
