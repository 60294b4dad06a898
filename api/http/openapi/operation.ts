/** Description of an operation, and the problems that it can have. */
import { Type, type TSchema } from 'typebox'
import { errorCodes, type ErrorCode } from '../../errors.ts'

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly headers?: TSchema
  /** Bodies: media types and their schemas. */
  readonly body?: Readonly<Record<string, object>>
  /** Responses besides JSON: media types and their schemas. */
  readonly otherResponses?: Readonly<Record<string, object>>
  readonly success: {
    readonly description: string
    readonly headers: Readonly<Record<string, object>>
    /** Schema of the response, if the route has none. */
    readonly schema?: TSchema
    readonly example: unknown
  }
  /** Problems besides those that every operation has. */
  readonly problems: readonly ErrorCode[]
  readonly samples?: ReadonlyArray<{ readonly lang: string, readonly label: string, readonly source: string }>
}

/** Codes that belong to other routes or methods, or that no client sees. */
const foreignProblems: ReadonlySet<ErrorCode> = new Set(['not_found', 'method_not_allowed', 'client_gone', 'not_ready'])

/** Codes of a request with images. */
export const classificationProblems: readonly ErrorCode[] = errorCodes.filter((code) => !foreignProblems.has(code))

export const classifyHeadersSchema = Type.Object({
  'x-request-timeout-ms': Type.Optional(Type.Integer({ minimum: 1, maximum: 999_999_999, description: 'An earlier deadline than the service\'s own, from the request\'s arrival.' })),
})

const commonProblems: ReadonlySet<ErrorCode> = new Set(['invalid_request', 'request_timeout', 'headers_too_large', 'internal_error'])

/** Codes of `operation`, and those that any operation can have. */
export function problemsOf (isOpen: boolean, { problems }: Operation): ErrorCode[] {
  return errorCodes.filter((code) => problems.includes(code) || commonProblems.has(code) || (code === 'unauthorized' && !isOpen))
}
