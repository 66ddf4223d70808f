import { createHmac, randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  caspay,
  createReceiver,
  type ExplainSettings,
  explain,
  isWebhookError,
  kasperopay,
  memoryStore,
  merchantToken,
  mugglepay,
  payqi,
  payvost,
} from '../src'
import { bodyOf, createProvider, type Pairs, providerNames, readFixtures } from './support/deliveries'
import { now, secret } from './support/shop'

const seconds = now / 1000
const data = {
  payment: {
    id: 'p',
    amount: 1_000_000_000,
    currency: 'CSPR',
    status: 'completed',
    metadata: { orderId: 'o/1', name: 'Zoë' },
  },
}
const payload = { id: 'evt_1', type: 'payment.completed', created: seconds, data }
const text = JSON.stringify(payload)
const sign = (body: string | Uint8Array, key: string | Uint8Array = secret, hash = 'sha256') =>
  createHmac(hash, key).update(body).digest('hex')
const headers = (signature: string): Pairs => [['X-CasPay-Signature', signature]]
const toBase64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')

const python = (value: unknown): string =>
  JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, ' ')
    .replace(/([[{]) | (?=[}\]])/g, '$1')
const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .sort()
          .map(([key, inner]) => [key, sorted(inner)]),
      )
    : value
const hexSecret = '00112233445566778899aabbccddeeff'
const base64Secret = Buffer.from('a key of thirty-two bytes, random').toString('base64')
const ofCaspay = (settings: Partial<ExplainSettings> = {}): ExplainSettings => ({
  provider: caspay({ secret }),
  now,
  ...settings,
})
const withSecret = (value: string) => ofCaspay({ provider: caspay({ secret: value }) })

/** What a receiver makes of it. */
async function received(
  delivery: { method?: string; headers: Pairs; body: string },
  options: { maxBodyBytes?: number } = {},
) {
  const settings = { provider: caspay({ secret }), store: memoryStore(), observe: () => {}, now: () => now, ...options }
  const outcome = await createReceiver(settings).receive(delivery, () => {})
  return { code: 'error' in outcome && isWebhookError(outcome.error) ? outcome.error.code : undefined }
}

type Broken = [
  name: string,
  cause: string,
  delivery: { headers: Pairs; body: string | Uint8Array },
  settings?: ExplainSettings,
]

/** A genuine delivery each, broken in one way that happens. */
const broken: Broken[] = [
  [
    'a body that was parsed and written compact',
    'body_spaced',
    { headers: headers(sign(JSON.stringify(payload, null, 2))), body: text },
  ],
  [
    'a body written with four spaces before',
    'body_spaced',
    { headers: headers(sign(JSON.stringify(payload, null, 4))), body: text },
  ],
  ['a body as Python writes it', 'body_spaced', { headers: headers(sign(python(payload))), body: text }],
  [
    'a compact body made pretty',
    'body_compact',
    { headers: headers(sign(text)), body: JSON.stringify(payload, null, 2) },
  ],
  [
    'a body whose keys were sorted when it was signed',
    'body_sorted',
    { headers: headers(sign(JSON.stringify(sorted(payload)))), body: text },
  ],
  ['slashes as PHP escapes them', 'body_escaped', { headers: headers(sign(text.replaceAll('/', '\\/'))), body: text }],
  ['letters as escapes', 'body_escaped', { headers: headers(sign(text.replace('ë', '\\u00eb'))), body: text }],
  ['a byte order mark added', 'body_bom', { headers: headers(sign(text)), body: `\ufeff${text}` }],
  ['a byte order mark removed', 'body_bom', { headers: headers(sign(`\ufeff${text}`)), body: text }],
  ['CRLF made LF', 'body_line_ends', { headers: headers(sign(`{\r\n${text.slice(1)}`)), body: `{\n${text.slice(1)}` }],
  ['LF made CRLF', 'body_line_ends', { headers: headers(sign(`{\n${text.slice(1)}`)), body: `{\r\n${text.slice(1)}` }],
  ['a line break added at the end', 'body_trailing', { headers: headers(sign(text)), body: `${text}\n` }],
  ['a line break cut off', 'body_trailing', { headers: headers(sign(`${text}\n`)), body: text }],
  ['a body compressed on its way', 'body_inflated', { headers: headers(sign(text)), body: gzipSync(text) }],
  ['a body in base64', 'body_base64', { headers: headers(sign(text)), body: Buffer.from(text).toString('base64') }],
  ['a body stringified twice', 'body_in_string', { headers: headers(sign(text)), body: JSON.stringify(text) }],
  ['a body in a form', 'body_form', { headers: headers(sign(text)), body: `payload=${encodeURIComponent(text)}` }],
  [
    'a body read as Latin-1',
    'body_charset',
    { headers: headers(sign(text)), body: Buffer.from(Buffer.from(text).toString('latin1')) },
  ],
  ['a body that something has read', 'body_empty', { headers: headers(sign(text)), body: '' }],
  [
    'a secret with a line break at the sender',
    'key_white_space',
    { headers: headers(sign(text, `${secret}\n`)), body: text },
  ],
  ['a secret in quotes at the sender', 'key_quotes', { headers: headers(sign(text, `"${secret}"`)), body: text }],
  ['a secret without its prefix', 'key_prefix_missing', { headers: headers(sign(text, secret.slice(6))), body: text }],
  [
    'a secret whose prefix was left out',
    'key_prefix_added',
    { headers: headers(sign(text)), body: text },
    withSecret(secret.slice(6)),
  ],
  [
    'a secret that is base64',
    'key_base64',
    { headers: headers(sign(text, Buffer.from(base64Secret, 'base64'))), body: text },
    withSecret(base64Secret),
  ],
  [
    'a secret that is base64 behind a prefix',
    'key_base64',
    { headers: headers(sign(text, Buffer.from(base64Secret, 'base64'))), body: text },
    withSecret(`whsec_${base64Secret}`),
  ],
  [
    'a secret that is hex',
    'key_hex',
    { headers: headers(sign(text, Buffer.from(hexSecret, 'hex'))), body: text },
    withSecret(hexSecret),
  ],
  ['a secret in capitals', 'key_case', { headers: headers(sign(text, secret.toUpperCase())), body: text }],
  ['a secret encoded once more', 'key_encoded', { headers: headers(sign(text, btoa(secret))), body: text }],
  [
    'a secret of another endpoint',
    'secret_of_another',
    { headers: headers(sign(text, 'whsec_of_another_endpoint')), body: text },
    ofCaspay({ otherSecrets: { id: 'eu', value: 'whsec_of_another_endpoint' } }),
  ],
  [
    'the secret of the other mode',
    'secret_mode',
    { headers: headers(sign(text, 'whsec_test_0123456789ab')), body: text },
    ofCaspay({
      provider: caspay({ secret: { id: 'live', value: secret, mode: 'live' } }),
      otherSecrets: { id: 'test', value: 'whsec_test_0123456789ab', mode: 'test' },
    }),
  ],
  [
    'a secret past its date',
    'secret_expired',
    { headers: headers(sign(text, 'whsec_of_last_year_0123')), body: text },
    ofCaspay({
      provider: caspay({
        secret: [secret, { id: 'old', value: 'whsec_of_last_year_0123', notAfter: new Date(now - 1000) }],
      }),
    }),
  ],
  [
    'a secret with a line break in the settings',
    'secret_invalid',
    { headers: headers(sign(text)), body: text },
    ofCaspay({ provider: () => caspay({ secret: `${secret}\n` }) }),
  ],
  [
    'a secret that is not set',
    'secret_invalid',
    { headers: headers(sign(text)), body: text },
    ofCaspay({ provider: () => caspay({ secret: undefined }) }),
  ],
  ['a signature in base64', 'signature_base64', { headers: headers(toBase64(sign(text))), body: text }],
  ['a signature in capitals', 'signature_capitals', { headers: headers(sign(text).toUpperCase()), body: text }],
  ['a signature behind sha256=', 'signature_prefix', { headers: headers(`sha256=${sign(text)}`), body: text }],
  ['a signature in quotes', 'signature_white_space', { headers: headers(`"${sign(text)}"`), body: text }],
  ['a signature cut in half', 'signature_cut', { headers: headers(sign(text).slice(0, 32)), body: text }],
  [
    'a signature sent twice',
    'signature_twice',
    { headers: [...headers(sign(text)), ...headers(sign(text))], body: text },
  ],
  ['a signature by SHA-512', 'signature_algorithm', { headers: headers(sign(text, secret, 'sha512')), body: text }],
  ['a signature by SHA-1', 'signature_algorithm', { headers: headers(sign(text, secret, 'sha1')), body: text }],
  ['no signature', 'signature_missing', { headers: [['content-type', 'application/json']], body: text }],
  ['an empty signature', 'signature_empty', { headers: headers(''), body: text }],
  ['the literal test_signature', 'signature_placeholder', { headers: headers('test_signature'), body: text }],
  ["another provider's signature", 'other_provider', { headers: [['X-PayQI-Signature', sign(text)]], body: text }],
  [
    'a signature over timestamp and body',
    'timestamp_signed',
    { headers: headers(`t=${seconds},v1=${sign(`${seconds}.${text}`)}`), body: text },
  ],
  [
    'an event of a week ago',
    'delivered_late',
    { headers: headers(sign(text)), body: text },
    ofCaspay({ now: now + 7 * 86_400_000 }),
  ],
  [
    'a clock that is an hour behind',
    'clock_behind',
    { headers: headers(sign(text)), body: text },
    ofCaspay({ now: now - 3_600_000 }),
  ],
  [
    'milliseconds in the header',
    'timestamp_in_ms',
    {
      headers: [
        ['X-PayQI-Signature', sign(text)],
        ['X-PayQI-Timestamp', String(now)],
      ],
      body: text,
    },
    { provider: payqi({ secret }), now },
  ],
  [
    'data that does not fit',
    'refused',
    { headers: headers(sign(text.replace('"p"', '7'))), body: text.replace('"p"', '7') },
  ],
]

describe('explain', () => {
  it.each(broken)('%s: %s', async (_, cause, delivery, settings = ofCaspay()) => {
    const explanation = await explain(delivery, settings)
    expect(explanation.cause).toBe(cause)
    expect(explanation.sentence).toMatch(/[.?]$/)
    expect(JSON.stringify(explanation)).not.toContain(secret.slice(6))
  })

  it('names two causes where there are two, and the secret by id and fingerprint alone', async () => {
    const body = JSON.stringify(payload, null, 2)
    const explanation = await explain({ headers: headers(toBase64(sign(text, `${secret}\n`))), body }, ofCaspay())
    expect(explanation).toMatchObject({ cause: 'body_compact', secretId: 'secret-1', code: 'signature_malformed' })
    expect(explanation.fingerprint).toMatch(/^[0-9a-f]{8}$/)
    for (const words of ['white space', 'base64', 'parsed']) expect(explanation.sentence).toContain(words)
  })

  it('says that a genuine delivery is genuine', async () => {
    for (const name of providerNames.filter((each) => each !== 'kasperopay')) {
      for (const { settings, api, headers, now, ...fixture } of readFixtures(name)) {
        const provider = createProvider(name, settings, api)
        const explanation = await explain({ headers, body: bodyOf(fixture as never) }, { provider, now })
        expect([fixture.name, explanation.cause]).toEqual([fixture.name, 'verified'])
      }
    }
  })

  const forgeries = [
    ...Array.from({ length: 200 }, () => ({ headers: headers(randomBytes(32).toString('hex')), body: text })),
    ...Array.from({ length: 50 }, (_, i) => ({
      headers: headers(sign(text, `a secret of the forger ${i}`)),
      body: text,
    })),
    ...Array.from({ length: 50 }, (_, i) => ({
      headers: headers(sign(text)),
      body: text.replace('1000000000', `${i + 2}000000000`),
    })),
    { headers: headers(toBase64(sign(text, 'not-the-secret-0123'))), body: text },
    { headers: headers(`sha256=${sign(text, '')}`), body: text },
    { headers: headers('zz'.repeat(32)), body: text },
    { headers: headers('é'.repeat(64)), body: text },
    { headers: headers(sign(text, 'x').slice(0, 2)), body: text },
    { headers: headers(Buffer.alloc(32).toString('base64')), body: Buffer.from([0xff, 0xfe, 0x00]) },
  ]

  it(`explains none of ${forgeries.length} forgeries away`, async () => {
    const given = await Promise.all(forgeries.map((delivery) => explain(delivery, ofCaspay())))
    expect(given.map(({ cause }) => cause)).toEqual(forgeries.map(() => 'unexplained'))
  })

  it('explains a timestamped signature, signed and unsigned', async () => {
    const body = `{"id":"evt_1","type":"payment.succeeded","created":${seconds},"data":{"object":{"id":"p","amount":100,"currency":"usd","status":"succeeded"}}}`
    const late = `t=${seconds - 400},v1=${sign(`${seconds - 400}.${body}`)}`
    const settings = { provider: payvost({ secret }), now }
    expect((await explain({ headers: [['Payvost-Signature', late]], body }, settings)).cause).toBe('delivered_late')
    const unsigned = `t=${seconds},v1=${sign(body)}`
    const unsignedTime = await explain({ headers: [['Payvost-Signature', unsigned]], body }, settings)
    expect(['timestamp_not_signed', 'refused']).toContain(unsignedTime.cause)
  })

  it.each([
    ['white space', 'token_white_space', ` ${secret}\n`],
    ['capitals', 'token_case', secret.toUpperCase()],
    ['nothing', 'token_missing', ''],
    ['another', 'unexplained', 'another-token-0123456789'],
  ])('explains a token with %s', async (_, cause, token) => {
    const body = JSON.stringify({
      order_id: 'm_1',
      merchant_order_id: 'o_1',
      status: 'PAID',
      price_amount: '1',
      price_currency: 'USD',
      token,
    })
    expect((await explain({ headers: [], body }, { provider: mugglepay({ token: secret }) })).cause).toBe(cause)
  })

  it('explains no order where the token would be looked up by it', async () => {
    const provider = mugglepay({ orderTokenSecret: secret })
    expect((await explain({ headers: [], body: '{"token":"x"}' }, { provider })).cause).toBe('unexplained')
  })

  const order = { order_id: 'm_1', merchant_order_id: 'o_1', status: 'PAID', price_amount: '1', price_currency: 'USD' }
  const ofToken = (payload: object, settings: Partial<ExplainSettings>) =>
    explain(
      { headers: [], body: JSON.stringify({ ...order, ...payload }) },
      { provider: mugglepay({ token: secret }), now, ...settings },
    )

  it.each([
    ['an API that is down', 500, {}, 'confirmation_unavailable'],
    ['an API that says another amount', 200, { order: { ...order, price_amount: '2' } }, 'payment_mismatch'],
    ['an API that knows no such order', 404, {}, 'payment_not_confirmed'],
  ])('does not blame a right token for %s', async (_, status, answer, code) => {
    const fetch = async () => Response.json(answer, { status })
    const provider = mugglepay({ token: secret, apiKey: 'an-api-key-0123456789', fetch })
    const explanation = await ofToken({ token: secret }, { provider })
    expect(explanation).toMatchObject({ cause: 'refused', code })
    expect(explanation.sentence).not.toMatch(/notAfter|signature/i)
  })

  it('does not blame a right token for broken data or a look-up that fails', async () => {
    expect(await ofToken({ token: secret, price_amount: {} }, {})).toMatchObject({
      cause: 'refused',
      code: 'payload_invalid',
    })
    const provider = mugglepay({ tokenFor: () => Promise.reject(new Error('down')) })
    expect(await ofToken({ token: secret }, { provider })).toMatchObject({
      cause: 'refused',
      code: 'secret_unavailable',
    })
  })

  it('blames a token for its date only when it is past', async () => {
    const dated = (ms: number) => mugglepay({ token: { id: 'old', value: secret, notAfter: new Date(now + ms) } })
    expect(await ofToken({ token: secret }, { provider: dated(-1000) })).toMatchObject({
      cause: 'secret_expired',
      secretId: 'old',
    })
    expect((await ofToken({ token: secret }, { provider: dated(1000) })).cause).toBe('verified')
  })

  it('looks at every field that a token may stand in', async () => {
    const wrong = 'wrong-token-0123456789'
    expect((await ofToken({ token: secret, merchant_token: wrong }, {})).cause).toBe('token_differs')
    expect((await ofToken({ token: wrong, merchant_token: secret }, {})).cause).toBe('token_differs')
    expect((await ofToken({ token: secret, merchant_token: ` ${secret}` }, {})).cause).toBe('token_white_space')
    expect((await ofToken({ token: wrong, merchant_token: wrong }, {})).cause).toBe('unexplained')
  })

  it('knows other secrets of tokens too, also where tokens are made of them', async () => {
    const value = 'the-other-shops-token-01'
    const otherSecrets = { id: 'eu', value }
    const found = { cause: 'secret_of_another', secretId: 'eu' }
    expect(await ofToken({ token: value }, { otherSecrets })).toMatchObject(found)
    const provider = mugglepay({ orderTokenSecret: secret })
    expect(await ofToken({ token: merchantToken(value, 'o_1') }, { provider, otherSecrets })).toMatchObject(found)
    expect((await ofToken({ token: merchantToken(value, 'o_2') }, { provider, otherSecrets })).cause).toBe(
      'unexplained',
    )
    const live = mugglepay({ token: { id: 'live', value: secret, mode: 'live' } })
    const test = { id: 'test', value, mode: 'test' } as const
    expect((await ofToken({ token: value }, { provider: live, otherSecrets: test })).cause).toBe('secret_mode')
    const unknown = mugglepay({ tokenFor: () => undefined })
    expect((await ofToken({ token: value }, { provider: unknown, otherSecrets: test })).cause).toBe('secret_of_another')
  })

  it.each([
    ['old', String(seconds - 5000)],
    ['in the future', String(seconds + 5000)],
    ['unreadable', 'x'],
    ['missing', undefined],
  ])('says that a forgery with a time that is %s has no right signature either', async (_, time) => {
    const headers: Pairs = [['X-PayQI-Signature', 'a'.repeat(64)]]
    if (time !== undefined) headers.push(['X-PayQI-Timestamp', time])
    const explanation = await explain({ headers, body: text }, { provider: payqi({ secret }), now })
    expect(explanation).toMatchObject({ cause: 'unexplained', code: expect.stringMatching(/^timestamp_/) })
    expect(explanation.sentence).toMatch(/a forgery.*Besides, its time/)
  })

  it('tells settings that are wrong from secrets that are none', async () => {
    const provider = () => caspay({ secret, merchantId: undefined as never })
    const explanation = await explain({ headers: headers('a'), body: text }, { provider })
    expect(explanation).toMatchObject({ cause: 'settings_invalid', code: 'configuration_invalid' })
    expect(explanation.sentence).toContain('merchantId')
  })

  it('says of a large body that it was not diagnosed, unless a known secret signed it as it is', async () => {
    const large = JSON.stringify({ ...payload, pad: 'x'.repeat(17_000) })
    const old = { id: 'old', value: 'whsec_of_last_year_0123', notAfter: new Date(now - 1000) }
    const settings = ofCaspay({ provider: caspay({ secret: [secret, old] }) })
    const said = async (signature: string) =>
      (await explain({ headers: headers(signature), body: large }, settings)).cause
    expect(await said(sign(large, old.value))).toBe('secret_expired')
    expect(await said(sign(`${large}\n`))).toBe('body_too_large')
    expect(await said('a'.repeat(64))).toBe('body_too_large')
  })

  it.each([20_000, 200_000])('does not break on %d quotes or prefixes', async (count) => {
    for (const piece of ['"', 'a=', ' ']) {
      const signature = `${piece.repeat(count)}x`
      expect((await explain({ headers: headers(signature), body: text }, ofCaspay())).cause).toBe('unexplained')
    }
  })

  it('shows no name of a header that would disturb a terminal', async () => {
    const { cause, sentence } = await explain(
      { headers: [['x-\u001b[31m\u202esignature', 'y']], body: '{}' },
      ofCaspay(),
    )
    expect(cause).toBe('other_provider')
    expect(sentence).toMatch(/^[\x20-\x7e]*$/)
  })

  it.each(['gzip', 'GZIP', 'br, identity'])(
    'says that the receiver refuses what is encoded as %s',
    async (encoding) => {
      const delivery = { headers: [...headers(sign(text)), ['Content-Encoding', encoding]] as Pairs, body: text }
      const explanation = await explain(delivery, ofCaspay())
      expect(explanation).toMatchObject({ cause: 'body_encoded', code: 'content_encoding' })
      expect((await received(delivery)).code).toBe('content_encoding')
      const plain = { ...delivery, headers: [...headers(sign(text)), ['Content-Encoding', 'identity']] as Pairs }
      expect((await explain(plain, ofCaspay())).cause).toBe('verified')
    },
  )

  it.each([
    [1024 * 1024, undefined],
    [2000, 2000],
  ])('says that a body above %d bytes is above the limit', async (limit, maxBodyBytes) => {
    const sized = (length: number) => {
      const body = JSON.stringify({ ...payload, pad: '' }).replace('""', `"${'x'.repeat(length)}"`)
      return { headers: headers(sign(body)), body }
    }
    const rest = Buffer.byteLength(sized(0).body)
    const settings = ofCaspay(maxBodyBytes === undefined ? {} : { maxBodyBytes })
    const [above, within] = [sized(limit - rest + 1), sized(limit - rest)]
    expect(await explain(above, settings)).toMatchObject({ cause: 'body_over_limit', code: 'body_too_large' })
    expect((await explain(within, settings)).cause).toBe('verified')
    const options = maxBodyBytes === undefined ? {} : { maxBodyBytes }
    expect((await received(above, options)).code).toBe('body_too_large')
    expect((await received(within, options)).code).toBeUndefined()
  })

  it("keeps to the provider's own limit, and says first what is wrong with a secret", async () => {
    const body = JSON.stringify({ token: secret, pad: 'x'.repeat(65_536) })
    const over = await explain({ headers: [], body }, { provider: mugglepay({ token: secret }), now })
    expect(over).toMatchObject({ cause: 'body_over_limit', sentence: expect.stringContaining('65536') })
    const provider = () => caspay({ secret: 'short' })
    expect((await explain({ headers: [['content-encoding', 'gzip']], body }, { provider })).cause).toBe(
      'secret_invalid',
    )
  })

  it('says of a request that is no POST that it is none', async () => {
    const delivery = { method: 'GET', headers: headers(sign(text)), body: text }
    expect(await explain(delivery, ofCaspay())).toMatchObject({ cause: 'method_not_post', code: 'method_not_allowed' })
    expect((await received(delivery)).code).toBe('method_not_allowed')
    expect((await explain({ ...delivery, method: 'POST' }, ofCaspay())).cause).toBe('verified')
  })

  it('reads headers that can be read once', async () => {
    const given = new Headers([...headers(sign(text))]).entries()
    expect((await explain({ headers: given, body: text }, ofCaspay())).cause).toBe('verified')
  })

  it('names the signature of another provider where a token is expected, and leaves right tokens alone', async () => {
    const provider = mugglepay({ token: secret })
    const signed = { headers: headers(sign(text)), body: text }
    const explanation = await explain(signed, { provider, now })
    expect(explanation).toMatchObject({ cause: 'other_provider', code: 'token_missing' })
    expect(explanation.sentence).toContain('`x-caspay-signature`')
    expect((await explain({ headers: [], body: text }, { provider, now })).cause).toBe('token_missing')
    const expired = mugglepay({ token: { id: 'old', value: secret, notAfter: new Date(now - 1000) } })
    const body = JSON.stringify({ ...order, token: secret })
    expect((await explain({ ...signed, body }, { provider: expired, now })).cause).toBe('secret_expired')
    expect((await explain({ ...signed, body }, { provider, now })).cause).toBe('verified')
  })

  it('passes on what an API said', async () => {
    const provider = kasperopay({ merchantId: 'kpm_1', fetch: async () => new Response('{}', { status: 404 }) })
    const body = '{"event":"payment.completed","merchant_id":"kpm_1","payment_id":"pay_1"}'
    const explanation = await explain({ headers: [], body }, { provider })
    expect(explanation).toMatchObject({ cause: 'refused', code: 'payment_not_confirmed' })
  })
})
