/** The types of the client: of the operations that it calls, as the reviewed OpenAPI document has them, and of the problems' codes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript'
import { packageRoot } from '../../../models/package-root.ts'

interface Answer { content?: Record<string, { examples?: object }> }
interface Operation { responses: Record<string, Answer> }
interface Document { paths: Record<string, Record<string, Operation>>, [member: string]: unknown }

const calledPaths = ['/classify', '/model']

export const openapiTypesPath = join(packageRoot, 'api/client/openapi.ts')

export async function makeOpenapiTypes (): Promise<string> {
  const document = JSON.parse(readFileSync(join(packageRoot, 'test/api/openapi.json'), 'utf8'), withoutExample) as Document
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  const answers = operations.flatMap(({ responses }) => Object.values(responses))
  const codes = answers.flatMap(({ content }) => Object.keys(content?.['application/problem+json']?.examples ?? {}))
  const paths = Object.fromEntries(calledPaths.map((path) => [path, onlySuccess(document.paths[path]!)]))
  const types = astToString(await openapiTS({ ...document, paths } as unknown as OpenAPI3, { alphabetize: false, silent: true }))
  const union = [...new Set(codes)].sort().map((code) => `  | '${code}'`).join('\n')
  return '/* Made from test/api/openapi.json: UPDATE_OPENAPI=1 npm test -- api/client/openapi. */\n/* eslint-disable */\n' +
    `${types}\nexport type ProblemCode =\n${union}\n`
}

const withoutExample = (key: string, value: unknown): unknown => key === 'example' ? undefined : value

/** Every other answer is a problem, whose schema is among the components. */
function onlySuccess (methods: Record<string, Operation>): Record<string, Operation> {
  return Object.fromEntries(Object.entries(methods).map(([method, operation]) =>
    [method, { ...operation, responses: { 200: operation.responses['200']! } }]))
}
