import { Type, type Static } from 'typebox'
import type { ServiceError } from '../../errors.ts'

export const ProblemSchema = Type.Object({
  type: Type.String({ description: 'URI of the kind of problem.' }),
  title: Type.String({ description: 'Name of the kind of problem, for people.' }),
  status: Type.Integer({ description: 'HTTP status.' }),
  code: Type.String({ description: 'Stable name of the kind of problem, for programs.' }),
  detail: Type.String({ description: 'What was expected and what was received.' }),
  requestId: Type.String({ description: 'Same as in the header x-request-id and in the log.' }),
})

/** Problem details of RFC 9457. */
export type Problem = Static<typeof ProblemSchema>

export const ProblemResponseSchema = Type.Object({
  ...ProblemSchema.properties,
  errors: Type.Optional(Type.Array(ProblemSchema, { description: 'One problem per image, in order, if no image of a request could be classified.' })),
})

export function toProblem ({ code, title, statusCode, message }: ServiceError, requestId: string): Problem {
  return { type: `urn:ghostserve:problem:${code}`, title, status: statusCode, code, detail: message, requestId }
}
