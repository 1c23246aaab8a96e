import type { VmodImplementation, VmodLoad } from '../vmods/vmod.ts'
import { VMODS } from '../vmods/vmods.ts'
import { Acl, type AclNetwork } from './acl.ts'
import type { CommonContext, VclBackend } from './context.ts'
import { calledBy, Ended, VclFailure } from './failure.ts'
import { messageOf } from '../../base/errors.ts'
import type { Ip } from '../../base/ip.ts'
import { compileRegex } from '../../pattern/regex.ts'
import { portions } from './portions.ts'
import { regsub, regsuball } from '../../pattern/regsub.ts'
import { tracer } from './trace.ts'
import * as values from './values.ts'

/** Everything emitted code may call, for one load. The names are emit.ts's RUNTIME_NAMES. */
export function linkage(load: VmodLoad) {
  return {
    ...values,
    ban,
    calledBy,
    Ended,
    compileRegex,
    regsub,
    regsuball,
    portions,
    compileAcl,
    matchAcl,
    failureText,
    vmodFunction: (vmod: string, name: string): VmodImplementation => {
      const fn = VMODS[vmod].functions[name]
      return fn.bind === undefined ? fn.impl : fn.bind(load)
    },
    vmodMethod: (vmod: string, type: string, name: string): VmodImplementation => {
      const fn = VMODS[vmod].objects![type].methods[name]
      return fn.bind === undefined ? fn.impl : fn.bind(load)
    },
    vmodObject: (vmod: string, type: string) => {
      const create = VMODS[vmod].objects![type].create as (c: unknown, load: VmodLoad, name: string, ...args: unknown[]) => object
      return (c: unknown, name: string, ...args: unknown[]): object => create(c, load, name, ...args)
    },
    madeObject,
    resolveBackend,
    tracer,
  }
}

/** The statement: what is no ban is told, and rules go on. */
function ban(c: CommonContext, expression: string | undefined): void {
  const error = c.ban(expression)
  if (error !== undefined) c.vclError(`ban(): ${error}`, 'ban()')
}

/** vcl_init need not have made every object: it may have left one out, or ended before. */
function madeObject(object: object | undefined, name: string): object {
  if (object === undefined) throw new VclFailure(`object ${name} has not been made in vcl_init`)
  return object
}

/** BACKEND.resolve(): what a director chooses now. */
function resolveBackend(c: CommonContext, backend: VclBackend | undefined): VclBackend | undefined {
  return backend?.choose === undefined ? backend : backend.choose(c)
}

interface LoadedAcl {
  readonly acl: Acl
  readonly log: boolean
}

function compileAcl(table: { name: string; log: boolean; entries: readonly AclNetwork[] }): LoadedAcl {
  return { acl: new Acl(table.name, table.entries), log: table.log }
}

/** `ip ~ acl`; only ACLs declared with +log make a VCL_acl record. */
function matchAcl(c: CommonContext, { acl, log }: LoadedAcl, ip: Ip): boolean {
  const found = acl.find(ip)
  if (log) c.logAcl(acl.name, found?.text)
  return found !== undefined && !found.negated
}

/** What a VCL_Error record says: the message and the statement's place. */
function failureText(error: unknown, place: string): string {
  return place === '' ? messageOf(error) : `${messageOf(error)} (${place})`
}
