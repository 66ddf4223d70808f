import { useEffect, useState } from 'preact/hooks'
import type { Detail, News, PageState, ResendOrder, Summary } from '../shown'

/** What this page knows of the server, and whether that is still there. */
export interface Known {
  readonly connection: 'connecting' | 'live' | 'gone'
  readonly state?: PageState
  /** The newest first. */
  readonly deliveries: readonly Summary[]
}

/** Follows the stream of news. The browser connects again by itself, and gets everything anew. */
export function useNews(): Known {
  const [known, setKnown] = useState<Known>({ connection: 'connecting', deliveries: [] })
  useEffect(() => {
    const news = new EventSource('news')
    news.onmessage = ({ data }) => setKnown((before) => learn(before, JSON.parse(data) as News))
    news.onerror = () => setKnown((before) => ({ ...before, connection: 'gone' }))
    return () => news.close()
  }, [])
  return known
}

function learn(before: Known, news: News): Known {
  switch (news.type) {
    case 'all':
      return { connection: 'live', state: news.state, deliveries: [...news.deliveries].reverse() }
    case 'delivery': {
      const { delivery, oldest } = news
      const isKnown = before.deliveries.some(({ number }) => number === delivery.number)
      const all = isKnown
        ? before.deliveries.map((each) => (each.number === delivery.number ? delivery : each))
        : [delivery, ...before.deliveries]
      return { ...before, deliveries: all.filter(({ number }) => number >= oldest) }
    }
    case 'cleared':
      return { ...before, deliveries: [] }
  }
}

export type Loaded = { readonly detail: Detail } | { readonly problem: string } | undefined

/** Everything about one delivery, read again whenever its line changes. */
export function useDetail(summary: Summary | undefined): Loaded {
  const [loaded, setLoaded] = useState<Loaded>()
  const wanted = summary === undefined ? '' : JSON.stringify(summary)
  useEffect(() => {
    if (summary === undefined) return setLoaded(undefined)
    const leaving = new AbortController()
    read(`deliveries/${summary.number}`, leaving.signal)
      .then((answer) => answer.json() as Promise<Detail>)
      .then((detail) => setLoaded({ detail }))
      .catch((error: unknown) => {
        if (!leaving.signal.aborted) setLoaded({ problem: error instanceof Error ? error.message : String(error) })
      })
    return () => leaving.abort()
  }, [wanted])
  const isOther = loaded !== undefined && 'detail' in loaded && loaded.detail.summary.number !== summary?.number
  return isOther ? undefined : loaded
}

export async function readText(path: string): Promise<string> {
  return (await read(path)).text()
}

/** Sends a delivery again. Gives what is in the way, if anything is. */
export async function resend(number: number, order: ResendOrder): Promise<string | undefined> {
  try {
    const answer = await post(`deliveries/${number}/resend`, order)
    if (!answer.ok) return await answer.text()
    return ((await answer.json()) as { problem?: string }).problem
  } catch {
    return gone
  }
}

export async function clear(): Promise<void> {
  await post('clear', {}).catch(() => {})
}

const gone = 'payproof does not answer. Is it still running?'

function post(path: string, value: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(path, { method: 'POST', headers, body: JSON.stringify(value) })
}

async function read(path: string, signal?: AbortSignal): Promise<Response> {
  const answer = await fetch(path, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    throw signal?.aborted ? error : new Error(gone)
  })
  if (answer.ok) return answer
  throw new Error(await answer.text())
}
