export { inTrace } from './carry'
export { createInstrumentedReceiver } from './receiver'
export type { Telemetry } from './watch'
