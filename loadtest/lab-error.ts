/** A load test that cannot be run, for a reason that its message says in one sentence. */
export class LabError extends Error {
  readonly code: 'NO_K6' | 'NO_PEER' | 'NO_SERVICE' | 'BAD_REQUEST' | 'BAD_RESULT'

  constructor (code: LabError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LabError'
    this.code = code
  }
}
