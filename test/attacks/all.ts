import type { Attack } from './attack'
import { confirmation } from './confirmation'
import { encoding } from './encoding'
import { http } from './http'
import { leaks } from './leaks'
import { origin } from './origin'
import { payload } from './payload'
import { peers } from './peers'
import { replay } from './replay'
import { signatures } from './signatures'
import { time } from './time'
import { values } from './values'
import { wire } from './wire'

/** All attacks, by the file they stand in. */
export const themes: Readonly<Record<string, readonly Attack[]>> = {
  origin,
  signatures,
  encoding,
  time,
  replay,
  payload,
  values,
  http,
  wire,
  confirmation,
  leaks,
  peers,
}
