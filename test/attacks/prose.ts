/** What stands in docs/threat-model.md before and behind the table. */
export const opening = `# Threat model

What payproof promises, what it does not and who has to, and what happens when it is attacked.
This document is written by \`npm run threat-model\`, which plays every attack of the table. A test fails when the document is not
what a run gives.

## What is promised

| promise | how |
| --- | --- |
| No handler runs for a delivery that is not proven. | Every adapter waits for the proof. What is not proven is answered 401, with the same bytes for every reason and at every provider, and touches no store. What cannot be judged is 503: an API or a look-up that is down, and a KasperoPay payment that its API says is still pending. |
| What is proven are the bytes. | Signatures are checked over the raw bytes as received, before anything is parsed. A body that something else has parsed is refused (500), never written again. |
| Proofs are compared in a time that tells nothing. | Node's \`timingSafeEqual\` on two digests of 32 bytes, where there is no Node WebCrypto's \`verify\`; nothing else compares. |
| A time that is signed is held to its window, both ways, to the second. | Times have one grammar each. Windows are checked at start. |
| An event that was handled is not handled again, as long as the store remembers. | One atomic claim per event, keyed by proven data only. The store must remember longer than events are taken. |
| One text has one meaning. | Over the bytes as payproof is handed them: invalid UTF-8, keys given twice, deep nesting and keys that change prototypes are refused. Amounts are exact decimal strings. |
| No delivery costs much. | Limits on size, time, depth, signatures per header, and open questions to an API. |
| Secrets stay inside. | Neither secrets nor tokens nor right signatures nor bodies are in an error, a report, a log line or an answer: only the type and the id of a proven event. A dead letter holds its delivery. |
| Whatever is missing closes. | A missing secret throws at start. A store, an API or a look-up that fails is 503: never a yes. |

## What is not promised, and who has to do it

| not promised | why | who, and what |
| --- | --- | --- |
| That a payment is the right one. | A genuine payment may be of another order, amount or currency. | The merchant: \`expectPayment(event, order)\` before fulfilling. Where two providers share one table of orders, let the order name its \`provider\`. |
| Which order a CasPay payment is for. | The form that its service is known to send names none. | The merchant: note at checkout the payment id that CasPay answers the server, and expect it (\`paymentId\`); never one that a browser names. |
| That a CasPay payment is on chain. | CasPay also signs payments that it did not find there. | The merchant, for dear orders: look up \`payment.transactionHash\`. |
| That a MugglePay body is true. | Its token does not cover the body: whoever has seen one delivery can write others. | The merchant: a token per order (\`orderTokenSecret\`), and \`apiKey\`, which has every delivery confirmed. |
| Which order a KasperoPay payment is for. | Its deliveries have no signature, and its API names no order. | The merchant: note the payment id at checkout, and give \`expect\`. |
| The age of Payvost's plugin form, and of MugglePay's deliveries. | They carry no time of their own. | The store: it must remember (\`retentionSeconds\`). A copy that comes after that is handled again: let an order be paid once. |
| The time in \`X-PayQI-Timestamp\` and in CasPay's headers. | They are not signed. | Nobody has to: they can turn a delivery away, and never vouch for one. |
| Safety when one secret serves two providers or endpoints. | What is signed for one is then signed for the other. | The merchant: one secret per provider and endpoint. CasPay's \`merchantId\` and the \`mode\` of a secret narrow it down. |
| Safety when a secret is known to others. | Whoever has it can sign. | The merchant: rotate (\`[new, { id, value: old, notAfter }]\`). |
| That bytes which other middleware decoded are those that were sent. | A text that something else made of the body is encoded as UTF-8 again: a byte order mark that was dropped, an invalid byte that became U+FFFD, or another character set cannot be told apart from what the provider signed. | The merchant: mount the webhook before what reads bodies, and hand over bytes. |
| That nobody reads deliveries on their way. | payproof sees what arrives. | The proxy: TLS to the end. Tokens travel in plain text inside of it. |
| A right clock. | Windows are measured with the machine's. | The machine: NTP. |
| That nothing is forgotten. | A store that loses its data forgets what was handled. | The store: \`appendonly yes\` and \`noeviction\` in Redis, a durable commit in SQL; \`memoryStore\` ends with its process. |
| Exactly one effect outside of the store's database. | A process may end between the effect and its record. | The merchant: transactions, or a state change that can happen once. |
| That a delivery comes at all. | CasPay delivers once and never again. | The merchant: look at the dead letters, and ask the provider about orders that stay unpaid. |
| Floods of connections, and slow headers. | They end before an adapter sees a request. | The server and the proxy: \`headersTimeout\`, connection limits, rate limits. |
| Bodies and encodings before Lambda. | The gateway reads the request. | The gateway: its limits. |
| That differences in time cannot be measured over a network. | Tests cannot show that something is not there. | The structure is tested instead: what compares, how often, and over how many bytes. |
| Safety from what runs in the same process. | It can read memory and replace functions. | The merchant: dependencies. |

## What is trusted

- The provider signs only what it means, and keeps its secret; where its API is asked, that API tells the truth over TLS.
- The merchant's code: handlers, \`expect\`, \`tokenFor\`, observers, a \`fetch\` or clock that is handed in, and a store of its own
  that passes \`storeContract\`.
- The runtime: its HTTP parser, its cryptography, its random numbers. \`zod\` is the one dependency at run time.
- Nothing else: every byte of a request is the attacker's until it is proven.

## The attacks

Each try goes to the receiver itself, and where it is about HTTP also through every adapter: node:http, Express 5 and 4, Fastify,
Koa, Hono, fetch, Lambda v1 and v2. *Refused*: answered as it must be, with no effect; a copy of what was handled is
acknowledged and not handled, and a condition that nothing is sent for holds. *Handler runs* and *stored* are those that an attack
caused, beyond what a genuine delivery beside it is due. *Genuine*: deliveries beside the attacks that must be, and were, taken:
a receiver that refuses everything would fail them. Rows P are faults that were found in other libraries.
`

export const closing = `
Elsewhere in the tests: every bit of every recorded delivery and signature changed (\`test/providers.test.ts\`), the answers of all
adapters side by side (\`test/adapters/matrix.test.ts\`), 45 malformed requests (\`test/adapters/raw-requests.test.ts\`), JSON
and UTF-8 test suites (\`test/json.test.ts\`), stores under races (\`test/stores.test.ts\`, \`test/transaction.test.ts\`).
`
