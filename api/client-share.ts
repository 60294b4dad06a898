/** Keeps one client from taking the whole queue: the images that each has in work are counted, and bounded. */
import { isIPv4, isIPv6 } from 'node:net'
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
   * A client with nothing in work is always let in: a request of more images than the limit would else be refused for ever.
   *
   * @param images - 0 asks whether there is room at all.
   * @returns `too_many_requests` if the client has its share in work.
   */
  refusal (client: string, images: number): ServiceError | undefined {
    const inWork = this.#inWork.get(client) ?? 0
    const more = Math.max(1, images)
    if (this.#maxImages === 0 || inWork === 0 || inWork + more <= this.#maxImages) return undefined
    return new ServiceError('too_many_requests', `Expected at most ${this.#maxImages} images of one client in work, got ${more} more than ${inWork}.`)
  }

  /** @param images - In work from now on; negative when their work has ended. */
  add (client: string, images: number): void {
    const inWork = (this.#inWork.get(client) ?? 0) + images
    if (inWork > 0) this.#inWork.set(client, inWork)
    else this.#inWork.delete(client)
  }
}

/** Who asks: the id of the request's API key, or where it has none, its network address. */
export function clientOf ({ keyId, ip }: { keyId?: string | undefined, ip: string | undefined }): string {
  return keyId === undefined ? `address ${networkOf(ip)}` : `key ${keyId}`
}

/** Groups of an IPv6 address that name a network; whoever has one of its addresses has them all. */
const networkGroups = 4
const addressGroups = 8

/** The address, of IPv6 the network. */
export function networkOf (address: string | undefined): string {
  if (address === undefined) return 'unknown' // the client has left, and its socket with it
  if (isIPv4(address)) return address
  // Some proxies write the port too, which is another one for each connection.
  const withoutPort = address.replace(/^\[(.+)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
  const mapped = withoutPort.slice(withoutPort.lastIndexOf(':') + 1)
  if (isIPv4(mapped)) return mapped
  if (!isIPv6(withoutPort)) return address
  const [head = [], tail = []] = withoutPort.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = Array<string>(Math.max(0, addressGroups - head.length - tail.length)).fill('0')
  return [...head, ...zeros, ...tail].slice(0, networkGroups).map((group) => parseInt(group, 16).toString(16)).join(':')
}
