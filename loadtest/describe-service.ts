/** Model, version and provider of a running service, by its own pages. */
import { LabError } from './lab-error.ts'
import type { Result } from './result.ts'

/** @throws LabError `NO_SERVICE` if it is not a ready service of this project. */
export async function describeService (url: string): Promise<Result['model']> {
  const exposition = await fetch(`${url}/metrics`).then(async (answer) => await answer.text(), (cause: unknown) => {
    throw new LabError('NO_SERVICE', `Expected a service at ${url}, but it does not answer.`, { cause })
  })
  const labels = /^ghostserve_model_info\{(.*)\} 1$/m.exec(exposition)?.[1]
  if (labels === undefined) throw new LabError('NO_SERVICE', `Expected ${url}/metrics to name the model, but it does not: is METRICS_PORT set?`)
  const valueOf = (label: string): string => new RegExp(`(?:^|,)${label}="([^"]*)"`).exec(labels)?.[1] ?? 'unknown'
  return { name: valueOf('name'), version: valueOf('version'), layout: valueOf('layout'), provider: valueOf('execution_provider') }
}
