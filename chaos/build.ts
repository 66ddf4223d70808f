import { join } from 'node:path'
import { buildScripts } from './scripts'

let built: Promise<string> | undefined

/** The script of a worker, built once. It lies within `node_modules`, where it finds the drivers. */
export function workerScript(): Promise<string> {
  built ??= buildScripts('chaos', ['chaos/worker.ts'], { cache: 'node_modules/.cache' })
  return built.then((folder) => join(folder, 'worker.mjs'))
}
