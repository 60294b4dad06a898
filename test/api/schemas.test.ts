/** What the service does not check at each start: that its schemas are schemas. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { EnvironmentSchema } from '../../api/config.ts'
import { packageRoot } from '../../models/package-root.ts'

const ajv = new Ajv2020({ strict: false })

function check (schema: object, where: string): void {
  assert.ok(ajv.validateSchema(schema), `${where}: ${ajv.errorsText()}`)
}

/** Every `schema` below, at any depth. */
function * schemasIn (node: unknown, where: string): Generator<readonly [schema: object, where: string]> {
  if (typeof node !== 'object' || node === null) return
  for (const [name, child] of Object.entries(node)) {
    if (name === 'schema' || where.endsWith('/schemas')) yield [child as object, `${where}/${name}`]
    else yield * schemasIn(child, `${where}/${name}`)
  }
}

test('the environment\'s schema is one, and so is every schema of the contract', () => {
  check(EnvironmentSchema, 'environment')
  const contract: unknown = JSON.parse(readFileSync(join(packageRoot, 'test/api/openapi.json'), 'utf8'))
  const schemas = [...schemasIn(contract, '')]
  assert.ok(schemas.length > 50, `${schemas.length} schemas`)
  for (const [schema, where] of schemas) check(schema, where)
})

test('what is no schema is found', () => {
  assert.throws(() => check({ type: 'text' }, 'here'), /here: .*type/)
})
