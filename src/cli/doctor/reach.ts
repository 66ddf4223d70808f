import { lookup } from 'node:dns/promises'
import { connect, isIP } from 'node:net'
import { orLate } from '../../deadline'
import { type Check, notChecked, ok, problem, quoted, warning } from './check'
import { codeOf } from './exchange'

const maxAddresses = 8

export const isLoopback = (hostname: string): boolean => /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/.test(hostname)

/** Whether the host's name resolves, and whether all of its addresses take connections: a provider may try any one. */
export async function checkReach(url: URL, timeoutMs: number): Promise<readonly Check[]> {
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = await resolve(hostname, timeoutMs)
  if (typeof addresses === 'string') {
    const advice = 'Check the spelling of the address and the DNS records of the domain.'
    return [
      problem('dns', `${quoted(hostname)} does not resolve (${addresses}).`, advice),
      notChecked('connection', 'There is no address to connect to.'),
    ]
  }
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const failures = await Promise.all(addresses.map((address) => tryConnection(address, port, timeoutMs)))
  return [judgeName(hostname, addresses), judgeConnections(hostname, addresses, port, failures)]
}

/** The addresses, or the code of the failure. */
async function resolve(hostname: string, timeoutMs: number): Promise<readonly string[] | string> {
  const found = await orLate(timeoutMs, lookup(hostname, { all: true }).catch(codeOf))
  if (found === undefined) return 'TIMED_OUT'
  if (typeof found === 'string') return found
  return [...new Set(found.map(({ address }) => address))].slice(0, maxAddresses)
}

function judgeName(hostname: string, addresses: readonly string[]): Check {
  const hidden = addresses.filter(isPrivate)
  if (isIP(hostname) !== 0 && (isLoopback(hostname) || hidden.length === 0))
    return ok('dns', `${hostname} needs no name.`)
  if (isLoopback(hostname) || hidden.length === 0) return ok('dns', `${hostname} is ${addresses.join(', ')}.`)
  return warning(
    'dns',
    `${hostname} is ${hidden.join(', ')} here, which only a private network reaches.`,
    'Make sure that the name resolves to a public address for the provider.',
  )
}

const privateNetworks =
  /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./

function isPrivate(address: string): boolean {
  return privateNetworks.test(address.replace(/^::ffff:/i, '')) || /^(?:::1?$|f[cd]|fe[89ab])/i.test(address)
}

/** `undefined` for a connection, else the code of the failure. */
function tryConnection(address: string, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((settle) => {
    const socket = connect({ host: address, port })
    const end = (code: string | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      settle(code)
    }
    const timer = setTimeout(() => end('TIMED_OUT'), timeoutMs)
    socket.once('connect', () => end(undefined)).once('error', (error) => end(codeOf(error)))
  })
}

function judgeConnections(
  hostname: string,
  addresses: readonly string[],
  port: number,
  failures: readonly (string | undefined)[],
): Check {
  const failed = addresses.flatMap((address, at) =>
    failures[at] === undefined ? [] : [`${address} (${failures[at]})`],
  )
  // Of this machine's two addresses one is enough.
  const enough = isLoopback(hostname) && failed.length < addresses.length
  if (failed.length === 0 || enough) return ok('connection', `Port ${port} takes connections.`)
  const seen = `Port ${port} takes no connections at ${failed.join(', ')}.`
  if (failed.length < addresses.length)
    return warning('connection', seen, 'Mend that address or take it out of DNS: the provider may choose it.')
  return problem('connection', seen, 'Check that the server runs, listens on this port and no firewall is in between.')
}
