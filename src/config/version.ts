import { readFileSync } from 'node:fs'

/** Lacquer's version: package.json is two folders up from src/config and from dist/config alike. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}
