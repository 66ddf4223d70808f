import { type $strip, type $ZodObject, $ZodObjectJIT, type $ZodShape } from 'zod/v4/core'

/** The words in which schemas are written here: those of zod that leave out of a bundle what is not used. */
export {
  array,
  base64,
  boolean,
  iso,
  literal,
  nullish,
  number,
  optional,
  record,
  safeParse,
  string,
  union,
  unknown,
} from 'zod/mini'
export type { $ZodType as Schema, input, output } from 'zod/v4/core'

/** An object, read by code that is made for it where the runtime allows that, which `zod/mini` never has. */
export function object<Shape extends $ZodShape>(shape: Shape): $ZodObject<Shape, $strip> {
  return new $ZodObjectJIT({ type: 'object', shape }) as $ZodObject<Shape, $strip>
}
