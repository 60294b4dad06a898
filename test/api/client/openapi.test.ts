/** The client's types by hand against the schemas that make the OpenAPI document: the build fails where they differ. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { Static } from 'typebox'
import type { ClassifyResponse, Model, Problem, ProblemCode } from '../../../api/client/openapi.ts'
import { errorCodes, type ErrorCode } from '../../../api/errors.ts'
import type { ClassificationSchema } from '../../../api/http/schemas/classification.ts'
import type { ModelSchema } from '../../../api/http/schemas/model.ts'
import type { ProblemResponseSchema } from '../../../api/http/schemas/problem.ts'
import type { Layout } from '../../../models/onnx/layout.ts'
import { packageRoot } from '../../../models/package-root.ts'

/** Written out, so that types of one shape are one type, and a member more or less, optional ones too, makes another. */
type Shape<T> = T extends readonly unknown[] ? Array<Shape<T[number]>> : T extends object ? { [K in keyof T]: Shape<T[K]> } : T
type IsSame<A, B> = (<T>() => T extends Shape<A> ? 1 : 2) extends (<T>() => T extends Shape<B> ? 1 : 2) ? true : false

/** Codes that no response to this client has: no reader is left, or no operation of the client gets it. */
const neverSeen = ['client_gone', 'method_not_allowed'] as const

interface Operation { responses: Record<string, { content?: Record<string, { examples?: object }> }> }
interface Document { paths: Record<string, Record<string, Operation>> }

export const same: [
  IsSame<ClassifyResponse, Static<typeof ClassificationSchema>>,
  // A union that is made of a list has no type of its own.
  IsSame<Model, Omit<Static<typeof ModelSchema>, 'layout'> & { layout: Layout }>,
  IsSame<Problem, Static<typeof ProblemResponseSchema>>,
  IsSame<ProblemCode, Exclude<ErrorCode, typeof neverSeen[number]>>
] = [true, true, true, true]

test('every code is documented except those that no client sees', () => {
  const document = JSON.parse(readFileSync(join(packageRoot, 'test/api/openapi.json'), 'utf8')) as Document
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  const contents = operations.flatMap(({ responses }) => Object.values(responses).map(({ content }) => content?.['application/problem+json']))
  const codes = new Set(contents.flatMap((content) => Object.keys(content?.examples ?? {})))
  assert.deepEqual([...codes, ...neverSeen].sort(), [...errorCodes].sort())
})
