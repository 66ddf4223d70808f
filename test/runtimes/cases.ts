import { bodyOf, captured, type Fixture, type Pairs, providerNames, readFixtures } from '../support/deliveries'

export interface Case {
  name: string
  provider: string
  settings: object
  api: Record<string, string>
  now: number
  headers: Pairs
  body: string
  /** What every runtime must answer to it twice, and how often the handler runs. */
  expected: string
}

const acknowledgements: Record<string, string> = { mugglepay: '{"status":200}', payvost: '{"received":true}' }
const refused = '401 {"error":"unauthorized"} | 401 {"error":"unauthorized"} | 0'

/** Every recorded delivery, genuine and with one bit of its body or signature changed. */
export function createCases(): Case[] {
  const recorded = providerNames.flatMap((provider) =>
    readFixtures(provider).flatMap((fixture) => variants(provider, fixture)),
  )
  const real = captured.deliveries.flatMap(({ headers, body_base64 }, index) =>
    variants('caspay', {
      name: `captured ${index + 1}`,
      settings: { secret: captured.secret },
      now: Date.parse('2026-11-21T20:09:10Z'),
      headers: headers.filter(([name]) => /^(content-type|x-)/i.test(name)),
      body_base64,
      expected: { proof: { coversBody: true } },
    }),
  )
  return [...recorded, ...real]
}

function variants(provider: string, fixture: Fixture): Case[] {
  const { name, settings, api = {}, now, headers, body_base64, expected } = fixture
  const ok = `200 ${acknowledgements[provider] ?? 'OK'}`
  const base = { provider, settings, api, now, headers, body: body_base64 }
  const genuine: Case = { ...base, name: `${provider}: ${name}`, expected: `${ok} | ${ok} | 1` }
  if (!expected.proof.coversBody) {
    const lie = bodyOf(fixture)
      .toString()
      .replaceAll(/"(token|merchant_token)": ?"[^"]*"/g, '"$1":"a-forged-token-0123456789"')
    const other = lie.replace('kpm_abc123', 'kpm_somebody')
    return [
      genuine,
      { ...base, name: `${provider}: ${name}, forged`, body: Buffer.from(other).toString('base64'), expected: refused },
    ]
  }
  const body = bodyOf(fixture)
  body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1
  const forged = headers.map(([key, value]): [string, string] => [
    key,
    /signature/i.test(key) ? value.replace(/.$/, (last) => (last === '0' ? '1' : '0')) : value,
  ])
  return [
    genuine,
    { ...base, name: `${provider}: ${name}, tampered`, body: body.toString('base64'), expected: refused },
    { ...base, name: `${provider}: ${name}, forged`, headers: forged, expected: refused },
  ]
}
