import { existsSync } from 'node:fs'
import { OperatorError } from '../../base/errors.ts'

/**
 * Where work directories are. `-n /path` is that path; `-n name` is below a base directory, which tools and server find alike, so that
 * nobody who has one Lacquer on his machine needs -n at all.
 */

export const DEFAULT_NAME = 'lacquer'
const SYSTEM_BASE = '/run/lacquer'

export interface Surroundings {
  readonly uid: number
  readonly environment: Readonly<Record<string, string | undefined>>
}

export function surroundings(): Surroundings {
  return { uid: process.geteuid?.() ?? 0, environment: process.env }
}

/** Where this user may make work directories, the best first. */
export function baseDirectories({ uid, environment }: Surroundings): string[] {
  const { RUNTIME_DIRECTORY: service, XDG_RUNTIME_DIR: session } = environment
  const bases = [`/tmp/lacquer-${uid}`]
  if (uid === 0) bases.unshift(SYSTEM_BASE)
  else if (session !== undefined && session.startsWith('/')) bases.unshift(`${session}/lacquer`)
  // systemd's, for a unit with RuntimeDirectory: there may be several, by colons.
  if (service !== undefined && service.startsWith('/')) bases.unshift(service.split(':')[0])
  return bases
}

/** `-n` as it is meant; throws an OperatorError for what could be meant otherwise. */
export function checkName(name: string): void {
  if (name.includes('\0') || name.includes('\n')) throw new OperatorError('-n: the name has characters that no directory should have')
  if (name.startsWith('/')) return
  if (name.includes('/') || name === '.' || name === '..')
    throw new OperatorError(`-n ${name}: give a name without slashes, or a path that begins with one`)
}

function nameOrDefault(name: string | undefined): string {
  return name === undefined || name === '' ? DEFAULT_NAME : name
}

/** For a server: where the directory of that name (undefined: the default) may be, the best first. */
export function placesFor(name: string | undefined, from: Surroundings = surroundings()): string[] {
  const wanted = nameOrDefault(name)
  checkName(wanted)
  return wanted.startsWith('/') ? [wanted] : baseDirectories(from).map((base) => `${base}/${wanted}`)
}

/** For a tool: the first of them that is there; else where it would be. A tool may be another user's than the server is. */
export function placeOf(name: string | undefined, from: Surroundings = surroundings()): string {
  const places = placesFor(name, from)
  const wanted = nameOrDefault(name)
  if (!wanted.startsWith('/')) places.push(`${SYSTEM_BASE}/${wanted}`)
  return places.find((place) => existsSync(`${place}/${MGT}/${INDEX}`)) ?? places[0]
}

// Names in a work directory, as published.

export const PID = '_.pid'
export const SECRET = '_.secret'
export const MGT = '_.vsm_mgt'
export const CHILD = '_.vsm_child'
export const INDEX = '_.index'
/** Not published: the admin protocol for the owner, without a secret. */
export const SOCKET = '_.cli'
