/** Bytes that requests may hold at the same time, granted in order of arrival. */

interface Waiter { readonly bytes: number, readonly grant: () => void }

/** Gives granted bytes back; a second call does nothing. */
export type Release = () => void

export class MemoryBudget {
  /** Most bytes that are granted at the same time. */
  readonly totalBytes: number
  readonly #waiters = new Set<Waiter>()
  #grantedBytes = 0

  constructor (totalBytes: number) {
    this.totalBytes = totalBytes
  }

  get grantedBytes (): number {
    return this.#grantedBytes
  }

  /** Grants at once or not at all. */
  tryTake (bytes: number): Release | undefined {
    const isFree = this.#waiters.size === 0 && this.#grantedBytes + bytes <= this.totalBytes
    return isFree ? this.#grant(bytes) : undefined
  }

  /**
   * Grants as soon as there is room, first come, first served, so that a large demand is not overtaken for ever.
   *
   * @param bytes - At most `totalBytes`, or it would wait for ever.
   * @throws The signal's reason if that aborts first.
   */
  async take (bytes: number, signal: AbortSignal): Promise<Release> {
    signal.throwIfAborted()
    const granted = this.tryTake(bytes)
    if (granted !== undefined) return granted
    return await new Promise((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal.removeEventListener('abort', onAbort)
          resolve(this.#grant(bytes))
        },
      }
      const onAbort = (): void => {
        this.#waiters.delete(waiter)
        this.#grantWaiting() // those behind it may fit
        reject(signal.reason)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(waiter)
    })
  }

  #grant (bytes: number): Release {
    this.#grantedBytes += bytes
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#grantedBytes -= bytes
      this.#grantWaiting()
    }
  }

  #grantWaiting (): void {
    for (const waiter of this.#waiters) {
      if (this.#grantedBytes + waiter.bytes > this.totalBytes) return
      this.#waiters.delete(waiter)
      waiter.grant()
    }
  }
}
