/** Decides which images are let in: the only place with the bound of the queue, the share of a client, and when to try again. */
import { ServiceError } from '../errors.ts'
import { Throughput } from './throughput.ts'

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

  /** Images that were let in and have not been released. */
  get inFlight (): number {
    return this.#inFlight
  }

  /** Number of clients with images in flight. */
  get clients (): number {
    return this.#clients.size
  }

  /**
   * The error for so many images if they came now, or undefined if there is room. A client with nothing in flight is let in whatever its
   * share: a request of more images than that would else be rejected for ever.
   *
   * @param images - 0 asks whether there is room for one.
   * @param client - Whose share they count for, if anybody's.
   */
  rejection (images: number, client: string | undefined): ServiceError | undefined {
    if (this.#isClosed) return new ServiceError('shutting_down', 'The service is shutting down; try again on another instance.')
    const { maxQueueSize, maxClientImages } = this.#limits
    const more = Math.max(1, images)
    const ofClient = client === undefined ? 0 : this.#clients.get(client) ?? 0
    if (maxClientImages > 0 && ofClient > 0 && ofClient + more > maxClientImages) {
      return new ServiceError('too_many_requests', `Expected at most ${maxClientImages} images in flight per client, got ${more} more than ${ofClient}.`)
    }
    if (this.#inFlight + more <= maxQueueSize) return undefined
    const retryAfterSeconds = this.#throughput.secondsFor(this.#inFlight)
    return new ServiceError('queue_full', `The service is at its limit of ${maxQueueSize} images in flight; try again later.`, { retryAfterSeconds })
  }

  /**
   * Lets images in; each has to be released.
   *
   * @throws `queue_full`, `too_many_requests` or `shutting_down`.
   */
  admit (images: number, client: string | undefined): void {
    const rejection = this.rejection(images, client)
    if (rejection !== undefined) throw rejection
    if (this.#inFlight === 0) this.#throughput.begin()
    this.#add(images, client)
  }

  /** Ends what `admit` began, for one image. */
  release (client: string | undefined): void {
    this.#add(-1, client)
    this.#throughput.count()
  }

  /** Rejects whatever comes from now on. */
  close (): void {
    this.#isClosed = true
  }

  #add (images: number, client: string | undefined): void {
    this.#inFlight += images
    if (client === undefined) return
    const ofClient = (this.#clients.get(client) ?? 0) + images
    if (ofClient > 0) this.#clients.set(client, ofClient)
    else this.#clients.delete(client)
  }
}
