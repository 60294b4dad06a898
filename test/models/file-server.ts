// A file server on loopback that can misbehave, and remembers what it was asked and what it sent.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface FileServer {
  readonly url: string
  readonly requests: { readonly path: string, readonly headers: IncomingHttpHeaders }[]
  /** Body bytes that were handed to the network. */
  sentBytes: number
  /** Cuts every connection. */
  cut (): void
}

export type Answer = (request: IncomingMessage, response: ServerResponse, server: FileServer) => void

export async function startFileServer (t: TestContext, answer: Answer): Promise<FileServer> {
  const listener = createServer((request, response) => {
    server.requests.push({ path: request.url ?? '', headers: request.headers })
    answer(request, response, server)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.after(() => {
    server.cut()
    listener.close()
  })
  const { port } = listener.address() as AddressInfo
  const server: FileServer = { url: `http://127.0.0.1:${port}`, requests: [], sentBytes: 0, cut: () => listener.closeAllConnections() }
  return server
}

interface ServeOptions {
  readonly etag?: string
  /** Bytes after which nothing more comes. */
  readonly stopAfterBytes?: number
}

/** Answers as a good server does: ranges as long as the file is still the one that the client knows. */
export function serveFile (file: Buffer, { etag = '"one"', stopAfterBytes }: ServeOptions, ...[request, response, server]: Parameters<Answer>): void {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  const isPart = range !== null && request.headers['if-range'] === etag
  const start = isPart ? Number(range[1]) : 0
  if (start >= file.length) {
    response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end()
    return
  }
  const rest = file.subarray(start)
  response.writeHead(isPart ? 206 : 200, {
    etag,
    'content-length': rest.length,
    ...(isPart ? { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` } : {}),
  })
  const sent = rest.subarray(0, stopAfterBytes)
  server.sentBytes += sent.length
  response.write(sent)
  if (sent.length === rest.length) response.end()
}
