import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ANSWERS, COURSES, RECORDED, type Course } from './probes.ts'
import { hasVarnish, Varnishd } from './varnishd.ts'

/** What the installed varnishd makes of the courses of probes.ts becomes the record that ours are held to. */

if (!hasVarnish()) throw new Error('varnishd 7.1 is not installed')

/** Answers each probe as its letter says. */
async function origin({ answers }: Course): Promise<Server> {
  let n = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      const letter = answers[Math.min(n++, answers.length - 1)]
      socket.end(ANSWERS[letter], 'latin1')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function rules(servers: readonly Server[]): string {
  const backends = COURSES.map(({ probe }, i) => {
    const { port } = servers[i].address() as AddressInfo
    return `backend b${i} { .host = "127.0.0.1"; .port = "${port}"; .probe = { .interval = 0.1s; ${probe} } }`
  })
  const uses = COURSES.map((_, i) => `set req.backend_hint = b${i};`)
  return `vcl 4.1;\n${backends.join('\n')}\nsub vcl_recv { ${uses.join(' ')} }\n`
}

/** What became of each probe: "healthy 4---X-RH 3 3 8", the state before the first one first. */
async function record(directory: string): Promise<string[][]> {
  const found: string[][] = COURSES.map(() => [])
  const log = spawn('varnishlog', ['-n', directory, '-d', '-g', 'raw', '-i', 'Backend_health'])
  for await (const line of createInterface(log.stdout)) {
    const [, i, , state, rest] = /Backend_health +- b(\d+) (Went|Still) (\w+) (\S+ \d+ \d+ \d+) /.exec(line) ?? []
    const list = found[Number(i)]
    const begins = line.endsWith('""')
    // Two of the beginning: when it is made, and when it is first used.
    if (list === undefined || (begins && list.length > 0)) continue
    if (list.length <= COURSES[Number(i)].answers.length) list.push(`${state} ${rest}`)
  }
  // It ends with what there is so far: the probes may have more to say.
  return found.every((one, n) => one.length > COURSES[n].answers.length) ? found : record(directory)
}

const directory = mkdtempSync(join(tmpdir(), 'lacquer-probes-'))
const servers = await Promise.all(COURSES.map(origin))
const file = join(directory, 'rules.vcl')
writeFileSync(file, rules(servers))
const varnishd = await Varnishd.start(join(directory, 'n'), file)
const found = await record(join(directory, 'n'))
await varnishd.stop()
for (const server of servers) server.close()
rmSync(directory, { recursive: true })
writeFileSync(RECORDED, `${JSON.stringify(found, undefined, 1)}\n`)
