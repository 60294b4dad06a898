import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { EnvironmentSchema, readConfig } from '../../api/config.ts'
import { packageRoot } from '../../models/package-root.ts'

test('an empty environment gives the defaults, frozen, under the same words in camelCase', () => {
  const config = readConfig({})
  assert.equal(config.port, 8080)
  assert.equal(config.maxQueueSize, 128)
  assert.equal(config.maxQueueDelayMs, 0)
  assert.equal(config.model, '')
  assert.ok(Object.isFrozen(config))
  assert.equal(Object.keys(config).length, Object.keys(EnvironmentSchema.properties).length)
})

test('variables are read as what they mean, others are ignored', () => {
  const config = readConfig({ PORT: '0', MODEL: 'x', LAYOUT: 'plain', HOME: '/root' })
  assert.deepEqual([config.port, config.model, config.layout], [0, 'x', 'plain'])
  assert.ok(!('home' in config))
})

const refusals: Record<string, [Record<string, string>, string]> = {
  'a word for a number': [{ MAX_BATCH_SIZE: 'many' }, 'Expected MAX_BATCH_SIZE to be a whole number from 0 to 256, got "many".'],
  'a fraction': [{ WORKERS: '1.5' }, 'Expected WORKERS to be a whole number from 0 to 256, got "1.5".'],
  'a number out of bounds': [{ PORT: '70000' }, 'Expected PORT to be a whole number from 0 to 65535, got "70000".'],
  'a word that is none of the choices': [{ LAYOUT: 'blocked' }, 'Expected LAYOUT to be one of auto, plain, plain-fp16, blocked8, blocked16, got "blocked".'],
  'a word that is neither true nor false': [{ PLAYGROUND: 'no' }, 'Expected PLAYGROUND to be true or false, got "no".'],
  'a log level that is none': [{ LOG_LEVEL: 'loud' }, 'Expected LOG_LEVEL to be one of fatal, error, warn, info, debug, trace, silent, got "loud".'],
}
for (const [what, [environment, message]] of Object.entries(refusals)) {
  test(`rejects ${what} in one sentence`, () => {
    assert.throws(() => readConfig(environment), { code: 'CONFIG_INVALID', message })
  })
}

/** A variable as .env.example shows it. */
interface Documented { default: string | number | boolean, description: string }
const documented = Object.entries<object>(EnvironmentSchema.properties) as Array<[string, Documented]>

test('.env.example has every variable, commented out, with its default and description', () => {
  const example = readFileSync(join(packageRoot, '.env.example'), 'utf8').trim().split('\n\n').slice(1)
  assert.deepEqual(example, documented.map(([name, { default: value, description }]) => `# ${description}\n# ${name}=${value}`))
})
