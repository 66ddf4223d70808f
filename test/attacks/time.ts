import { createReceiver, memoryStore, type ReceiverOptions, type WebhookEvent } from '../../src'
import { now } from '../support/shop'
import { type Attack, misbuilding, type Try } from './attack'
import { caspaySigner, payqiSigner, sentWith, signed, timedSigner } from './senders'

import { directly, onHosts } from './stage'

const seconds = now / 1000
const unreadable = { status: 401, code: ['timestamp_malformed', 'timestamp_missing', 'signature_malformed'] }

/** Times that lenient parsers take for now, or for no limit at all. */
const strange = [
  'NaN',
  'Infinity',
  '-1',
  '0',
  '',
  'null',
  '1e9',
  '1.79e9',
  '0x6ab11f00',
  `${seconds}junk`,
  `${seconds}.9`,
  ` ${seconds}`,
  `${seconds} `,
  `+${seconds}`,
  `-${seconds}`,
  `0${seconds}`,
  `${now}`,
  `${seconds}000000`,
  '9'.repeat(20),
  '1'.repeat(400),
  `${seconds},${seconds}`,
  `${seconds};`,
  '１７９００００００',
  new Date(now).toISOString(),
  String(new Date(now)),
]
const timed = (time: string) =>
  sentWith(timedSigner, `t=${time},v1=${timedSigner.tag(timedSigner.body, undefined, time)}`)
const headed = (time: string) => signed({ ...payqiSigner, more: [['x-payqi-timestamp', time]] })
const created = (value: string) => caspaySigner.body.replace(/"created":\d+/, `"created":${value}`)

/** As JSON has it, validly signed. */
const strangeJson = [
  '"now"',
  `"${seconds}"`,
  'null',
  'true',
  '[]',
  '{}',
  '-1',
  '0',
  '1e400',
  `${seconds}.5`,
  `${now}`,
  '9'.repeat(20),
]

const options = (change: Partial<ReceiverOptions<WebhookEvent>>) => () =>
  createReceiver({ provider: caspaySigner.provider, store: memoryStore(), ...change })
const noNumbers = [Number.NaN, -1, 0, Number.POSITIVE_INFINITY, 86_401, '300' as unknown as number]

const unreadableTimes = (): Try[] => [
  ...strange.map((time) =>
    directly(`t=${time.slice(0, 20)}`, unreadable, () => timed(time), { provider: timedSigner.provider }),
  ),
  ...['t=1,t=', `t=${seconds},t=`].map((start) =>
    directly(
      `${start}…`,
      unreadable,
      () => sentWith(timedSigner, `${start}${seconds},v1=${timedSigner.tag(timedSigner.body)}`),
      { provider: timedSigner.provider },
    ),
  ),
  ...strange.map((time) =>
    directly(`header ${time.slice(0, 20)}`, unreadable, () => headed(time), { provider: payqiSigner.provider }),
  ),
  ...strangeJson.map((value) => directly(`created ${value}`, unreadable, () => signed(caspaySigner, created(value)))),
  ...[`${seconds}junk`, `${now}`, 'NaN'].flatMap((time) =>
    onHosts(time, unreadable, () => timed(time), { provider: timedSigner.provider }),
  ),
  ...noNumbers.map((value) => misbuilding(`toleranceSeconds ${value}`, options({ toleranceSeconds: value }))),
  ...noNumbers
    .filter((value) => !(Number(value) > 0))
    .map((value) => misbuilding(`maxEventAgeSeconds ${value}`, options({ maxEventAgeSeconds: value }))),
  misbuilding('a clock in seconds', options({ now: () => seconds })),
  ...onHosts(
    'a clock that gives no number',
    { status: 500, code: 'configuration_invalid' },
    () => signed(caspaySigner),
    clockThatBreaks(),
  ),
]

/** Right when it is looked at first, at the start. */
function clockThatBreaks() {
  let looked = false
  return {
    now: () => {
      if (looked) return Number.NaN
      looked = true
      return now
    },
  }
}

export const time: readonly Attack[] = [
  { row: '11', name: 'times that cannot be read, validly signed; windows that are none', tries: unreadableTimes },
]
