/** Keeps one client from taking the whole queue: the images that each has in work are counted, and bounded. */
import { isIPv4, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { ServiceError } from './errors.ts'

export class ClientShare {
  readonly #maxImages: number
  readonly #inWork = new Map<string, number>()

  /** @param maxImages - Images in work for one client; 0 for no limit. */
  constructor (maxImages: number) {
    this.#maxImages = maxImages
  }

  /** Clients with images in work. */
  get size (): number {
    return this.#inWork.size
  }

  /**
   * What `work` gives; until it has settled, `images` count for the client.
   *
   * A client with nothing in work is always let in: a request of more images than the limit would else be refused for ever.
   *
   * @throws `too_many_requests` before any work is done.
   */
  async hold<Result> (client: string, images: number, work: () => Promise<Result>): Promise<Result> {
    const inWork = this.#inWork.get(client) ?? 0
    if (this.#maxImages > 0 && inWork > 0 && inWork + images > this.#maxImages) {
      throw new ServiceError('too_many_requests', `Expected at most ${this.#maxImages} images of one client in work, got ${images} more than ${inWork}.`)
    }
    this.#inWork.set(client, inWork + images)
    try {
      return await work()
    } finally {
      const left = this.#inWork.get(client)! - images
      if (left === 0) this.#inWork.delete(client)
      else this.#inWork.set(client, left)
    }
  }
}

/** Who asks: the id of the request's API key, or where it has none, its network address. */
export function clientOf ({ keyId, ip }: FastifyRequest): string {
  return keyId === undefined ? `address ${networkOf(ip)}` : `key ${keyId}`
}

/** Groups of an IPv6 address that name a network; whoever has one of its addresses has them all. */
const networkGroups = 4
const addressGroups = 8

function networkOf (address: string | undefined): string {
  if (address === undefined) return 'unknown' // the client has left, and its socket with it
  // Some proxies write the port too, which is another one for each connection.
  const withoutPort = address.replace(/^\[(.+)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
  const mapped = withoutPort.slice(withoutPort.lastIndexOf(':') + 1)
  if (isIPv4(mapped)) return mapped
  if (!isIPv6(withoutPort)) return address
  const [head = [], tail = []] = withoutPort.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = Array<string>(Math.max(0, addressGroups - head.length - tail.length)).fill('0')
  return [...head, ...zeros, ...tail].slice(0, networkGroups).map((group) => parseInt(group, 16).toString(16)).join(':')
}
