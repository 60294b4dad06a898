/** Entry of `ghostserve/client`: a client for TypeScript and JavaScript, in browsers and Node, on top of `fetch` alone. */
import { ConnectionError, DeadlineError, ProblemError } from './errors.ts'
import type { ClassifyResponse, Model, Prediction, Problem } from './openapi.ts'
import { isWorthRetrying, parseRetryAfterMs, retryDelayMs } from './retry.ts'

export { ConnectionError, DeadlineError, ProblemError, type Model, type Prediction, type Problem }

/** Predictions by descending score, with the model that made them. */
export interface Classification {
  readonly model: ClassifyResponse['model']
  readonly predictions: readonly Prediction[]
  /** Whether no class reaches `minScore`, so that there are no predictions. */
  readonly noneOfThese: boolean
}

/** Outcome of one of many images: its labels, or its error. */
export type Outcome = Classification | { readonly error: ProblemError | ConnectionError | DeadlineError }

/** The bytes of a JPEG, PNG or WebP file. A browser's `File` is a `Blob`. */
export type Image = Blob | ArrayBuffer | Uint8Array

export interface ClientOptions {
  /** URL of the service, with the path prefix of a proxy if there is one. */
  readonly url: string | URL
  /** API key; needed only if the service has a file of keys. */
  readonly apiKey?: string
  /** Attempts after the first one. @defaultValue 4 */
  readonly retries?: number
  /** Deadline of a call in ms, including its attempts and the waits between them. @defaultValue 30,000 */
  readonly deadlineMs?: number
}

export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. */
  readonly signal?: AbortSignal
  /** Deadline of this call in ms. @defaultValue the client's */
  readonly deadlineMs?: number
}

export interface ClassifyOptions extends CallOptions {
  /** Predictions per image. @defaultValue the service's */
  readonly topK?: number
  /** Lowest score, 0 to 1; predictions below are left out. @defaultValue none */
  readonly minScore?: number
}

export interface ClassifyAllOptions extends ClassifyOptions {
  /** Most images in flight. @defaultValue 4 */
  readonly concurrency?: number
}

export class GhostServeClient {
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #retries: number
  readonly #deadlineMs: number

  constructor ({ url, apiKey, retries = 4, deadlineMs = 30_000 }: ClientOptions) {
    this.#url = new URL(url)
    if (!this.#url.pathname.endsWith('/')) this.#url.pathname += '/'
    this.#headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
    this.#retries = retries
    this.#deadlineMs = deadlineMs
  }

  /** Classifies one image. @throws ProblemError, ConnectionError, DeadlineError, or the signal's reason. */
  async classify (image: Image, { topK, minScore, ...options }: ClassifyOptions = {}): Promise<Classification> {
    const body = new FormData()
    body.append('image', image instanceof Blob ? image : new Blob([image as ArrayBuffer]), 'image')
    const query = new URLSearchParams({ ...(topK !== undefined && { topK: `${topK}` }), ...(minScore !== undefined && { minScore: `${minScore}` }) })
    const response = await this.#call<Partial<ClassifyResponse> | null>(`classify?${query}`, { method: 'POST', body }, options)
    const { model, results: [result] = [] } = response ?? {}
    if (model === undefined || result === undefined) throw new ProblemError(foreignProblem(200, ''))
    if (result.predictions === undefined) throw new ProblemError(result.error!)
    const { predictions, noneOfThese = false } = result
    return { model, predictions, noneOfThese }
  }

  /**
   * Classifies many images; yields outcomes in the order of the images, which are taken as they are needed: never more than
   * `concurrency` are in memory. An image that fails has its error in its place. Leaving the loop early ends what is in flight.
   *
   * @throws ProblemError if the key is rejected, or the signal's reason.
   */
  async * classifyAll (
    images: Iterable<Image> | AsyncIterable<Image>, { concurrency = 4, signal, ...options }: ClassifyAllOptions = {}
  ): AsyncGenerator<Outcome, void, void> {
    const leaving = followSignal(signal)
    const classify = async (image: Image): Promise<Outcome> => {
      try {
        return await this.classify(image, { ...options, signal: leaving.signal })
      } catch (error) {
        if (leaving.signal.aborted || !isImageFault(error)) throw error
        return { error }
      }
    }
    const inFlight: Array<Promise<Outcome>> = []
    try {
      for await (const image of images) {
        const outcome = classify(image)
        outcome.catch(() => {}) // it is awaited in its turn
        inFlight.push(outcome)
        if (inFlight.length >= concurrency) yield await inFlight.shift()!
      }
      for (const outcome of inFlight) yield await outcome
    } finally {
      leaving.abort()
    }
  }

  /** The model's manifest, version and labels. */
  async model (options: CallOptions = {}): Promise<Model> {
    return await this.#call<Model>('model', {}, options)
  }

  async #call<Body> (path: string, request: RequestInit, { signal, deadlineMs = this.#deadlineMs }: CallOptions): Promise<Body> {
    const ending = followSignal(signal)
    const endsAt = performance.now() + deadlineMs
    let failure: unknown
    const timer = setTimeout(() => ending.abort(new DeadlineError(deadlineMs, failure)), deadlineMs)
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await this.#attempt<Body>(path, request, ending.signal, endsAt)
        } catch (error) {
          ending.signal.throwIfAborted()
          failure = error
          if (!isWorthRetrying(error) || attempt === this.#retries) throw error
          const delayMs = retryDelayMs(error, attempt)
          // A wait that ends after the deadline is useless.
          if (performance.now() + delayMs >= endsAt) throw new DeadlineError(deadlineMs, error)
          await sleep(delayMs, ending.signal)
        }
      }
    } finally {
      clearTimeout(timer)
      ending.abort()
    }
  }

  async #attempt<Body> (path: string, request: RequestInit, signal: AbortSignal, endsAt: number): Promise<Body> {
    const url = new URL(path, this.#url)
    // `fetch` leaves its listeners on the signal.
    const ending = followSignal(signal)
    // The service drops work that is no longer needed.
    const timeoutMs = Math.max(1, Math.ceil(endsAt - performance.now()))
    try {
      const headers = { ...this.#headers, 'x-request-timeout-ms': String(timeoutMs) }
      const response = await fetch(url, { ...request, headers, signal: ending.signal })
      const text = await response.text()
      const body = response.ok ? parse<Body>(text) : undefined
      if (body !== undefined) return body
      throw new ProblemError(readProblem(response, text), parseRetryAfterMs(response.headers.get('retry-after')))
    } catch (error) {
      throw error instanceof ProblemError ? error : new ConnectionError(url.href, error)
    } finally {
      ending.abort()
    }
  }
}

/** Whether an error is due to one image, and says nothing of those that follow. */
function isImageFault (error: unknown): error is ProblemError | ConnectionError | DeadlineError {
  return error instanceof ProblemError ? error.code !== 'unauthorized' : error instanceof ConnectionError || error instanceof DeadlineError
}

/** The problem of a response; a response of a proxy or another program becomes a problem, too. */
function readProblem (response: Response, text: string): Problem {
  const { status, statusText } = response
  const problem = parse<Partial<Problem> | null>(text)
  const isOurs = typeof problem?.code === 'string' && typeof problem.detail === 'string' && problem.status === status
  return isOurs ? problem as Problem : foreignProblem(status, statusText)
}

function foreignProblem (status: number, title: string): Problem {
  const detail = `Expected a response of GhostServe, got status ${status} from something else.`
  return { type: 'about:blank', title, status, code: `http_${status}`, detail, requestId: '' }
}

/** Parses JSON. @returns undefined if the text is not JSON. */
function parse<Body> (text: string): Body | undefined {
  try {
    return JSON.parse(text) as Body
  } catch {
    return undefined
  }
}

/** A controller that aborts with `signal` and detaches from it once it has aborted by itself. */
function followSignal (signal: AbortSignal | undefined): AbortController {
  const controller = new AbortController()
  const follow = (): void => controller.abort(signal!.reason)
  if (signal?.aborted === true) follow()
  signal?.addEventListener('abort', follow, { signal: controller.signal })
  return controller
}

async function sleep (ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve()
    }, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
