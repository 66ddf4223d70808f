import { type Cause, fromBase64, fromHex } from './variants'

/** A signature as it may be read in a header, and what is odd about that. */
export interface Mark {
  readonly bytes: Uint8Array
  readonly cause?: Cause
}

export interface ReadHeader {
  /** What the header can be read as, the strict way first. */
  readonly marks: readonly Mark[]
  /** The text of a `t=` in it. */
  readonly timestamp?: string
}

/** No provider's is longer, and a stranger's must not cost more. */
const maxHeaderLength = 1024
const maxMarks = 8
/** Quotes in white space behind a prefix, and one to spare. */
const maxLayers = 4

export function readSignature(header: string): ReadHeader {
  if (header.length > maxHeaderLength) return { marks: [] }
  const timestamp = /(?:^|[,\s])t=(\d{1,20})/.exec(header)?.[1]
  const marks = header.split(/,\s*/).flatMap((item): Mark[] => {
    const text = item.replace(/^v\d+=/, '')
    if (/^t=/.test(text)) return []
    const spread = item !== header && timestamp === undefined ? ({ cause: 'signature_twice' } as const) : {}
    return readMark(text, maxLayers).map((mark) => ({ ...spread, ...mark }))
  })
  return { marks: marks.slice(0, maxMarks), ...(timestamp === undefined ? {} : { timestamp }) }
}

function readMark(text: string, layers: number): Mark[] {
  if (/^[0-9a-f]+$/.test(text)) return fromHexText(text, undefined)
  if (layers === 0) return []
  const bare = text.trim().replace(/^["']|["']$/g, '')
  if (bare !== text)
    return readMark(bare, layers - 1).map(({ bytes, cause = 'signature_white_space' }) => ({ bytes, cause }))
  const [, rest] = /^[a-z][\w-]*[= ](?=.)(.*)$/i.exec(text) ?? []
  if (rest !== undefined && rest.length >= 16)
    return readMark(rest, layers - 1).map(({ bytes, cause = 'signature_prefix' }) => ({ bytes, cause }))
  if (/^[0-9a-f]+$/i.test(text)) return fromHexText(text, 'signature_capitals')
  const bytes = fromBase64(text)
  return bytes === undefined ? [] : [{ bytes, cause: 'signature_base64' }]
}

function fromHexText(text: string, cause: Cause | undefined): Mark[] {
  const bytes = fromHex(text.length % 2 === 0 ? text : text.slice(0, -1))
  return bytes === undefined ? [] : [{ bytes, ...(cause === undefined ? {} : { cause }) }]
}
