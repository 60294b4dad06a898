/** The linter keeps the arrows of the floor plan: an import against them fails it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { Linter } from 'eslint'
import { packageRoot } from '../models/package-root.ts'

const { importBoundaries } = await import(pathToFileURL(join(packageRoot, 'eslint.config.js')).href) as { importBoundaries: Linter.Config[] }

const imports: ReadonlyArray<readonly [file: string, specifier: string, isAllowed: boolean]> = [
  ['api/http/routes/classify.ts', '../../engine/classifier.ts', true],
  ['api/http/routes/classify.ts', '../../../models/ghostnet.ts', true],
  ['api/engine/classifier.ts', '../errors.ts', true],
  ['api/engine/classifier.ts', '../images/preprocess.ts', true],
  ['api/engine/classifier.ts', '../http/client-address.ts', false],
  ['api/engine/classifier.ts', '../app.ts', false],
  ['api/images/preprocess.ts', '../engine/classifier.ts', false],
  ['api/images/preprocess.ts', '../http/plugins/metrics.ts', false],
  ['api/machine/batch-size.ts', '../images/formats.ts', false],
  ['api/machine/batch-size.ts', '../cli/main.ts', false],
  ['api/cli/serve.ts', '../server.ts', true],
  ['api/cli/doctor.ts', '../engine/create-classifier.ts', true],
  ['api/cli/doctor.ts', '../http/trust-proxy.ts', false],
  ['api/client/client.ts', './retry.ts', true],
  ['api/client/client.ts', '../errors.ts', false],
  ['api/config.ts', '../models/onnx/layout.ts', true],
  ['api/config.ts', './images/formats.ts', false],
  ['api/log.ts', './http/plugins/metrics.ts', false],
  ['models/build-model.ts', '../api/errors.ts', false],
]
for (const [file, specifier, isAllowed] of imports) {
  test(`${file} ${isAllowed ? 'may' : 'must not'} import ${specifier}`, () => {
    const messages = new Linter().verify(`import '${specifier}'`, importBoundaries, { filename: file })
    assert.deepEqual(messages.map(({ ruleId }) => ruleId), isAllowed ? [] : ['no-restricted-imports'])
  })
}
