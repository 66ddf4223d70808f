import { decodeBase64, encodeHex, toBytes } from '../core/bytes'

/** Something that may have happened to a key, a body or a signature on its way. */
export interface Variant {
  readonly cause: Cause
  readonly bytes: Uint8Array
}

/** What can be wrong with a delivery, as a word for programs. */
export type Cause = 'verified' | 'unexplained' | keyof typeof sentences

/** One sentence each: what is wrong, and what to do. */
export const sentences = {
  secret_invalid: 'The configured secret is no secret: it',
  settings_invalid: 'The provider cannot be made of these settings:',
  secret_expired: 'It was signed with a secret that is past its `notAfter`: has the provider been given the new one?',
  secret_of_another: 'It was signed with another secret that you know: the endpoint is configured with the wrong one.',
  secret_mode:
    'It was signed with the secret of the other mode: test and live are mixed up between endpoint and provider.',
  key_white_space:
    'The sender signs with the secret and white space around it: set the secret again at the provider, without.',
  key_quotes: 'The sender signs with the secret and quotes around it: set the secret again at the provider, without.',
  key_prefix_missing: 'The sender signs with the secret without its `whsec_`: configure it without.',
  key_prefix_added: 'The sender signs with `whsec_` and the secret: configure it with its prefix.',
  key_base64:
    'The sender signs with the bytes that the secret is the base64 of: hand in the decoded key as the provider means it.',
  key_hex:
    'The sender signs with the bytes that the secret is the hex of: hand in the decoded key as the provider means it.',
  key_encoded: 'The sender signs with the base64 of the secret: configure it in that form.',
  key_case: 'The sender signs with the secret in other capitals: copy it again.',
  signature_missing: 'There is no signature header: a proxy removes it, or the delivery is not from the provider.',
  signature_empty: 'The signature header is empty: does a proxy blank it?',
  signature_placeholder:
    'The signature is the literal text `test_signature` of a test button or sample call: nothing can verify it.',
  signature_prefix: 'The signature is right behind a prefix such as `sha256=`: something on the way added it.',
  signature_capitals:
    'The signature is right but in capitals: the provider sends lower-case hex, something on the way changed it.',
  signature_base64: 'The signature is right but in base64 where the provider sends hex.',
  signature_white_space:
    'The signature is right with white space or quotes around it: something on the way added them.',
  signature_cut: 'The signature is the beginning of the right one: something on the way cut it.',
  signature_twice: 'The signature header was sent twice: a proxy doubles it.',
  signature_algorithm: 'It was signed with another hash than SHA-256.',
  other_provider: 'It has the signature header of another provider: is the right URL registered there?',
  timestamp_signed: 'The timestamp was signed with the body where this provider signs the body alone.',
  timestamp_not_signed: 'The body alone was signed where this provider signs its timestamp too.',
  timestamp_in_ms: 'The timestamp is in milliseconds where this provider sends seconds.',
  clock_behind: 'It is genuine, but its time is ahead of this clock: set the clock (NTP).',
  delivered_late:
    'It is genuine, but too old: held up on its way, sent again by somebody, or this clock is ahead (NTP).',
  body_compact:
    'The signature is over the body without white space: something parsed it and wrote it anew. Hand over the raw bytes.',
  body_spaced:
    'The signature is over the body with other white space: something parsed it and wrote it anew. Hand over the raw bytes.',
  body_sorted:
    'The signature is over the body with its keys in another order: something parsed it and wrote it anew. Hand over the raw bytes.',
  body_escaped:
    'The signature is over the body with other escapes: something parsed it and wrote it anew. Hand over the raw bytes.',
  body_bom:
    'The signature is over the body with or without a byte order mark: something on the way added or removed it.',
  body_line_ends: 'The signature is over the body with other line ends: something on the way changed CRLF and LF.',
  body_trailing:
    'The signature is over the body with or without white space at its end: something on the way trims or adds it.',
  body_inflated: 'The body is compressed, and the signature is over it inflated: a proxy compresses it.',
  body_base64:
    'The body is base64, and the signature is over what it encodes: decode it first (on Lambda: `isBase64Encoded`).',
  body_in_string: 'The body is a JSON text in a JSON string: something stringified it twice.',
  body_form: 'The body is form-encoded, and the signature is over what is in it.',
  body_charset: 'The body was read in another character set and written anew: hand over bytes, not text.',
  body_empty: 'The body is empty here and was not when it was signed: something has read it before.',
  body_too_large:
    'The body is too large to diagnose (more than 16 KiB): it was not made by a known secret as it is, and no more was tried. Explain a smaller delivery of the same endpoint.',
  method_not_post: 'It is no POST request:',
  body_encoded:
    'It came with a `Content-Encoding`, and receivers refuse that before they look at its proof: have the proxy before it pass bodies on as they are.',
  body_over_limit:
    'It is larger than the receiver takes, which refuses it before it looks at its proof: raise `maxBodyBytes` if the provider really sends so much.',
  token_missing: 'The body has no token: was it set when the order was created?',
  token_white_space: 'The token is right but for white space or quotes around it.',
  token_case: 'The token is right but for its capitals.',
  token_differs: 'The body carries the token twice, and only one of them is right.',
  refused: 'The signature is right, and something else is not:',
} as const

/** Each once, and none that is the key itself. */
export function keyVariants(key: Uint8Array): Variant[] {
  const known = new Set([encodeHex(key)])
  return changesOf(key).filter(({ bytes }) => {
    const hex = encodeHex(bytes)
    return !known.has(hex) && known.add(hex)
  })
}

function changesOf(key: Uint8Array): Variant[] {
  const text = new TextDecoder().decode(key)
  const bare = text.replace(/^(?:whsec|sk|pk)_/, '')
  const variants: Variant[] = ['\n', '\r\n', ' '].map((end) => ({
    cause: 'key_white_space',
    bytes: toBytes(text + end),
  }))
  variants.push({ cause: 'key_white_space', bytes: toBytes(` ${text}`) })
  for (const quote of ['"', "'"]) variants.push({ cause: 'key_quotes', bytes: toBytes(quote + text + quote) })
  if (bare !== text) variants.push({ cause: 'key_prefix_missing', bytes: toBytes(bare) })
  else variants.push({ cause: 'key_prefix_added', bytes: toBytes(`whsec_${text}`) })
  for (const each of new Set([text, bare])) {
    const base64 = fromBase64(each)
    if (base64 !== undefined) variants.push({ cause: 'key_base64', bytes: base64 })
    const hex = fromHex(each)
    if (hex !== undefined) variants.push({ cause: 'key_hex', bytes: hex })
  }
  variants.push({ cause: 'key_encoded', bytes: toBytes(btoa(String.fromCharCode(...key))) })
  variants.push(
    { cause: 'key_case', bytes: toBytes(text.toLowerCase()) },
    { cause: 'key_case', bytes: toBytes(text.toUpperCase()) },
  )
  return variants
}

export function fromBase64(text: string): Uint8Array | undefined {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/')
  if (text === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(standard)) return undefined
  try {
    return decodeBase64(standard)
  } catch {
    return undefined
  }
}

export function fromHex(text: string): Uint8Array | undefined {
  if (text === '' || text.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(text)) return undefined
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
