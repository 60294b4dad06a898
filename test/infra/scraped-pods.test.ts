/** What asks Prometheus about our pods has an answer only if Prometheus scrapes them. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { parseInfraFile } from './infra-files.ts'
import { collectDocuments, listKustomizations, type Kustomization } from './kustomization.ts'
import { readWorkload, type Manifest } from './workload.ts'

interface PodMonitor {
  namespaceSelector?: unknown
  selector: { matchLabels: Record<string, string> }
  podMetricsEndpoints: Array<{ port: string, path?: string }>
}

/** A metric of the service, in an autoscaler of whatever kind. */
const metric = /\bghostserve_[a-z_]+/
const isAutoscaler = ({ kind, spec }: Manifest): boolean =>
  /^(?:ScaledObject|HorizontalPodAutoscaler|InferenceService)$/.test(kind) && metric.test(JSON.stringify(spec))

const scaled = listKustomizations().map((folder) => ({ folder, documents: collectDocuments(folder) }))
  .filter(({ documents }) => documents.some((document) => readWorkload(document) !== undefined) && documents.some(isAutoscaler))

test('every overlay that scales by a metric, and KServe, is among those that are checked', () => {
  const overlays = listKustomizations().filter((folder) => /^k8s\/overlays\/.+-(?:keda|hpa)$/.test(folder))
  assert.ok(overlays.length >= 4)
  assert.deepEqual(scaled.map(({ folder }) => folder).sort(), [...overlays, 'kserve'].sort())
})

for (const { folder, documents } of scaled) {
  test(`${folder}: Prometheus scrapes the pods that its autoscaler asks about`, () => {
    const workload = documents.find((document) => readWorkload(document) !== undefined)!
    const { container: { ports }, config } = readWorkload(workload)!
    const labels = podLabels(workload)
    const { namespace } = parseInfraFile<Kustomization>(join(folder, 'kustomization.yaml'))
    const namespaceOf = ({ metadata }: Manifest): string | undefined => namespace ?? metadata.namespace

    const monitors = documents.filter(({ kind }) => kind === 'PodMonitor')
    assert.equal(monitors.length, 1)
    const { namespaceSelector, selector: { matchLabels }, podMetricsEndpoints: [endpoint] } = monitors[0]!.spec as unknown as PodMonitor
    assert.equal(namespaceSelector, undefined, 'it looks in its own namespace')
    assert.equal(namespaceOf(monitors[0]!), namespaceOf(workload))
    assert.ok(Object.keys(matchLabels).length > 0)
    for (const [name, value] of Object.entries(matchLabels)) assert.equal(labels[name], value, `the pods have ${name}`)
    const scraped = ports.find(({ name }) => name === endpoint!.port)
    assert.equal(scraped?.containerPort, config.metricsPort || config.port, `port ${endpoint!.port} is where the metrics are`)
    assert.equal(endpoint!.path ?? '/metrics', '/metrics')

    const asked = JSON.stringify(documents.filter(isAutoscaler).map(({ spec }) => spec))
    for (const [, name] of asked.matchAll(/namespace=\\*"([^"\\]+)/g)) assert.equal(name, namespaceOf(workload), 'the query is about the pods\' namespace')
  })
}

/** @returns What its controller gives the pods. */
function podLabels ({ kind, metadata, spec }: Manifest): Record<string, string> {
  if (kind === 'InferenceService') return { 'serving.kserve.io/inferenceservice': metadata.name }
  return (spec as unknown as { template: { metadata: { labels: Record<string, string> } } }).template.metadata.labels
}
