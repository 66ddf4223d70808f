import type { Attack, Try } from './attack'
import { caspaySigner, inOnePiece, sentWith, signed, signers } from './senders'
import { directly, everyHost, onHosts, taken } from './stage'

const mismatch = { status: 401, code: 'signature_mismatch' }
const unreadable = { status: 400, code: 'payload_malformed' }

const { body: compact } = caspaySigner
const withData = (data: string) => compact.replace('"data":{', `"data":{${data},`)

/** Bodies whose text changes when they are parsed and written again. */
const reformatted: readonly [string, string][] = [
  ['1.0', withData('"x":1.0')],
  ['1e2', withData('"x":1e2')],
  ['a key that is a number', withData('"b":1,"1":2')],
  ['an escaped slash', withData('"x":"a\\/b"')],
  ['spaces', compact.replaceAll(':', ': ').replaceAll(',', ', ')],
  ['two-space indent', JSON.stringify(JSON.parse(compact), undefined, 2)],
  ['an escaped letter', withData('"x":"\\u00e9"')],
  ['2^53 + 1', withData('"x":9007199254740993')],
  ['an escaped key', withData('"\\u0078":1')],
  ['-0', withData('"x":-0')],
  ['a line break at the end', `${compact}\n`],
  ['Windows line breaks', compact.replace('{', '{\r\n')],
]
const again = (text: string) => JSON.stringify(JSON.parse(text))

const reserialised = (): Try[] =>
  reformatted.flatMap(([name, text]) => [
    ...onHosts(`${name}: as signed`, taken, () => signed(caspaySigner, text), {}, { control: true }),
    ...onHosts(`${name}: written again`, mismatch, () => sentWith(caspaySigner, caspaySigner.tag(text), again(text))),
    ...onHosts(`${name}: signed as written again`, mismatch, () =>
      sentWith(caspaySigner, caspaySigner.tag(again(text)), text),
    ),
  ])

/** What is no UTF-8, to stand inside of a JSON string. */
const invalid: readonly [string, readonly number[]][] = [
  ['FF', [0xff]],
  ['FE', [0xfe]],
  ['a lone continuation', [0x80]],
  ['a cut sequence', [0xc3]],
  ['three of four bytes', [0xf0, 0x9f, 0x92]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['an overlong NUL', [0xe0, 0x80, 0x80]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['a surrogate pair', [0xed, 0xa0, 0xbd, 0xed, 0xb2, 0xa9]],
  ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ['Latin-1', [0xe9]],
]
const holding = (bytes: readonly number[]) => {
  const [before = '', after = ''] = withData('"x":"|"').split('|')
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)])
}
/** What stands before Lambda hands bytes over as base64; the stand-in here does not. */
const withBytes = { hosts: everyHost.filter(({ name }) => !name.startsWith('lambda')) }

const lossy = (): Try[] => [
  ...invalid.flatMap(([name, bytes]) => [
    ...onHosts(
      `${name}, signed as U+FFFD`,
      mismatch,
      () => ({
        ...sentWith(caspaySigner, caspaySigner.tag(holding(bytes).toString())),
        body: inOnePiece(holding(bytes)),
      }),
      {},
      withBytes,
    ),
    ...onHosts(`${name}, signed`, unreadable, () => signed(caspaySigner, holding(bytes)), {}, withBytes),
  ]),
  ...onHosts('a byte order mark nobody signed', mismatch, () =>
    sentWith(caspaySigner, caspaySigner.tag(compact), `\ufeff${compact}`),
  ),
  ...onHosts('a signed byte order mark', unreadable, () => signed(caspaySigner, `\ufeff${compact}`)),
  ...signers.flatMap((signer) =>
    ['utf16le', 'latin1'].map((encoding) => {
      const text = signer.body.replace('"p"', '"é"')
      return directly(
        `${encoding} of what was signed, ${signer.name}`,
        mismatch,
        () => sentWith(signer, signer.value(signer.tag(text)), Buffer.from(text, encoding as BufferEncoding)),
        { provider: signer.provider },
      )
    }),
  ),
]

export const encoding: readonly Attack[] = [
  { row: '9', name: 'the same JSON in other words', tries: reserialised },
  { row: '10', name: 'bytes that only look like what was signed', tries: lossy },
]
