import { encodeBase64 } from '../core/bytes'
import type { Kept } from './log'
import { endToEnd } from './post'
import { shownHeaders } from './present'
import { secretsIn } from './secrets'
import type { Pairs } from './shown'
import { decoded, maskBytes } from './text'

/** A delivery to be kept in a test: its headers, its bytes, and when it came. A token in it is hidden, and said to be. */
export async function toFixture(kept: Kept): Promise<string> {
  const { body, hidden } = await withoutSecrets(kept)
  const { source, receivedAtMs, headers } = kept
  const fixture = {
    name: `${source.name} ${kept.event?.wireType ?? kept.error?.code ?? 'delivery'}`,
    provider: source.name,
    now: receivedAtMs,
    headers: await copiedHeaders(kept, endToEnd(headers)),
    body_base64: encodeBase64(body),
    ...(hidden
      ? { note: 'A secret in the body was replaced: put a test secret there, and sign again if it is signed.' }
      : {}),
  }
  return `${JSON.stringify(fixture, undefined, 2)}\n`
}

/** A command that posts the delivery again. Safe to paste: nothing in it can end a quote or a line. */
export async function toCurl(kept: Kept, url: string): Promise<string> {
  const { body, hidden } = await withoutSecrets(kept)
  const headers = (await copiedHeaders(kept, endToEnd(kept.headers))).map(
    ([name, value]) => `-H ${quoted(`${name}: ${value}`)}`,
  )
  const text = decoded(body)
  const plain = text !== undefined && /^[\x20-\x7e]*$/.test(text)
  const post = ['curl -sS -i -X POST', quoted(url), ...headers]
  const note = hidden ? '# A secret in the body was replaced: put it back.\n' : ''
  if (plain) return `${note}${[...post, `--data-raw ${quoted(text)}`].join(' \\\n  ')}\n`
  return `${note}printf %s ${quoted(encodeBase64(body))} | base64 -d | \\\n${[...post, '--data-binary @-'].join(' \\\n  ')}\n`
}

async function withoutSecrets({
  source,
  body = new Uint8Array(),
}: Kept): Promise<{ body: Uint8Array; hidden: boolean }> {
  return maskBytes(body, await secretsIn(source.provider, body))
}

async function copiedHeaders(kept: Kept, headers: Pairs): Promise<Pairs> {
  return shownHeaders(kept, headers, await secretsIn(kept.source.provider, kept.body))
}

/** For a shell; what is not plain ASCII is spelled byte by byte, for it may hide what is pasted. */
function quoted(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return `'${text.replaceAll("'", "'\\''")}'`
  const spelled = text.replace(/[^\x20-\x7e]|['\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
  return `$'${spelled}'`
}
