import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'

const longestMs = 2000
const mostBytes = 64 * 1024 * 1024

/** Reads on and forgets, until the sender is done or has had `longestMs` or `mostBytes`. Never rejects. */
export async function discardRest (incoming: Readable): Promise<void> {
  const enough = new AbortController()
  const timer = setTimeout(() => enough.abort(), longestMs)
  let bytes = 0
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > mostBytes) enough.abort()
  })
  incoming.on('error', () => {}) // also after `finished` has stopped listening
  incoming.resume()
  try {
    await finished(incoming, { writable: false, signal: enough.signal })
  } catch {
    // Enough, or the client has gone: either way nobody sends any more that we would read.
  } finally {
    clearTimeout(timer)
  }
}
