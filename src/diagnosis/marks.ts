import { type Cause, fromBase64, fromHex } from './variants'

/** A signature as it may be read in a header, and what is odd about that. */
export interface Mark {
  readonly bytes: Uint8Array
  readonly cause?: Cause
  /** The text of a `t=` beside it. */
  readonly timestamp?: string
}

/** What a signature header can be read as, the strict way first. */
export function readMarks(header: string): Mark[] {
  const timestamp = /(?:^|[,\s])t=(\d{1,20})/.exec(header)?.[1]
  const marks = header.split(/,\s*/).flatMap((item): Mark[] => {
    const text = item.replace(/^v\d+=/, '')
    if (/^t=/.test(text)) return []
    const spread = item !== header && timestamp === undefined ? ({ cause: 'signature_twice' } as const) : {}
    return readMark(text).map((mark) => ({ ...spread, ...mark, ...(timestamp === undefined ? {} : { timestamp }) }))
  })
  return marks.slice(0, 8)
}

function readMark(text: string): Mark[] {
  if (/^[0-9a-f]+$/.test(text)) return fromHexText(text, undefined)
  const bare = text.trim().replace(/^["']|["']$/g, '')
  if (bare !== text) return readMark(bare).map(({ bytes, cause = 'signature_white_space' }) => ({ bytes, cause }))
  const [, rest] = /^[a-z][\w-]*[= ](?=.)(.*)$/i.exec(text) ?? []
  if (rest !== undefined && rest.length >= 16)
    return readMark(rest).map(({ bytes, cause = 'signature_prefix' }) => ({ bytes, cause }))
  if (/^[0-9a-f]+$/i.test(text)) return fromHexText(text, 'signature_capitals')
  const bytes = fromBase64(text)
  return bytes === undefined ? [] : [{ bytes, cause: 'signature_base64' }]
}

function fromHexText(text: string, cause: Cause | undefined): Mark[] {
  const bytes = fromHex(text.length % 2 === 0 ? text : text.slice(0, -1))
  return bytes === undefined ? [] : [{ bytes, ...(cause === undefined ? {} : { cause }) }]
}
