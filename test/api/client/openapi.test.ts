import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { errorCodes } from '../../../api/errors.ts'
import { makeOpenapiTypes, openapiTypesPath } from './openapi-types.ts'

test('the types of the client are those of the reviewed OpenAPI document', async () => {
  const types = await makeOpenapiTypes()
  if (process.env['UPDATE_OPENAPI'] !== undefined) writeFileSync(openapiTypesPath, types)
  assert.equal(readFileSync(openapiTypesPath, 'utf8'), types, 'The contract changed: UPDATE_OPENAPI=1 npm test -- api/client/openapi')
  const neverSeen = ['client_gone', 'method_not_allowed']
  for (const code of errorCodes) if (!neverSeen.includes(code)) assert.ok(types.includes(`  | '${code}'\n`), code)
})
