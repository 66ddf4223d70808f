// Runs in every runtime as it is: the packed package, web standards, nothing else.
import { caspay, createReceiver, kasperopay, memoryStore, mugglepay, payqi, payvost } from 'payproof'
import { fetchWebhook } from 'payproof/fetch'

const providers = { caspay, kasperopay, mugglepay, payqi, payvost }

/** Plays each case to a receiver of its own, twice, and gives the answers. */
export async function answers(cases) {
  const given = []
  for (const { provider, settings, api, now, headers, body } of cases) {
    let runs = 0
    const receiver = createReceiver({
      provider: providers[provider]({ ...settings, fetch: answering(api) }),
      store: memoryStore(),
      now: () => now,
      observe: () => {},
    })
    const handle = fetchWebhook(receiver, () => {
      runs++
    })
    const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0))
    const send = () => handle(new Request('https://shop.example/hook', { method: 'POST', headers, body: bytes }))
    const [first, second] = [await send(), await send()]
    given.push(`${first.status} ${await first.text()} | ${second.status} ${await second.text()} | ${runs}`)
  }
  return given
}

function answering(api = {}) {
  return async (url) =>
    url in api
      ? new Response(api[url], { headers: { 'content-type': 'application/json' } })
      : new Response('{}', { status: 404 })
}
