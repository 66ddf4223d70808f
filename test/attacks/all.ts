import { answers } from './answers'
import type { Attack } from './attack'
import { comparison } from './comparison'
import { confirmation } from './confirmation'
import { costly } from './costly'
import { encoding } from './encoding'
import { fulfilment } from './fulfilment'
import { handled } from './handled'
import { headers } from './headers'
import { http } from './http'
import { leaks } from './leaks'
import { lookups } from './lookups'
import { origin } from './origin'
import { payload } from './payload'
import { peers } from './peers'
import { replay } from './replay'
import { signatures } from './signatures'
import { time } from './time'
import { values } from './values'
import { windows } from './windows'
import { wire } from './wire'

/** All attacks, by the file they stand in. */
export const themes: Readonly<Record<string, readonly Attack[]>> = {
  origin,
  comparison,
  signatures,
  encoding,
  time,
  windows,
  replay,
  fulfilment,
  payload,
  costly,
  values,
  http,
  headers,
  wire,
  confirmation,
  lookups,
  leaks,
  answers,
  peers,
  handled,
}
