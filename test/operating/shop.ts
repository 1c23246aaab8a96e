import { Agent, createServer, get, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The shop that docs/operating.md is about: an origin, and its customers. */

const PAGE = 'a product page '.repeat(200)

export class Shop {
  private readonly server: Server
  private healthy = true

  constructor() {
    this.server = createServer((request, response) => this.answer(request.url ?? '/', response))
  }

  private answer(url: string, response: ServerResponse): void {
    const path = url.split('?', 1)[0]
    if (path === '/health') response.writeHead(this.healthy ? 200 : 503).end()
    else if (path === '/cart') response.setHeader('Set-Cookie', 'cart=4711aabbcc; Path=/; HttpOnly').end('your cart')
    else if (path === '/search') setTimeout(() => response.setHeader('Cache-Control', 'max-age=30').end('results'), 820)
    else if (path.startsWith('/img/')) response.setHeader('Cache-Control', 'max-age=86400').end(Buffer.alloc(20_000, 1))
    else if (path.startsWith('/products/')) this.page(path.slice(10), response)
    else response.setHeader('Cache-Control', 'max-age=60').end('home')
  }

  private page(number: string, response: ServerResponse): void {
    response.setHeader('Cache-Control', 'max-age=300, stale-while-revalidate=60').setHeader('ETag', '"p1"')
    response.setHeader('xkey', `products p${number}`).end(PAGE)
  }

  open(): Promise<number> {
    return new Promise((resolve) => this.server.listen(0, '127.0.0.1', () => resolve((this.server.address() as AddressInfo).port)))
  }

  set sick(value: boolean) {
    this.healthy = !value
  }

  close(): void {
    this.server.closeAllConnections()
    this.server.close()
  }
}

/** So many requests of customers, always the same ones. */
export async function visit(port: number, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  let seed = 7
  const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648
  for (let i = 0; i < count; i++) await ask(port, pathOf(random(), random()), agent)
  agent.destroy()
}

function pathOf(kind: number, which: number): string {
  if (kind < 0.5) return `/products/${Math.floor(which * 20)}`
  if (kind < 0.8) return `/img/${Math.floor(which * 30)}.png`
  if (kind < 0.9) return '/'
  return kind < 0.97 ? '/cart' : `/search?q=${Math.floor(which * 5)}`
}

function ask(port: number, path: string, agent: Agent): Promise<void> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', path, agent, headers: { Host: 'shop.example' } }, (response) => {
      response.resume().on('end', resolve)
    })
    request.on('error', () => resolve())
  })
}
