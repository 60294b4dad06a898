/** What is said of an operation, and which problems it can have. */
import { Type, type TSchema } from 'typebox'
import { errorCodes, type ErrorCode } from '../../errors.ts'

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly headers?: TSchema
  /** Media types and their schemas. */
  readonly body?: Readonly<Record<string, object>>
  /** Beside JSON: media types of the answer and their schemas. */
  readonly otherResponses?: Readonly<Record<string, object>>
  readonly answer: {
    readonly description: string
    readonly headers: Readonly<Record<string, object>>
    /** Where the route has no schema of its answer. */
    readonly schema?: TSchema
    readonly example: unknown
  }
  /** Beside those that every operation has. */
  readonly problems: readonly ErrorCode[]
  readonly samples?: ReadonlyArray<{ readonly lang: string, readonly label: string, readonly source: string }>
}

/** An answer to a request for another path, another method, or to nobody. */
const foreignProblems: ReadonlySet<ErrorCode> = new Set(['not_found', 'method_not_allowed', 'client_gone', 'not_ready'])

/** Of a request with images. */
export const classificationProblems: readonly ErrorCode[] = errorCodes.filter((code) => !foreignProblems.has(code))

export const classifyHeadersSchema = Type.Object({
  'x-request-timeout-ms': Type.Optional(Type.Integer({ minimum: 1, maximum: 999_999_999, description: 'An earlier deadline than the service\'s own.' })),
})

const commonProblems: ReadonlySet<ErrorCode> = new Set(['invalid_request', 'request_timeout', 'headers_too_large', 'internal_error'])

/** Those of `operation`, and those that any can have. */
export function problemsOf (isOpen: boolean, { problems }: Operation): ErrorCode[] {
  return errorCodes.filter((code) => problems.includes(code) || commonProblems.has(code) || (code === 'unauthorized' && !isOpen))
}
