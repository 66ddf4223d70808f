import * as nodeModule from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A database client that the merchant has installed. */
export interface Driver {
  readonly name: string
  readonly module: Readonly<Record<string, unknown>>
}

/** None of the drivers is there: says which to install, and where it was looked for. */
export class DriverMissing extends Error {
  override readonly name = 'DriverMissing'
}

/** The first of these packages that is installed where the command runs, or beside it. */
export async function loadDriver(names: readonly string[], folder = process.cwd()): Promise<Driver> {
  for (const name of names) {
    const module = name.startsWith('node:') ? await tryImport(name) : await fromProject(name, folder)
    if (module !== undefined) return { name, module }
  }
  const installable = names.filter((name) => !name.startsWith('node:')).map((name) => `\`${name.split('/')[0]}\``)
  throw new DriverMissing(
    `No driver is installed in ${folder}: run this in your project's folder, or install ${installable.join(' or ')} there.`,
  )
}

async function fromProject(name: string, folder: string): Promise<Driver['module'] | undefined> {
  for (const from of [join(folder, 'package.json'), import.meta.url]) {
    const path = resolveFrom(from, name)
    // Resolved and broken is not the same as missing: that error is the merchant's to see.
    if (path !== undefined) return withNames(await import(pathToFileURL(path).href))
  }
  return undefined
}

function resolveFrom(from: string, name: string): string | undefined {
  try {
    return nodeModule.createRequire(from).resolve(name)
  } catch {
    return undefined
  }
}

async function tryImport(name: string): Promise<Driver['module'] | undefined> {
  return import(name).then(withNames, () => undefined)
}

/** A CommonJS module's names may stand in its default alone. */
function withNames(module: Record<string, unknown>): Driver['module'] {
  const { default: main } = module
  return typeof main === 'object' && main !== null ? { ...main, ...module } : module
}
