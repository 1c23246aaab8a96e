import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** The simplest thing that can stand where the cache stands: bytes go through as they are. */
export interface Relay {
  readonly port: number
  close(): Promise<void>
}

export function startRelay(to: { readonly port: number }): Promise<Relay> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (front) => {
    const back = connect({ port: to.port, host: '127.0.0.1', allowHalfOpen: true })
    join(front, back)
    join(back, front)
    for (const socket of [front, back]) sockets.add(socket)
  })
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy()
      server.close(() => resolve())
    })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ port: (server.address() as AddressInfo).port, close })))
}

function join(from: Socket, to: Socket): void {
  from.pipe(to)
  from.on('error', () => to.resetAndDestroy())
  from.on('close', () => to.destroySoon())
}
