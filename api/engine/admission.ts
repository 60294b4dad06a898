/** Admission of images: the only place with the bound of the queue, the share of a client, and the time to retry after. */
import { ServiceError } from '../errors.ts'

export interface AdmissionLimits {
  /** Images in flight, from decoding to running. */
  readonly maxQueueSize: number
  /** Images in flight per client; 0 for no such limit. */
  readonly maxClientImages: number
}

export class Admission {
  readonly #limits: AdmissionLimits
  readonly #throughput = new Throughput()
  readonly #clients = new Map<string, number>()
  #inFlight = 0
  #isClosed = false

  constructor (limits: AdmissionLimits) {
    this.#limits = limits
  }

  /** Images that were admitted and not yet released. */
  get inFlight (): number {
    return this.#inFlight
  }

  /** Number of clients with images in flight. */
  get clients (): number {
    return this.#clients.size
  }

  /**
   * The error that so many images would get now; undefined if there is room. A client with nothing in flight is admitted whatever
   * its share: a request with more images than that would otherwise always be rejected.
   *
   * @param images - Number of images; 0 checks for room for one.
   * @param client - Client in whose share they count; undefined for none.
   */
  rejection (images: number, client: string | undefined): ServiceError | undefined {
    if (this.#isClosed) return new ServiceError('shutting_down', 'The service is shutting down; try again on another instance.')
    const { maxQueueSize, maxClientImages } = this.#limits
    const more = Math.max(1, images)
    const clientImages = client === undefined ? 0 : this.#clients.get(client) ?? 0
    if (maxClientImages > 0 && clientImages > 0 && clientImages + more > maxClientImages) {
      return new ServiceError('too_many_requests', `Expected at most ${maxClientImages} images in flight per client, got ${more} more than ${clientImages}.`)
    }
    if (this.#inFlight + more <= maxQueueSize) return undefined
    const retryAfterSeconds = this.#throughput.secondsFor(this.#inFlight)
    return new ServiceError('queue_full', `The service is at its limit of ${maxQueueSize} images in flight; try again later.`, { retryAfterSeconds })
  }

  /**
   * Admits images; each has to be released.
   *
   * @throws `queue_full`, `too_many_requests` or `shutting_down`.
   */
  admit (images: number, client: string | undefined): void {
    const rejection = this.rejection(images, client)
    if (rejection !== undefined) throw rejection
    if (this.#inFlight === 0) this.#throughput.begin()
    this.#add(images, client)
  }

  /** Releases one admitted image. */
  release (client: string | undefined): void {
    this.#add(-1, client)
    this.#throughput.count()
  }

  /** Rejects everything from now on. */
  close (): void {
    this.#isClosed = true
  }

  #add (images: number, client: string | undefined): void {
    this.#inFlight += images
    if (client === undefined) return
    const clientImages = (this.#clients.get(client) ?? 0) + images
    if (clientImages > 0) this.#clients.set(client, clientImages)
    else this.#clients.delete(client)
  }
}

export class Throughput {
  readonly #now: () => number
  /** Images per second, times `#known`, which grows from 0 to 1 with the first second of work. */
  #perSecond = 0
  #known = 0
  #lastAt: number

  /** @param now - Clock in milliseconds. */
  constructor (now: () => number = () => performance.now()) {
    this.#now = now
    this.#lastAt = now()
  }

  /** Starts the clock with the first image: the idle time before it says nothing about the rate. */
  begin (): void {
    this.#lastAt = this.#now()
  }

  /** Counts an image that leaves. */
  count (): void {
    const now = this.#now()
    const seconds = Math.max(1e-3, (now - this.#lastAt) / 1000)
    const weight = 1 - Math.exp(-seconds)
    this.#perSecond += weight * (1 / seconds - this.#perSecond)
    this.#known += weight * (1 - this.#known)
    this.#lastAt = now
  }

  /** Whole seconds, 1 to 30, until `images` have left; 1 until the first has left. */
  secondsFor (images: number): number {
    if (this.#known === 0) return 1
    return Math.min(30, Math.max(1, Math.ceil(images * this.#known / this.#perSecond)))
  }
}
